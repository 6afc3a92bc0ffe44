package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of Curves, in pixels.
const (
	panelWidth  = 730
	panelHeight = 470
	panelHead   = 46 // above a panel: its title and legend
	panelTitle  = 34 // more above it: the line of the title, if a title does not fit beside its legend
	panelGap    = 40
)

// manyEpochs is the largest number of epochs for which each value has a dot.
const manyEpochs = 40

// Curves writes a PNG with a panel for each metric. A panel plots the metric's training and
// validation values by epoch, counted from 1. Values that are not finite leave a gap. The scale
// is logarithmic if all values are positive and the largest is at least 100 times the smallest.
//
// It returns an error if the history has no epochs or no metrics, if the number of values of a
// series is not the number of epochs, if two series have the same name, or if writing fails.
func Curves(w io.Writer, h *History) error {
	if err := checkHistory(h); err != nil {
		return err
	}
	return encode(w, drawCurves(h))
}

func drawCurves(h *History) image.Image {
	img, panels := layCurves(h)
	for _, p := range panels {
		p.Draw(p.at)
		p.drawHead()
	}
	return img.Image()
}

// panel is the plot of a metric.
type panel struct {
	*plot.Plot
	name   string
	curves []curve
	at     draw.Canvas
	above  bool   // the title is above the legend, not beside it
	note   string // on the scale
}

// curve is one line of a panel.
type curve struct {
	name   string
	color  color.Color
	values []float64
}

// layCurves returns an empty image, and the panels with their positions in it.
func layCurves(h *History) (*vgimg.Canvas, []panel) {
	var panels []panel
	for _, p := range pairsOf(h) {
		panels = append(panels, newPanel(h.Epochs, p))
	}
	columns := len(panels)
	if columns > 3 {
		columns = int(math.Ceil(math.Sqrt(float64(columns))))
	}
	var plots [][]*plot.Plot
	for row := range slices.Chunk(panels, columns) {
		plots = append(plots, make([]*plot.Plot, columns))
		for i, p := range row {
			plots[len(plots)-1][i] = p.Plot
		}
	}
	img := placePanels(panels, plots, panelHead)
	if slices.ContainsFunc(panels, func(p panel) bool { return !p.fits() }) {
		for i := range panels {
			panels[i].above = true
		}
		img = placePanels(panels, plots, panelHead+panelTitle)
	}
	return img, panels
}

// placePanels returns an empty image for the plots in their rows, with room for heads above them, and sets the positions of the panels in it.
func placePanels(panels []panel, plots [][]*plot.Plot, head int) *vgimg.Canvas {
	rows, columns := len(plots), len(plots[0])
	img := newChart(2*margin+columns*(panelWidth+panelGap)-panelGap, 2*margin+rows*(head+panelHeight+panelGap)-panelGap)
	places := plot.Align(plots, draw.Tiles{
		Cols: columns, Rows: rows,
		PadTop: vg.Length(margin + head), PadBottom: margin, PadLeft: margin, PadRight: margin,
		PadX: panelGap, PadY: vg.Length(head + panelGap),
	}, draw.New(img))
	for i := range panels {
		p := &panels[i]
		p.at = places[i/columns][i%columns]
		// A line one pixel wide is sharp if it runs through the middle of pixels. The sizes are rounded, not the ends, so that they stay equal.
		r := p.DataCanvas(p.at).Rectangle
		whole := func(v vg.Length) vg.Length { return vg.Length(math.Floor(float64(v))) }
		size := vg.Point{X: whole(r.Size().X), Y: whole(r.Size().Y)}
		r.Min = vg.Point{X: whole(r.Min.X) + .5, Y: whole(r.Min.Y) + .5}
		r.Max = r.Min.Add(size)
		p.at = fit(p.Plot, p.at, r)
	}
	return img
}

func newPanel(epochs []int, p pair) panel {
	l := panel{Plot: newPlot(), name: p.name}
	if p.training != nil {
		l.curves = append(l.curves, curve{"training", blue, p.training})
	}
	if p.validation != nil {
		l.curves = append(l.curves, curve{"validation", orange, p.validation})
	}
	l.X.Label.Text = "Epoch"
	grid := draw.LineStyle{Color: hair, Width: 1}
	l.Add(&plotter.Grid{Vertical: grid, Horizontal: grid})
	for _, c := range l.curves {
		l.Add(c.plotters(epochs)...)
	}
	setEpochAxis(&l.X, epochs)
	plotted := setValueAxis(&l.Y, p.training, p.validation)
	l.note, l.Y.Label.Text = l.Y.Label.Text, "" // a label of a logarithmic axis would get room above the plot
	if !plotted {
		l.Y.Min, l.Y.Max, l.Y.Tick.Marker = 0, 1, plot.ConstantTicks{}
		l.Add(&plotter.Labels{
			XYs:       plotter.XYs{{X: (l.X.Min + l.X.Max) / 2, Y: .5}},
			Labels:    []string{"no finite values"},
			TextStyle: []draw.TextStyle{centered(lettering(20, font.WeightNormal, faded))},
		})
	}
	return l
}

