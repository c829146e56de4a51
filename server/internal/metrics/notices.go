package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Notices are the counters of what people are told of on their devices.
type Notices struct {
	attempts *prometheus.CounterVec
	took     prometheus.Histogram
	late     prometheus.Histogram
	derived  prometheus.Histogram
	failed   prometheus.Counter
}

// NewNotices registers the counters with m. waiting tells how many messages wait, devices how many may be told, broken how many services are left alone.
func NewNotices(m *Metrics, waiting, devices, broken func() int) *Notices {
	r := registrar{m.registry}
	for _, g := range []struct {
		name, help string
		value      func() int
	}{
		{"fieldsync_push_queue", "Messages that wait for their devices.", waiting},
		{"fieldsync_push_subscriptions", "Devices that may be told.", devices},
		{"fieldsync_push_services_broken", "Push services that are left alone because they failed.", broken},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, func() float64 { return float64(g.value()) }))
	}
	n := &Notices{
		attempts: r.counters("fieldsync_push_messages_total", "Attempts to send, and what was not tried, by service and what came of it.", "service", "result"),
		took:     r.histogram("fieldsync_push_attempt_seconds", "Duration of attempts.", []float64{.05, .1, .2, .5, 1, 2, 5, 20}),
		late:     r.histogram("fieldsync_push_late_seconds", "From a change to the message that the push service has taken.", []float64{1, 2, 5, 10, 20, 60, 300, 3600, 43200}),
		derived:  r.histogram("fieldsync_push_derive_seconds", "Duration of finding out who is told what of a job's changes.", []float64{.001, .002, .005, .01, .05, .2, 1}),
		failed:   r.counter("fieldsync_push_derive_failures_total", "Jobs whose notices could not be told apart."),
	}
	return n
}

// Attempted counts an attempt, or with no time what was not tried.
func (n *Notices) Attempted(service, result string, took time.Duration) {
	n.attempts.WithLabelValues(service, result).Inc()
	if took > 0 {
		n.took.Observe(took.Seconds())
	}
}

// NoticeLate notes how long after the change a message was taken.
func (n *Notices) NoticeLate(d time.Duration) { n.late.Observe(d.Seconds()) }

// Derived notes how long a job's changes took to be told apart.
func (n *Notices) Derived(took time.Duration, err error) {
	n.derived.Observe(took.Seconds())
	if err != nil {
		n.failed.Inc()
	}
}
