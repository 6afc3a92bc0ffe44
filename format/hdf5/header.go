package hdf5

import (
	"errors"
	"fmt"
)

// The kinds of messages in an object header that this package uses.
const (
	msgDataspace     = 0x01
	msgLinkInfo      = 0x02
	msgDatatype      = 0x03
	msgOldFill       = 0x04
	msgFill          = 0x05
	msgLink          = 0x06
	msgExternalFiles = 0x07
	msgLayout        = 0x08
	msgGroupInfo     = 0x0a
	msgFilters       = 0x0b
	msgAttribute     = 0x0c
	msgContinuation  = 0x10
	msgSymbolTable   = 0x11
	msgAttributeInfo = 0x15
	msgLast          = 0x17 // the last kind in version 3.0 of the specification
)

// Flags of a message.
const (
	flagShared         = 0x02
	flagMustUnderstand = 0x80
)

// message is one message of an object header.
type message struct {
	kind, flags int
	body        []byte
}

// object is a parsed object header.
type object struct {
	f        *File
	addr     uint64
	messages []message
}

// object reads the header at addr and its continuations.
func (f *File) object(addr uint64) (*object, error) {
	o := &object{f: f, addr: addr}
	b, err := f.read(addr, 4)
	if err != nil {
		return nil, fmt.Errorf("object header: %w", err)
	}
	if string(b) == "OHDR" {
		err = o.readV2()
	} else {
		err = o.readV1()
	}
	if err != nil {
		return nil, fmt.Errorf("object header: %w", err)
	}
	return o, nil
}

// block is a block of messages: the first, or a continuation.
type block struct{ addr, size uint64 }

// charge checks the last block, which is new. It fails if that block overlaps another or lies outside the file.
func (o *object) charge(blocks []block) error {
	last := len(blocks) - 1
	for _, b := range blocks[:last] {
		if b.addr == blocks[last].addr {
			return errOverlap
		}
	}
	b := blocks[last]
	if b.size == 0 || !o.f.inside(b.addr, b.size) {
		return errors.New("messages lie outside the file")
	}
	return o.f.charge(chargeHeader, o.addr, b.addr, b.size)
}

// add appends a message to the object. If the message is a continuation, add appends its block to blocks.
func (o *object) add(m message, blocks []block) ([]block, error) {
	switch {
	case m.kind == msgContinuation:
		c := &cursor{b: m.body, f: o.f}
		blocks = append(blocks, block{c.addr(), c.length()})
		if c.err != nil {
			return nil, c.err
		}
		return blocks, o.charge(blocks)
	case m.kind > msgLast && m.flags&flagMustUnderstand != 0:
		return nil, fmt.Errorf("message of the unknown kind %d, which is marked as required", m.kind)
	case m.kind != 0:
		o.messages = append(o.messages, m)
	}
	return blocks, nil
}

func (o *object) readV1() error {
	b, err := o.f.read(o.addr, 16)
	if err != nil {
		return err
	}
	c := &cursor{b: b, f: o.f}
	if v := c.u8(); v != 1 {
		return fmt.Errorf("want an object header, got something else (version %d)", v)
	}
	c.skip(1)
	left := c.u16()
	c.skip(4) // reference count
	blocks := []block{{o.addr + 16, uint64(c.u32())}}
	if blocks[0].size == 0 && left == 0 {
		return nil
	}
	if err := o.charge(blocks); err != nil {
		return err
	}
	for i := 0; i < len(blocks); i++ {
		if b, err = o.f.read(blocks[i].addr, blocks[i].size); err != nil {
			return err
		}
		for c := (&cursor{b: b, f: o.f}); left > 0 && len(c.b) >= 8; left-- {
			m := message{kind: c.u16()}
			size := c.u16()
			m.flags = c.u8()
			c.skip(3)
			m.body = c.bytes(size)
			if c.err != nil {
				return c.err
			}
			if blocks, err = o.add(m, blocks); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *object) readV2() error {
	// The start has at most 4+1+1+16+4+8 bytes, and a checksum always follows.
	head := min(34, uint64(o.f.size)-o.addr)
	b, err := o.f.read(o.addr, head)
	if err != nil {
		return err
	}
	c := &cursor{b: b, f: o.f}
	c.magic("OHDR", 2)
	flags := c.u8()
	if flags&0x20 != 0 {
		c.skip(16) // times
	}
	if flags&0x10 != 0 {
		c.skip(4) // thresholds for dense attributes
	}
	size := c.uint(1 << (flags & 3))
	if c.err != nil {
		return c.err
	}
	start := head - uint64(len(c.b)) // bytes read so far
	if size > uint64(o.f.size) {
		return errors.New("messages lie outside the file")
	}
	blocks := []block{{o.addr, start + size + 4}}
	if err := o.charge(blocks); err != nil {
		return err
	}
	for i := 0; i < len(blocks); i++ {
		c, err := o.f.sealed(blocks[i].addr, blocks[i].size)
		if err != nil {
			return err
		}
		if i == 0 {
			c.skip(int(start))
		} else if sig := c.bytes(4); string(sig) != "OCHK" {
			return errors.New("want a continuation of the header, got something else")
		}
		prefix := 4
		if flags&4 != 0 {
			prefix = 6 // with the creation order
		}
		for len(c.b) >= prefix { // fewer bytes are a gap
			m := message{kind: c.u8()}
			size := c.u16()
			m.flags = c.u8()
			c.skip(prefix - 4)
			m.body = c.bytes(size)
			if c.err != nil {
				return c.err
			}
			if blocks, err = o.add(m, blocks); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns the first message of a kind, or nil.
func (o *object) find(kind int) *message {
	for i := range o.messages {
		if o.messages[i].kind == kind {
			return &o.messages[i]
		}
	}
	return nil
}

// cursor returns a cursor over the message's body. The body of a committed datatype is in another object.
func (o *object) cursor(m *message) (*cursor, error) {
	c := &cursor{b: m.body, f: o.f}
	if m.flags&flagShared == 0 {
		return c, nil
	}
	if m.kind != msgDatatype {
		return nil, errors.New("shared object header messages are not supported")
	}
	return c.shared()
}

// shared follows a reference to a committed datatype.
func (c *cursor) shared() (*cursor, error) {
	version := c.u8()
	kind := c.u8()
	if version == 1 {
		c.skip(6)
	}
	addr := c.addr()
	if c.err != nil {
		return nil, c.err
	}
	if version < 1 || version > 3 || (version == 3 && kind != 2) {
		return nil, errors.New("shared object header messages are not supported")
	}
	o, err := c.f.object(addr)
	if err != nil {
		return nil, fmt.Errorf("committed datatype: %w", err)
	}
	m := o.find(msgDatatype)
	if m == nil || m.flags&flagShared != 0 {
		return nil, errors.New("the object of a committed datatype has no datatype")
	}
	return &cursor{b: m.body, f: c.f}, nil
}

// isGroup reports whether the object holds links.
func (o *object) isGroup() bool {
	return o.find(msgSymbolTable) != nil || o.find(msgLinkInfo) != nil || o.find(msgLink) != nil || o.find(msgGroupInfo) != nil
}

// isDataset reports whether the object holds data.
func (o *object) isDataset() bool {
	return o.find(msgLayout) != nil && o.find(msgDatatype) != nil
}
