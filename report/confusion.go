package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
)

// A confusion matrix is shown with counts and percentages where the cells are large enough,
// with counts, with colours alone, and, with more than maxCells classes, with several
// classes a cell.
const maxCells = 800

// confusionScale goes from nothing to all rows of a class.
var confusionScale = []color.RGBA{
	{0xf7, 0xfb, 0xff, 0xff}, {0xde, 0xeb, 0xf7, 0xff}, {0xc6, 0xdb, 0xef, 0xff}, {0x9e, 0xca, 0xe1, 0xff},
	{0x6b, 0xae, 0xd6, 0xff}, {0x42, 0x92, 0xc6, 0xff}, {0x21, 0x71, 0xb5, 0xff}, {0x08, 0x51, 0x9c, 0xff},
	{0x08, 0x30, 0x6b, 0xff},
}

func scaleColor(part float64) color.RGBA {
	at := part * float64(len(confusionScale)-1)
	i := min(int(at), len(confusionScale)-2)
	return mix(confusionScale[i], confusionScale[i+1], at-float64(i))
}

// Confusion writes a PNG of counts[true][predicted]. The colour of a cell, and its
// percentage, is the part of the rows of its true class.
func Confusion(w io.Writer, classes []string, counts [][]int) error {
	if err := checkConfusion(classes, counts); err != nil {
		return err
	}
	return encode(w, drawConfusion(classes, counts).RGBA)
}

func drawConfusion(classes []string, counts [][]int) *canvas {
	total, right := 0, 0
	for i, row := range counts {
		right += row[i]
		for _, n := range row {
			total += n
		}
	}
	subtitle := "no rows"
	if total > 0 {
		subtitle = fmt.Sprintf("%s of %s correct (%s)", thousands(right), thousands(total), percent(float64(right)/float64(total)))
	}
	if k := (len(classes) + maxCells - 1) / maxCells; k > 1 {
		subtitle += fmt.Sprintf("; a cell is %d × %d classes", k, k)
		classes, counts = pool(classes, counts, k)
	}
	n := len(classes)
	l := layConfusion(classes)
	c := newCanvas(l.width, l.height)
	c.text(titleType, ink, margin, margin+28, atLeft, "Confusion matrix")
	c.text(subtitleType, faded, margin, margin+64, atLeft, subtitle)
	for i, row := range counts {
		support := 0
		for _, v := range row {
			support += v
		}
		for j, v := range row {
			c.confusionCell(l, i, j, v, support)
		}
	}
	if l.gap == 0 {
		c.frame(image.Rect(l.left, l.top, l.left+n*l.cell, l.top+n*l.cell), 1, hair)
	}
	c.confusionAxes(l, classes)
	c.confusionKey(l)
	return c
}

// pool adds up blocks of k by k classes.
func pool(classes []string, counts [][]int, k int) ([]string, [][]int) {
	n := (len(classes) + k - 1) / k
	names, sums := make([]string, n), make([][]int, n)
	for i := range n {
		names[i] = classes[i*k] + " to " + classes[min(i*k+k, len(classes))-1]
		sums[i] = make([]int, n)
	}
	for i, row := range counts {
		for j, v := range row {
			sums[i/k][j/k] += v
		}
	}
	return names, sums
}

// confusionLayout is where things stand.
type confusionLayout struct {
	cell, gap     int // pixels of a cell with its gap, and of the gap
	left, top     int // corner of the cells
	width, height int
	end           int // right or bottom end of the cells, counted from left or top
	label         lettering
	every         int  // class names are written for every so many classes
	labelRoom     int  // for the names of the rows
	upright       bool // the names of the columns
	below         int  // their height
	// Many classes share few mistakes a cell: the scale then follows the square root, or
	// all but the diagonal would be white.
	root bool
}

// scale is where on the colour scale a part stands.
func (l confusionLayout) scale(part float64) float64 {
	if l.root {
		return math.Sqrt(part)
	}
	return part
}

