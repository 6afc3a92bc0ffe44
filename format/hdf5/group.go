package hdf5

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
)

// Kind is the kind of a child of a group.
type Kind uint8

// The kinds of children. Only groups and datasets can be opened.
const (
	GroupKind        Kind = iota
	DatasetKind           // an array
	TypeKind              // a committed datatype
	SoftLinkKind          // a path in the same file
	ExternalLinkKind      // a path in another file
	UserLinkKind          // a user-defined link
)

var kindNames = [...]string{"group", "dataset", "committed datatype", "soft link", "external link", "user-defined link"}

// String returns the kind's name, such as "group".
func (k Kind) String() string { return kindNames[k] }

// Child is an entry of a group.
type Child struct {
	Name string
	Kind Kind
}

// Group is a group in a File.
type Group struct {
	attributes
	path  string
	links []link // sorted by name
	// through is the group in it that the last path went through, so that finding each dataset of a large group does not read the group each time.
	through atomic.Pointer[Group]
}

// link is an entry of a group. GroupKind stands for every object with an address. The object header shows whether it is
// a group, a dataset or a type.
type link struct {
	name string
	kind Kind
	addr uint64
}

// Path returns the group's path from the root, "/" for the root.
func (g *Group) Path() string { return g.path }

func (f *File) group(addr uint64, path string) (*Group, error) {
	o, err := f.object(addr)
	if err != nil {
		return nil, err
	}
	return o.group(path)
}

func (o *object) group(path string) (*Group, error) {
	if !o.isGroup() {
		return nil, errors.New("not a group")
	}
	links, err := o.readLinks()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(links, func(a, b link) int { return strings.Compare(a.name, b.name) })
	for i, l := range links {
		if l.name == "" {
			return nil, errors.New("a link without a name")
		}
		if i > 0 && l.name == links[i-1].name {
			return nil, fmt.Errorf("two links have the name %q", l.name)
		}
	}
	return &Group{attributes: attributes{o, path}, path: path, links: links}, nil
}

// readLinks reads the links, which a group can store in three ways.
func (o *object) readLinks() ([]link, error) {
	var links []link
	if m := o.find(msgSymbolTable); m != nil {
		c, err := o.cursor(m)
		if err != nil {
			return nil, err
		}
		tree, heap := c.addr(), c.addr()
		if c.err != nil {
			return nil, c.err
		}
		if links, err = o.f.symbolTable(tree, heap); err != nil {
			return nil, fmt.Errorf("symbol table: %w", err)
		}
	}
	for i := range o.messages {
		if m := &o.messages[i]; m.kind == msgLink {
			c, err := o.cursor(m)
			if err != nil {
				return nil, err
			}
			l, err := c.link()
			if err != nil {
				return nil, fmt.Errorf("link: %w", err)
			}
			links = append(links, l)
		}
	}
	if m := o.find(msgLinkInfo); m != nil {
		dense, err := o.denseLinks(m)
		if err != nil {
			return nil, fmt.Errorf("dense links: %w", err)
		}
		links = append(links, dense...)
	}
	return links, nil
}

// link parses a link message.
func (c *cursor) link() (link, error) {
	var l link
	if v := c.u8(); c.err == nil && v != 1 {
		return l, fmt.Errorf("version %d is not supported", v)
	}
	flags := c.u8()
	kind := 0
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8) // creation order
	}
	if flags&16 != 0 {
		c.skip(1) // character set
	}
	n := c.uint(1 << (flags & 3))
	if n > uint64(len(c.b)) {
		return l, errShort
	}
	l.name = string(c.bytes(int(n)))
	switch kind {
	case 0:
		l.addr = c.addr()
	case 1:
		l.kind = SoftLinkKind
	case 64:
		l.kind = ExternalLinkKind
	default:
		l.kind = UserLinkKind
	}
	return l, c.err
}

// denseLinks reads the links that are in a heap according to a link info message.
func (o *object) denseLinks(m *message) ([]link, error) {
	c, err := o.cursor(m)
	if err != nil {
		return nil, err
	}
	c.skip(1) // version
	if flags := c.u8(); flags&1 != 0 {
		c.skip(8) // largest creation order
	}
	heapAddr, tree := c.addr(), c.addr()
	if c.err != nil {
		return nil, c.err
	}
	if heapAddr == undefined || tree == undefined {
		return nil, nil
	}
	heap, err := o.f.fractalHeap(heapAddr)
	if err != nil {
		return nil, err
	}
	var links []link
	err = o.f.btree2(tree, btreeLinkNames, func(rec *cursor) error {
		rec.skip(4) // hash of the name
		b, err := heap.object(rec.b)
		if err != nil {
			return err
		}
		l, err := (&cursor{b: b, f: o.f}).link()
		links = append(links, l)
		return err
	})
	return links, err
}

