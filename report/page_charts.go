package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// Sizes of the charts of a page, in the units of their SVG.
const (
	chartWidth  = 420
	chartHeight = 250
	chartLeft   = 56
	chartRight  = 12
	chartTop    = 10
	chartBottom = 34
	mostDots    = 40 // epochs for which each value has a dot
)

// lineStyles is the number of colors of lines in page.css.
const lineStyles = 8

// mark is a tick of an axis with its position in the SVG.
type mark struct {
	At    float64
	Label string
}

// chartLine is a line of a chart.
type chartLine struct {
	Name   string
	Values []float64 // by epoch
	Style  int       // index of the color
	Dashed bool      // for lines that share a color with earlier ones
	Path   string    // the SVG path
	Dots   []dot
	Last   string
}

type dot struct{ X, Y float64 }

// chart is a plot of a metric by epoch.
type chart struct {
	Title                    string
	Width, Height            int
	Left, Right, Top, Bottom float64
	X, Y                     []mark
	Lines                    []chartLine
	Best                     float64 // the position of the best epoch, or -1
	Note                     string

	epochs []int
	xs     []float64
}

// chartData is the data of a chart for the script.
type chartData struct {
	Epochs []int      `json:"epochs"`
	X      []float64  `json:"x"`
	Names  []string   `json:"names"`
	Values [][]string `json:"values"`
}

// tenth rounds a position in an SVG, to keep the file small.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// newChartView lays out the lines of a metric. best is an epoch or -1.
func newChartView(name string, epochs []int, best int, lines []chartLine) chart {
	c := chart{
		Title: metricTitle(name), Width: chartWidth, Height: chartHeight, Left: chartLeft, Right: chartWidth - chartRight, Top: chartTop, Bottom: chartHeight - chartBottom,
		Best: -1, epochs: epochs,
	}
	p := newPlot()
	setEpochAxis(&p.X, epochs)
	values := make([][]float64, len(lines))
	for i, l := range lines {
		values[i] = l.Values
	}
	plotted := setValueAxis(&p.Y, values...)
	x := func(v float64) float64 { return tenth(c.Left + p.X.Norm(v)*(c.Right-c.Left)) }
	y := func(v float64) float64 { return tenth(c.Bottom - p.Y.Norm(v)*(c.Bottom-c.Top)) }
	if plotted {
		for _, t := range marks(&p.Y, y) {
			c.Left = max(c.Left, math.Ceil(1.25*labelWidth(t.Label))+8) // phones get larger labels
		}
	}
	c.X = marks(&p.X, x)
	for i, e := range epochs {
		c.xs = append(c.xs, x(float64(e+1)))
		if e == best {
			c.Best = c.xs[i]
		}
	}
	switch {
	case !plotted:
		c.Note = "no finite values"
	default:
		c.Y, c.Note = marks(&p.Y, y), p.Y.Label.Text
	}
	for _, l := range lines {
		l.Dashed = l.Style >= lineStyles
		if l.Style %= lineStyles; l.Last == "" {
			l.Last = lastValue(l.Values)
		}
		var path strings.Builder
		run := 0
		for k, v := range l.Values {
			if !finite(v) {
				run = 0
				continue
			}
			at := dot{c.xs[k], y(v)}
			command := 'L'
			if run == 0 {
				command = 'M'
			}
			fmt.Fprintf(&path, "%c%v %v", command, at.X, at.Y)
			alone := run == 0 && (k+1 == len(l.Values) || !finite(l.Values[k+1]))
			if run++; len(epochs) <= mostDots || alone { // a single value has no line
				l.Dots = append(l.Dots, at)
			}
		}
		l.Path = path.String()
		c.Lines = append(c.Lines, l)
	}
	return c
}

// labelWidth returns the width of the label of a tick in a browser, whose fonts are at most this wide.
func labelWidth(label string) float64 {
	return 1.2 * lettering(12, font.WeightNormal, nil).Width(label).Points()
}

// marks returns the labeled ticks of an axis.
func marks(a *plot.Axis, place func(v float64) float64) (list []mark) {
	for _, t := range a.Tick.Marker.Ticks(a.Min, a.Max) {
		if !t.IsMinor() && t.Value >= a.Min && t.Value <= a.Max {
			list = append(list, mark{place(t.Value), t.Label})
		}
	}
	return list
}

func (c chart) data() chartData {
	d := chartData{X: c.xs}
	for _, e := range c.epochs {
		d.Epochs = append(d.Epochs, e+1)
	}
	for _, l := range c.Lines {
		texts := make([]string, len(l.Values))
		for i, v := range l.Values {
			texts[i] = metricValue(v)
		}
		d.Names, d.Values = append(d.Names, l.Name), append(d.Values, texts)
	}
	return d
}

// diagramView is a reliability diagram: bars of 10 to 410 units.
type diagramView struct {
	Name string
	*Calibration
	Bars []diagramBar
}

// diagramBar is a bin: its bar of accuracy, the gap between accuracy and confidence, and its bar in the histogram.
type diagramBar struct {
	CalibrationBin
	X, Width         float64
	Y, Height        float64
	GapY, GapHeight  float64
	Over             bool // more confident than accurate
	CountY, CountBar float64
}

