package profile

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// event is an event of the Trace Event Format, which chrome://tracing and Perfetto read.
type event struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Time  float64        `json:"ts"` // microseconds
	Took  float64        `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Args  map[string]any `json:"args,omitempty"`
}

// WriteTrace writes the recorded spans in the JSON form of the Trace Event Format: one line for phases, and
// one line for each thread with the steps that it ran.
func (p *Profile) WriteTrace(w io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := bufio.NewWriter(w)
	_, _ = out.WriteString("[\n")
	first := true
	put := func(e event) error {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if !first {
			_, _ = out.WriteString(",\n")
		}
		first = false
		_, err = out.Write(text)
		return err
	}
	threads := 0
	for _, r := range p.runs {
		threads = max(threads, r.Threads)
	}
	for t := range threads + 1 {
		name := "training"
		if t > 0 {
			name = fmt.Sprintf("thread %d", t)
		}
		if err := put(event{Name: "thread_name", Phase: "M", TID: t, Args: map[string]any{"name": name}}); err != nil {
			return err
		}
	}
	for _, s := range p.ordered() {
		e := event{Phase: "X", Time: float64(s.from) / 1e3, Took: float64(s.to-s.from) / 1e3, TID: s.thread}
		if s.run == nil {
			e.Name = p.phase[s.step].Name
		} else {
			x := s.run.Steps[s.step]
			e.Name = x.Op
			e.Args = map[string]any{"layer": x.Layer, "shape": x.Shape, "plan": s.run.Name}
			if x.Algorithm != "" {
				e.Args["algorithm"] = x.Algorithm
			}
		}
		if err := put(e); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("\n]\n")
	return out.Flush()
}

// placed is a span on a line of the trace: 0 for phases, 1 and up for threads.
type placed struct {
	span
	thread int
}

// ordered returns all spans in the order that readers of the format expect: by start. If starts are equal, the longest
// span is first, because it encloses the others.
func (p *Profile) ordered() []placed {
	var spans []placed
	for _, s := range p.spans {
		spans = append(spans, placed{s, 0})
	}
	for _, r := range p.runs {
		for i := range r.busy {
			for _, s := range r.busy[i].spans {
				spans = append(spans, placed{s, i + 1})
			}
		}
	}
	slices.SortStableFunc(spans, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	return spans
}
