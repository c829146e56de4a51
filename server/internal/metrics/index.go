package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Index are the counters of the index of documents.
type Index struct {
	rows     prometheus.Counter
	late     prometheus.Histogram
	failures prometheus.Counter
}

// NewIndex registers the counters with m. status tells how many documents wait for their rows, for how long the first of them has, and
// whether all documents that there were at the start have been compared with their rows.
func NewIndex(m *Metrics, status func() (queued int, lag time.Duration, ready bool)) *Index {
	r := registrar{m.registry}
	for name, gauge := range map[string]struct {
		help string
		of   func() float64
	}{
		"fieldsync_index_queue":       {"Documents whose rows are behind them.", func() float64 { n, _, _ := status(); return float64(n) }},
		"fieldsync_index_lag_seconds": {"For how long the first of them has waited.", func() float64 { _, lag, _ := status(); return lag.Seconds() }},
		"fieldsync_index_ready": {"1 when all documents have been compared with their rows since the start.", func() float64 {
			if _, _, ready := status(); ready {
				return 1
			}
			return 0
		}},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: gauge.help}, gauge.of))
	}
	return &Index{
		rows: r.counter("fieldsync_index_rows_total", "Rows written."),
		late: r.histogram("fieldsync_index_seconds", "From a document's change until its row is durable.",
			[]float64{.05, .1, .15, .2, .3, .5, 1, 2, 10, 60}),
		failures: r.counter("fieldsync_index_failures_total", "Documents that could not be read for their row, and rows that could not be written."),
	}
}

// RowsWritten counts rows that became durable.
func (i *Index) RowsWritten(n int) { i.rows.Add(float64(n)) }

// RowLate notes how long a row took from its document's change.
func (i *Index) RowLate(d time.Duration) { i.late.Observe(d.Seconds()) }

// RowFailed counts a row that could not be made or written.
func (i *Index) RowFailed() { i.failures.Inc() }
