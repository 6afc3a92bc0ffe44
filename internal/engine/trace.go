package engine

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/profile"
)

// With LINCE_TRACE=plan each plan is told when it is made: what its convolutions may be, what the
// cost model thinks of each, and what was chosen; and once more, with measured times, after some
// runs.

// traceRuns is the number of runs after which measured times are told; the first does not count.
const traceRuns = 6

// tracing is where plans are told.
type tracing struct {
	to    io.Writer
	cycle time.Duration // of 2^20 of the cost model's cycles, on all threads
}

func newTracing(to io.Writer, e *Engine) *tracing {
	// The cost model's core multiplies and adds 16 numbers a cycle.
	peak := machine.FMA(e.isa, e.pool.threads)
	return &tracing{to, time.Duration(float64(32<<20) / peak)}
}

// time is the estimated time of so many cycles.
func (t *tracing) time(cycles int) time.Duration {
	return time.Duration(float64(cycles) / (1 << 20) * float64(t.cycle))
}

// made tells of a new plan.
func (t *tracing) made(p *plan) {
	var b strings.Builder
	fmt.Fprintf(&b, "plan, %s: %d nodes, %d bytes of arena\n", p.describe("made"), len(p.Nodes), p.ArenaSize)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, n := range p.Nodes {
		l := p.lowered[n]
		if l == nil || l.choices == nil {
			continue
		}
		s := (&step{node: n}).describe(p, "")
		fmt.Fprintf(w, "  %s\t%s\t%s\t", s.Op, s.Layer, s.Shape)
		for _, c := range l.choices() {
			mark := ""
			if c.Chosen {
				mark = "*"
			}
			fmt.Fprintf(w, "%s%s %s in %d parts\t", mark, c.Name, milliseconds(t.time(c.Cycles)), c.Parts)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	_, _ = io.WriteString(t.to, b.String())
}

// measured tells of a plan that has run.
func (t *tracing) measured(p *plan, times *profile.Profile) {
	var b strings.Builder
	fmt.Fprintf(&b, "plan, %s:\n", p.describe("measured"))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "estimated\tmeasured\t  op, layer, shape\n")
	for _, r := range times.Rows() {
		estimate := ""
		if cycles := cycles(r.Step); cycles > 0 {
			estimate = milliseconds(t.time(cycles))
		}
		algorithm := ""
		if r.Algorithm != "" {
			algorithm = " (" + r.Algorithm + ")"
		}
		if estimate != "" || r.Each() > 50*time.Microsecond {
			fmt.Fprintf(w, "%s\t%s\t  %s%s  %s  %s\n", estimate, milliseconds(r.Each()), r.Op, algorithm, r.Layer, r.Shape)
		}
	}
	_ = w.Flush()
	_, _ = io.WriteString(t.to, b.String())
}

// cycles is what the cost model thinks of a step: of products, that they reach the peak.
func cycles(s profile.Step) int {
	if s.Cycles > 0 {
		return s.Cycles
	}
	return s.FLOPs / 32
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3f ms", 1e3*d.Seconds()) }

// traced is a plan's share in tracing.
type traced struct {
	runs  int
	times profile.Profile
}

// profile is where the times of a run go while they are wanted.
func (t *traced) profile() *profile.Profile {
	t.runs++
	if t.runs == 1 || t.runs > traceRuns {
		return nil
	}
	return &t.times
}

// chosen is the choice that was made.
func chosen(choices []conv.Choice) conv.Choice {
	for _, c := range choices {
		if c.Chosen {
			return c
		}
	}
	return conv.Choice{}
}
