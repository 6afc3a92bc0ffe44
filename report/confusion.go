package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// maxCells is the largest number of cells in a row of the plot. A confusion matrix of more
// classes is drawn with several classes per cell. Large cells show counts and percentages,
// smaller cells only counts, and the smallest only a color.
const maxCells = 250

// shades is the color scale from 0 to 100 % of a class's examples.
type shades []color.Color

// Colors implements gonum's palette.Palette.
func (s shades) Colors() []color.Color { return s }

// blues interpolates ColorBrewer's Blues.
var blues = func() shades {
	scale := []color.RGBA{
		{0xf7, 0xfb, 0xff, 0xff}, {0xde, 0xeb, 0xf7, 0xff}, {0xc6, 0xdb, 0xef, 0xff}, {0x9e, 0xca, 0xe1, 0xff},
		{0x6b, 0xae, 0xd6, 0xff}, {0x42, 0x92, 0xc6, 0xff}, {0x21, 0x71, 0xb5, 0xff}, {0x08, 0x51, 0x9c, 0xff},
		{0x08, 0x30, 0x6b, 0xff},
	}
	s := make(shades, 256)
	for i := range s {
		at := float64(i) / 255 * float64(len(scale)-1)
		j := min(int(at), len(scale)-2)
		a, b, fraction := scale[j], scale[j+1], at-float64(j)
		mix := func(x, y uint8) uint8 { return uint8(float64(x) + fraction*(float64(y)-float64(x)) + .5) }
		s[i] = color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
	}
	return s
}()

// Confusion writes a PNG of a confusion matrix, counts[target][prediction]. The color of a cell
// and its percentage show the fraction of the examples of its true class. If there are more than
// 250 classes, each cell stands for several classes.
//
// It returns an error if counts is not a square matrix with a row for each class, if a count is
// negative, or if writing fails.
func Confusion(w io.Writer, classes []string, counts [][]int) error {
	if err := checkConfusion(classes, counts); err != nil {
		return err
	}
	m, _ := drawConfusion(classes, counts)
	return encode(w, m)
}

// drawConfusion returns the plot and the rectangle of its cells.
func drawConfusion(classes []string, counts [][]int) (image.Image, image.Rectangle) {
	total, right := 0, 0
	for i, row := range counts {
		right += row[i]
		for _, n := range row {
			total += n
		}
	}
	subtitle := "no examples"
	if total > 0 {
		subtitle = fmt.Sprintf("%s of %s correct (%s)", FormatCount(right), FormatCount(total), FormatPercent(float64(right)/float64(total)))
	}
	m := matrix{classes: classes, counts: counts}
	if k := (len(classes) + maxCells - 1) / maxCells; k > 1 {
		subtitle += fmt.Sprintf("; each cell covers %d × %d classes", k, k)
		m.classes, m.lasts, m.counts = pool(classes, counts, k)
	}
	m.lay()

	const head, keyRoom, keyWidth = 104, 180, 28
	size := len(m.classes) * m.cell
	keyHeight := min(size, 440)
	p, key := m.plot(), m.key(keyHeight)
	data := p.DataCanvas(draw.NewCanvas(nil, vg.Length(size), vg.Length(size))) // what remains next to the labels
	left, below := margin+int(data.Min.X)+1, margin+int(data.Min.Y)+1
	width := max(left+size+keyRoom+margin, 2*margin+int(titleType.Width("Confusion matrix"))+200)
	height := margin + head + size + below
	img := newChart(width, height)
	c := draw.New(img)
	at := func(x, y, w, h int) vg.Rectangle {
		return vg.Rectangle{Min: vg.Point{X: vg.Length(x), Y: vg.Length(y)}, Max: vg.Point{X: vg.Length(x + w), Y: vg.Length(y + h)}}
	}
	p.Draw(fit(p, c, at(left, below, size, size)))
	key.Draw(fit(key, c, at(left+size+keyRoom-keyWidth, below+(size-keyHeight)/2, keyWidth, keyHeight)))
	c.FillText(titleType, vg.Point{X: margin, Y: c.Max.Y - margin - 30}, "Confusion matrix")
	c.FillText(subtitleType, vg.Point{X: margin, Y: c.Max.Y - margin - 66}, subtitle)
	return img.Image(), image.Rect(left, margin+head, left+size, margin+head+size)
}