// symbolTable reads the links of an old group: a version 1 B-tree of symbol table nodes.
func (f *File) symbolTable(tree, heapAddr uint64) ([]link, error) {
	heap, err := f.localHeap(heapAddr)
	if err != nil {
		return nil, err
	}
	var links []link
	leaves := map[uint64]bool{}
	names := 0 // total length of the names
	err = f.btree1(tree, 0, f.lengthSize, func(_ *cursor, addr uint64) error {
		if leaves[addr] {
			return errors.New("a node has two parents")
		}
		leaves[addr] = true
		b, err := f.read(addr, 8)
		if err != nil {
			return err
		}
		c := &cursor{b: b, f: f}
		c.magic("SNOD", 1)
		c.skip(1)
		n := c.u16()
		if c.err != nil {
			return c.err
		}
		entry := 2*f.offsetSize + 24
		if b, err = f.read(addr+8, uint64(n*entry)); err != nil {
			return err
		}
		for c = (&cursor{b: b, f: f}); n > 0; n-- {
			offset := c.uint(f.offsetSize)
			l := link{addr: c.addr()}
			if c.u32() == 2 {
				l.kind = SoftLinkKind
			}
			c.skip(20)
			if l.name, err = heapName(heap, offset); err != nil {
				return err
			}
			if names += len(l.name) + 1; names > len(heap) {
				return errors.New("names overlap in their heap")
			}
			links = append(links, l)
		}
		return c.err
	})
	return links, err
}

// Children returns the children of the group, sorted by name.
func (g *Group) Children() ([]Child, error) {
	children := make([]Child, len(g.links))
	for i, l := range g.links {
		children[i] = Child{l.name, l.kind}
		if l.kind != GroupKind {
			continue
		}
		o, err := g.o.f.object(l.addr)
		if err != nil {
			return nil, fmt.Errorf("hdf5: %s: %w", join(g.path, l.name), err)
		}
		switch {
		case o.isDataset():
			children[i].Kind = DatasetKind
		case o.isGroup():
		default:
			children[i].Kind = TypeKind
		}
	}
	return children, nil
}

// Names returns the names of the children, sorted.
func (g *Group) Names() []string {
	names := make([]string, len(g.links))
	for i, l := range g.links {
		names[i] = l.name
	}
	return names
}

// Group opens the group at a path relative to g, such as "layers/conv2d". The error wraps fs.ErrNotExist if there is none.
func (g *Group) Group(path string) (*Group, error) {
	o, full, err := g.lookup(path)
	if err == nil {
		var found *Group
		if found, err = o.group(full); err == nil {
			return found, nil
		}
	}
	return nil, fmt.Errorf("hdf5: %s: %w", full, err)
}

// Dataset opens the dataset at a path relative to g. The error wraps fs.ErrNotExist if there is none.
func (g *Group) Dataset(path string) (*Dataset, error) {
	o, full, err := g.lookup(path)
	if err == nil {
		var d *Dataset
		if d, err = o.dataset(full); err == nil {
			return d, nil
		}
	}
	return nil, fmt.Errorf("hdf5: %s: %w", full, err)
}

// lookup follows a path from g. The string is the path from the root, up to the first name that was not found.
func (g *Group) lookup(path string) (*object, string, error) {
	o, full := g.o, g.path
	names := strings.Split(strings.Trim(path, "/"), "/")
	for k, name := range names {
		full = join(full, name)
		last := k == len(names)-1
		if next := g.through.Load(); !last && next != nil && next.path == full {
			g = next
			continue
		}
		i, found := slices.BinarySearchFunc(g.links, name, func(l link, name string) int { return strings.Compare(l.name, name) })
		if !found {
			return nil, full, fmt.Errorf("no such group or dataset: %w", fs.ErrNotExist)
		}
		if l := g.links[i]; l.kind != GroupKind {
			return nil, full, fmt.Errorf("it is of kind %q, which is not supported", l.kind)
		}
		var err error
		if o, err = g.o.f.object(g.links[i].addr); err != nil {
			return nil, full, err
		}
		if last {
			break
		}
		next, err := o.group(full)
		if err != nil {
			return nil, full, err
		}
		g.through.Store(next)
		g = next
	}
	return o, full, nil
}

// join returns the path of a child.
func join(path, name string) string { return strings.TrimSuffix(path, "/") + "/" + name }
