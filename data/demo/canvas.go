package demo

import (
	"image"
	"slices"
)

// color is red, green, blue of 0..255.
type color struct{ r, g, b int }

// mix is k parts of 256 of d over c.
func (c color) mix(d color, k int) color {
	return color{c.r + (d.r-c.r)*k>>8, c.g + (d.g-c.g)*k>>8, c.b + (d.b-c.b)*k>>8}
}

func (c color) dark(k int) color  { return c.mix(color{20, 14, 24}, k) }
func (c color) light(k int) color { return c.mix(color{255, 252, 244}, k) }

// canvas is a picture being drawn.
type canvas struct {
	w, h  int
	pix   []color
	cover []int32 // coverage of the shape at hand, 0..full
	clip  []int32 // where not nil, shapes show only as far as this covers
	cross []crossing
}

type crossing struct{ x, dir int }

// The vertical samples of a pixel; across, coverage is exact to 1/256.
const (
	sub  = 4
	full = sub * 256
)

func newCanvas(w, h int) *canvas {
	return &canvas{w: w, h: h, pix: make([]color, w*h), cover: make([]int32, w*h)}
}

// bounds are the rows and columns of pixels that points touch.
type bounds struct{ x0, y0, x1, y1 int }

// scan fills c.cover with the path's coverage (non-zero winding) and returns where.
func (c *canvas) scan(p *path, m matrix) bounds {
	type edge struct{ x0, y0, x1, y1, dir int }
	var edges []edge
	lo, hi := point{1 << 30, 1 << 30}, point{-1 << 30, -1 << 30}
	for _, l := range p.lines {
		prev := m.apply(l[len(l)-1])
		for _, q := range l {
			q := m.apply(q)
			lo.x, lo.y, hi.x, hi.y = min(lo.x, q.x), min(lo.y, q.y), max(hi.x, q.x), max(hi.y, q.y)
			switch {
			case prev.y < q.y:
				edges = append(edges, edge{prev.x, prev.y, q.x, q.y, 1})
			case prev.y > q.y:
				edges = append(edges, edge{q.x, q.y, prev.x, prev.y, -1})
			}
			prev = q
		}
	}
	b := bounds{max(lo.x>>8, 0), max(lo.y>>8, 0), min(hi.x>>8+1, c.w), min(hi.y>>8+1, c.h)}
	if b.x0 >= b.x1 || b.y0 >= b.y1 {
		return bounds{}
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.y0 - b.y0 })
	active, next := edges[:0:0], 0
	for y := b.y0; y < b.y1; y++ {
		clear(c.cover[y*c.w+b.x0 : y*c.w+b.x1])
		for s := range sub {
			sy := y<<8 + s*256/sub + 128/sub
			for next < len(edges) && edges[next].y0 <= sy {
				active = append(active, edges[next])
				next++
			}
			active = slices.DeleteFunc(active, func(e edge) bool { return e.y1 <= sy })
			c.cross = c.cross[:0]
			for _, e := range active {
				c.cross = append(c.cross, crossing{e.x0 + (e.x1-e.x0)*(sy-e.y0)/(e.y1-e.y0), e.dir})
			}
			slices.SortFunc(c.cross, func(a, b crossing) int {
				if a.x != b.x {
					return a.x - b.x
				}
				return a.dir - b.dir
			})
			wind := 0
			for i, k := range c.cross {
				if wind != 0 {
					c.span(y, c.cross[i-1].x, k.x)
				}
				wind += k.dir
			}
		}
	}
	return b
}

// span covers a sample row from x0 to x1 (1/256 of a pixel).
func (c *canvas) span(y, x0, x1 int) {
	x0, x1 = max(x0, 0), min(x1, c.w<<8)
	if x0 >= x1 {
		return
	}
	row := c.cover[y*c.w : (y+1)*c.w]
	i, j := x0>>8, x1>>8
	if i == j {
		row[i] += int32(x1 - x0)
		return
	}
	row[i] += int32(256 - x0&255)
	for k := i + 1; k < j; k++ {
		row[k] += 256
	}
	if j < c.w {
		row[j] += int32(x1 & 255)
	}
}

// paint draws a path; alpha is of 256.
func (c *canvas) paint(p *path, m matrix, col color, alpha int) {
	c.shade(p, m, func(int, int) color { return col }, alpha)
}

// shade draws a path with a colour for each pixel.
func (c *canvas) shade(p *path, m matrix, col func(x, y int) color, alpha int) {
	b := c.scan(p, m)
	for y := b.y0; y < b.y1; y++ {
		for x := b.x0; x < b.x1; x++ {
			i := y*c.w + x
			k := int(c.cover[i])
			if k == 0 {
				continue
			}
			if c.clip != nil {
				k = k * int(c.clip[i]) / full
			}
			if k = k * alpha / full; k > 0 {
				c.pix[i] = c.pix[i].mix(col(x, y), k)
			}
		}
	}
}

// fill draws a path, its outline in a pen of that width around it.
func (c *canvas) fill(p *path, m matrix, col, pen color, width int) {
	if width > 0 {
		c.paint(p.outline(width, true), m, pen, 256)
	}
	c.paint(p, m, col, 256)
}

// line draws along a path.
func (c *canvas) line(p *path, m matrix, pen color, width int) {
	c.paint(p.outline(width, false), m, pen, 256)
}

// within runs draw so that it shows inside the path only.
func (c *canvas) within(p *path, m matrix, draw func()) {
	b := c.scan(p, m)
	clip := make([]int32, len(c.cover))
	for y := b.y0; y < b.y1; y++ {
		copy(clip[y*c.w+b.x0:y*c.w+b.x1], c.cover[y*c.w+b.x0:y*c.w+b.x1])
	}
	if old := c.clip; old != nil {
		for i := range clip {
			clip[i] = clip[i] * old[i] / full
		}
		defer func() { c.clip = old }()
	} else {
		defer func() { c.clip = nil }()
	}
	c.clip = clip
	draw()
}

func (c *canvas) image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
	for i, p := range c.pix {
		img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = clamp(p.r), clamp(p.g), clamp(p.b), 255
	}
	return img
}

func clamp(v int) uint8 { return uint8(min(max(v, 0), 255)) }
