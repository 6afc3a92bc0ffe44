package profile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Row has the times of a step of a plan, summed over all runs.
type Row struct {
	Plan string // name of the plan, such as "training, batch 15"
	Step
	Runs  int             // number of runs
	Time  time.Duration   // total time, in each run from the start of the first part to the end of the last
	Parts []time.Duration // total time of each part
}

// Each returns the mean time of one run.
func (r Row) Each() time.Duration { return r.Time / time.Duration(max(1, r.Runs)) }

// GFLOPS returns the speed in 10^9 operations per second. Operations are counted by the op's definition, so
// an algorithm that needs fewer can exceed the limit of the machine.
func (r Row) GFLOPS() float64 { return rate(r.FLOPs, r.Each()) }

// GBS returns the memory traffic in 10^9 bytes per second. It counts Step.Bytes, the
// minimum that must be read and written.
func (r Row) GBS() float64 { return rate(r.Bytes, r.Each()) }

func rate(n int, t time.Duration) float64 {
	if t == 0 {
		return 0
	}
	return float64(n) / float64(t.Nanoseconds())
}

// Rows returns the steps of each plan in the order in which they run. Plans are in the order of their first
// run.
func (p *Profile) Rows() []Row {
	p.mu.Lock()
	defer p.mu.Unlock()
	var rows []Row
	of := map[string][]int{} // rows by plan
	for _, r := range p.runs {
		// Runs of the same name are instances of one plan.
		at, ok := of[r.Name]
		if !ok || len(at) != len(r.Steps) {
			at = nil
			for _, s := range r.Steps {
				at = append(at, len(rows))
				rows = append(rows, Row{Plan: r.Name, Step: s, Parts: make([]time.Duration, s.Parts)})
			}
			of[r.Name] = at
		}
		for i, row := range at {
			rows[row].Runs += r.count
			rows[row].Time += time.Duration(r.wall[i])
			for j, t := range r.parts[i] {
				if j < len(rows[row].Parts) {
					rows[row].Parts[j] += time.Duration(t)
				}
			}
		}
	}
	return rows
}

// Speedup estimates how many times faster the steps in rows would run on this number of threads than on one. It assumes
// that a free thread takes the next part of a step, as in the engine, and that each part takes as long as recorded. It
// ignores the cost of waking threads, and the limits of shared resources such as memory bandwidth.
func Speedup(rows []Row, threads int) float64 {
	var one, many time.Duration
	for _, r := range rows {
		free := make([]time.Duration, threads)
		for _, t := range r.Parts {
			one += t
			i := slices.Index(free, slices.Min(free))
			free[i] += t
		}
		many += slices.Max(free)
	}
	if many == 0 {
		return 1
	}
	return float64(one) / float64(many)
}

// least is the fraction of a plan's time below which steps are combined in one line.
const least = .002

// WriteTable writes tables of the phases and of the steps of each plan, the slowest first. It returns an error only if w does.
func (p *Profile) WriteTable(w io.Writer) error {
	rows := p.Rows()
	var plans []string
	for _, r := range rows {
		if !slices.Contains(plans, r.Plan) {
			plans = append(plans, r.Plan)
		}
	}
	var b strings.Builder
	p.phases(&b)
	for _, name := range plans {
		var of []Row
		var total time.Duration
		for _, r := range rows {
			if r.Plan == name && r.Runs > 0 {
				of = append(of, r)
				total += r.Time
			}
		}
		if len(of) > 0 {
			p.plan(&b, name, of, total)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Profile) phases(b *strings.Builder) {
	phases := p.Phases()
	if len(phases) == 0 {
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "times\ttotal\tmean\tlongest\t\n")
	for _, x := range phases {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t  %s\n", x.Count, seconds(x.Total), milliseconds(x.Total/time.Duration(x.Count)), milliseconds(x.Most), x.Name)
	}
	_ = t.Flush()
}

func (p *Profile) plan(b *strings.Builder, name string, rows []Row, total time.Duration) {
	runs := rows[0].Runs
	fmt.Fprintf(b, "\n%s: %d runs, %s each in kernels\n", name, runs, milliseconds(total/time.Duration(runs)))
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int { return cmp.Compare(b.Time, a.Time) })
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "ms\tshare\tGFLOP/s\tof peak\tGB/s\tof memory\tparts\t  op, layer, shape\n")
	var rest time.Duration
	others := 0
	for _, r := range sorted {
		share := float64(r.Time) / float64(total)
		if share < least {
			rest += r.Time
			others++
			continue
		}
		fmt.Fprintf(t, "%.3f\t%.1f%%\t%s\t%s\t%.1f\t%s\t%d\t  %s\n", 1e3*r.Each().Seconds(), 100*share,
			number(r.GFLOPS()), percent(r.GFLOPS(), p.Limits.GFLOPS), r.GBS(), percent(r.GBS(), p.Limits.GBS), r.Step.Parts, r.what())
	}
	if others > 0 {
		fmt.Fprintf(t, "%.3f\t%.1f%%\t\t\t\t\t\t  %d others\n", 1e3*rest.Seconds()/float64(runs), 100*float64(rest)/float64(total), others)
	}
	_ = t.Flush()
	b.WriteString("estimated speedup by number of threads:")
	for _, n := range []int{2, 4, 8, 16} {
		fmt.Fprintf(b, "  %d: %.1fx", n, Speedup(rows, n))
	}
	b.WriteString("\n")
}

func (r Row) what() string {
	s := r.Op
	if r.Algorithm != "" {
		s += " (" + r.Algorithm + ")"
	}
	for _, x := range []string{r.Layer, r.Shape} {
		if x != "" {
			s += "  " + x
		}
	}
	return s
}

func number(x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", x)
}

func percent(x, of float64) string {
	if x == 0 || of == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*x/of)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", 1e3*d.Seconds()) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
