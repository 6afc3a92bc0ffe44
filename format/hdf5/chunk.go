package hdf5

import (
	"errors"
	"fmt"
)

// chunkEntry is a chunk in an index.
type chunkEntry struct {
	at   []uint64 // its first element
	addr uint64
	size uint64 // as stored, after filters
	mask uint32 // filters that were skipped
}

// readChunks copies all chunks to out, which has the dataset's shape.
func (d *Dataset) readChunks(l *layout, out []byte) error {
	filters, err := d.filters()
	if err != nil {
		return err
	}
	f := d.o.f
	var total uint64
	var memory scratch
	err = d.eachChunk(l, len(filters) > 0, func(e chunkEntry) error {
		outside, partial := false, false
		for i, n := range d.space.shape {
			outside = outside || e.at[i] >= uint64(n)
			partial = partial || e.at[i] >= uint64(n) || l.chunk[i] > uint64(n)-e.at[i]
		}
		if outside || e.addr == undefined {
			return nil // left over from a larger shape, or never written
		}
		if total += e.size; total > uint64(f.size) {
			return errors.New("chunks overlap in the file")
		}
		if !f.inside(e.addr, e.size) {
			return fmt.Errorf("chunk at %v: its %d bytes at %d lie outside the file of %d bytes", e.at, e.size, e.addr, f.size)
		}
		memory.stored = sized(memory.stored, int(e.size))
		b := memory.stored
		if err := f.readInto(e.addr, b); err != nil {
			return fmt.Errorf("chunk at %v: %w", e.at, err)
		}
		if len(filters) > 0 && (!partial || !l.wholeEdges) {
			if err := f.work(l.chunkBytes); err != nil {
				return err
			}
			if b, err = filters.undo(b, e.mask, l.chunkBytes, &memory); err != nil {
				return fmt.Errorf("chunk at %v: %w", e.at, err)
			}
		}
		if uint64(len(b)) != l.chunkBytes {
			return fmt.Errorf("chunk at %v: want %d bytes, got %d", e.at, l.chunkBytes, len(b))
		}
		d.place(l, e.at, b, out)
		return nil
	})
	return err
}

