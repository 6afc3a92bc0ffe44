package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics reports. Each server has its own registry, so that several servers can be in a program.
type metrics struct {
	page     http.Handler
	registry *registry

	requests  *prometheus.CounterVec   // model, route, code
	seconds   *prometheus.HistogramVec // model
	phases    *prometheus.HistogramVec // model, phase
	inFlight  prometheus.Gauge
	bytesIn   *prometheus.CounterVec   // model
	bytesOut  *prometheus.CounterVec   // model
	batches   *prometheus.HistogramVec // model
	computing *prometheus.CounterVec   // model
	drops     *prometheus.CounterVec   // model
	reloads   *prometheus.CounterVec   // model, result
}

// The upper bounds of histograms.
var (
	secondsBounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	batchBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128}
)

func newMetrics(s *Server) *metrics {
	r := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	histogram := func(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, labels)
		r.MustRegister(h)
		return h
	}
	m := &metrics{
		registry:  &s.registry,
		requests:  counter("lince_requests_total", "Requests by model, route and status.", "model", "route", "code"),
		seconds:   histogram("lince_request_duration_seconds", "Time of requests, from the header to the end of the answer.", secondsBounds, "model"),
		phases:    histogram("lince_phase_duration_seconds", "Time of the phases of requests: read, decode, queue, compute.", secondsBounds, "model", "phase"),
		inFlight:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "lince_requests_in_flight", Help: "Requests that are being answered."}),
		bytesIn:   counter("lince_request_bytes_total", "Bytes of the bodies of requests, after decompression.", "model"),
		bytesOut:  counter("lince_response_bytes_total", "Bytes of the bodies of answers.", "model"),
		batches:   histogram("lince_batch_examples", "Examples that were computed together.", batchBounds, "model"),
		computing: counter("lince_compute_seconds_total", "Time in which batches were computed.", "model"),
		drops:     counter("lince_dropped_examples_total", "Examples that were dropped before they were computed, because their time was over or their client had gone.", "model"),
		reloads:   counter("lince_reloads_total", "Versions of a model that were loaded, or could not be.", "model", "result"),
	}
	r.MustRegister(m.inFlight, state{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.page = promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) begin() { m.inFlight.Inc() }

func (m *metrics) end(rec *record, took time.Duration) {
	m.inFlight.Dec()
	m.requests.WithLabelValues(rec.model, rec.route, strconv.Itoa(rec.status)).Inc()
	m.bytesIn.WithLabelValues(rec.model).Add(float64(rec.in))
	m.bytesOut.WithLabelValues(rec.model).Add(float64(rec.out))
	m.seconds.WithLabelValues(rec.model).Observe(took.Seconds())
	for _, p := range rec.phases {
		m.phases.WithLabelValues(rec.model, p.name).Observe(p.took.Seconds())
	}
	if rec.examples == 0 || rec.version == "" {
		return
	}
	if e := m.registry.find(rec.model); e != nil {
		if v := e.acquire(); v != nil {
			if v.number == rec.version {
				v.stats.request(rec, took)
			}
			v.release()
		}
	}
}

func (m *metrics) batch(model string, n int, took time.Duration) {
	m.batches.WithLabelValues(model).Observe(float64(n))
	m.computing.WithLabelValues(model).Add(took.Seconds())
}

func (m *metrics) drop(model string) { m.drops.WithLabelValues(model).Inc() }

func (m *metrics) reload(model string, ok bool) {
	result := "failed"
	if ok {
		result = "loaded"
	}
	m.reloads.WithLabelValues(model, result).Inc()
}

// state collects what a server's models are at the moment.
type state struct{ s *Server }

var (
	readyDesc   = prometheus.NewDesc("lince_ready", "1 if all models can answer.", nil, nil)
	modelDesc   = prometheus.NewDesc("lince_model_info", "1 for the version of each model that answers.", []string{"model", "version"}, nil)
	loadedDesc  = prometheus.NewDesc("lince_model_loaded_timestamp_seconds", "When the version that answers was loaded.", []string{"model"}, nil)
	staleDesc   = prometheus.NewDesc("lince_model_stale", "1 if a newer version could not be loaded.", []string{"model"}, nil)
	waitingDesc = prometheus.NewDesc("lince_examples_in_flight", "Examples that are being decoded, wait, or are being computed. The limit is lince_examples_limit.", []string{"model"}, nil)
	limitDesc   = prometheus.NewDesc("lince_examples_limit", "The largest number of examples in flight. Requests beyond it get the status 429.", []string{"model"}, nil)
	bodiesDesc  = prometheus.NewDesc("lince_bodies_bytes", "Memory of the bodies of requests.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{readyDesc, modelDesc, loadedDesc, staleDesc, waitingDesc, limitDesc, bodiesDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c state) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(readyDesc, number(c.s.Ready()))
	gauge(bodiesDesc, float64(c.s.bodies.used.Load()))
	for _, e := range c.s.registry.list() {
		_, failure := e.state()
		gauge(staleDesc, number(failure != ""), e.name)
		v := e.acquire()
		if v == nil {
			continue
		}
		examples, _ := v.batcher.load()
		gauge(modelDesc, 1, e.name, v.number)
		gauge(loadedDesc, float64(v.loaded.UnixMilli())/1000, e.name)
		gauge(waitingDesc, float64(examples), e.name)
		gauge(limitDesc, float64(v.batcher.limit), e.name)
		v.release()
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
