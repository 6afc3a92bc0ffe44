package hdf5

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// The supported filters. filterNames lists others, for error messages.
const (
	filterDeflate    = 1
	filterShuffle    = 2
	filterFletcher32 = 3
)

var filterNames = map[int]string{4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32015: "zstd"}

// filter is a filter that was applied to chunks when they were written.
type filter struct {
	id     int
	params []uint32
}

type pipeline []filter

// filters parses the filter message.
func (d *Dataset) filters() (pipeline, error) {
	m := d.o.find(msgFilters)
	if m == nil {
		return nil, nil
	}
	c, err := d.o.cursor(m)
	if err != nil {
		return nil, err
	}
	version, n := c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(6)
	case 2:
	default:
		return nil, fmt.Errorf("filters of version %d are not supported", version)
	}
	var p pipeline
	for range n {
		f := filter{id: c.u16()}
		nameLen := 0
		if version == 1 || f.id >= 256 {
			nameLen = c.u16()
		}
		c.skip(2) // flags: whether the filter is optional
		params := c.u16()
		if version == 1 {
			nameLen = (nameLen + 7) &^ 7
		}
		c.skip(nameLen)
		for range params {
			if c.err != nil {
				break
			}
			f.params = append(f.params, c.u32())
		}
		if version == 1 && params%2 == 1 {
			c.skip(4)
		}
		if c.err != nil {
			return nil, fmt.Errorf("filters: %w", c.err)
		}
		switch f.id {
		case filterDeflate, filterShuffle, filterFletcher32:
		default:
			name := filterNames[f.id]
			if name == "" {
				name = "unknown"
			}
			return nil, fmt.Errorf("compressed with the filter %s (%d), which is not supported (gzip is)", name, f.id)
		}
		p = append(p, f)
	}
	return p, nil
}

// scratch is the memory for chunks, which the next chunk uses again.
type scratch struct {
	stored, inflated, shuffled []byte
}

// sized returns a slice of n bytes, in the memory of b if that has as many.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// undo reverses the filters of a stored chunk. size is the chunk's size without filters, for which the file has been charged. If bit i
// of mask is set, filter i was skipped. The result may be in s.
func (p pipeline) undo(b []byte, mask uint32, size uint64, s *scratch) ([]byte, error) {
	var err error
	for i := len(p) - 1; i >= 0; i-- {
		if i < 32 && mask>>i&1 != 0 {
			continue
		}
		switch p[i].id {
		case filterDeflate:
			b, err = s.inflate(b, size)
		case filterShuffle:
			b, err = s.unshuffle(b, p[i].params)
		case filterFletcher32:
			b, err = checkFletcher32(b)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// inflate reverses deflate. The result may be longer than a chunk by a checksum. A longer one is an error, to stop
// decompression bombs.
func (s *scratch) inflate(b []byte, size uint64) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	const most = 1032 // how much deflate can compress; a chunk that claims more is too short
	s.inflated = sized(s.inflated, int(min(size+4+1, most*uint64(len(b)))))
	switch n, err := io.ReadFull(z, s.inflated); {
	case err == nil && uint64(n) > size+4:
		return nil, errors.New("inflate: more data than a chunk has")
	case err == nil || err == io.EOF || err == io.ErrUnexpectedEOF:
		return s.inflated[:n], nil
	default:
		return nil, fmt.Errorf("inflate: %w", err)
	}
}

// unshuffle reverses shuffle, which stores the first bytes of all elements, then the second bytes, and so on.
func (s *scratch) unshuffle(b []byte, params []uint32) ([]byte, error) {
	if len(params) < 1 || params[0] == 0 {
		return nil, errors.New("shuffle without the size of an element")
	}
	size := int(params[0])
	n := len(b) / size
	if size == 1 || n < 2 {
		return b, nil
	}
	s.shuffled = sized(s.shuffled, len(b))
	out := s.shuffled
	for i := range size {
		plane := b[i*n:][:n]
		for j, v := range plane {
			out[j*size+i] = v
		}
	}
	copy(out[n*size:], b[n*size:])
	return out, nil
}

// checkFletcher32 checks and removes the checksum at the end.
func checkFletcher32(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	n := len(b) - 4
	want, got := le32(b[n:]), fletcher32(b[:n])
	// HDF5 before 1.6.3 swapped the bytes of each half.
	old := bits.ReverseBytes32(bits.RotateLeft32(got, 16))
	if want != got && want != old {
		return nil, errChecksum
	}
	return b[:n], nil
}
