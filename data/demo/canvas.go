package demo

import "image"

// color is red, green and blue, 0 to 255.
type color struct{ r, g, b int }

// mix blends d over c with opacity k/256.
func (c color) mix(d color, k int) color {
	return color{c.r + (d.r-c.r)*k>>8, c.g + (d.g-c.g)*k>>8, c.b + (d.b-c.b)*k>>8}
}

func (c color) dark(k int) color  { return c.mix(color{20, 14, 24}, k) }
func (c color) light(k int) color { return c.mix(color{255, 252, 244}, k) }

// canvas is an image that is being drawn.
type canvas struct {
	w, h  int
	pix   []color
	cover []int32      // coverage of the current shape, 0 to full
	clip  []int32      // if not nil, limits the coverage of shapes
	spare [][]int32    // memory for clips
	cross [][]crossing // by row of samples
}

// crossing is a point where an outline crosses a row of samples, downwards (1) or upwards (-1).
type crossing struct{ x, dir int }

// A row of pixels has this many rows of samples. Along a row, coverage is exact to 1/256.
const (
	sub  = 4
	full = sub * 256
	step = 256 / sub
)

func newCanvas(w, h int) *canvas {
	return &canvas{w: w, h: h, pix: make([]color, w*h), cover: make([]int32, w*h), cross: make([][]crossing, h*sub)}
}

// bounds holds the rows and columns of pixels that a shape may cover.
type bounds struct{ x0, y0, x1, y1 int }

// scan sets c.cover to the coverage of a path (non-zero winding rule) and returns its bounds.
func (c *canvas) scan(p *path, m matrix) bounds {
	lo, hi := point{1 << 30, 1 << 30}, point{-1 << 30, -1 << 30}
	for _, l := range p.lines {
		prev := m.apply(l[len(l)-1])
		for _, q := range l {
			q := m.apply(q)
			lo.x, lo.y, hi.x, hi.y = min(lo.x, q.x), min(lo.y, q.y), max(hi.x, q.x), max(hi.y, q.y)
			switch {
			case prev.y < q.y:
				c.edge(prev, q, 1)
			case prev.y > q.y:
				c.edge(q, prev, -1)
			}
			prev = q
		}
	}
	b := bounds{max(lo.x>>8, 0), max(lo.y>>8, 0), min(hi.x>>8+1, c.w), min(hi.y>>8+1, c.h)}
	if b.x0 >= b.x1 {
		b.x0, b.x1 = 0, 0
	}
	for y := b.y0; y < b.y1; y++ {
		clear(c.cover[y*c.w+b.x0 : y*c.w+b.x1])
		for s := range sub {
			cross := c.cross[y*sub+s]
			sortCrossings(cross)
			wind := 0
			for i, k := range cross {
				if wind != 0 {
					c.span(y, cross[i-1].x, k.x)
				}
				wind += k.dir
			}
			c.cross[y*sub+s] = cross[:0]
		}
	}
	return b
}

// edge records where the line down from a to b crosses the rows of samples.
func (c *canvas) edge(a, b point, dir int) {
	// Row r lies at r*step + step/2.
	r0, r1 := max((a.y+step/2-1)/step, 0), min((b.y+step/2-1)/step, c.h*sub)
	if a.y < 0 {
		r0 = 0
	}
	for r := r0; r < r1; r++ {
		x := a.x + (b.x-a.x)*(r*step+step/2-a.y)/(b.y-a.y)
		c.cross[r] = append(c.cross[r], crossing{x, dir})
	}
}

// sortCrossings sorts by x. A row has few crossings.
func sortCrossings(c []crossing) {
	for i := 1; i < len(c); i++ {
		for j := i; j > 0 && c[j].x < c[j-1].x; j-- {
			c[j], c[j-1] = c[j-1], c[j]
		}
	}
}

// span covers a row of samples from x0 to x1, in 1/256 of a pixel.
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

// paint draws a path with opacity alpha/256.
func (c *canvas) paint(p *path, m matrix, col color, alpha int) {
	c.shade(p, m, func(int, int) color { return col }, alpha)
}

// shade draws a path with a separate color for each pixel.
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

// fill draws a path with an outline of the given width.
func (c *canvas) fill(p *path, m matrix, col, pen color, width int) {
	if width > 0 {
		c.paint(p.outline(width, true), m, pen, 256)
	}
	c.paint(p, m, col, 256)
}

// line draws a line along a path.
func (c *canvas) line(p *path, m matrix, pen color, width int) {
	c.paint(p.outline(width, false), m, pen, 256)
}

// within calls draw and shows only what it draws inside the path.
func (c *canvas) within(p *path, m matrix, draw func()) {
	var clip []int32
	if n := len(c.spare); n > 0 {
		clip, c.spare = c.spare[n-1], c.spare[:n-1]
		clear(clip)
	} else {
		clip = make([]int32, len(c.cover))
	}
	b := c.scan(p, m)
	old := c.clip
	for y := b.y0; y < b.y1; y++ {
		for i := y*c.w + b.x0; i < y*c.w+b.x1; i++ {
			clip[i] = c.cover[i]
			if old != nil {
				clip[i] = clip[i] * old[i] / full
			}
		}
	}
	c.clip = clip
	draw()
	c.clip, c.spare = old, append(c.spare, clip)
}

func (c *canvas) image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
	for i, p := range c.pix {
		img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = clamp(p.r), clamp(p.g), clamp(p.b), 255
	}
	return img
}

func clamp(v int) uint8 { return uint8(min(max(v, 0), 255)) }
