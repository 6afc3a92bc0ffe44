package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/internal/machine"
)

// line is a line of the table: one item, or all items of a kind.
type line struct {
	what, peer   string
	items        []item
	unit         string
	lince, other float64 // sums over the items
	spread       float64 // the median over the items of the larger side's spread
	ratio, worst float64 // geometric mean and minimum of the speedups
	slowest      string  // the item with the lowest speedup
	limit        string  // percentages of the machine's limits
	others       float64 // fraction of the processor time that other processes used
	goal         string
	verdict      string
}

// linesOf returns the table's lines for a row. Items "a: b" and "a: c" share the line a.
func linesOf(r result, limits machine.Limits) (list []*line) {
	for _, it := range r.Items {
		kind, _, _ := strings.Cut(it.Name, ": ")
		what := r.Name
		if len(r.Items) > 1 {
			what += ": " + kind
		}
		at := slices.IndexFunc(list, func(l *line) bool { return l.what == what })
		if at < 0 {
			at = len(list)
			list = append(list, &line{what: what, peer: r.Peer, unit: r.Unit, others: r.Others})
		}
		list[at].items = append(list[at].items, it)
	}
	for _, l := range list {
		l.sum(r, limits)
	}
	return list
}

// sum computes the line's values from its items.
func (l *line) sum(r result, limits machine.Limits) {
	var ratios, spreads []float64
	var flops, bytes float64
	for _, it := range l.items {
		l.lince, l.other = l.lince+it.Lince, l.other+it.Peer
		ratios, spreads = append(ratios, it.ratio()), append(spreads, max(it.LinceSpread, it.PeerSpread))
		flops, bytes = flops+it.Flops, bytes+it.Bytes
		if l.slowest == "" || it.ratio() < l.worst {
			_, name, _ := strings.Cut(it.Name, ": ")
			l.worst, l.slowest = it.ratio(), name
		}
	}
	l.ratio, l.spread = geomean(ratios), median(spreads)
	if l.unit == "ms" && flops > 0 {
		l.limit = fmt.Sprintf("%.0f%% FMA", 100*flops/l.lince/1e6/limits.FMA)
		if bytes > 0 {
			l.limit += fmt.Sprintf(", %.0f%% memory", 100*bytes/l.lince/1e6/limits.Read)
		}
	}
	l.goal, l.verdict = r.Goal.of(l)
}

// of returns the goal as text, and whether the line reaches it: yes, minimum or no.
func (g goal) of(l *line) (goal, verdict string) {
	var parts []string
	verdict = "yes"
	want := func(reached bool, format string, a ...any) {
		parts = append(parts, fmt.Sprintf(format, a...))
		if !reached {
			verdict = "no"
		}
	}
	if g.Ratio > 0 {
		want(l.ratio >= g.Ratio, "%gx", g.Ratio)
	}
	if g.Floor > 0 {
		parts = append(parts, fmt.Sprintf("minimum %gx", g.Floor))
		if verdict == "no" && l.ratio >= g.Floor {
			verdict = "minimum"
		}
	}
	if g.Least > 0 && len(l.items) > 1 {
		want(l.worst >= g.Least, "each at least %gx", g.Least)
	}
	if g.Most > 0 {
		want(l.lince <= g.Most, "at most %g %s", g.Most, l.unit)
	}
	return strings.Join(parts, ", "), verdict
}

// cells returns the line's cells, in the order of heads.
func (l *line) cells() []string {
	what, faster := l.what, fmt.Sprintf("%.2fx", l.ratio)
	if n := len(l.items); n > 1 {
		what = fmt.Sprintf("%s (%d layers)", what, n)
		faster += fmt.Sprintf(" (worst %.2fx: %s)", l.worst, l.slowest)
	}
	spread := fmt.Sprintf("%.0f%%", 100*l.spread)
	if l.others >= busy {
		spread += fmt.Sprintf(", other processes used %.0f%%", 100*l.others)
	}
	return []string{what, digits(l.lince) + " " + l.unit, digits(l.other) + " " + l.unit, faster, l.goal, l.verdict, l.limit, spread}
}

// busy is the smallest fraction of processor time used by other processes that a row shows.
const busy = .03

var heads = []string{"work", "lince", "peer", "speedup", "goal", "reached", "of the limits", "spread"}

// digits formats x with three significant digits.
func digits(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// print writes the results as a table for a terminal.
func (r *results) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(r.Rows) > 0 {
		fmt.Fprintln(t, strings.Join(heads, "\t"))
	}
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(t, "%s\tnot measured: %s\n", row.Name, row.Error)
		}
		for _, l := range linesOf(row, r.Limits) {
			fmt.Fprintln(t, strings.Join(l.cells(), "\t"))
		}
	}
	for _, b := range r.Balance {
		fmt.Fprintln(t, b)
	}
	return t.Flush()
}
