package hdf5

import (
	"errors"
	"fmt"
	"math/bits"
)

// layoutClass is the way in which a dataset is stored.
type layoutClass uint8

const (
	layoutCompact    layoutClass = iota // in the object header
	layoutContiguous                    // in one piece
	layoutChunked                       // in chunks, which an index lists
	layoutVirtual                       // in other datasets
)

// layout is a parsed layout message.
type layout struct {
	class layoutClass
	data  []byte // for compact: the data
	addr  uint64 // for contiguous: the address of the data; for chunked: of the index
	size  uint64 // for contiguous: the size of the data

	chunk      []uint64 // shape of a chunk
	chunkBytes uint64   // before filters
	index      chunkIndex

	wholeEdges bool   // chunks that cross an edge of the shape are not filtered
	filtered   uint64 // size of a single filtered chunk
	filterMask uint32 // of a single chunk
	pageBits   int
}

// chunkIndex is the kind of an index of chunks.
type chunkIndex uint8

const (
	indexBtree1 chunkIndex = iota // layout versions up to 3
	indexSingle
	indexImplicit
	indexFixedArray
	indexExtensibleArray
	indexBtree2
)

// layout parses the layout message.
func (d *Dataset) layout() (*layout, error) {
	l, err := d.parseLayout()
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	return l, nil
}

func (d *Dataset) parseLayout() (*layout, error) {
	c, err := d.o.cursor(d.o.find(msgLayout))
	if err != nil {
		return nil, err
	}
	l := &layout{}
	version := c.u8()
	rank := len(d.space.shape)
	switch version {
	case 1, 2:
		stored := c.u8()
		l.class = layoutClass(c.u8())
		c.skip(5)
		if l.class != layoutCompact {
			l.addr = c.addr()
		}
		dims := make([]uint64, min(stored, maxRank+1))
		for i := range dims {
			dims[i] = c.uint(4)
		}
		switch l.class {
		case layoutCompact:
			l.data = c.bytes(int(c.u32()))
		case layoutContiguous:
			l.size = uint64(d.o.f.size) // not stored; the size of the file bounds it
		case layoutChunked:
			l.chunk = dims
			if stored != rank+1 {
				return nil, fmt.Errorf("chunks have %d dimensions, the shape has %d", stored-1, rank)
			}
			c.skip(4) // size of an element
		}
	case 3, 4:
		l.class = layoutClass(c.u8())
		switch l.class {
		case layoutCompact:
			l.data = c.bytes(c.u16())
		case layoutContiguous:
			l.addr, l.size = c.addr(), c.length()
		case layoutChunked:
			if version == 3 {
				err = l.chunked3(c, rank)
			} else {
				err = l.chunked4(c, rank)
			}
		}
	default:
		return nil, fmt.Errorf("version %d is not supported", version)
	}
	if err == nil {
		err = c.err
	}
	if err != nil {
		return nil, err
	}
	switch l.class {
	case layoutCompact, layoutContiguous:
		return l, nil
	case layoutChunked:
		return l, d.checkChunk(l)
	case layoutVirtual:
		return nil, errors.New("the data is in other datasets (a virtual dataset), which is not supported")
	}
	return nil, fmt.Errorf("unknown class %d", l.class)
}

func (l *layout) chunked3(c *cursor, rank int) error {
	stored := c.u8()
	l.addr = c.addr()
	if c.err == nil && stored != rank+1 {
		return fmt.Errorf("chunks have %d dimensions, the shape has %d", stored-1, rank)
	}
	l.chunk = make([]uint64, rank+1)
	for i := range l.chunk {
		l.chunk[i] = c.uint(4)
	}
	return c.err
}

func (l *layout) chunked4(c *cursor, rank int) error {
	flags := c.u8()
	l.wholeEdges = flags&1 != 0
	stored := c.u8()
	width := c.u8()
	if c.err == nil && (stored != rank+1 || width < 1 || width > 8) {
		return fmt.Errorf("chunks have %d dimensions, the shape has %d", stored-1, rank)
	}
	l.chunk = make([]uint64, rank+1)
	for i := range l.chunk {
		l.chunk[i] = c.uint(width)
	}
	l.index = chunkIndex(c.u8())
	switch l.index {
	case indexSingle:
		if flags&2 != 0 {
			l.filtered = c.length()
			l.filterMask = c.u32()
		}
	case indexImplicit:
	case indexFixedArray:
		l.pageBits = c.u8()
	case indexExtensibleArray:
		c.skip(5) // repeated in the index
	case indexBtree2:
		c.skip(4 + 1 + 1) // repeated in the index
	default:
		return fmt.Errorf("unknown kind %d of chunk index", l.index)
	}
	l.addr = c.addr()
	return c.err
}

// checkChunk computes the size of a chunk. The last stored dimension is the size of an element.
func (d *Dataset) checkChunk(l *layout) error {
	rank := len(d.space.shape)
	if rank == 0 {
		return errors.New("a scalar cannot have chunks")
	}
	l.chunk = l.chunk[:rank]
	l.chunkBytes = uint64(d.dtype.size)
	for _, n := range l.chunk {
		hi, lo := bits.Mul64(l.chunkBytes, n)
		if n == 0 || hi != 0 || lo >= 1<<32 {
			return fmt.Errorf("impossible chunks of shape %v", l.chunk)
		}
		l.chunkBytes = lo
	}
	return nil
}
