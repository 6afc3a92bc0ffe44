package hdf5

import (
	"errors"
	"fmt"
)

// btree1 walks a version 1 B-tree from left to right and calls leaf with each key and child of its lowest
// nodes. kind is 0 for groups and 1 for chunks.
func (f *File) btree1(addr uint64, kind, keySize int, leaf func(key *cursor, child uint64) error) error {
	w := btree1{f: f, kind: kind, keySize: keySize, leaf: leaf, met: map[uint64]bool{}}
	if err := w.node(addr, -1); err != nil {
		return fmt.Errorf("index tree: %w", err)
	}
	return nil
}

type btree1 struct {
	f             *File
	kind, keySize int
	leaf          func(key *cursor, child uint64) error
	met           map[uint64]bool
}

// node walks the node at addr. The level in the file must equal level, unless level is -1. Levels decrease by one, so that no
// file can make the walk endless.
func (w *btree1) node(addr uint64, level int) error {
	if w.met[addr] {
		return errors.New("a node has two parents")
	}
	w.met[addr] = true
	head := uint64(8 + 2*w.f.offsetSize)
	b, err := w.f.read(addr, head)
	if err != nil {
		return err
	}
	c := &cursor{b: b, f: w.f}
	sig, kind, lvl := string(c.bytes(4)), c.u8(), c.u8()
	n := c.u16()
	if sig != "TREE" || kind != w.kind || (level >= 0 && lvl != level) {
		return errors.New("want a tree node, got something else")
	}
	if b, err = w.f.read(addr+head, uint64(n*(w.keySize+w.f.offsetSize))); err != nil {
		return err
	}
	c = &cursor{b: b, f: w.f}
	for range n {
		key := &cursor{b: c.bytes(w.keySize), f: w.f}
		child := c.addr()
		if c.err != nil {
			return c.err
		}
		if lvl == 0 {
			err = w.leaf(key, child)
		} else {
			err = w.node(child, lvl-1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