// pool sums blocks of k by k classes. It returns the first and the last class of each block.
func pool(classes []string, counts [][]int, k int) (firsts, lasts []string, sums [][]int) {
	n := (len(classes) + k - 1) / k
	firsts, lasts, sums = make([]string, n), make([]string, n), make([][]int, n)
	for i := range n {
		firsts[i], lasts[i] = classes[i*k], classes[min(i*k+k, len(classes))-1]
		sums[i] = make([]int, n)
	}
	for i, row := range counts {
		for j, v := range row {
			sums[i/k][j/k] += v
		}
	}
	return firsts, lasts, sums
}

// matrix is a confusion matrix and its layout.
type matrix struct {
	classes []string
	lasts   []string // of pooled classes, else nil; classes has the first ones
	counts  [][]int
	support []int
	cell    int // size of a cell in pixels, including the gap
	gap     int // gap between cells in pixels; even, because each cell has half of it
	every   int // every nth class has its name on the axes
	// root selects a color scale by the square root of the fraction. It is set for many classes:
	// each cell then has few wrong predictions, and with a linear scale only the diagonal would
	// have a visible color.
	root bool
}

func (m *matrix) lay() {
	m.support = make([]int, len(m.counts))
	for i, row := range m.counts {
		for _, v := range row {
			m.support[i] += v
		}
	}
	n := len(m.classes)
	m.cell, m.gap, m.every, m.root = min(200, max(1100/n, 44)), 4, 1, n > 25
	if !m.root {
		return
	}
	m.cell, m.gap = 1100/n, 0
	if m.cell > 20 {
		m.gap = 2
	}
	for m.every*m.cell < 20 {
		m.every = nice(m.every + 1)
	}
}

// scale returns the position of a fraction on the color scale.
func (m *matrix) scale(fraction float64) float64 {
	if m.root {
		return math.Sqrt(fraction)
	}
	return fraction
}

// heatMap adds a cell for each column and row to a plot, with the first row at the top. The cells
// fill the plot: no room is left at the edges.
func heatMap(p *plot.Plot, columns, rows int, shade func(column, row int) float64) {
	h := &plotter.HeatMap{GridXYZ: grid{columns, rows, shade}, Palette: blues, Max: 1, NaN: shadow}
	p.Add(inside{h})
	p.X.Min, p.X.Max = -.5, float64(columns)-.5
	p.Y.Min, p.Y.Max = -.5, float64(rows)-.5
	p.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Width, a.Padding = 0, 8
		a.Tick.Width, a.Tick.Length = 0, 0
	}
}

// grid implements plotter.GridXYZ.
type grid struct {
	columns, rows int
	z             func(column, row int) float64
}

func (g grid) Dims() (columns, rows int) { return g.columns, g.rows }
func (g grid) X(column int) float64      { return float64(column) }
func (g grid) Y(row int) float64         { return float64(row) }
func (g grid) Z(column, row int) float64 { return g.z(column, row) }

// inside hides the size of a plotter's glyphs from the plot, so that no room is left for them at
// the edges.
type inside struct{ plot.Plotter }

func (m *matrix) plot() *plot.Plot {
	n := len(m.classes)
	p := newPlot()
	heatMap(p, n, n, func(column, row int) float64 {
		return m.scale(float64(m.counts[row][column]) / float64(m.support[row])) // NaN for a class without examples
	})
	if m.gap > 0 {
		between := draw.LineStyle{Color: paper, Width: vg.Length(m.gap)}
		for i := range n + 1 {
			at, end := float64(i)-.5, float64(n)-.5
			p.Add(inside{&plotter.Line{XYs: plotter.XYs{{X: at, Y: -.5}, {X: at, Y: end}}, LineStyle: between}})
			p.Add(inside{&plotter.Line{XYs: plotter.XYs{{X: -.5, Y: at}, {X: end, Y: at}}, LineStyle: between}})
		}
	}
	if m.cell >= 44 {
		m.write(p)
	}
	m.name(p)
	return p
}

