package report

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// point is a place on a canvas, in pixels; whole numbers are the corners of pixels.
type point struct{ x, y float64 }

// stroke draws a line through points, with round corners and ends. A single point is a
// dot. What is outside of clip is not drawn.
func (c *canvas) stroke(clip image.Rectangle, col color.Color, width float64, points ...point) {
	box := image.Rectangle{}
	for _, p := range points {
		r := int(width/2) + 2
		box = box.Union(image.Rect(int(p.x)-r, int(p.y)-r, int(p.x)+r, int(p.y)+r))
	}
	if clip = clip.Intersect(box); clip.Empty() {
		return
	}
	raster := vector.NewRasterizer(clip.Dx(), clip.Dy())
	at := func(p point) (float32, float32) {
		return float32(p.x - float64(clip.Min.X)), float32(p.y - float64(clip.Min.Y))
	}
	for i, p := range points {
		disc(raster, at, p, width/2)
		if i > 0 {
			bar(raster, at, points[i-1], p, width/2)
		}
	}
	raster.DrawOp = draw.Over
	raster.Draw(c.RGBA, clip, image.NewUniform(col), image.Point{})
}

// disc and bar go around in the same sense, so that where they overlap they do not cancel.

func disc(raster *vector.Rasterizer, at func(point) (float32, float32), p point, r float64) {
	const corners = 24
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		x, y := at(point{p.x + r*cos, p.y + r*sin})
		if i == 0 {
			raster.MoveTo(x, y)
		} else {
			raster.LineTo(x, y)
		}
	}
	raster.ClosePath()
}

func bar(raster *vector.Rasterizer, at func(point) (float32, float32), p, q point, r float64) {
	length := math.Hypot(q.x-p.x, q.y-p.y)
	if length == 0 {
		return
	}
	dx, dy := (q.x-p.x)/length*r, (q.y-p.y)/length*r
	raster.MoveTo(at(point{p.x - dy, p.y + dx}))
	raster.LineTo(at(point{p.x + dy, p.y - dx}))
	raster.LineTo(at(point{q.x + dy, q.y - dx}))
	raster.LineTo(at(point{q.x - dy, q.y + dx}))
	raster.ClosePath()
}
