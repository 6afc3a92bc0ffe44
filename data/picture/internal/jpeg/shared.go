package jpeg

import "errors"

// Tables are the quantization and Huffman tables that several files share, such as the blocks of a TIFF file (T.81, B.5).
type Tables struct{ from *Decoder }

// ReadTables reads tables in the form of a file without an image. As in libjpeg, nothing else of it is used: a file begins with the default restart interval and the default
// conditioning of arithmetic coding.
func ReadTables(data []byte) (*Tables, error) {
	if len(data) < 2 || data[0] != 0xFF || data[1] != mSOI {
		return nil, errors.New("not JPEG tables")
	}
	d := &Decoder{bits: bitReader{data: data, pos: 2}}
	m, err := d.tables()
	switch {
	case err != nil:
		return nil, err
	case m != mEOI:
		return nil, errors.New("corrupt JPEG tables: they have a scan")
	}
	return &Tables{d}, nil
}

// copyTo copies the tables to the decoder of a file.
func (t *Tables) copyTo(d *Decoder) {
	d.quant, d.hasQuant = t.from.quant, t.from.hasQuant
	for i := range d.dc {
		d.dc[i].copyFrom(&t.from.dc[i])
		d.ac[i].copyFrom(&t.from.ac[i])
	}
}

// copyFrom copies a table that is complete.
func (h *huffman) copyFrom(other *huffman) {
	switch {
	case !other.ok:
	case h.same(other.from[:other.built], other.dc):
		h.ok = true
	default:
		*h = *other
	}
}
