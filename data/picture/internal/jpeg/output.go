package jpeg

import "fmt"

// savedRows is the number of rows of a band that are kept for the next one: the last two, for which the triangle filter needs the
// next band.
const savedRows = 2

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// layout computes sizes from the frame header and the first scan header.
func (d *Decoder) layout() error {
	hdr := &d.hdr
	hdr.ColorSpace = d.colorSpace()
	hdr.Channels = max(1, d.n)
	d.mcusX, d.mcusY = ceilDiv(hdr.Width, 8*d.hmax), ceilDiv(hdr.Height, 8*d.vmax)
	d.lag = 0
	hdr.Memory = 0
	for i := range d.n {
		c := &d.comps[i]
		if d.hmax%c.h != 0 || d.vmax%c.v != 0 {
			return fmt.Errorf("JPEG whose component %d has the sampling factors %dx%d of %dx%d is not supported", c.id, c.h, c.v, d.hmax, d.vmax)
		}
		c.rh, c.rv = d.hmax/c.h, d.vmax/c.v
		c.width, c.height = ceilDiv(hdr.Width*c.h, d.hmax), ceilDiv(hdr.Height*c.v, d.vmax)
		c.blocksX, c.blocksY = ceilDiv(c.width, 8), ceilDiv(c.height, 8)
		c.strideBlocks, c.rowsBlocks = d.mcusX*c.h, d.mcusY*c.v
		c.stride = 8 * c.strideBlocks
		c.ctx = false
		switch {
		case c.rh == 1 && c.rv == 1:
			c.up = nil
		case c.rh == 2 && c.rv == 1 && c.width > 2:
			c.up = h2v1Fancy
		case c.rh == 2 && c.rv == 2 && c.width > 2:
			c.up, c.ctx = h2v2Fancy, true
		case c.rh == 1 && c.rv == 2:
			c.up, c.ctx = h1v2Fancy, true
		case c.rh == 1:
			c.up = nil
		default:
			c.up = replicate(c.rh)
		}
		if c.ctx {
			d.lag = 2
		}
		hdr.Memory += int64(c.stride) * int64(8*c.v+savedRows+c.rh)
		if d.buffered() {
			hdr.Memory += int64(c.strideBlocks) * int64(c.rowsBlocks) * 128
		}
	}
	return nil
}

// allocate allocates bands, rows and coefficients. It reuses the memory of the last image if that is large enough.
func (d *Decoder) allocate() {
	nb, nc := 0, 0
	for i := range d.n {
		c := &d.comps[i]
		nb += c.stride * (8*c.v + savedRows + c.rh)
		nc += c.strideBlocks * c.rowsBlocks * 64
	}
	if cap(d.bytes) < nb+slack {
		d.bytes = make([]byte, nb+slack)
	}
	store := d.bytes[:nb+slack]
	cut := func(n int) []byte {
		s := store[: n+slack : n+slack]
		store = store[n:]
		return s
	}
	for i := range d.n {
		c := &d.comps[i]
		c.row = cut(c.stride * c.rh)
		c.band = cut(c.stride * (8*c.v + savedRows))
	}
	if !d.buffered() {
		return
	}
	if cap(d.coefStore) < nc {
		d.coefStore = make([]int16, nc)
	}
	coefs := d.coefStore[:nc]
	clear(coefs)
	for i := range d.n {
		c := &d.comps[i]
		n := c.strideBlocks * c.rowsBlocks * 64
		c.coefs, coefs = coefs[:n:n], coefs[n:]
	}
}

// slack is the number of bytes after a row that the vector kernels may read or write.
const slack = 64

// bandFromCoefs computes MCU row r of the bands from the coefficients of the whole image.
func (d *Decoder) bandFromCoefs(r int) error {
	for i := range d.n {
		c := &d.comps[i]
		for v := range c.v {
			off := (savedRows + 8*v) * c.stride
			y := r*c.v + v
			if y >= c.blocksY {
				continue
			}
			for x := range c.blocksX {
				inverseDCTChecked(c.band[off:], c.stride, c.block(x, y), &c.quant, 63)
				off += 8
			}
		}
	}
	return nil
}

// output decodes the image band by band (a band is a row of MCUs). It calls row for each row y of the image when the bands hold what
// row y needs of MCU row r.
func (d *Decoder) output(band func(r int) error, row func(r, y int)) error {
	y := 0
	for r := range d.mcusY {
		if r > 0 {
			for i := range d.n {
				c := &d.comps[i]
				copy(c.band[:savedRows*c.stride], c.band[8*c.v*c.stride:])
			}
		}
		if err := band(r); err != nil {
			return err
		}
		end := (r+1)*8*d.vmax - d.lag
		if r == d.mcusY-1 {
			end = d.hdr.Height
		}
		for ; y < min(end, d.hdr.Height); y++ {
			row(r, y)
		}
	}
	return nil
}

// outputRow writes row y of the image to dst. The bands must hold MCU row r.
func (d *Decoder) outputRow(dst []byte, r, y int) {
	var rows [4][]byte
	for i := range d.n {
		c := &d.comps[i]
		sy := y / c.rv
		at := func(sy int) []byte {
			sy = min(max(sy, 0), c.height-1)
			return c.band[(sy-r*8*c.v+savedRows)*c.stride:]
		}
		near := at(sy)
		if c.up == nil {
			rows[i] = near
			continue
		}
		far, lower := near, y&1 == 1
		if c.ctx {
			if lower {
				far = at(sy + 1)
			} else {
				far = at(sy - 1)
			}
		}
		c.up(c.row, near, far, c.width, lower)
		rows[i] = c.row
	}
	w := d.hdr.Width
	d.convert(dst[:w*d.hdr.Channels], &rows, w)
}
