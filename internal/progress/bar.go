package progress

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bar is a progress bar of an epoch, an evaluation or a prediction. It counts steps:
//
//	1250/1250 ━━━━━━━━━━━━━━━━━━━━ 75s 60ms/step - accuracy: 0.7500 - loss: 6.1000e-04
//
// Its methods may be called by several goroutines at the same time.
type Bar struct {
	line
	target   int
	current  int
	values   []Value
	afterOne time.Time // end of the first step; zero before
}

// Bar starts a bar for a number of steps. 0 means that the number is not known.
func (d *Display) Bar(steps int) *Bar {
	b := &Bar{target: max(steps, 0)}
	b.display, b.start = d, d.now()
	return b
}

// Update shows that current steps are done, with the current metrics, in the order in which their names first
// occurred. Only a Live bar shows them.
func (b *Bar) Update(current int, values []Value) {
	b.Lock()
	defer b.Unlock()
	if b.done {
		return
	}
	b.current = current
	if b.display.Mode != Live {
		return
	}
	b.show(values, false)
}

// Finish shows that all steps are done, with the final metrics. If the number of steps is not known, it is
// taken from the last Update.
func (b *Bar) Finish(values []Value) {
	b.Lock()
	defer b.Unlock()
	if b.done {
		return
	}
	if b.target == 0 {
		b.target = b.current
	}
	b.current = b.target
	if b.display.Mode != Silent {
		b.show(values, true)
	}
	b.done = true
}

// Abandon ends the line of the bar, so that other text can follow. It does nothing if the bar is finished or
// was never drawn.
func (b *Bar) Abandon() {
	b.Lock()
	defer b.Unlock()
	b.leave()
}

func (b *Bar) show(values []Value, final bool) {
	b.merge(values)
	now := b.display.now()
	step := b.step(now)
	if b.display.Mode == Lines {
		b.writeLine(now, step)
		return
	}
	if !final && !b.due(now) {
		return
	}
	t := styledText{color: b.display.Color}
	if b.target > 0 {
		t.add(bold, count(b.current, b.target))
		t.add("", " ")
		t.bar(b.current, b.target)
	} else {
		t.add("", fmt.Sprintf("%7d/Unknown", b.current))
	}
	t.add("", " ")
	if b.target > 0 && !final {
		t.add(bold, eta(step*float64(b.target-b.current)))
	} else {
		t.add(bold, seconds(now.Sub(b.start)))
	}
	t.add("", stepTime(step))
	for _, v := range b.values {
		t.add("", fmt.Sprintf(" - %s: %s", v.Name, number(v.Value, math.Abs(v.Value))))
	}
	b.draw(t, now, final)
}

func (b *Bar) writeLine(now time.Time, step float64) {
	if b.target == 0 {
		return // no steps: Keras prints nothing either
	}
	var s strings.Builder
	s.WriteString(count(b.current, b.target) + " - " + seconds(now.Sub(b.start)) + " -" + stepTime(step))
	for _, v := range b.values {
		// Unlike in the bar, Keras writes all negative numbers with an exponent.
		fmt.Fprintf(&s, " - %s: %s", v.Name, number(v.Value, v.Value))
	}
	s.WriteByte('\n')
	_, _ = io.WriteString(b.display.Writer, s.String())
}

func (b *Bar) merge(values []Value) {
next:
	for _, v := range values {
		for i := range b.values {
			if b.values[i].Name == v.Name {
				b.values[i].Value = v.Value
				continue next
			}
		}
		b.values = append(b.values, v)
	}
}

// step estimates the seconds per step. It leaves out the first step if there are more, because that one
// includes work that is done only once.
func (b *Bar) step(now time.Time) float64 {
	if b.current == 0 {
		return 0
	}
	from, steps := b.start, b.current
	if !b.afterOne.IsZero() && b.current > 1 {
		from, steps = b.afterOne, b.current-1
	}
	if b.current == 1 {
		b.afterOne = now
	}
	return now.Sub(from).Seconds() / float64(steps)
}

func count(current, target int) string {
	total := strconv.Itoa(target)
	return fmt.Sprintf("%*d/%s", len(total), current, total)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }

func eta(s float64) string {
	n := int64(s)
	switch {
	case s > 3600:
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n%3600/60, n%60)
	case s > 60:
		return fmt.Sprintf("%d:%02d", n/60, n%60)
	default:
		return fmt.Sprintf("%ds", n)
	}
}

func stepTime(s float64) string {
	switch {
	case s >= 1 || s == 0:
		return fmt.Sprintf(" %.0fs/step", s)
	case s >= 1e-3:
		return fmt.Sprintf(" %.0fms/step", s*1e3)
	default:
		return fmt.Sprintf(" %.0fus/step", s*1e6)
	}
}

// number writes a metric; size decides between the two forms.
func number(v, size float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case size > 1e-3:
		return strconv.FormatFloat(v, 'f', 4, 64)
	default:
		return strconv.FormatFloat(v, 'e', 4, 64)
	}
}
