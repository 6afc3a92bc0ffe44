package plot

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"io"
	"math"
	"sort"
	"sync"

	"golang.org/x/image/font"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/lince-ml/lince"
)

// The colors of a drawing.
var (
	ink   = color.RGBA{0x22, 0x26, 0x2b, 0xff} // titles and frames
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	pale  = color.RGBA{0xf2, 0xf3, 0xf5, 0xff} // nested models
	line  = color.RGBA{0x69, 0x70, 0x78, 0xff} // arrows
)

// Sizes in points.
const (
	titleSize   = 14
	rowSize     = 12
	titleHeight = 26
	rowHeight   = 21
	padding     = 12 // beside text
	frame       = 18 // around the layers of a nested model
	margin      = 12 // around the drawing
	arrowLength = 9
	arrowWidth  = 7
)

var fonts = sync.OnceValue(func() *plotfont.Cache { return plotfont.NewCache(liberation.Collection()) })

func face(size float64, weight font.Weight) plotfont.Face {
	f := plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Length(size)}
	return fonts().Lookup(f, f.Size)
}

func width(f plotfont.Face, s string) float64 { return f.Width(s).Points() }

// measure computes the size of a box in the drawing.
func (b *box) measure(o Options) {
	widest := width(face(titleSize, font.WeightBold), b.title)
	for _, r := range b.rows {
		widest = max(widest, r.width())
	}
	b.width, b.height = math.Ceil(widest)+2*padding, titleHeight+float64(len(b.rows))*rowHeight
	if b.inner != nil {
		w, h := b.inner.width, b.inner.height
		if o.RankDir == LeftRight || o.RankDir == RightLeft {
			w, h = h, w
		}
		b.width = max(b.width, w+2*frame)
		b.height += h + 2*frame
	}
}

func (r row) width() float64 {
	return width(face(rowSize, font.WeightNormal), r.name+": ") + width(face(rowSize, font.WeightBold), r.value)
}

// drawing is a network whose boxes have places.
type drawing struct {
	g             *graph
	dir           RankDir
	width, height float64
}

func newDrawing(ctx context.Context, m *lince.Model, o Options) (*drawing, error) {
	g, err := network(ctx, m, o)
	if err != nil {
		return nil, err
	}
	d := &drawing{g: g, dir: o.RankDir}
	d.width, d.height = d.size(d.g)
	d.width, d.height = d.width+2*margin, d.height+2*margin
	return d, nil
}

// size returns the size of a graph in the drawing.
func (d *drawing) size(g *graph) (width, height float64) {
	if d.dir == LeftRight || d.dir == RightLeft {
		return g.height, g.width
	}
	return g.width, g.height
}

func (d *drawing) svg(w io.Writer) error {
	c := vgsvg.NewWith(vgsvg.UseWH(vg.Length(d.width), vg.Length(d.height)))
	d.draw(c)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	// Arial and Helvetica have the widths of Liberation Sans, which few machines have.
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
	return err
}

func (d *drawing) png(w io.Writer, dpi int) error {
	x, y := d.width*float64(dpi)/72, d.height*float64(dpi)/72
	if x*y > maxPixels {
		return fmt.Errorf("the PNG would have %.0f x %.0f pixels, want at most %d in all; use SVG (a file whose name ends in .svg; or, in Go, a DPI of at most %.0f)",
			x, y, maxPixels, math.Floor(math.Sqrt(maxPixels/(d.width*d.height))*72))
	}
	c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(vg.Length(d.width), vg.Length(d.height)), vgimg.UseDPI(dpi))}
	d.draw(c)
	_, err := c.WriteTo(w)
	return err
}

// pen draws on a canvas, whose vertical axis points up, with positions whose vertical axis points down.
type pen struct {
	c      vg.Canvas
	height float64
}

func (p pen) at(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(p.height - y)} }

func (p pen) rectangle(x, y, w, h float64) vg.Path {
	var path vg.Path
	path.Move(p.at(x, y))
	path.Line(p.at(x+w, y))
	path.Line(p.at(x+w, y+h))
	path.Line(p.at(x, y+h))
	path.Close()
	return path
}

func (p pen) fill(path vg.Path, c color.Color) {
	p.c.SetColor(c)
	p.c.Fill(path)
}

func (p pen) stroke(path vg.Path, c color.Color, width float64) {
	p.c.SetColor(c)
	p.c.SetLineWidth(vg.Length(width))
	p.c.Stroke(path)
}

