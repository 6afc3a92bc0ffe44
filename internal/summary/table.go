package summary

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

// The table is drawn as the Python package rich draws it for Keras: heavy lines around the header; text that
// is too wide for its cell wraps at spaces, and words that are too wide for a line are cut.

// style has the parameters of an ANSI escape sequence.
type style string

const (
	plain      style = ""
	bold       style = "1"
	boldRed    style = "1;91"
	symbol     style = "38;5;33"
	number     style = "38;5;34"
	boldNumber style = "1;38;5;34"
	none       style = "38;5;45"
)

type char struct {
	r     rune
	style style
}

type text []char

func styled(s style, value string) text {
	var t text
	for _, r := range value {
		t = append(t, char{r, s})
	}
	return t
}

func join(parts ...text) text {
	var t text
	for _, p := range parts {
		t = append(t, p...)
	}
	return t
}

func (t text) trimRight() text {
	for len(t) > 0 && unicode.IsSpace(t[len(t)-1].r) {
		t = t[:len(t)-1]
	}
	return t
}

// wrap breaks a text into lines of at most width characters. A longer word is cut into pieces if fold is set;
// otherwise its line is too long.
func (t text) wrap(width int, fold bool) []text {
	var starts []int
	used := 0
	for start := 0; start < len(t); {
		end := start
		for end < len(t) && unicode.IsSpace(t[end].r) {
			end++
		}
		if end == len(t) {
			break // only spaces are left
		}
		for end < len(t) && !unicode.IsSpace(t[end].r) {
			end++
		}
		word := end - start
		for end < len(t) && unicode.IsSpace(t[end].r) {
			end++
		}
		switch {
		case word <= width-used:
			used += end - start
		case word <= width:
			if used > 0 && start > 0 {
				starts = append(starts, start)
			}
			used = end - start
		case fold:
			for at := start; at < end; at += width {
				if at > 0 {
					starts = append(starts, at)
				}
				used = min(width, end-at)
			}
		default:
			if start > 0 {
				starts = append(starts, start)
			}
			used = end - start
		}
		start = end
	}
	lines := make([]text, 0, len(starts)+1)
	from := 0
	for _, at := range append(starts, len(t)) {
		line := t[from:at]
		for len(line) > width && unicode.IsSpace(line[len(line)-1].r) {
			line = line[:len(line)-1]
		}
		lines = append(lines, line)
		from = at
	}
	return lines
}

type alignment int

const (
	left alignment = iota
	right
	center
)

// fill makes a line of a cell exactly width characters long.
func (t text) fill(width int, a alignment, s style) text {
	if a != left {
		t = t.trimRight()
	}
	if len(t) > width {
		// The ellipsis has the style of the last character that fits.
		return join(t[:width-1], text{{'…', t[width-1].style}})
	}
	space := width - len(t)
	before := 0
	switch a {
	case right:
		before = space
	case center:
		before = space / 2
	}
	return join(styled(s, strings.Repeat(" ", before)), t, styled(s, strings.Repeat(" ", space-before)))
}

type table struct {
	headers []string
	align   []alignment
	widths  []int // widths of the columns' text
	rows    [][]text
}

// fit sets the widths of the columns of a table that is length characters wide. ends are the fractions of the
// width at which they should end.
func (t *table) fit(length int, ends []float64) error {
	at, excess := 0, len(ends)+1
	widths := make([]int, len(ends))
	for i, end := range ends {
		widths[i] = int(end*float64(length)) - at
		if widths[i] < 4 {
			return fmt.Errorf("summary: %d columns are too few for the table; widen the terminal", length+4)
		}
		at += widths[i]
		widths[i] += 2
		excess += widths[i]
	}
	excess -= length
	if excess < 0 {
		// The rest is distributed in proportion.
		spare, sum := -excess, 0
		for _, w := range widths {
			sum += w
		}
		excess = 0
		for i, w := range widths {
			more := (w*spare + sum - 1) / sum
			widths[i] += more
			spare -= more
			sum -= w
		}
	}
	// The lines between columns and the spaces beside them reduce all columns alike.
	for i, left := 0, len(widths); left > 0; i, left = i+1, left-1 {
		cut := min(widths[i], int(math.RoundToEven(float64(excess)/float64(left))))
		widths[i] -= cut + 2
		excess -= cut
	}
	t.widths = widths
	for _, w := range widths {
		if w < 1 {
			return fmt.Errorf("summary: %d columns are too few for the table; widen the terminal", length+4)
		}
	}
	return nil
}

// print draws the table, without what is beyond width.
func (t *table) print(p *printer, width int) {
	p.crop = width
	defer func() { p.crop = 0 }()
	t.rule(p, "┏━┳┓")
	headers := make([]text, len(t.headers))
	for i, h := range t.headers {
		headers[i] = styled(bold, h)
	}
	t.row(p, headers, "┃", bold)
	for i, cells := range t.rows {
		if i == 0 {
			t.rule(p, "┡━╇┩")
		} else {
			t.rule(p, "├─┼┤")
		}
		t.row(p, cells, "│", plain)
	}
	if len(t.rows) == 0 {
		t.rule(p, "┡━╇┩")
	}
	t.rule(p, "└─┴┘")
}

func (t *table) rule(p *printer, box string) {
	b := []rune(box)
	parts := make([]string, len(t.widths))
	for i, w := range t.widths {
		parts[i] = strings.Repeat(string(b[1]), w+2)
	}
	p.write(plain, string(b[0])+strings.Join(parts, string(b[2]))+string(b[3])+"\n")
}

// row prints cells. Cells of the header are bold and aligned at the bottom.
func (t *table) row(p *printer, cells []text, wall string, s style) {
	lines := make([][]text, len(cells))
	height := 0
	for i, c := range cells {
		lines[i] = c.wrap(t.widths[i], false)
		height = max(height, len(lines[i]))
	}
	for y := range height {
		for i, w := range t.widths {
			p.write(plain, wall)
			at := y
			if s == bold {
				at -= height - len(lines[i])
			}
			if at < 0 || at >= len(lines[i]) {
				p.write(s, strings.Repeat(" ", w+2))
				continue
			}
			p.write(s, " ")
			p.text(lines[i][at].fill(w, t.align[i], s))
			p.write(s, " ")
		}
		p.write(plain, wall+"\n")
	}
}

// printer collects text with or without colors.
type printer struct {
	strings.Builder
	color bool
	crop  int // maximum number of characters in a line; 0 is unlimited
	at    int // characters in the line so far, if crop is set
}

func (p *printer) write(s style, value string) {
	if p.crop > 0 {
		value = strings.Map(func(r rune) rune {
			p.at++
			switch {
			case r == '\n':
				p.at = 0
			case p.at > p.crop:
				return -1
			}
			return r
		}, value)
	}
	if !p.color || s == plain || value == "" {
		p.WriteString(value)
		return
	}
	fmt.Fprintf(p, "\x1b[%sm%s\x1b[0m", s, value)
}

func (p *printer) text(t text) {
	for i := 0; i < len(t); {
		end := i
		var run strings.Builder
		for ; end < len(t) && t[end].style == t[i].style; end++ {
			run.WriteRune(t[end].r)
		}
		p.write(t[i].style, run.String())
		i = end
	}
}

func (p *printer) wrapped(t text, width int) {
	for _, line := range t.wrap(width, true) {
		p.text(line)
		p.write(plain, "\n")
	}
}