// write adds the counts to the cells, and the percentages if there is room.
func (m *matrix) write(p *plot.Plot) {
	number := math.Min(36, math.Max(18, float64(m.cell)*.2))
	for _, row := range m.counts {
		for _, v := range row {
			for number > 9 && lettering(number, font.WeightBold, nil).Width(FormatCount(v)) > vg.Length(m.cell-m.gap-6) {
				number--
			}
		}
	}
	below := math.Min(22, math.Max(13, number*.66))
	counts, percentages, none := &plotter.Labels{}, &plotter.Labels{}, &plotter.Labels{}
	add := func(l *plotter.Labels, at plotter.XY, t draw.TextStyle, s string) {
		l.XYs = append(l.XYs, at)
		l.Labels = append(l.Labels, s)
		l.TextStyle = append(l.TextStyle, centered(t))
	}
	for i, row := range m.counts {
		for j, v := range row {
			at := plotter.XY{X: float64(j), Y: float64(i)}
			if m.support[i] == 0 {
				add(none, at, lettering(20, font.WeightNormal, faded), "–")
				continue
			}
			fraction := float64(v) / float64(m.support[i])
			col, small := color.Color(ink), color.Color(faded)
			switch {
			case fraction > .45:
				col, small = paper, blues[20]
			case v == 0:
				col = faded
			}
			add(counts, at, lettering(number, font.WeightBold, col), FormatCount(v))
			add(percentages, at, lettering(below, font.WeightNormal, small), FormatPercent(fraction))
		}
	}
	counts.Offset.Y = vg.Length(number * .1) // digits are centered higher than letters with descenders
	if m.cell >= 64 {
		counts.Offset.Y += vg.Length(below * .62)
		percentages.Offset.Y = vg.Length(-number * .45)
		p.Add(inside{percentages})
	}
	p.Add(inside{counts}, inside{none})
}

// name writes the class names on the axes.
func (m *matrix) name(p *plot.Plot) {
	t := lettering(22, font.WeightNormal, ink)
	if m.root {
		t.Font.Size = 18
	}
	// Long names get more room, up to a limit.
	const mostRoom = 520
	columnWidth := vg.Length(max(m.every*m.cell, 40) - 12)
	var names []string
	longest := vg.Length(0)
	for i := 0; i < len(m.classes); i += m.every {
		name := m.label(t, i, mostRoom)
		names = append(names, name)
		longest = max(longest, t.Width(name))
	}
	upright := longest > columnWidth
	room := columnWidth
	if upright {
		room = min(longest, mostRoom)
	}
	var rows, columns plot.ConstantTicks
	for i, name := range names {
		at := float64(i * m.every)
		rows = append(rows, plot.Tick{Value: at, Label: visual(name)})
		columns = append(columns, plot.Tick{Value: at, Label: visual(shorten(t, name, room))})
	}
	p.X.Label.Text, p.X.Tick.Marker = "Predicted class", columns
	p.Y.Label.Text, p.Y.Tick.Marker = "True class", rows
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.Padding = 18
		a.Label.TextStyle.Font = lettering(22, font.WeightBold, nil).Font
		a.Tick.Label.Font, a.Tick.Label.Color = t.Font, ink
	}
	if upright {
		p.X.Tick.Label.Rotation = math.Pi / 2
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
	}
}

// label returns the name of a class, or the first and the last name of pooled classes, no wider than room.
func (m *matrix) label(t draw.TextStyle, i int, room vg.Length) string {
	first, last := drawable(t, m.classes[i]), ""
	if m.lasts == nil || m.lasts[i] == m.classes[i] {
		return shorten(t, first, room)
	}
	const between = " to "
	last = drawable(t, m.lasts[i])
	half := (room - t.Width(between)) / 2
	switch a, b := t.Width(first), t.Width(last); { // a short name leaves its room to the other one
	case a+b <= 2*half:
	case a <= half:
		last = shorten(t, last, 2*half-a)
	case b <= half:
		first = shorten(t, first, 2*half-b)
	default:
		first, last = shorten(t, first, half), shorten(t, last, half)
	}
	return first + between + last
}

// key returns a plot of the color scale in the given number of steps.
func (m *matrix) key(steps int) *plot.Plot {
	p := newPlot()
	heatMap(p, 1, steps, func(_, row int) float64 { return 1 - float64(row)/float64(steps-1) })
	marks := []float64{0, 25, 50, 75, 100}
	if m.root {
		marks = []float64{0, 1, 5, 10, 25, 50, 100}
	}
	var ticks plot.ConstantTicks
	for _, v := range marks {
		ticks = append(ticks, plot.Tick{Value: (1 - m.scale(v/100)) * float64(steps-1), Label: strconv.Itoa(int(v)) + "%"})
	}
	p.X.Tick.Marker = plot.ConstantTicks{}
	p.Y.Label.Text, p.Y.Tick.Marker = "fraction of the true class", ticks
	p.Y.Label.TextStyle.Color = faded
	return p
}