// The places of a reliability diagram in its SVG.
const (
	diagramLeft, diagramSide     = 50., 300.
	diagramTop                   = 10.
	histogramTop, histogramHight = 330., 60.
)

func newDiagramView(n NamedCalibration) diagramView {
	v := diagramView{Name: n.Name, Calibration: n.Calibration}
	most := 1
	for _, b := range n.Bins {
		most = max(most, b.Count)
	}
	for _, b := range n.Bins {
		if b.Count == 0 {
			continue
		}
		high, low := max(b.Accuracy, b.Confidence), min(b.Accuracy, b.Confidence)
		bar := histogramHight * float64(b.Count) / float64(most)
		v.Bars = append(v.Bars, diagramBar{
			CalibrationBin: b, X: tenth(diagramLeft + b.Low*diagramSide + .5), Width: tenth((b.High-b.Low)*diagramSide - 1),
			Y: tenth(diagramTop + (1-b.Accuracy)*diagramSide), Height: tenth(b.Accuracy * diagramSide),
			GapY: tenth(diagramTop + (1-high)*diagramSide), GapHeight: tenth((high - low) * diagramSide), Over: b.Confidence > b.Accuracy,
			CountY: tenth(histogramTop + histogramHight - bar), CountBar: tenth(bar),
		})
	}
	return v
}

// matrixView is a confusion matrix: cells as SVG for few classes, else an image with a pixel for each pair.
type matrixView struct {
	Width, Height int
	Left, Top     int
	Side          int // of the square of all cells
	Cell          int
	Rows, Columns []matrixName
	Cells         []matrixCell
	Root          bool         // colors show the square root of the fraction
	Image         template.URL // the image, if there are many classes
	Pool          int          // classes for each pixel
	Classes       int
}

// matrixName is the name of a class beside its row, or rotated below its column.
type matrixName struct {
	X, Y       float64
	Text, Full string
	Upright    bool
}

// matrixCell is a cell that has examples.
type matrixCell struct {
	X, Y, Size       int
	TextX, TextY     float64
	Opacity          string
	Text             string // "" if there is no room
	Light            bool   // the text is on a dark color
	Right            bool   // on the diagonal
	Label, Predicted string
	N                int
	Fraction         float64
}

// mostCells is the largest number of classes of a matrix with cells.
const mostCells = 40

// newMatrixView lays out a confusion matrix. It returns nil for a single class, which cannot be confused.
func newMatrixView(classes []string, counts [][]int) *matrixView {
	n := len(classes)
	if n < 2 {
		return nil
	}
	m := &matrixView{Classes: n, Root: n > 12}
	support := make([]int, n)
	for i, row := range counts {
		for _, v := range row {
			support[i] += v
		}
	}
	shade := func(fraction float64) float64 {
		if m.Root {
			return math.Sqrt(fraction)
		}
		return fraction
	}
	if n > mostCells {
		m.Root = true
		m.Image, m.Pool = matrixImage(counts)
		return m
	}
	const room = 180 // for names: on a phone, some columns must have room beside them
	m.Cell = max(18, min(72, 560/n))
	name := lettering(12, font.WeightNormal, nil)
	longest := vg.Length(0)
	for _, c := range classes {
		longest = max(longest, name.Width(c))
	}
	upright := longest > vg.Length(m.Cell-6)
	m.Left, m.Top = min(int(longest), room)+44, 24
	m.Side = n * m.Cell
	m.Width = m.Left + m.Side + 8
	m.Height = m.Top + m.Side + 26
	if upright {
		m.Height = m.Top + m.Side + min(int(longest), room) + 14
	}
	for i, c := range classes {
		middle := (float64(i) + .5) * float64(m.Cell)
		text := shorten(name, c, room)
		m.Rows = append(m.Rows, matrixName{X: float64(m.Left - 6), Y: float64(m.Top) + middle + 4, Text: text, Full: c})
		column := matrixName{X: float64(m.Left) + middle, Y: float64(m.Top + m.Side + 16), Text: text, Full: c, Upright: upright}
		if upright {
			column.X, column.Y = column.X+4, float64(m.Top+m.Side+6)
		}
		m.Columns = append(m.Columns, column)
		for j, v := range counts[i] {
			if v == 0 {
				continue
			}
			fraction := float64(v) / float64(support[i])
			cell := matrixCell{
				X: m.Left + j*m.Cell, Y: m.Top + i*m.Cell, Size: m.Cell - 1, Opacity: strconv.FormatFloat(shade(fraction), 'f', 2, 64),
				TextX: float64(m.Left) + (float64(j)+.5)*float64(m.Cell), TextY: float64(m.Top) + middle + 4,
				Light: shade(fraction) > .5, Right: i == j, Label: c, Predicted: classes[j], N: v, Fraction: fraction,
			}
			if name.Width(FormatCount(v)) < vg.Length(m.Cell-4) {
				cell.Text = FormatCount(v)
			}
			m.Cells = append(m.Cells, cell)
		}
	}
	return m
}
