package metrics

import (
	"net/http"
	"strconv"
	"time"

	"fieldsync/crdt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are a server's counters. Make them with New; every method is safe for concurrent use and cheap enough for
// every frame.
type Metrics struct {
	registry *prometheus.Registry

	connections       prometheus.Gauge
	connectionsTotal  prometheus.Counter
	connectionsClosed *prometheus.CounterVec
	turnedAway        prometheus.Counter
	catchUps          prometheus.Gauge
	catchUpsWaiting   prometheus.Gauge
	catchUpsSentAway  prometheus.Counter
	framesIn          traffic
	framesOut         traffic
	overflows         prometheus.Counter
	refusals          *prometheus.CounterVec
	changes           prometheus.Counter
	commitSeconds     prometheus.Histogram
	commitFailures    prometheus.Counter
	authFailures      *prometheus.CounterVec
	blobBytes         *prometheus.CounterVec
	requests          *prometheus.CounterVec
	requestSeconds    *prometheus.HistogramVec
}

// otherType is the label of a frame type that is not one of those given to New.
const otherType = "other"

// New makes a registry. version labels the build; frameTypes are the frame types that are counted apart (the rest is
// "other"), authReasons why somebody may not be let in: they are there from the start with zero, so that a rate is
// right from the first event.
func New(version string, frameTypes, authReasons []string) *Metrics {
	reg := prometheus.NewRegistry()
	r := registrar{reg}
	m := &Metrics{
		registry:          reg,
		connections:       r.gauge("fieldsync_connections", "Sync connections open now."),
		connectionsTotal:  r.counter("fieldsync_connections_opened_total", "Sync connections ever opened."),
		connectionsClosed: r.counters("fieldsync_connections_closed_total", "Sync connections ended, by WebSocket close code.", "code"),
		turnedAway:        r.counter("fieldsync_connections_turned_away_total", "TCP connections closed unread because of a limit."),
		catchUps:          r.gauge("fieldsync_catch_ups", "Sync connections that catch up now."),
		catchUpsWaiting:   r.gauge("fieldsync_catch_ups_waiting", "Requests that wait until they may."),
		catchUpsSentAway:  r.counter("fieldsync_catch_ups_sent_away_total", "Requests for a sync connection told to come back later, as many catch up."),
		overflows:         r.counter("fieldsync_send_queue_overflows_total", "Connections closed because they read too slowly."),
		refusals:          r.counters("fieldsync_refusals_total", "Changes and messages not admitted, by reason.", "code"),
		changes:           r.counter("fieldsync_changes_admitted_total", "Changes admitted and durable."),
		commitSeconds: r.histogram("fieldsync_commit_seconds", "From handing writes to the store until they are durable.",
			[]float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5}),
		commitFailures: r.counter("fieldsync_commit_failures_total", "Writes that the store could not make durable."),
		authFailures:   r.counters("fieldsync_auth_failures_total", "Requests not let in, by reason.", "reason"),
		blobBytes:      r.counters("fieldsync_blob_bytes_total", "Bytes of files, by direction.", "direction"),
		requests:       r.counters("fieldsync_http_requests_total", "HTTP requests, by route and status.", "route", "status"),
		requestSeconds: r.histograms("fieldsync_http_request_seconds", "Duration of HTTP requests, /sync excepted.",
			[]float64{.001, .005, .02, .1, .5, 2, 10, 60}, "route"),
	}
	m.framesIn = newTraffic(r, "in", "received", frameTypes)
	m.framesOut = newTraffic(r, "out", "sent", frameTypes)
	for _, reason := range authReasons {
		m.authFailures.WithLabelValues(reason)
	}
	m.blobBytes.WithLabelValues("in")
	m.blobBytes.WithLabelValues("out")
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "fieldsync_build_info", Help: "Always 1; the label says which build runs.",
		ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	reg.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the series as Prometheus reads them.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Registry is where another part of the server registers series of its own.
func (m *Metrics) Registry() prometheus.Registerer { return m.registry }

// ConnectionOpened counts a sync connection that was let in.
func (m *Metrics) ConnectionOpened() {
	m.connections.Inc()
	m.connectionsTotal.Inc()
}

// ConnectionClosed counts the end of one, with the close code that we sent, or 1005 or 1006 where the peer just went.
func (m *Metrics) ConnectionClosed(code uint16) {
	m.connections.Dec()
	m.connectionsClosed.WithLabelValues(closeLabel(code)).Inc()
}

// ConnectionTurnedAway counts a TCP connection closed because of a limit.
func (m *Metrics) ConnectionTurnedAway() { m.turnedAway.Inc() }

// CatchUps tells how many connections catch up now, and how many wait until they may.
func (m *Metrics) CatchUps(atWork, waiting int) {
	m.catchUps.Set(float64(atWork))
	m.catchUpsWaiting.Set(float64(waiting))
}

// CatchUpSentAway counts a client that was told to come back later.
func (m *Metrics) CatchUpSentAway() { m.catchUpsSentAway.Inc() }

// FrameReceived counts a frame and its bytes on the wire before decompression is known: the message's length.
func (m *Metrics) FrameReceived(frameType string, bytes int) { m.framesIn.count(frameType, bytes) }

// FrameSent counts a frame and the message's length in bytes.
func (m *Metrics) FrameSent(frameType string, bytes int) { m.framesOut.count(frameType, bytes) }

// SendQueueOverflowed counts a connection closed because its queue went over its bound.
func (m *Metrics) SendQueueOverflowed() { m.overflows.Inc() }

// Refused counts changes or messages that were not admitted.
func (m *Metrics) Refused(code crdt.RefusalCode, n int) {
	m.refusals.WithLabelValues(string(code)).Add(float64(n))
}

// ChangesAdmitted counts changes that became durable.
func (m *Metrics) ChangesAdmitted(n int) { m.changes.Add(float64(n)) }

// Committed counts one durable write and how long it took, or with an error one that failed.
func (m *Metrics) Committed(took time.Duration, err error) {
	if err != nil {
		m.commitFailures.Inc()
		return
	}
	m.commitSeconds.Observe(took.Seconds())
}

// AuthFailed counts a request that was not let in.
func (m *Metrics) AuthFailed(reason string) { m.authFailures.WithLabelValues(reason).Inc() }

// BlobReceived counts bytes of files that came in.
func (m *Metrics) BlobReceived(bytes int64) { m.blobBytes.WithLabelValues("in").Add(float64(bytes)) }

// BlobSent counts bytes of files that went out.
func (m *Metrics) BlobSent(bytes int64) { m.blobBytes.WithLabelValues("out").Add(float64(bytes)) }

// Request counts an HTTP request. route is the pattern that matched, never the path.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if route == "" {
		route = otherType
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if status != http.StatusSwitchingProtocols {
		m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// closeLabel keeps a code that a peer may have chosen from becoming a label of its own.
func closeLabel(code uint16) string {
	if code >= 1000 && code <= 1015 || code >= 4400 && code < 4500 {
		return strconv.Itoa(int(code))
	}
	return otherType
}
