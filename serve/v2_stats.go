package serve

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// statisticsRoutes is the table of the statistics extension of the Open Inference Protocol
// (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md). Triton's Performance Analyzer uses them.
func statisticsRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/v2/models/stats", quiet: true, summary: "Statistics of all models.", doc: statisticsDoc, handle: (*call).v2AllStatistics},
		{method: http.MethodGet, path: "/v2/models/{model}/stats", quiet: true, summary: "Statistics of a model.", doc: statisticsDoc, handle: (*call).v2Statistics},
		{method: http.MethodGet, path: "/v2/models/{model}/versions/{version}/stats", quiet: true, summary: "Statistics of a version of a model.", doc: statisticsDoc, handle: (*call).v2Statistics},
	}
}

// tally is a number of events and their total time.
type tally struct {
	Count uint64 `json:"count"`
	NS    uint64 `json:"ns"`
}

func (t *tally) add(d time.Duration) {
	t.Count++
	t.NS += uint64(max(d, 0))
}

// statistics counts the predictions of a version since it was loaded. The names are those of the extension.
type statistics struct {
	mu      sync.Mutex
	latest  time.Time // the end of the latest request
	count   uint64    // examples
	success tally     // requests
	fail    tally
	phases  map[string]tally // of the requests that succeeded, by phase
	batches map[int]tally    // by the number of examples
}

// request counts a request for predictions that has ended.
func (s *statistics) request(rec *record, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec.status != http.StatusOK {
		s.fail.add(took)
		return
	}
	s.latest = time.Now()
	s.count += uint64(rec.examples)
	s.success.add(took)
	if s.phases == nil {
		s.phases = map[string]tally{}
	}
	for _, p := range rec.phases {
		t := s.phases[p.name]
		t.add(p.took)
		s.phases[p.name] = t
	}
}

// sizes returns 1 and the sizes of the batches so far, in order.
func (s *statistics) sizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes := []int{1}
	for n := range s.batches {
		if n > 1 {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// batch counts a batch.
func (s *statistics) batch(n int, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batches == nil {
		s.batches = map[int]tally{}
	}
	t := s.batches[n]
	t.add(took)
	s.batches[n] = t
}

// v2Statistics is the form of statistics in an answer.
type v2Statistics struct {
	Name       string           `json:"name"`
	Version    string           `json:"version"`
	Latest     int64            `json:"last_inference"` // milliseconds since 1970
	Examples   uint64           `json:"inference_count"`
	Executions uint64           `json:"execution_count"`
	Requests   map[string]tally `json:"inference_stats"`
	Batches    []v2BatchStats   `json:"batch_stats"`
}

type v2BatchStats struct {
	Size    int   `json:"batch_size"`
	Input   tally `json:"compute_input"`
	Compute tally `json:"compute_infer"`
	Output  tally `json:"compute_output"`
}

// statistics returns the statistics of a version. Reading a request and decoding its images is what the extension calls compute_input.
func (v *version) statistics() v2Statistics {
	s := &v.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	input := s.phases["read"]
	input.NS += s.phases["decode"].NS
	out := v2Statistics{Name: v.name, Version: v.number, Examples: s.count, Batches: []v2BatchStats{}, Requests: map[string]tally{
		"success": s.success, "fail": s.fail, "queue": s.phases["queue"], "compute_input": input, "compute_infer": s.phases["compute"],
		"compute_output": {}, "cache_hit": {}, "cache_miss": {}, // are not measured, or do not exist
	}}
	if !s.latest.IsZero() {
		out.Latest = s.latest.UnixMilli()
	}
	for _, n := range slices.Sorted(maps.Keys(s.batches)) {
		t := s.batches[n]
		out.Executions += t.Count
		out.Batches = append(out.Batches, v2BatchStats{Size: n, Compute: t})
	}
	return out
}

func (c *call) v2Statistics() error {
	return c.with(func(v *version) error {
		return c.ok(map[string]any{"model_stats": []v2Statistics{v.statistics()}})
	})
}

func (c *call) v2AllStatistics() error {
	list := []v2Statistics{}
	for _, e := range c.s.registry.list() {
		if v := e.acquire(); v != nil {
			list = append(list, v.statistics())
			v.release()
		}
	}
	return c.ok(map[string]any{"model_stats": list})
}
