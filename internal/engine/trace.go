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

// With LINCE_TRACE=plan each plan is printed when it is made: the algorithms that each convolution can
// use, their times according to the cost model, and the chosen algorithm. After some runs the plan is
// printed again with measured times.

// traceRuns is the number of runs after which measured times are printed. The first run is not
// measured.
const traceRuns = 6

// tracing prints plans.
type tracing struct {
	to    io.Writer
	cycle time.Duration // the time of 2^20 cycles of the cost model, on all threads
}

func newTracing(to io.Writer, e *Engine) *tracing {
	// The cost model's core does 16 multiplications and 16 additions in a cycle.
	peak := machine.FMA(e.isa, e.pool.threads)
	return &tracing{to, time.Duration(float64(32<<20) / peak)}
}

// time is the estimated time of a number of cycles of the cost model.
func (t *tracing) time(cycles int) time.Duration {
	return time.Duration(float64(cycles) / (1 << 20) * float64(t.cycle))
}

// made prints a new plan.
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

// measured prints a plan with measured times.
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

// cycles is the cost model's estimate for a step. Matrix products are assumed to run at peak speed.
func cycles(s profile.Step) int {
	if s.Cycles > 0 {
		return s.Cycles
	}
	return s.FLOPs / 32
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3f ms", 1e3*d.Seconds()) }

// traced holds the measured times of an instance.
type traced struct {
	runs  int
	times profile.Profile
}

// profile returns the profile for the next run, or nil if that run is not measured.
func (t *traced) profile() *profile.Profile {
	t.runs++
	if t.runs == 1 || t.runs > traceRuns {
		return nil
	}
	return &t.times
}

// chosen returns the algorithm that the cost model chose.
func chosen(choices []conv.Choice) conv.Choice {
	for _, c := range choices {
		if c.Chosen {
			return c
		}
	}
	return conv.Choice{}
}
