package jpeg

import "fmt"

// scans decodes all scans of the file into the coefficients of the components.
func (d *Decoder) scans() error {
	blocks := 0
	for i := range d.n {
		for k := range d.missing[i] {
			d.missing[i][k] = -1
		}
		blocks += d.comps[i].strideBlocks * d.comps[i].rowsBlocks
	}
	visits := maxVisits*blocks + visitsPerByte*len(d.bits.data)
	for count := 1; ; count++ {
		if count > maxScans {
			return fmt.Errorf("corrupt JPEG: more than %d scans", maxScans)
		}
		for _, ci := range d.sos.comp[:d.sos.n] {
			visits -= d.comps[ci].strideBlocks * d.comps[ci].rowsBlocks
		}
		if visits < 0 {
			return fmt.Errorf("corrupt JPEG: scan %d is more work than the %d bytes of the file allow", count, len(d.bits.data))
		}
		if err := d.scan(); err != nil {
			return err
		}
		for _, ci := range d.sos.comp[:d.sos.n] {
			for k := d.sos.ss; k <= min(d.sos.se, smoothed); k++ {
				d.missing[ci][k] = d.sos.al
			}
		}
		m, err := d.tables()
		if err != nil {
			return err
		}
		if m == mEOI {
			for i := range d.n {
				if !d.comps[i].hasQuant {
					return fmt.Errorf("corrupt JPEG: no scan of component %d", d.comps[i].id)
				}
			}
			return d.complete()
		}
		if err := d.startOfScan(); err != nil {
			return err
		}
	}
}

// smoothed is the zigzag position of the last coefficient without whose lowest bits libjpeg smooths the image (jdcoefct.c,
// smoothing_ok).
const smoothed = 9

// complete returns an error if bits of the first coefficients are missing. libjpeg smooths such an image. Encoders do not write them.
func (d *Decoder) complete() error {
	for i := range d.n {
		if !d.hdr.Progressive || d.missing[i][0] < 0 { // libjpeg does not smooth without DC coefficients
			return nil
		}
	}
	for i := range d.n {
		for k, bits := range d.missing[i] {
			if k > 0 && bits != 0 {
				return fmt.Errorf("corrupt JPEG: the scans leave out coefficient %d of component %d, or some of its bits", k, d.comps[i].id)
			}
		}
	}
	return nil
}

// toEnd skips to the end of the image.
func (d *Decoder) toEnd() error {
	d.bits.align()
	for {
		m, err := d.tables()
		if err != nil || m == mEOI {
			return err
		}
	}
}

// blockDecoder decodes the part of one block that is in a scan.
type blockDecoder func(c *component, block *[64]int16) error

func (d *Decoder) blockDecoder() blockDecoder {
	if d.arith.used {
		return d.arithmeticDecoder()
	}
	switch s := &d.sos; {
	case !d.hdr.Progressive:
		return func(c *component, block *[64]int16) error {
			_, err := d.sequentialBlock(c, block)
			return err
		}
	case s.ss == 0 && s.ah == 0:
		return d.dcFirst
	case s.ss == 0:
		return d.dcRefine
	case s.ah == 0:
		return d.acFirst
	default:
		return d.acRefine
	}
}

// scan decodes one scan into the coefficients.
func (d *Decoder) scan() error {
	d.resetInterval()
	decode := d.blockDecoder()
	s := &d.sos
	mcusX, mcusY := d.mcusX, d.mcusY
	if s.n == 1 {
		c := &d.comps[s.comp[0]]
		mcusX, mcusY = c.blocksX, c.blocksY
	}
	mcu := 0
	for y := range mcusY {
		for x := range mcusX {
			if d.restart > 0 && mcu > 0 && mcu%d.restart == 0 {
				if err := d.checkBits(); err != nil {
					return err
				}
				if err := d.nextInterval(mcu/d.restart - 1); err != nil {
					return err
				}
			}
			mcu++
			if err := d.scanMCU(decode, x, y); err != nil {
				if e := d.checkBits(); e != nil {
					return e
				}
				return err
			}
		}
		if err := d.checkBits(); err != nil {
			return err
		}
	}
	d.bits.align()
	return nil
}

func (d *Decoder) scanMCU(decode blockDecoder, x, y int) error {
	s := &d.sos
	if s.n == 1 {
		c := &d.comps[s.comp[0]]
		return decode(c, c.block(x, y))
	}
	for _, ci := range s.comp[:s.n] {
		c := &d.comps[ci]
		for v := range c.v {
			for h := range c.h {
				if err := decode(c, c.block(x*c.h+h, y*c.v+v)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *component) block(x, y int) *[64]int16 {
	return (*[64]int16)(c.coefs[(y*c.strideBlocks+x)*64:])
}

func (d *Decoder) dcFirst(c *component, block *[64]int16) error {
	size, ok := d.bits.symbol(&d.dc[c.td])
	if !ok {
		return errCode
	}
	if size > 0 {
		c.pred += extend(d.bits.take(uint(size)), int(size))
	}
	block[0] = int16(c.pred << d.sos.al)
	return nil
}

func (d *Decoder) dcRefine(_ *component, block *[64]int16) error {
	if d.bits.take(1) != 0 {
		block[0] |= 1 << d.sos.al
	}
	return nil
}

func (d *Decoder) acFirst(c *component, block *[64]int16) error {
	if d.eobrun > 0 {
		d.eobrun--
		return nil
	}
	b, h, s := &d.bits, &d.ac[c.ta], &d.sos
	for k := s.ss; k <= s.se; k++ {
		sym, ok := b.symbol(h)
		if !ok {
			return errCode
		}
		run, size := int(sym>>4), int(sym&15)
		if size == 0 {
			if run < 15 {
				d.eobrun = 1<<run - 1
				if run > 0 {
					d.eobrun += int(b.take(uint(run)))
				}
				break
			}
			k += 15
			continue
		}
		k += run
		v := extend(b.take(uint(size)), size)
		block[natural[k&127]] = int16(v << s.al)
	}
	return nil
}

// acRefine adds a bit to the nonzero coefficients and reads new ones (T.81, G.1.2.3).
func (d *Decoder) acRefine(c *component, block *[64]int16) error {
	b, h, s := &d.bits, &d.ac[c.ta], &d.sos
	plus, minus := int16(1)<<s.al, int16(-1)<<s.al
	refine := func(p *int16) {
		if b.take(1) != 0 && *p&plus == 0 {
			if *p >= 0 {
				*p += plus
			} else {
				*p += minus
			}
		}
	}
	k := s.ss
	if d.eobrun == 0 {
		for k <= s.se {
			sym, ok := b.symbol(h)
			if !ok {
				return errCode
			}
			run, size := int(sym>>4), sym&15
			if size == 0 && run < 15 {
				d.eobrun = 1 << run
				if run > 0 {
					d.eobrun += int(b.take(uint(run)))
				}
				break
			}
			v := int16(0)
			if size > 0 { // libjpeg treats any size as 1
				v = minus
				if b.take(1) != 0 {
					v = plus
				}
			}
			for ; k <= s.se; k++ {
				if p := &block[natural[k]]; *p != 0 {
					refine(p)
				} else if run--; run < 0 {
					break
				}
			}
			// In a damaged file the run may lead past the last coefficient of the scan. libjpeg then stores the value at the next position.
			if v != 0 {
				block[natural[k]] = v
			}
			k++
		}
	}
	if d.eobrun > 0 {
		for ; k <= s.se; k++ {
			if p := &block[natural[k]]; *p != 0 {
				refine(p)
			}
		}
		d.eobrun--
	}
	return nil
}
