package hdf5

import (
	"errors"
	"fmt"
	"math/bits"
)

// fractalHeap stores the links of large groups and the attributes of objects with many attributes, in blocks whose sizes
// double row by row.
type fractalHeap struct {
	f             *File
	addr          uint64
	idLen         int
	checkBlocks   bool
	offsetLen     int // bytes of an offset into the heap
	lengthLen     int // bytes of an object's length
	width         uint64
	start, direct uint64 // sizes of the first direct block and the largest
	rootAddr      uint64
	rootRows      int
	hugeTree      uint64
	huge          map[uint64][2]uint64 // address and length by id; nil before the first use
	blocks        map[uint64][]byte    // direct blocks read so far, by address
	indirect      map[uint64][]uint64  // children of indirect blocks, by address
	total         uint64               // bytes of the objects read so far
}

func (f *File) fractalHeap(addr uint64) (*fractalHeap, error) {
	h, err := f.readFractalHeap(addr)
	if err != nil {
		return nil, fmt.Errorf("fractal heap: %w", err)
	}
	return h, nil
}

func (f *File) readFractalHeap(addr uint64) (*fractalHeap, error) {
	size := 4 + 1 + 2 + 2 + 1 + 4 + 12*f.lengthSize + 3*f.offsetSize + 2 + 2 + 2 + 2 + 4
	b, err := f.read(addr, uint64(size))
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b, f: f}
	c.magic("FRHP", 0)
	h := &fractalHeap{f: f, addr: addr, blocks: map[uint64][]byte{}, indirect: map[uint64][]uint64{}}
	h.idLen = c.u16()
	if filters := c.u16(); c.err == nil && filters != 0 {
		return nil, errors.New("filters on a heap are not supported")
	}
	h.checkBlocks = c.u8()&2 != 0
	maxManaged := uint64(c.u32())
	c.length() // next huge id
	h.hugeTree = c.addr()
	c.length()               // free space
	c.addr()                 // free space manager
	c.skip(8 * f.lengthSize) // statistics
	h.width = uint64(c.u16())
	h.start, h.direct = c.length(), c.length()
	heapBits := c.u16()
	c.u16() // rows of the first root block
	h.rootAddr = c.addr()
	h.rootRows = c.u16()
	sum := c.u32()
	if c.err != nil {
		return nil, c.err
	}
	if !f.sumOK(sum, b[:len(b)-4]) {
		return nil, errChecksum
	}
	if h.width == 0 || bits.OnesCount64(h.start) != 1 || bits.OnesCount64(h.direct) != 1 ||
		h.direct < h.start || h.direct > 1<<40 || heapBits > 64 || h.rootRows > 64 || h.idLen < 1 {
		return nil, errors.New("impossible sizes of blocks")
	}
	h.offsetLen = (heapBits + 7) / 8
	h.lengthLen = min((bits.Len64(h.direct)-1+7)/8, numberLen(maxManaged))
	return h, nil
}

// object returns the object with a heap id.
func (h *fractalHeap) object(id []byte) ([]byte, error) {
	b, err := h.find(id)
	if h.total += uint64(len(b)); err == nil && h.total > uint64(h.f.size) {
		err = errors.New("objects overlap")
	}
	if err != nil {
		return nil, fmt.Errorf("fractal heap: %w", err)
	}
	return b, nil
}

func (h *fractalHeap) find(id []byte) ([]byte, error) {
	if len(id) < h.idLen {
		return nil, errShort
	}
	c := &cursor{b: id[:h.idLen], f: h.f}
	head := c.u8()
	if head>>6 != 0 {
		return nil, errors.New("unknown version of an id")
	}
	switch head >> 4 & 3 {
	case 0:
		offset, length := c.uint(h.offsetLen), c.uint(h.lengthLen)
		if c.err != nil {
			return nil, c.err
		}
		return h.managed(offset, length)
	case 1:
		return h.hugeObject(c)
	case 2: // the id holds the object
		n := head & 15
		if h.idLen > 18 { // a long id has a second length byte
			n = n<<8 | c.u8()
		}
		b := c.bytes(n + 1)
		return b, c.err
	}
	return nil, errors.New("unknown kind of an id")
}

// rowSize returns the size of the blocks in a row of the doubling table.
func (h *fractalHeap) rowSize(row int) uint64 { return h.start << max(0, row-1) }

// directRows returns the number of rows with direct blocks.
func (h *fractalHeap) directRows() int { return bits.Len64(h.direct) - bits.Len64(h.start) + 2 }

