package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/internal/machine"
)

// line is a line of the table: an item, or items of one kind together.
type line struct {
	what, peer   string
	items        []item
	unit         string
	lince, other float64 // sums
	spread       float64 // the median of the items' greater ones
	ratio, worst float64 // geometric mean; the least
	slowest      string  // the item of the least ratio
	limit        string  // what it comes to of the machine's limits
	others       float64 // what else the machine did meanwhile
	goal         string
	verdict      string
}

// linesOf makes the table's lines of a row. Items "a: b" and "a: c" make one line, a.
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

// sum fills in what follows from the items.
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

// of says what the goal is, and whether the line reaches it.
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
		parts = append(parts, fmt.Sprintf("%gx the least", g.Floor))
		if verdict == "no" && l.ratio >= g.Floor {
			verdict = "the least"
		}
	}
	if g.Least > 0 && len(l.items) > 1 {
		want(l.worst >= g.Least, "none under %gx", g.Least)
	}
	if g.Most > 0 {
		want(l.lince <= g.Most, "at most %g %s", g.Most, l.unit)
	}
	return strings.Join(parts, ", "), verdict
}

// cells are the line's cells, under those of heads.
func (l *line) cells() []string {
	what, faster := l.what, fmt.Sprintf("%.2fx", l.ratio)
	if n := len(l.items); n > 1 {
		what = fmt.Sprintf("%s (%d layers)", what, n)
		faster += fmt.Sprintf(" (worst %.2fx: %s)", l.worst, l.slowest)
	}
	spread := fmt.Sprintf("%.0f%%", 100*l.spread)
	if l.others >= busy {
		spread += fmt.Sprintf(", others had %.0f%% of the time", 100*l.others)
	}
	return []string{what, digits(l.lince) + " " + l.unit, digits(l.other) + " " + l.unit, faster, l.goal, l.verdict, l.limit, spread}
}

// busy is what others may have of the processors' time before a row says so.
const busy = .03

var heads = []string{"work", "lince", "peer", "times as fast", "goal", "reached", "of the limits", "spread"}

// digits prints three digits that matter.
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

// print prints results for a terminal.
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
