// Package progress shows how far work has come, as Keras does: a bar that moves in a
// terminal, one line an epoch in a pipe or a file, nothing when quiet. It follows
// keras.utils.Progbar and keras.callbacks.ProgbarLogger byte for byte, except that a
// line that is wider than the terminal is cut there until it is final.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Mode is how progress is shown.
type Mode int

const (
	// Silent shows nothing (Keras' verbose=0).
	Silent Mode = iota
	// Lines writes one line when a piece of work is done (verbose=2): for pipes and files.
	Lines
	// Live redraws a bar in place (verbose=1): for terminals.
	Live
)

// Display is where progress is shown. One bar or counter at a time writes to it.
type Display struct {
	Writer io.Writer
	Mode   Mode
	// Color paints a Live bar, as Keras always does.
	Color bool
	// Columns is the width of the terminal at the moment; nil or 0 is a line without end.
	Columns func() int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Value is a metric by name.
type Value struct {
	Name  string
	Value float64
}

func (d *Display) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

// Epoch announces an epoch, counted from 0, of a training of several: "Epoch 1/3". A
// training of one epoch has no such line.
func (d *Display) Epoch(epoch, epochs int) {
	if d.Mode != Silent && epochs > 1 {
		_, _ = fmt.Fprintf(d.Writer, "Epoch %d/%d\n", epoch+1, epochs)
	}
}

// barWidth is the length of a bar, in characters.
const barWidth = 20

// interval is the least time between two drawings of a bar.
const interval = 50 * time.Millisecond

// line is the line of a terminal on which a bar is drawn over and over. Its mutex guards
// the bar too.
type line struct {
	sync.Mutex
	display *Display
	start   time.Time
	drawn   time.Time // zero before the first drawing
	width   int       // of what stands on the line
	done    bool
}

// due says whether enough time has passed for another drawing.
func (l *line) due(now time.Time) bool {
	return l.drawn.IsZero() || now.Sub(l.drawn) >= interval
}

// draw puts a text in the place of the one before it.
func (l *line) draw(t styledText, now time.Time, final bool) {
	var columns int
	if l.display.Columns != nil {
		columns = l.display.Columns()
	}
	// The last column stays empty: many terminals wrap as soon as it is filled.
	if !final && columns > 1 && t.width > columns-1 {
		t.cut(columns - 1)
	}
	var b strings.Builder
	b.WriteString(strings.Repeat("\b", l.width) + "\r")
	b.WriteString(t.String())
	if l.width > t.width {
		b.WriteString(strings.Repeat(" ", l.width-t.width))
	}
	if final {
		b.WriteByte('\n')
	}
	l.width, l.drawn, l.done = t.width, now, final
	_, _ = io.WriteString(l.display.Writer, b.String()) // a terminal that is gone must not end a training
}

// leave ends the line as it stands, so that other text does not run into it.
func (l *line) leave() {
	if !l.done && !l.drawn.IsZero() {
		_, _ = io.WriteString(l.display.Writer, "\n")
	}
	l.done = true
}

const (
	bold  = "\x1b[1m"
	green = "\x1b[32m"
	white = "\x1b[37m"
	reset = "\x1b[0m"
)

// styledText is text for a terminal, and the columns that it takes.
type styledText struct {
	parts []struct{ style, text string }
	width int
	color bool
}

func (t *styledText) add(style, text string) {
	if !t.color {
		style = ""
	}
	t.parts = append(t.parts, struct{ style, text string }{style, text})
	t.width += len([]rune(text))
}

// cut keeps the first columns of the text.
func (t *styledText) cut(columns int) {
	t.width = 0
	for i := range t.parts {
		r := []rune(t.parts[i].text)
		r = r[:min(len(r), columns-t.width)]
		t.parts[i].text = string(r)
		t.width += len(r)
	}
}

func (t *styledText) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.style)
		b.WriteString(p.text)
		if p.style != "" {
			b.WriteString(reset)
		}
	}
	return b.String()
}

// bar adds the bar for done of total.
func (t *styledText) bar(done, total int) {
	n := min(int(barWidth*(float64(done)/float64(total))), barWidth)
	if n > 0 {
		t.add(green, strings.Repeat("━", n))
	}
	rest := "━"
	if !t.color {
		rest = "─" // what tells the two apart where colour does not
	}
	t.add(white, strings.Repeat(rest, barWidth-n))
}
