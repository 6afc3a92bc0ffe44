package progress

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Counter is a progress bar for work other than training, such as reading an archive:
//
//	Reading train.zip  3421/12500 ━━━━━─────────────── 2s
//
// The time is the estimated time left, and in the last line the total time. In mode Lines, only the last line
// is shown. Several goroutines may call the methods of a Counter at the same time.
type Counter struct {
	line
	label   string
	total   int
	current int
}

// Counter starts a counter. total is 0 if it is not known.
func (d *Display) Counter(label string, total int) *Counter {
	c := &Counter{label: label, total: max(total, 0)}
	c.display, c.start = d, d.now()
	return c
}

// Add adds n to the count.
func (c *Counter) Add(n int) {
	c.Lock()
	defer c.Unlock()
	c.set(c.current + n)
}

// Set sets the count.
func (c *Counter) Set(current int) {
	c.Lock()
	defer c.Unlock()
	c.set(current)
}

func (c *Counter) set(current int) {
	c.current = current
	if c.done || c.display.Mode != Live {
		return
	}
	if now := c.display.now(); c.due(now) {
		c.draw(c.text(now.Sub(c.start).Seconds(), false), now, false)
	}
}

// Finish writes the last line, with the final count, which may be less than the total.
func (c *Counter) Finish() {
	c.Lock()
	defer c.Unlock()
	if c.done {
		return
	}
	now := c.display.now()
	t := c.text(now.Sub(c.start).Seconds(), true)
	switch c.display.Mode {
	case Live:
		c.draw(t, now, true)
	case Lines:
		_, _ = io.WriteString(c.display.Writer, t.String()+"\n")
	}
	c.done = true
}

// Erase removes the line of the counter from a terminal, so that other text can take its place. The next count draws it again.
func (c *Counter) Erase() {
	c.Lock()
	defer c.Unlock()
	if c.width == 0 {
		return
	}
	blank := strings.Repeat("\b", c.width) + "\r"
	_, _ = io.WriteString(c.display.Writer, blank+strings.Repeat(" ", c.width)+blank) // as in draw
	c.width, c.drawn = 0, time.Time{}
}

// Abandon ends the line of the counter, so that other text can follow.
func (c *Counter) Abandon() {
	c.Lock()
	defer c.Unlock()
	c.leave()
}

func (c *Counter) text(elapsed float64, final bool) styledText {
	live := c.display.Mode == Live
	t := styledText{color: live && c.display.Color}
	t.add("", c.label+"  ")
	if c.total > 0 {
		t.add(bold, count(c.current, c.total))
		if live {
			t.add("", " ")
			t.bar(min(c.current, c.total), c.total)
		}
	} else {
		t.add(bold, fmt.Sprint(c.current))
	}
	t.add("", " ")
	if left := c.total - c.current; !final && c.total > 0 && c.current > 0 {
		t.add(bold, eta(math.Max(0, elapsed/float64(c.current)*float64(left))))
	} else {
		t.add(bold, fmt.Sprintf("%.0fs", elapsed))
	}
	return t
}
