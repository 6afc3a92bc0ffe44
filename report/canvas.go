package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"strconv"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Colours that all pictures share.
var (
	ink    = color.RGBA{0x22, 0x26, 0x2b, 0xff} // titles and numbers
	faded  = color.RGBA{0x69, 0x70, 0x78, 0xff} // what explains them
	hair   = color.RGBA{0xdf, 0xe2, 0xe6, 0xff} // thin lines
	shadow = color.RGBA{0xf2, 0xf3, 0xf5, 0xff} // empty areas
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	blue   = color.RGBA{0x1f, 0x77, 0xb4, 0xff} // matplotlib's first two colours
	orange = color.RGBA{0xff, 0x7f, 0x0e, 0xff}
)

// type of a text: weight and size in pixels.
type lettering struct {
	bold bool
	size float64
}

// align says which point of a text is put where it is to stand.
type align int

const (
	atLeft align = iota
	atCenter
	atRight
)

// canvas is a picture to draw on, and the faces that it needed. y is the baseline of text.
// What draws is given the RGBA itself, for which the packages have fast ways.
type canvas struct {
	*image.RGBA
	faces map[lettering]font.Face
}

func newCanvas(width, height int) *canvas {
	c := &canvas{image.NewRGBA(image.Rect(0, 0, width, height)), map[lettering]font.Face{}}
	c.fill(c.Rect, paper)
	return c
}

func (c *canvas) fill(r image.Rectangle, col color.Color) {
	draw.Draw(c.RGBA, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// frame draws a line of some pixels around a rectangle, outside of it.
func (c *canvas) frame(r image.Rectangle, pixels int, col color.Color) {
	o := r.Inset(-pixels)
	c.fill(image.Rect(o.Min.X, o.Min.Y, o.Max.X, r.Min.Y), col)
	c.fill(image.Rect(o.Min.X, r.Max.Y, o.Max.X, o.Max.Y), col)
	c.fill(image.Rect(o.Min.X, r.Min.Y, r.Min.X, r.Max.Y), col)
	c.fill(image.Rect(r.Max.X, r.Min.Y, o.Max.X, r.Max.Y), col)
}

func (c *canvas) face(l lettering) font.Face {
	if f, ok := c.faces[l]; ok {
		return f
	}
	data := liberationsansregular.TTF
	if l.bold {
		data = liberationsansbold.TTF
	}
	f, err := parseFace(data, l.size)
	if err != nil {
		panic(err) // the fonts are part of the program
	}
	c.faces[l] = f
	return f
}

func parseFace(data []byte, size float64) (font.Face, error) {
	f, err := sfnt.Parse(data)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

func (c *canvas) width(l lettering, s string) int {
	return font.MeasureString(c.face(l), s).Ceil()
}

func (c *canvas) text(l lettering, col color.Color, x, y int, a align, s string) {
	switch a {
	case atCenter:
		x -= c.width(l, s) / 2
	case atRight:
		x -= c.width(l, s)
	}
	d := font.Drawer{Dst: c.RGBA, Src: image.NewUniform(col), Face: c.face(l), Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// upright draws text that reads from bottom to top. x is its baseline; y is where it
// starts, has its middle, or ends.
func (c *canvas) upright(l lettering, col color.Color, x, y int, a align, s string) {
	w, up, down := c.width(l, s), int(l.size), int(l.size/2)
	flat := &canvas{image.NewRGBA(image.Rect(0, 0, w, up+down)), c.faces}
	flat.text(l, col, 0, up, atLeft, s)
	turned := image.NewRGBA(image.Rect(0, 0, up+down, w))
	for ty := range w {
		for tx := range up + down {
			turned.SetRGBA(tx, ty, flat.RGBAAt(w-1-ty, tx))
		}
	}
	top := y - w
	switch a {
	case atCenter:
		top = y - w/2
	case atRight:
		top = y
	}
	draw.Draw(c.RGBA, turned.Rect.Add(image.Pt(x-up, top)), turned, image.Point{}, draw.Over)
}

// shorten puts an ellipsis in the middle of a text that is too wide: the ends of a file
// name say most.
func (c *canvas) shorten(l lettering, s string, width int) string {
	if c.width(l, s) <= width {
		return s
	}
	r := []rune(s)
	// Binary search: the width grows with what is kept.
	low, high := 0, len(r)-1
	cut := func(keep int) string {
		head := (keep + 1) / 2
		return string(r[:head]) + "…" + string(r[len(r)-(keep-head):])
	}
	for low < high {
		keep := (low + high + 1) / 2
		if c.width(l, cut(keep)) <= width {
			low = keep
		} else {
			high = keep - 1
		}
	}
	return cut(low)
}

// middle is the baseline for text whose digits stand in the middle of y0 to y1.
func middle(l lettering, y0, y1 int) int {
	return (y0+y1)/2 + int(l.size*.36+.5)
}

// encode writes a picture as PNG.
func encode(w io.Writer, m image.Image) error {
	if err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(w, m); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	return nil
}

// mix is the colour between a and b.
func mix(a, b color.RGBA, part float64) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x) + part*(float64(y)-float64(x)) + .5) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 0xff}
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes a part with as many digits as it is worth.
func percent(part float64) string {
	if part == 0 || part == 1 {
		return fmt.Sprintf("%.0f%%", 100*part)
	}
	s := fmt.Sprintf("%.1f%%", 100*part)
	switch s { // nothing rounds to all or nothing
	case "0.0%":
		return "<0.1%"
	case "100.0%":
		return ">99.9%"
	}
	return s
}
