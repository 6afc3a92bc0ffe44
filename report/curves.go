package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of the panels of Curves, in pixels.
const (
	plotWidth  = 640
	plotHeight = 400
	plotLeft   = 96 // the numbers of the vertical axis
	plotTop    = 60 // title and legend
	plotBottom = 78 // the numbers of the horizontal axis, and its name
	plotRight  = 24
)

// manyEpochs is from where on lines have no dots.
const manyEpochs = 40

// Curves writes a PNG with a panel a metric: its values over the epochs, counted from 1,
// in training and in validation. Values that are not finite leave a gap. A metric of
// positive numbers that differ a hundredfold has a logarithmic scale.
func Curves(w io.Writer, h History) error {
	if err := h.check(); err != nil {
		return err
	}
	return encode(w, drawCurves(h).RGBA)
}

func drawCurves(h History) *canvas {
	pairs := h.pairs()
	columns := len(pairs)
	if columns > 3 {
		columns = int(math.Ceil(math.Sqrt(float64(columns))))
	}
	rows := (len(pairs) + columns - 1) / columns
	const panelWidth, panelHeight = plotLeft + plotWidth + plotRight, plotTop + plotHeight + plotBottom
	const edge = 24
	c := newCanvas(2*edge+columns*panelWidth, 2*edge+rows*panelHeight)
	for i, p := range pairs {
		at := image.Pt(edge+i%columns*panelWidth+plotLeft, edge+i/columns*panelHeight+plotTop)
		c.panel(image.Rect(0, 0, plotWidth, plotHeight).Add(at), h.Epochs, p)
	}
	return c
}

// curve is one line of a panel.
type curve struct {
	name   string
	color  color.Color
	values []float64
}

func (c *canvas) panel(plot image.Rectangle, epochs []int, p pair) {
	var curves []curve
	if p.training != nil {
		curves = append(curves, curve{"training", blue, p.training})
	}
	if p.validation != nil {
		curves = append(curves, curve{"validation", orange, p.validation})
	}
	y, ok := valueAxis(p.training, p.validation)
	c.panelHead(plot, p.name, y.log, curves)
	if !ok {
		f := lettering{false, 20}
		c.fill(plot, shadow)
		c.text(f, faded, (plot.Min.X+plot.Max.X)/2, middle(f, plot.Min.Y, plot.Max.Y), atCenter, "no finite values")
		return
	}
	x := epochAxis(epochs)
	c.axes(plot, x, y)
	for _, l := range curves {
		c.curve(plot, x, y, epochs, l)
	}
}

// panelHead writes the metric's name and its last values, which are the legend too.
func (c *canvas) panelHead(plot image.Rectangle, name string, log bool, curves []curve) {
	title, small := lettering{true, 26}, lettering{false, 19}
	words := strings.ReplaceAll(name, "_", " ")
	first, size := utf8.DecodeRuneInString(words)
	words = string(unicode.ToUpper(first)) + words[size:]
	right := plot.Max.X
	for i := len(curves) - 1; i >= 0; i-- {
		l := curves[i]
		text := l.name + " " + lastValue(l.values)
		right -= c.width(small, text)
		c.text(small, ink, right, plot.Min.Y-22, atLeft, text)
		mid := float64(plot.Min.Y - 28)
		c.stroke(c.Rect, l.color, 4, point{float64(right - 42), mid}, point{float64(right - 12), mid})
		right -= 42 + 28
	}
	if log {
		c.text(small, faded, plot.Max.X, plot.Max.Y+62, atRight, "logarithmic scale")
	}
	c.text(title, ink, plot.Min.X, plot.Min.Y-20, atLeft, c.shorten(title, words, right-plot.Min.X))
}

func lastValue(values []float64) string {
	switch v := values[len(values)-1]; {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return "∞"
	case math.Abs(v) > 1e-3 && math.Abs(v) < 1e6:
		return fmt.Sprintf("%.4f", v)
	case v == 0:
		return "0"
	default:
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
}

func (c *canvas) axes(plot image.Rectangle, x, y axis) {
	small, name := lettering{false, 19}, lettering{false, 20}
	numbers := small
	for _, m := range y.marks {
		for numbers.size > 8 && c.width(numbers, m.text) > plotLeft-16 {
			numbers.size--
		}
	}
	for _, m := range y.marks {
		at := plot.Max.Y - int(y.position(m.value)*plotHeight+.5)
		if m.text == "" {
			c.fill(image.Rect(plot.Min.X-5, at, plot.Min.X, at+1), faded)
			continue
		}
		c.fill(image.Rect(plot.Min.X, at, plot.Max.X, at+1), hair)
		c.fill(image.Rect(plot.Min.X-7, at-1, plot.Min.X, at+1), faded)
		c.text(numbers, faded, plot.Min.X-14, middle(numbers, at, at), atRight, m.text)
	}
	for _, m := range x.marks {
		at := plot.Min.X + int(x.position(m.value)*plotWidth+.5)
		c.fill(image.Rect(at, plot.Min.Y, at+1, plot.Max.Y), hair)
		c.fill(image.Rect(at, plot.Max.Y, at+2, plot.Max.Y+7), faded)
		c.text(small, faded, at+1, plot.Max.Y+29, atCenter, m.text)
	}
	c.frame(plot, 1, faded)
	c.text(name, ink, (plot.Min.X+plot.Max.X)/2, plot.Max.Y+62, atCenter, "Epoch")
}

func (c *canvas) curve(plot image.Rectangle, x, y axis, epochs []int, l curve) {
	const width, dot = 4, 11
	var run []point
	end := func() {
		switch {
		case len(run) > 1:
			c.stroke(plot, l.color, width, run...)
		case len(run) == 1 && len(epochs) > manyEpochs: // a lone value has no line
			c.stroke(plot, l.color, dot, run...)
		}
		run = run[:0]
	}
	for i, v := range l.values {
		if !finite(v) {
			end()
			continue
		}
		p := point{float64(plot.Min.X) + x.position(float64(epochs[i]+1))*plotWidth, float64(plot.Max.Y) - y.position(v)*plotHeight}
		if len(epochs) <= manyEpochs {
			c.stroke(plot, l.color, dot, p)
		}
		run = append(run, p)
	}
	end()
}
