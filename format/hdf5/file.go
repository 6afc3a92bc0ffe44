package hdf5

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"
)

// signature is the start of an HDF5 file, or of the part that follows a user block.
const signature = "\x89HDF\r\n\x1a\n"

// File is an open HDF5 file. It is safe for use by several goroutines at once.
type File struct {
	r    io.ReaderAt
	size int64 // without the user block

	offsetSize, lengthSize int
	root                   uint64 // address of the root group's object header

	// unsealed turns off the verification of checksums, for fuzz tests.
	unsealed bool

	mu      sync.Mutex
	charged map[charge]uint64 // the address of the owner
	totals  [chargeKinds]uint64
	worked  uint64 // see work
	// collections holds the collections of the global heap that were read.
	collections map[uint64]map[uint32][]byte
}

// charge identifies a structure that was counted against the size of the file.
type charge struct {
	kind chargeKind
	addr uint64
}

type chargeKind uint8

const (
	chargeHeader chargeKind = iota
	chargeHeap
	chargeData
	chargeKinds
)

// Open opens the HDF5 file in the first size bytes of r. It reads only the superblock. The caller must keep r open while it
// uses the File.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size, false)
	if err != nil {
		return nil, fmt.Errorf("hdf5: %w", err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64, unsealed bool) (*File, error) {
	// A user block of 512, 1024, 2048, ... bytes may come first.
	var head [8]byte
	for start := int64(0); start+int64(len(head)) <= size; start = max(512, 2*start) {
		if _, err := r.ReadAt(head[:], start); err != nil {
			return nil, fmt.Errorf("read the signature: %w", err)
		}
		if string(head[:]) == signature {
			f := &File{r: io.NewSectionReader(r, start, size-start), size: size - start, charged: map[charge]uint64{},
				collections: map[uint64]map[uint32][]byte{}, unsealed: unsealed}
			if err := f.superblock(start); err != nil {
				return nil, fmt.Errorf("superblock: %w", err)
			}
			return f, nil
		}
	}
	return nil, errors.New("not an HDF5 file: no signature")
}

// Root opens the root group "/".
func (f *File) Root() (*Group, error) {
	g, err := f.group(f.root, "/")
	if err != nil {
		return nil, fmt.Errorf("hdf5: /: %w", err)
	}
	return g, nil
}

// superblock reads the superblock. start is the size of the user block.
func (f *File) superblock(start int64) error {
	b, err := f.read(0, uint64(min(f.size, 128)))
	if err != nil {
		return err
	}
	c := &cursor{b: b, f: f}
	c.skip(len(signature))
	version := c.u8()
	switch version {
	case 0, 1:
		c.skip(4) // versions of the free space, root group and shared messages; reserved
		f.offsetSize, f.lengthSize = c.u8(), c.u8()
		c.skip(1 + 2 + 2 + 4) // reserved, the trees' K, flags
		if version == 1 {
			c.skip(4)
		}
	case 2, 3:
		f.offsetSize, f.lengthSize = c.u8(), c.u8()
		c.skip(1)
	default:
		return fmt.Errorf("version %d is not supported (0 to 3 are)", version)
	}
	if !isWidth(f.offsetSize, 2, 4, 8) || !isWidth(f.lengthSize, 2, 4, 8) {
		return fmt.Errorf("addresses of %d bytes and lengths of %d bytes are not supported", f.offsetSize, f.lengthSize)
	}
	base := c.addr()
	c.addr() // free space, or the extension
	end := c.addr()
	if version < 2 {
		c.addr()             // driver information
		c.skip(f.offsetSize) // the root entry's name
	}
	f.root = c.addr()
	if n := len(b) - len(c.b); version >= 2 && c.err == nil {
		if sum := c.u32(); c.err == nil && !f.sumOK(sum, b[:n]) {
			return errChecksum
		}
	}
	if c.err != nil {
		return c.err
	}
	// Addresses are relative to base. It is the address of the superblock, or 0 if the user block was prepended later.
	if base != 0 && base != uint64(start) {
		return fmt.Errorf("the base address is %d, but the superblock is at %d", base, start)
	}
	if base != 0 {
		end -= base
	}
	if end == undefined || end > uint64(f.size) {
		return fmt.Errorf("file is truncated: want %d bytes, got %d", end, f.size)
	}
	return nil
}

var errChecksum = errors.New("checksum does not match: the file is damaged")

// inside reports whether n bytes at addr lie in the file.
func (f *File) inside(addr, n uint64) bool {
	end, carry := bits.Add64(addr, n, 0)
	return carry == 0 && end <= uint64(f.size)
}

// read reads n bytes at addr. It allocates memory only if the file has them.
func (f *File) read(addr, n uint64) ([]byte, error) {
	if !f.inside(addr, n) {
		return nil, fmt.Errorf("%d bytes at %d lie outside the file of %d bytes", n, addr, f.size)
	}
	b := make([]byte, n)
	return b, f.readInto(addr, b)
}

// readInto fills b from addr. The caller must have checked that the bytes are in the file.
func (f *File) readInto(addr uint64, b []byte) error {
	if n, err := f.r.ReadAt(b, int64(addr)); n < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

// sumOK reports whether sum is the checksum of b.
func (f *File) sumOK(sum uint32, b []byte) bool { return sum == lookup3(b) || f.unsealed }

// sealed reads n bytes at addr and checks the checksum in the last four. It returns a cursor over the others.
func (f *File) sealed(addr, n uint64) (*cursor, error) {
	if n < 8 {
		return nil, errShort
	}
	b, err := f.read(addr, n)
	if err != nil {
		return nil, err
	}
	body := b[:n-4]
	if !f.sumOK(le32(b[n-4:]), body) {
		return nil, errChecksum
	}
	return &cursor{b: body, f: f}, nil
}

// charge counts the n bytes at addr, which owner needs, against the file's size. It counts the same bytes of an owner only once,
// and fails if the total of a kind exceeds what a valid file of this size can hold. So a small file in which many objects share
// the same bytes cannot use more memory than its size justifies.
func (f *File) charge(kind chargeKind, owner, addr, n uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := charge{kind, addr}
	if o, ok := f.charged[key]; ok {
		if o != owner {
			return errOverlap
		}
		return nil
	}
	limit := uint64(f.size) // headers and heaps do not overlap
	if kind == chargeData {
		limit = f.limit() // data may be compressed
	}
	if n > limit || f.totals[kind] > limit-n {
		if kind == chargeData {
			return fmt.Errorf("would need more than %d bytes of memory, too much for a file of %d bytes", limit, f.size)
		}
		return errOverlap
	}
	f.charged[key] = owner
	f.totals[kind] += n
	return nil
}

// work counts n bytes that decompression makes. Chunks that reach beyond the shape are large, although the shape is small, and each
// reading of a dataset decompresses its chunks again.
func (f *File) work(n uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.worked += n; f.worked > 4*f.limit() {
		return fmt.Errorf("its chunks inflate to more than %d bytes, too much for a file of %d bytes", 4*f.limit(), f.size)
	}
	return nil
}

// limit is the number of bytes of memory that the data of all datasets may need.
func (f *File) limit() uint64 { return 16*uint64(f.size) + 64<<20 }

var errOverlap = errors.New("structures overlap in the file")
