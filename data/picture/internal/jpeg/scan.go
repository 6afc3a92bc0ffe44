package jpeg

import (
	"errors"
	"fmt"
)

// scan is a parsed scan header (SOS).
type scan struct {
	n              int
	comp           [4]int
	ss, se, ah, al int
}

// startOfScan reads a scan header.
func (d *Decoder) startOfScan() error {
	seg, err := d.segment()
	if err != nil {
		return err
	}
	if len(seg) < 1 || seg[0] < 1 || int(seg[0]) > d.n || len(seg) != 4+2*int(seg[0]) {
		return errors.New("corrupt JPEG: a scan header of the wrong length")
	}
	s := scan{n: int(seg[0])}
	if err := d.scanComponents(&s, seg[1:]); err != nil {
		return err
	}
	if err := d.scanProgression(&s, seg[1+2*s.n:]); err != nil {
		return err
	}
	if err := d.checkHuffman(&s); err != nil {
		return err
	}
	d.sos = s
	return nil
}

// scanComponents reads which components a scan has, and the numbers of their Huffman tables.
func (d *Decoder) scanComponents(s *scan, seg []byte) error {
	blocks := 0
	for i := range s.n {
		id, t := seg[2*i], seg[2*i+1]
		ci := -1
		for j := range d.n {
			if d.comps[j].id == id {
				ci = j
			}
		}
		if ci < 0 {
			return fmt.Errorf("corrupt JPEG: a scan of component %d, which is not in the frame", id)
		}
		for _, other := range s.comp[:i] {
			if other == ci {
				return fmt.Errorf("corrupt JPEG: component %d occurs twice in a scan", id)
			}
		}
		s.comp[i] = ci
		c := &d.comps[ci]
		c.td, c.ta = t>>4, t&15
		if c.td > 3 || c.ta > 3 {
			return errors.New("corrupt JPEG: bad Huffman table number")
		}
		if !c.hasQuant {
			if !d.hasQuant[c.tq] {
				return fmt.Errorf("corrupt JPEG: quantization table %d is missing", c.tq)
			}
			c.quant, c.hasQuant = d.quant[c.tq], true
			c.setWide()
		}
		blocks += c.h * c.v
	}
	if s.n > 1 && blocks > 10 { // T.81, B.2.3
		return fmt.Errorf("corrupt JPEG: %d blocks in an MCU, more than 10", blocks)
	}
	return nil
}

// scanProgression reads which coefficients, and which of their bits, a progressive scan has.
func (d *Decoder) scanProgression(s *scan, p []byte) error {
	if !d.hdr.Progressive {
		s.ss, s.se, s.ah, s.al = 0, 63, 0, 0
		return nil
	}
	s.ss, s.se, s.ah, s.al = int(p[0]), int(p[1]), int(p[2]>>4), int(p[2]&15)
	bad := s.ss > s.se || s.se > 63 || s.al > 13 || s.ah != 0 && s.ah-1 != s.al
	if s.ss == 0 {
		bad = bad || s.se != 0
	} else {
		bad = bad || s.n != 1
	}
	if bad {
		return fmt.Errorf("corrupt JPEG: bad progressive scan (Ss=%d Se=%d Ah=%d Al=%d)", s.ss, s.se, s.ah, s.al)
	}
	return nil
}

// checkHuffman returns an error if a Huffman table that the scan needs is missing.
func (d *Decoder) checkHuffman(s *scan) error {
	if d.arith.used {
		return nil
	}
	for _, ci := range s.comp[:s.n] {
		c := &d.comps[ci]
		if !d.hdr.Progressive {
			if err := errors.Join(d.dc[c.td].useStandard(0, c.td), d.ac[c.ta].useStandard(1, c.ta)); err != nil {
				return err
			}
		}
		if s.ss == 0 && s.ah == 0 && !d.dc[c.td].ok || s.se > 0 && !d.ac[c.ta].ok {
			return errors.New("corrupt JPEG: a Huffman table is missing")
		}
	}
	return nil
}
