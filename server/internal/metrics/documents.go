package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Documents are the counters of the document core, beside those of Metrics.
type Documents struct {
	*Metrics
	ignored          *prometheus.CounterVec
	dropped          prometheus.Counter
	snapshots        prometheus.Histogram
	snapshotFailures prometheus.Counter
	damaged          prometheus.Counter
}

// NewDocuments registers the counters with m. open tells how many documents are in memory now.
func NewDocuments(m *Metrics, open func() int) *Documents {
	r := registrar{m.registry}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fieldsync_documents_open", Help: "Documents in memory now."},
		func() float64 { return float64(open()) }))
	return &Documents{
		Metrics: m,
		ignored: r.counters("fieldsync_frames_ignored_total", "Frames that were not acted on, by reason.", "reason"),
		dropped: r.counter("fieldsync_presence_dropped_total", "Presence messages left out for peers that read slowly."),
		snapshots: r.histogram("fieldsync_snapshot_seconds", "Building the snapshot of a document.",
			[]float64{.001, .005, .02, .1, .5, 2, 10}),
		snapshotFailures: r.counter("fieldsync_snapshot_failures_total", "Snapshots that could not be built; the document stays as changes."),
		damaged:          r.counter("fieldsync_documents_damaged_total", "Documents that could not be read from the store."),
	}
}

// FrameIgnored counts a frame that was not acted on.
func (d *Documents) FrameIgnored(reason string) { d.ignored.WithLabelValues(reason).Inc() }

// FrameDropped counts a presence message left out for a slow reader.
func (d *Documents) FrameDropped() { d.dropped.Inc() }

// SnapshotBuilt counts a snapshot and how long it took, or with an error one that failed.
func (d *Documents) SnapshotBuilt(took time.Duration, err error) {
	if err != nil {
		d.snapshotFailures.Inc()
		return
	}
	d.snapshots.Observe(took.Seconds())
}

// DocumentDamaged counts a document that could not be read from the store.
func (d *Documents) DocumentDamaged() { d.damaged.Inc() }
