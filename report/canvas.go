package report

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	plotfont "gonum.org/v1/plot/font"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// canvas is an image on which tiles are drawn. It passes the *image.RGBA itself to packages
// draw and font, which have fast paths for that type.
type canvas struct{ *image.RGBA }

func newCanvas(width, height int) canvas {
	c := canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
	c.fill(c.Rect, paper)
	return c
}

func (c canvas) fill(r image.Rectangle, col color.Color) {
	draw.Draw(c.RGBA, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// frame draws a border of the given width around a rectangle, outside it.
func (c canvas) frame(r image.Rectangle, pixels int, col color.Color) {
	o := r.Inset(-pixels)
	c.fill(image.Rect(o.Min.X, o.Min.Y, o.Max.X, r.Min.Y), col)
	c.fill(image.Rect(o.Min.X, r.Max.Y, o.Max.X, o.Max.Y), col)
	c.fill(image.Rect(o.Min.X, r.Min.Y, r.Min.X, r.Max.Y), col)
	c.fill(image.Rect(r.Max.X, r.Min.Y, o.Max.X, r.Max.Y), col)
}

// text draws a line of text with its baseline at y.
func (c canvas) text(t vgdraw.TextStyle, x, y int, s string) {
	face := plotfont.DefaultCache.Lookup(t.Font, t.Font.Size)
	x += int(float64(t.XAlign) * float64(face.Width(s)))
	d := font.Drawer{Dst: c.RGBA, Src: image.NewUniform(t.Color), Face: face.FontFace(72), Dot: fixed.P(x, y)}
	d.DrawString(visual(s))
}