// place copies the part of a chunk that lies in the dataset's shape, one run of the last axis at a time.
func (d *Dataset) place(l *layout, at []uint64, chunk, out []byte) {
	shape, size := d.space.shape, d.dtype.size
	last := len(shape) - 1
	run := min(int(l.chunk[last]), shape[last]-int(at[last])) * size
	pos := make([]int, last) // in the chunk
	for {
		src, dst := 0, 0
		for i, p := range pos {
			src = src*int(l.chunk[i]) + p
			dst = dst*shape[i] + int(at[i]) + p
		}
		src = src * int(l.chunk[last]) * size
		dst = (dst*shape[last] + int(at[last])) * size
		copy(out[dst:dst+run], chunk[src:src+run])
		i := last - 1
		for ; i >= 0; i-- {
			if pos[i]++; pos[i] < min(int(l.chunk[i]), shape[i]-int(at[i])) {
				break
			}
			pos[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// eachChunk calls visit for each chunk of the index.
func (d *Dataset) eachChunk(l *layout, filtered bool, visit func(chunkEntry) error) error {
	var err error
	switch l.index {
	case indexBtree1:
		err = d.chunksBtree1(l, visit)
	case indexSingle:
		e := chunkEntry{make([]uint64, len(l.chunk)), l.addr, l.chunkBytes, 0}
		if filtered && l.filtered != 0 {
			e.size, e.mask = l.filtered, l.filterMask
		}
		err = visit(e)
	case indexImplicit:
		err = d.chunksImplicit(l, visit)
	case indexFixedArray:
		err = d.chunksFixedArray(l, visit)
	case indexExtensibleArray:
		err = d.chunksExtensibleArray(l, visit)
	case indexBtree2:
		err = d.chunksBtree2(l, filtered, visit)
	}
	if err != nil {
		return fmt.Errorf("chunks: %w", err)
	}
	return nil
}

func (d *Dataset) chunksBtree1(l *layout, visit func(chunkEntry) error) error {
	rank := len(l.chunk)
	return d.o.f.btree1(l.addr, 1, 8+8*(rank+1), func(key *cursor, child uint64) error {
		e := chunkEntry{addr: child, size: uint64(key.u32()), mask: key.u32(), at: make([]uint64, rank)}
		for i := range e.at {
			e.at[i] = key.uint(8)
			if e.at[i]%l.chunk[i] != 0 {
				return errors.New("a chunk is not aligned to the grid of chunks")
			}
		}
		return visit(e)
	})
}

func (d *Dataset) chunksBtree2(l *layout, filtered bool, visit func(chunkEntry) error) error {
	kind := btreeChunks
	if filtered {
		kind = btreeFilteredChunks
	}
	rank := len(l.chunk)
	return d.o.f.btree2(l.addr, kind, func(rec *cursor) error {
		e := chunkEntry{addr: rec.addr(), size: l.chunkBytes, at: make([]uint64, rank)}
		if filtered {
			n := len(rec.b) - 4 - 8*rank
			if n < 1 || n > 8 {
				return errShort
			}
			e.size = rec.uint(n)
			e.mask = rec.u32()
		}
		for i := range e.at {
			var err error
			if e.at[i], err = scale(rec.uint(8), l.chunk[i]); err != nil {
				return err
			}
		}
		if rec.err != nil {
			return rec.err
		}
		return visit(e)
	})
}

// scale returns the first element of the n-th chunk along an axis.
func scale(n, chunk uint64) (uint64, error) {
	if n >= 1<<48/chunk {
		return 0, errors.New("a chunk lies far outside the shape")
	}
	return n * chunk, nil
}

// grid numbers the chunks of a dataset as the array indexes do: in row-major order over the chunks of the largest
// shape. An unlimited axis comes first.
type grid struct {
	l     *layout
	axes  []int    // slowest first
	count []uint64 // chunks along each of axes; the first is unused
}

func (d *Dataset) grid(l *layout) (grid, error) {
	g := grid{l: l}
	for i := range l.chunk {
		if d.space.max[i] == undefined && len(g.axes) > 0 {
			g.axes = append([]int{i}, g.axes...)
		} else {
			g.axes = append(g.axes, i)
		}
	}
	for _, i := range g.axes {
		m := d.space.max[i]
		if m == undefined {
			m = uint64(d.space.shape[i])
		}
		if m >= 1<<48 {
			return g, errors.New("impossibly large shape")
		}
		g.count = append(g.count, (m+l.chunk[i]-1)/l.chunk[i])
	}
	return g, nil
}

// at returns the first element of the n-th chunk. ok is false outside the grid.
func (g grid) at(n uint64) (at []uint64, ok bool) {
	at = make([]uint64, len(g.axes))
	for k := len(g.axes) - 1; k > 0; k-- {
		if g.count[k] == 0 {
			return nil, false
		}
		at[g.axes[k]] = n % g.count[k] * g.l.chunk[g.axes[k]]
		n /= g.count[k]
	}
	if n >= g.count[0] {
		return nil, false
	}
	at[g.axes[0]] = n * g.l.chunk[g.axes[0]]
	return at, true
}

// chunksImplicit visits chunks that are stored one after the other, without an index.
func (d *Dataset) chunksImplicit(l *layout, visit func(chunkEntry) error) error {
	g, err := d.grid(l)
	if err != nil {
		return err
	}
	for n := uint64(0); ; n++ {
		at, ok := g.at(n)
		if !ok {
			return nil
		}
		if n > uint64(d.o.f.size)/l.chunkBytes {
			return errors.New("more chunks than the file has room for")
		}
		if err := visit(chunkEntry{at: at, addr: l.addr + n*l.chunkBytes, size: l.chunkBytes}); err != nil {
			return err
		}
	}
}

// element parses an element of an array index: an address and, for filtered chunks, their size and the skipped
// filters. size is the element's.
func (l *layout) element(c *cursor, filtered bool, size int) (chunkEntry, error) {
	e := chunkEntry{addr: c.addr(), size: l.chunkBytes}
	if filtered {
		n := size - c.f.offsetSize - 4
		if n < 1 || n > 8 {
			return e, errors.New("impossible size of an element")
		}
		e.size = c.uint(n)
		e.mask = c.u32()
	}
	return e, c.err
}