// managed reads an object from the direct block at its offset.
func (h *fractalHeap) managed(offset, length uint64) ([]byte, error) {
	addr, rows, base := h.rootAddr, h.rootRows, uint64(0)
	size := h.start
	for depth := 0; rows > 0; depth++ {
		if depth > 64 {
			return nil, errors.New("too deep")
		}
		children, err := h.children(addr, rows)
		if err != nil {
			return nil, err
		}
		// Find the row, and the block in the row.
		rel, row := offset-base, 0
		for ; row < rows; row++ {
			size = h.rowSize(row)
			hi, span := bits.Mul64(size, h.width)
			if hi != 0 || size == 0 {
				return nil, errors.New("too large")
			}
			if rel < span {
				break
			}
			rel -= span
		}
		if row == rows {
			return nil, errors.New("an id points outside the heap")
		}
		addr = children[uint64(row)*h.width+rel/size]
		base = offset - rel%size
		if row < h.directRows() {
			rows = 0
		} else { // the number of rows follows from the size of the indirect block
			rows = bits.Len64(size) - bits.Len64(h.start*h.width) + 1
			if rows <= 0 {
				return nil, errors.New("impossible sizes of blocks")
			}
		}
	}
	block, err := h.directBlock(addr, size, base)
	if err != nil {
		return nil, err
	}
	at := offset - base
	if at > size || length > size-at {
		return nil, errors.New("an object crosses the end of its block")
	}
	return block[at : at+length], nil
}

// children reads the addresses in an indirect block.
func (h *fractalHeap) children(addr uint64, rows int) ([]uint64, error) {
	if c, ok := h.indirect[addr]; ok && uint64(len(c)) >= uint64(rows)*h.width {
		return c, nil
	}
	head := 4 + 1 + h.f.offsetSize + h.offsetLen
	n := uint64(rows) * h.width
	c, err := h.f.sealed(addr, uint64(head)+n*uint64(h.f.offsetSize)+4)
	if err != nil {
		return nil, fmt.Errorf("indirect block: %w", err)
	}
	c.magic("FHIB", 0)
	owner := c.addr()
	c.skip(h.offsetLen)
	if c.err != nil || owner != h.addr {
		return nil, errors.New("indirect block of another heap")
	}
	children := make([]uint64, n)
	for i := range children {
		children[i] = c.addr()
	}
	h.indirect[addr] = children
	return children, nil
}

// directBlock reads a block of objects and checks its header.
func (h *fractalHeap) directBlock(addr, size, base uint64) ([]byte, error) {
	if b, ok := h.blocks[addr]; ok && uint64(len(b)) == size {
		return b, nil
	}
	b, err := h.f.read(addr, size)
	if err != nil {
		return nil, fmt.Errorf("direct block: %w", err)
	}
	c := &cursor{b: b, f: h.f}
	c.magic("FHDB", 0)
	owner, at := c.addr(), c.uint(h.offsetLen)
	if c.err != nil || owner != h.addr || at != base {
		return nil, errors.New("direct block of another heap")
	}
	if h.checkBlocks {
		// The checksum is computed with zeros in its place.
		n := len(b) - len(c.b)
		sum := c.u32()
		if c.err != nil {
			return nil, c.err
		}
		clear(b[n : n+4])
		if !h.f.sumOK(sum, b) {
			return nil, errChecksum
		}
	}
	h.blocks[addr] = b
	return b, nil
}

// hugeObject reads an object that is stored outside the heap's blocks.
func (h *fractalHeap) hugeObject(c *cursor) ([]byte, error) {
	if h.idLen >= 1+h.f.offsetSize+h.f.lengthSize { // the id holds address and length
		addr, n := c.addr(), c.length()
		if c.err != nil {
			return nil, c.err
		}
		return h.f.read(addr, n)
	}
	n := min(h.idLen-1, h.f.lengthSize)
	id := c.uint(n)
	if c.err != nil {
		return nil, c.err
	}
	if h.huge == nil {
		h.huge = map[uint64][2]uint64{}
		err := h.f.btree2(h.hugeTree, btreeHugeObjects, func(rec *cursor) error {
			addr, n := rec.addr(), rec.length()
			h.huge[rec.length()] = [2]uint64{addr, n}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	place, ok := h.huge[id]
	if !ok {
		return nil, errors.New("an id names no huge object")
	}
	return h.f.read(place[0], place[1])
}
