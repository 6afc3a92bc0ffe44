package report

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// LearningRates is the result of a learning rate range test; see lince.RangeTest.
type LearningRates struct {
	Rates, Losses, Initial, Smoothed []float64
	Suggested                        float64 // 0 if there is none
}

// Sizes of DrawLearningRates, in pixels.
const (
	ratesWidth  = 900
	ratesHeight = 560
	ratesHead   = 120
	ratesEnd    = 24 // right of the axis, for half of its last label
)

// DrawLearningRates writes a PNG with the smoothed loss by the learning rate, and a vertical line at the suggested rate. A dot is the loss of a step, less the
// difference of its batch from the mean of all batches. The axis ends above the first losses, so that their fall can be seen beside the rise at its end.
//
// It returns an error if there are fewer than two rates, if the slices have other lengths, or if writing fails.
func DrawLearningRates(w io.Writer, r LearningRates) error {
	if n := len(r.Rates); n < 2 || len(r.Losses) != n || len(r.Initial) != n || len(r.Smoothed) != n {
		return errors.New("report: want at least two learning rates, and a loss, an initial loss and a smoothed loss for each")
	}
	return encode(w, drawLearningRates(r))
}

func drawLearningRates(r LearningRates) image.Image {
	img := newChart(2*margin+ratesWidth, 2*margin+ratesHead+ratesHeight)
	c := draw.New(img)
	c.FillText(titleType, vg.Point{X: margin, Y: c.Max.Y - margin - 30}, "Loss by learning rate")
	text := "No suggestion: the loss does not fall clearly"
	if r.Suggested > 0 {
		text = fmt.Sprintf("Suggested rate: %.1e", r.Suggested)
	}
	c.FillText(subtitleType, vg.Point{X: margin, Y: c.Max.Y - margin - 66}, text)

	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = "Learning rate (logarithmic scale)", "Loss"
	p.X.Min, p.X.Max = r.Rates[0], r.Rates[len(r.Rates)-1]
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(logTicks(p.X.Min, p.X.Max))
	start, lowest := 0., slices.Min(r.Smoothed)
	for _, l := range r.Initial {
		start += l / float64(len(r.Initial))
	}
	top := start + max(start-lowest, math.Abs(start)/10)
	shown := len(r.Smoothed)
	if i := slices.IndexFunc(r.Smoothed, func(v float64) bool { return v > top }); i > 0 {
		shown = i
	}
	setValueAxis(&p.Y, r.Smoothed[:shown], []float64{top})
	grid := draw.LineStyle{Color: hair, Width: 1}
	p.Add(&plotter.Grid{Vertical: grid, Horizontal: grid})
	each, smooth := make(plotter.XYs, 0, len(r.Rates)), make(plotter.XYs, shown)
	for i, rate := range r.Rates {
		if i < shown {
			smooth[i] = plotter.XY{X: rate, Y: r.Smoothed[i]}
		}
		if l := start + r.Losses[i] - r.Initial[i]; l >= p.Y.Min && l <= p.Y.Max {
			each = append(each, plotter.XY{X: rate, Y: l})
		}
	}
	p.Add(&plotter.Scatter{XYs: each, GlyphStyle: draw.GlyphStyle{Color: blue, Radius: 3, Shape: draw.CircleGlyph{}}})
	p.Add(&plotter.Line{XYs: smooth, LineStyle: draw.LineStyle{Color: blue, Width: 4}})
	if r.Suggested > 0 {
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: r.Suggested, Y: p.Y.Min}, {X: r.Suggested, Y: p.Y.Max}}, LineStyle: draw.LineStyle{Color: orange, Width: 3}})
	}
	area := draw.Crop(c, margin, -margin, margin, -margin-ratesHead)
	want := p.DataCanvas(area).Rectangle
	want.Max.X = area.Max.X - ratesEnd // gonum leaves more room there than the last label needs
	p.Draw(fit(p, area, want))
	l := plot.NewLegend()
	l.TextStyle, l.ThumbnailWidth, l.Top, l.Padding = lettering(19, font.WeightNormal, ink), 30, true, 6
	l.Add(" smoothed loss", &plotter.Line{LineStyle: draw.LineStyle{Color: blue, Width: 4}})
	l.Add(" loss of a step", &plotter.Scatter{GlyphStyle: draw.GlyphStyle{Color: blue, Radius: 3, Shape: draw.CircleGlyph{}}})
	if r.Suggested > 0 {
		l.Add(" suggested rate", &plotter.Line{LineStyle: draw.LineStyle{Color: orange, Width: 3}})
	}
	l.Draw(draw.Crop(c, 0, -margin, 0, -margin))
	return img.Image()
}
