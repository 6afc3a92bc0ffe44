// Package progress shows progress as Keras does: a moving bar in a terminal, one line per epoch in a pipe or
// a file, nothing when quiet. The output equals that of keras.utils.Progbar and keras.callbacks.ProgbarLogger
// byte for byte, except that a line longer than the terminal's width is cut until it is final.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Mode is the way in which progress is shown.
type Mode int

const (
	// Silent shows nothing (Keras' verbose=0).
	Silent Mode = iota
	// Lines writes one line when an epoch or other work is done (verbose=2), for pipes and files.
	Lines
	// Live redraws a bar in place (verbose=1), for terminals.
	Live
)

// Display shows progress. Only one bar or counter at a time may write to it.
type Display struct {
	Writer io.Writer
	Mode   Mode
	// Color colors a Live bar, as Keras always does.
	Color bool
	// Columns returns the current width of the terminal. If it is nil or returns 0, the width is unlimited.
	Columns func() int
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Value is a metric with its name.
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

// Epoch writes the line "Epoch 1/3" for an epoch, counted from 0. A training of one epoch has no such line.
func (d *Display) Epoch(epoch, epochs int) {
	if d.Mode != Silent && epochs > 1 {
		_, _ = fmt.Fprintf(d.Writer, "Epoch %d/%d\n", epoch+1, epochs)
	}
}

// barWidth is the width of a bar in characters.
const barWidth = 20

// interval is the minimum time between two drawings of a bar.
const interval = 50 * time.Millisecond

// line is the terminal line on which a bar is drawn repeatedly. Its mutex also guards the bar.
type line struct {
	sync.Mutex
	display *Display
	start   time.Time
	drawn   time.Time // zero before the first drawing
	width   int       // width of the text on the line
	done    bool
}

// due reports whether enough time has passed for another drawing.
func (l *line) due(now time.Time) bool {
	return l.drawn.IsZero() || now.Sub(l.drawn) >= interval
}

// draw replaces the text of the line.
func (l *line) draw(t styledText, now time.Time, final bool) {
	var columns int
	if l.display.Columns != nil {
		columns = l.display.Columns()
	}
	// Keep the last column empty, because many terminals wrap when it is filled.
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
	_, _ = io.WriteString(l.display.Writer, b.String()) // an output that is closed must not end a training
}

// leave ends the line, so that other text can follow.
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

// styledText is text for a terminal, with its width in columns.
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

// bar adds a bar for done of total.
func (t *styledText) bar(done, total int) {
	n := min(int(barWidth*(float64(done)/float64(total))), barWidth)
	if n > 0 {
		t.add(green, strings.Repeat("━", n))
	}
	rest := "━"
	if !t.color {
		rest = "─" // tells the two apart without color
	}
	t.add(white, strings.Repeat(rest, barWidth-n))
}
