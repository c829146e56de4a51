package metrics

import "github.com/prometheus/client_golang/prometheus"

// traffic counts frames and bytes of one direction by type, each found with one look into a map that never changes.
type traffic struct {
	byType map[string]lane
	other  lane
}

type lane struct{ frames, bytes prometheus.Counter }

func newTraffic(r registrar, direction, verb string, types []string) traffic {
	frames := r.counters("fieldsync_frames_"+direction+"_total", "Frames "+verb+", by type.", "type")
	bytes := r.counters("fieldsync_frame_bytes_"+direction+"_total", "Bytes of frames "+verb+", by type.", "type")
	t := traffic{byType: map[string]lane{}, other: lane{frames.WithLabelValues(otherType), bytes.WithLabelValues(otherType)}}
	for _, typ := range types {
		t.byType[typ] = lane{frames.WithLabelValues(typ), bytes.WithLabelValues(typ)}
	}
	return t
}

func (t traffic) count(frameType string, bytes int) {
	l, ok := t.byType[frameType]
	if !ok {
		l = t.other
	}
	l.frames.Inc()
	l.bytes.Add(float64(bytes))
}

// registrar makes series and registers them; a name given twice is a defect and panics at the start.
type registrar struct{ prometheus.Registerer }

func (r registrar) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.MustRegister(g)
	return g
}

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.MustRegister(c)
	return c
}

func (r registrar) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(c)
	return c
}

func (r registrar) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.MustRegister(h)
	return h
}

func (r registrar) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	r.MustRegister(h)
	return h
}