func layConfusion(classes []string) confusionLayout {
	n := len(classes)
	l := confusionLayout{cell: min(200, max(1100/n, 44)), gap: 3, label: lettering{false, 22}, every: 1}
	if n > 25 {
		l.cell, l.gap = max(1100/n, 2), 0
		if l.cell > 20 {
			l.gap = 1
		}
		l.label.size = 18
		l.root = true
		for l.every*l.cell < 20 {
			l.every = nice(l.every + 1)
		}
	}
	measure := newCanvas(0, 0)
	widest := 0
	for i := 0; i < n; i += l.every {
		widest = max(widest, measure.width(l.label, classes[i]))
	}
	l.labelRoom = min(widest, 260)
	l.end = n*l.cell - l.gap
	l.left = margin + 44 + l.labelRoom + 14
	l.top = margin + 104
	l.upright = widest > l.every*l.cell-12 && l.cell < 120 // wide columns shorten names instead
	l.below = 30
	if l.upright {
		l.below = min(widest, 220) + 8
	}
	l.height = l.top + l.end + 14 + l.below + 44 + margin
	l.width = l.left + l.end + 40 + 28 + 110 + margin // the key stands to the right
	l.width = max(l.width, margin*2+measure.width(titleType, "Confusion matrix")+200)
	return l
}

// nice is the next of 1, 2, 5, 10, 20, 50, ... that is not below n.
func nice(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit >= n {
				return m * unit
			}
		}
	}
}

func (c *canvas) confusionCell(l confusionLayout, i, j, v, support int) {
	at := image.Rect(0, 0, l.cell-l.gap, l.cell-l.gap).Add(image.Pt(l.left+j*l.cell, l.top+i*l.cell))
	if support == 0 {
		c.fill(at, shadow)
		if l.cell >= 44 {
			f := lettering{false, 20}
			c.text(f, faded, (at.Min.X+at.Max.X)/2, middle(f, at.Min.Y, at.Max.Y), atCenter, "–")
		}
		return
	}
	part := float64(v) / float64(support)
	c.fill(at, scaleColor(l.scale(part)))
	if l.cell < 44 {
		return
	}
	col, small := color.Color(ink), color.Color(faded)
	if part > .45 {
		col, small = paper, mix(paper, scaleColor(part), .15)
	}
	if v == 0 {
		col, small = faded, faded
	}
	number := lettering{true, min(36, max(18, float64(l.cell)*.2))}
	text := thousands(v)
	for number.size > 9 && c.width(number, text) > at.Dx()-6 {
		number.size--
	}
	x := (at.Min.X + at.Max.X) / 2
	if l.cell < 64 {
		c.text(number, col, x, middle(number, at.Min.Y, at.Max.Y), atCenter, text)
		return
	}
	below := lettering{false, min(22, max(13, number.size*.66))}
	y := middle(number, at.Min.Y, at.Max.Y) - int(below.size*.62)
	c.text(number, col, x, y, atCenter, text)
	c.text(below, small, x, y+int(below.size*1.35), atCenter, percent(part))
}

func (c *canvas) confusionAxes(l confusionLayout, classes []string) {
	axis := lettering{true, 22}
	for i := 0; i < len(classes); i += l.every {
		from := i * l.cell
		to := from + l.cell - l.gap
		row := c.shorten(l.label, classes[i], l.labelRoom)
		c.text(l.label, ink, l.left-14, middle(l.label, l.top+from, l.top+to), atRight, row)
		if !l.upright {
			column := c.shorten(l.label, classes[i], max(l.every*l.cell, 40)-12)
			c.text(l.label, ink, l.left+(from+to)/2, l.top+l.end+14+20, atCenter, column)
			continue
		}
		column := c.shorten(l.label, classes[i], l.below-8)
		c.upright(l.label, ink, middle(l.label, l.left+from, l.left+to), l.top+l.end+14, atRight, column)
	}
	c.text(axis, ink, l.left+l.end/2, l.top+l.end+14+l.below+32, atCenter, "Predicted")
	c.upright(axis, ink, margin+20, l.top+l.end/2, atCenter, "True")
}

func (c *canvas) confusionKey(l confusionLayout) {
	height := min(l.end, 440)
	top := l.top + (l.end-height)/2
	x := l.left + l.end + 40
	for y := range height {
		c.fill(image.Rect(x, top+y, x+28, top+y+1), scaleColor(1-float64(y)/float64(height-1)))
	}
	c.frame(image.Rect(x, top, x+28, top+height), 1, hair)
	f := lettering{false, 18}
	marks := []int{0, 25, 50, 75, 100}
	if l.root {
		marks = []int{0, 1, 5, 10, 25, 50, 100}
	}
	for _, p := range marks {
		y := top + int((1-l.scale(float64(p)/100))*float64(height-1)+.5)
		c.fill(image.Rect(x+28, y, x+34, y+1), faded)
		c.text(f, faded, x+40, middle(f, y, y), atLeft, strconv.Itoa(p)+"%")
	}
	c.upright(f, faded, x+28+86, top+height/2, atCenter, "of the true class")
}
