package hdf5

import (
	"errors"
	"fmt"
	"math/bits"
)

// The supported kinds of version 2 B-trees.
const (
	btreeHugeObjects    = 1
	btreeLinkNames      = 5
	btreeAttributeNames = 8
	btreeChunks         = 10
	btreeFilteredChunks = 11
)

// btree2 walks a version 2 B-tree of one kind in order and calls each with every record.
func (f *File) btree2(addr uint64, kind int, each func(rec *cursor) error) error {
	if err := f.walkBtree2(addr, kind, each); err != nil {
		return fmt.Errorf("index tree: %w", err)
	}
	return nil
}

func (f *File) walkBtree2(addr uint64, kind int, each func(rec *cursor) error) error {
	c, err := f.sealed(addr, uint64(4+1+1+4+2+2+1+1+f.offsetSize+2+f.lengthSize+4))
	if err != nil {
		return err
	}
	c.magic("BTHD", 0)
	k := c.u8()
	w := btree2{f: f, kind: kind, each: each, met: map[uint64]bool{}}
	w.nodeSize = uint64(c.u32())
	w.recordSize = c.u16()
	depth := c.u16()
	c.skip(2) // when nodes split and merge
	root := c.addr()
	n := c.u16()
	if c.err != nil {
		return c.err
	}
	if k != kind || w.recordSize == 0 || w.nodeSize > uint64(f.size) {
		return errors.New("wrong kind of tree")
	}
	if root == undefined || n == 0 {
		return nil
	}
	return w.walk(root, n, depth)
}

type btree2 struct {
	f          *File
	kind       int
	nodeSize   uint64
	recordSize int
	each       func(rec *cursor) error
	met        map[uint64]bool
	levels     []btree2Level
}

// btree2Level describes how the nodes of a depth store the numbers of records of their children.
type btree2Level struct {
	max      uint64 // records in one node
	total    uint64 // records in a node and all nodes below it
	totalLen int    // bytes of total in the file
}

const btree2Overhead = 4 + 1 + 1 + 4 // signature, version, kind, checksum

// walk computes the levels and starts at the root.
func (w *btree2) walk(root uint64, n, depth int) error {
	if depth > 32 || w.nodeSize < btree2Overhead {
		return errors.New("tree is too deep")
	}
	max0 := (w.nodeSize - btree2Overhead) / uint64(w.recordSize)
	w.levels = []btree2Level{{max: max0, total: max0}}
	for d := 1; d <= depth; d++ {
		below := w.levels[d-1]
		pointer := uint64(w.f.offsetSize + w.countLen() + below.totalLen)
		l := btree2Level{max: (w.nodeSize - min(w.nodeSize, btree2Overhead+pointer)) / (uint64(w.recordSize) + pointer)}
		hi, lo := bits.Mul64(l.max+1, below.total)
		if hi != 0 || lo > 1<<62 || l.max == 0 {
			return errors.New("tree is too deep")
		}
		l.total = lo + l.max
		l.totalLen = numberLen(l.total)
		w.levels = append(w.levels, l)
	}
	return w.node(root, n, depth)
}

// countLen returns the number of bytes in which a node's number of records is stored.
func (w *btree2) countLen() int { return numberLen(w.levels[0].max) }

// numberLen returns the number of bytes in which HDF5 stores numbers up to v.
func numberLen(v uint64) int { return (bits.Len64(v|1)-1)/8 + 1 }

func (w *btree2) node(addr uint64, n, depth int) error {
	if w.met[addr] {
		return errors.New("a node has two parents")
	}
	w.met[addr] = true
	if uint64(n) > w.levels[depth].max {
		return errors.New("a node has more records than fit")
	}
	sig, pointer := "BTLF", 0
	if depth > 0 {
		sig = "BTIN"
		pointer = w.f.offsetSize + w.countLen() + w.levels[depth-1].totalLen
	}
	used := btree2Overhead + n*w.recordSize
	if depth > 0 {
		used += (n + 1) * pointer
	}
	c, err := w.f.sealed(addr, uint64(used))
	if err != nil {
		return err
	}
	c.magic(sig, 0)
	if k := c.u8(); c.err == nil && k != w.kind {
		return errors.New("a node of another kind of tree")
	}
	records := c.bytes(n * w.recordSize)
	if c.err != nil {
		return c.err
	}
	for i := range n + 1 {
		if depth > 0 {
			child := c.addr()
			count := int(c.uint(w.countLen()))
			c.skip(w.levels[depth-1].totalLen)
			if c.err != nil {
				return c.err
			}
			if err := w.node(child, count, depth-1); err != nil {
				return err
			}
		}
		if i < n {
			rec := &cursor{b: records[i*w.recordSize:][:w.recordSize], f: w.f}
			if err := w.each(rec); err != nil {
				return err
			}
			if rec.err != nil {
				return rec.err
			}
		}
	}
	return nil
}
