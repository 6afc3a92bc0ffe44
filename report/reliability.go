package report

import (
	"fmt"
	"image"
	"image/color"
	"io"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of Reliability, in pixels.
const (
	reliabilitySide  = 520 // of the diagram
	reliabilityBelow = 120 // height of the histogram
	reliabilityGap   = 28  // between the diagram and the histogram
	reliabilityHead  = 40  // above a diagram: its title
	reliabilityLeft  = 100 // for the labels
	reliabilityFoot  = 70  // for the labels
	reliabilityRoom  = 60  // between two diagrams
)

// The colors of the difference between accuracy and confidence: of predictions that are less accurate than they are confident, and of others.
var (
	overColor  = color.NRGBA{0xff, 0x7f, 0x0e, 0x90}
	underColor = Good
)

// NamedCalibration is a Calibration with its title in a plot.
type NamedCalibration struct {
	Name string
	*Calibration
}

// Reliability writes a PNG of one or more reliability diagrams, side by side. A diagram has a bar for each bin of confidence,
// whose height is the accuracy of the bin's predictions. A second, transparent bar goes from the accuracy to the mean confidence: if
// the probabilities are calibrated, all accuracies are on the diagonal. A histogram shows how many predictions are in each bin.
//
// It returns an error if there are no diagrams or if writing fails.
func Reliability(w io.Writer, list ...NamedCalibration) error {
	if len(list) == 0 {
		return fmt.Errorf("report: no calibrations to draw")
	}
	return encode(w, drawReliability(list))
}

// place returns the rectangle of a diagram, and that of its histogram, in pixels from the top left.
func place(i int) (diagram, histogram image.Rectangle) {
	x := margin + reliabilityLeft + i*(reliabilitySide+reliabilityLeft+reliabilityRoom)
	y := margin + 124 + reliabilityHead
	diagram = image.Rect(x, y, x+reliabilitySide, y+reliabilitySide)
	y = diagram.Max.Y + reliabilityGap
	return diagram, image.Rect(x, y, x+reliabilitySide, y+reliabilityBelow)
}

func drawReliability(list []NamedCalibration) image.Image {
	_, last := place(len(list) - 1)
	width, height := last.Max.X+margin, last.Max.Y+reliabilityFoot+margin
	title := "Calibration of the probabilities"
	width = max(width, 2*margin+int(titleType.Width(title))+1)
	img := newChart(width, height)
	c := draw.New(img)
	c.FillText(titleType, vg.Point{X: margin, Y: c.Max.Y - margin - 30}, title)
	explained := lettering(20, font.WeightNormal, faded)
	for i, line := range []string{
		FormatCount(list[0].Count) + " predictions; ECE: expected calibration error",
		"blue: accuracy; orange: overconfident; green: underconfident",
	} {
		c.FillText(explained, vg.Point{X: margin, Y: c.Max.Y - margin - 64 - vg.Length(26*i)}, line)
	}
	up := func(r image.Rectangle) vg.Rectangle { // with the origin at the bottom; lines run through the middle of pixels
		return vg.Rectangle{
			Min: vg.Point{X: vg.Length(r.Min.X) + .5, Y: vg.Length(height-r.Max.Y) + .5},
			Max: vg.Point{X: vg.Length(r.Max.X) + .5, Y: vg.Length(height-r.Min.Y) + .5},
		}
	}
	for i, n := range list {
		diagram, histogram := place(i)
		p, q := n.diagram(), n.histogram()
		p.Draw(fit(p, c, up(diagram)))
		q.Draw(fit(q, c, up(histogram)))
		heading := fmt.Sprintf("%s: ECE %s", n.Name, FormatPercent(n.ExpectedError))
		style := lettering(22, font.WeightBold, ink)
		c.FillText(style, vg.Point{X: up(diagram).Min.X, Y: up(diagram).Max.Y + 14}, shorten(style, heading, reliabilitySide))
	}
	return img.Image()
}

// diagram returns the plot of accuracy by confidence.
func (n NamedCalibration) diagram() *plot.Plot {
	p := newPlot()
	grid := draw.LineStyle{Color: hair, Width: 1}
	var accuracy, over, under []bar
	for _, b := range n.Bins {
		if b.Count == 0 {
			continue
		}
		accuracy = append(accuracy, bar{b.Low, b.High, 0, b.Accuracy})
		if b.Confidence > b.Accuracy {
			over = append(over, bar{b.Low, b.High, b.Accuracy, b.Confidence})
		} else {
			under = append(under, bar{b.Low, b.High, b.Confidence, b.Accuracy})
		}
	}
	diagonal := draw.LineStyle{Color: faded, Width: 2, Dashes: []vg.Length{8, 6}}
	p.Add(&plotter.Grid{Vertical: grid, Horizontal: grid}, bars{accuracy, blue}, bars{over, overColor}, bars{under, underColor},
		&plotter.Line{XYs: plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, LineStyle: diagonal})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	p.Y.Label.Text = "Accuracy"
	p.Y.Tick.Marker = percentTicks(0, .2, .4, .6, .8, 1)
	p.X.Tick.Marker = blank(percentTicks(0, .2, .4, .6, .8, 1))
	return p
}

// histogram returns the plot of the fraction of the predictions in each bin.
func (n NamedCalibration) histogram() *plot.Plot {
	p := newPlot()
	var list []bar
	top := 0.
	for _, b := range n.Bins {
		f := float64(b.Count) / float64(n.Count)
		top = max(top, f)
		if f > 0 {
			list = append(list, bar{b.Low, b.High, 0, f})
		}
	}
	p.Add(bars{list, faded})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, top
	p.X.Label.Text, p.Y.Label.Text = "Confidence", "Predictions"
	p.X.Tick.Marker = percentTicks(0, .2, .4, .6, .8, 1)
	p.Y.Tick.Marker = percentTicks(0, top)
	return p
}

func percentTicks(values ...float64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, v := range values {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.0f%%", 100*v)})
	}
	return ticks
}

// blank removes the labels of ticks. The empty label of one space keeps the ticks major ones.
func blank(ticks plot.ConstantTicks) plot.ConstantTicks {
	for i := range ticks {
		ticks[i].Label = " "
	}
	return ticks
}

// bar is a rectangle from (left, low) to (right, high).
type bar struct{ left, right, low, high float64 }

// bars draws bars with a gap of a pixel between them.
type bars struct {
	list  []bar
	color color.Color
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, r := range b.list {
		left, right := x(r.left)+1, x(r.right)-1
		low, high := y(r.low), y(r.high)
		c.FillPolygon(b.color, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
	}
}
