package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Webhooks are the counters of messages to other systems.
type Webhooks struct {
	deliveries *prometheus.CounterVec
	took       prometheus.Histogram
}

// NewWebhooks registers the counters with m. waiting tells how many messages wait.
func NewWebhooks(m *Metrics, waiting func() int) *Webhooks {
	r := registrar{m.registry}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fieldsync_webhook_queue", Help: "Messages that wait for their receivers."},
		func() float64 { return float64(waiting()) }))
	w := &Webhooks{
		deliveries: r.counters("fieldsync_webhook_deliveries_total", "Attempts to deliver a message, by what came of them.", "result"),
		took:       r.histogram("fieldsync_webhook_delivery_seconds", "Duration of attempts.", []float64{.05, .1, .2, .5, 1, 2, 5, 15}),
	}
	for _, result := range []string{"ok", "failed", "given-up"} {
		w.deliveries.WithLabelValues(result)
	}
	return w
}

// Delivered counts an attempt: "ok", "failed" (it will be tried again) or "given-up".
func (w *Webhooks) Delivered(result string, took time.Duration) {
	w.deliveries.WithLabelValues(result).Inc()
	w.took.Observe(took.Seconds())
}