func (c curve) line() *plotter.Line {
	return &plotter.Line{LineStyle: draw.LineStyle{Color: c.color, Width: 4}}
}

// plotters returns a line for each run of finite values, and their dots.
func (c curve) plotters(epochs []int) []plot.Plotter {
	var all []plot.Plotter
	var run plotter.XYs
	end := func() {
		if len(run) > 1 {
			l := c.line()
			l.XYs = run
			all = append(all, l)
		}
		if len(run) == 1 || len(run) > 0 && len(epochs) <= manyEpochs { // a single value has no line
			all = append(all, &plotter.Scatter{XYs: run, GlyphStyle: draw.GlyphStyle{Color: c.color, Radius: 5.5, Shape: draw.CircleGlyph{}}})
		}
		run = nil
	}
	for i, v := range c.values {
		if finite(v) {
			run = append(run, plotter.XY{X: float64(epochs[i] + 1), Y: v})
		} else {
			end()
		}
	}
	end()
	return all
}

// legendGap is the gap between the entries of a legend, and between it and the title.
const legendGap = 28

var panelTitleType = lettering(26, font.WeightBold, ink)

// legends returns a legend for each curve, with its last value.
func (p panel) legends() []plot.Legend {
	var list []plot.Legend
	for _, c := range p.curves {
		l := plot.NewLegend()
		l.Left, l.ThumbnailWidth = true, 30
		l.TextStyle = lettering(19, font.WeightNormal, ink)
		l.Add(" "+c.name+" "+lastValue(c.values), c.line())
		list = append(list, l)
	}
	return list
}

// title returns the title of a panel.
func (p panel) title() string {
	if p.note == "" {
		return metricTitle(p.name)
	}
	return metricTitle(p.name) + " (" + p.note + ")"
}

// fits reports whether the title has room beside the legend.
func (p panel) fits() bool {
	data := p.DataCanvas(p.at)
	room := data.Max.X - data.Min.X
	for _, l := range p.legends() {
		room -= l.Rectangle(data).Size().X + legendGap
	}
	return panelTitleType.Width(p.title()) <= room
}

// drawHead draws the metric's name, and the legend with the last values.
func (p panel) drawHead() {
	data := p.DataCanvas(p.at)
	right, base := data.Max.X, data.Max.Y+16
	for _, l := range slices.Backward(p.legends()) {
		right -= l.Rectangle(data).Size().X
		l.Draw(draw.Canvas{Canvas: data.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: right, Y: base}, Max: data.Max}})
		right -= legendGap
	}
	if p.above {
		right, base = data.Max.X, base+panelTitle
	}
	data.FillText(panelTitleType, vg.Point{X: data.Min.X, Y: base}, shorten(panelTitleType, p.title(), right-data.Min.X))
}

// abbreviations are the words of metrics that are not written like others.
var abbreviations = map[string]string{"auc": "AUC", "mae": "MAE", "mse": "MSE", "mape": "MAPE", "msle": "MSLE", "iou": "IoU", "lr": "LR", "f1": "F1", "r2": "R2"}

// metricTitle returns the name of a metric as a title.
func metricTitle(name string) string {
	words := strings.Split(strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), "io u", "iou"), " ")
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		if short, ok := abbreviations[w]; ok {
			words[i] = short
		} else if i == 0 && w == "val" {
			words[i] = "Validation"
		} else if i == 0 && w != "" {
			words[i] = string(unicode.ToUpper(first)) + w[size:]
		}
	}
	return strings.Join(words, " ")
}

func lastValue(values []float64) string { return metricValue(values[len(values)-1]) }

// metricValue formats the value of a metric.
func metricValue(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return "∞"
	case math.Abs(v) >= 1000 && math.Abs(v) < 1e6:
		return fmt.Sprintf("%.1f", v)
	case math.Abs(v) > 1e-3 && math.Abs(v) < 1000:
		return fmt.Sprintf("%.4f", v)
	case v == 0:
		return "0"
	default:
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
}