func (p pen) text(f plotfont.Face, c color.Color, x, y float64, s string) {
	p.c.SetColor(c)
	p.c.FillString(f, p.at(x, y), s)
}

func (d *drawing) draw(c vg.Canvas) {
	p := pen{c, d.height}
	p.fill(p.rectangle(0, 0, d.width, d.height), paper)
	d.graph(p, d.g, margin, margin)
}

// graph draws a graph whose upper left corner is at (left, top).
func (d *drawing) graph(p pen, g *graph, left, top float64) {
	w, h := d.size(g)
	// place turns a position in the layout, whose flow goes from the top down, into one in the drawing.
	place := func(x, y float64) (float64, float64) {
		switch d.dir {
		case BottomTop:
			y = h - y
		case LeftRight:
			x, y = y, x
		case RightLeft:
			x, y = w-y, x
		}
		return left + x, top + y
	}
	for _, b := range g.boxes {
		x, y := place(b.x, b.y)
		w, h := b.width, b.height
		if d.dir == LeftRight || d.dir == RightLeft {
			w, h = h, w
		}
		d.box(p, b, x-w/2, y-h/2, w, h)
	}
	for _, a := range g.arrows {
		g.arrow(p, a, place)
	}
}

// box draws a box with the upper left corner at (x, y).
func (d *drawing) box(p pen, b *box, x, y, w, h float64) {
	bold, normal := face(titleSize, font.WeightBold), face(rowSize, font.WeightNormal)
	background := color.Color(paper)
	if b.inner != nil {
		background = pale
	}
	p.fill(p.rectangle(x, y, w, h), background)
	p.fill(p.rectangle(x, y, w, titleHeight), ink)
	p.text(bold, paper, x+(w-width(bold, b.title))/2, y+titleHeight-8, b.title)
	bottom := y + titleHeight
	for i, r := range b.rows {
		if i > 0 {
			var path vg.Path
			path.Move(p.at(x, bottom))
			path.Line(p.at(x+w, bottom))
			p.stroke(path, ink, .5)
		}
		name, value := r.name+": ", face(rowSize, font.WeightBold)
		start := x + (w-r.width())/2
		p.text(normal, ink, start, bottom+rowHeight-6.5, name)
		p.text(value, ink, start+width(normal, name), bottom+rowHeight-6.5, r.value)
		bottom += rowHeight
	}
	p.stroke(p.rectangle(x, y, w, h), ink, 1.2)
	if b.inner != nil {
		iw, _ := d.size(b.inner)
		d.graph(p, b.inner, x+(w-iw)/2, bottom+frame)
	}
}

// arrow draws an arrow from the lower edge of a box through its bends to the upper edge of another.
func (g *graph) arrow(p pen, a *arrow, place func(x, y float64) (float64, float64)) {
	at := func(x, y float64) vg.Point { return p.at(place(x, y)) }
	x, y := a.from.x+g.ports[a].from, a.from.y+a.from.height/2
	endX, endY := a.to.x+g.ports[a].to, a.to.y-a.to.height/2
	var path vg.Path
	path.Move(at(x, y))
	curve := func(toX, toY float64) {
		// Curves begin below the tallest box of the rank, so that they do not cross its boxes.
		if low := g.bands[g.rankAt(y)][1]; y < low {
			path.Line(at(x, low))
			y = low
		}
		high := min(toY, g.bands[g.rankAt(toY)][0])
		middle := (y + high) / 2
		path.CubeTo(at(x, middle), at(toX, middle), at(toX, high))
		if high < toY {
			path.Line(at(toX, toY))
		}
		x, y = toX, toY
	}
	for _, b := range a.bends {
		band := g.bands[b.rank]
		curve(b.x, band[0])
		path.Line(at(b.x, band[1]))
		y = band[1]
	}
	curve(endX, endY-arrowLength+1)
	p.stroke(path, line, 1.4)
	var head vg.Path
	head.Move(at(endX, endY))
	head.Line(at(endX-arrowWidth/2., endY-arrowLength))
	head.Line(at(endX+arrowWidth/2., endY-arrowLength))
	head.Close()
	p.fill(head, line)
}

// rankAt returns the rank whose band, or the gap before it, has the position y.
func (g *graph) rankAt(y float64) int {
	return min(sort.Search(len(g.bands), func(i int) bool { return y <= g.bands[i][1] }), len(g.bands)-1)
}
