package hdf5

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/lince-ml/lince/tensor"
)

// Dataset is an array in a File. Group.Dataset opens one.
type Dataset struct {
	attributes
	dtype *datatype
	space dataspace
}

// maxRank is HDF5's largest number of dimensions.
const maxRank = 32

// dataspace is the shape of a dataset or an attribute.
type dataspace struct {
	shape tensor.Shape
	// max holds the largest size of each dimension. math.MaxUint64 means no limit.
	max []uint64
}

// dataspace parses a dataspace message. A dataspace without elements ("null") is treated as (0,).
func (c *cursor) dataspace() (dataspace, error) {
	var s dataspace
	version, rank, flags := c.u8(), c.u8(), c.u8()
	null := false
	switch version {
	case 1:
		c.skip(5)
	case 2:
		null = c.u8() == 2
	default:
		if c.err == nil {
			return s, fmt.Errorf("dataspace of version %d is not supported", version)
		}
	}
	if rank > maxRank {
		return s, fmt.Errorf("want at most %d dimensions, got %d", maxRank, rank)
	}
	if null {
		s.shape, s.max = tensor.Shape{0}, []uint64{0}
		return s, c.err
	}
	s.shape = make(tensor.Shape, rank)
	s.max = make([]uint64, rank)
	for i := range s.shape {
		d := c.length()
		if d > math.MaxInt32*uint64(math.MaxInt16) {
			return s, fmt.Errorf("a dimension of %d is too large", d)
		}
		s.shape[i], s.max[i] = int(d), d
	}
	if flags&1 != 0 {
		for i := range s.max {
			s.max[i] = c.length()
			if n := 8 * c.f.lengthSize; n < 64 && s.max[i] == 1<<n-1 {
				s.max[i] = math.MaxUint64
			}
			if c.err == nil && s.max[i] < uint64(s.shape[i]) {
				return s, errors.New("a dimension is larger than its maximum")
			}
		}
	}
	return s, c.err
}

// elements returns the number of elements of a shape. It fails if they would need too much memory, size bytes each.
func elements(shape tensor.Shape, size int) (int, error) {
	n, err := shape.CheckedElements()
	if err != nil {
		return 0, err
	}
	if hi, lo := bits.Mul64(uint64(n), uint64(size)); hi != 0 || lo > 1<<62 {
		return 0, fmt.Errorf("shape %v overflows", shape)
	}
	return n, nil
}

func (o *object) dataset(path string) (*Dataset, error) {
	if !o.isDataset() {
		return nil, errors.New("not a dataset")
	}
	d := &Dataset{attributes: attributes{o, path}}
	c, err := o.cursor(o.find(msgDatatype))
	if err != nil {
		return nil, err
	}
	if d.dtype, err = c.datatype(maxTypeDepth); err != nil {
		return nil, err
	}
	m := o.find(msgDataspace)
	if m == nil {
		return nil, errors.New("dataset without a shape")
	}
	if c, err = o.cursor(m); err != nil {
		return nil, err
	}
	if d.space, err = c.dataspace(); err != nil {
		return nil, err
	}
	return d, nil
}

// Path returns the dataset's path from the root.
func (d *Dataset) Path() string { return d.path }

// Shape returns the shape that the file claims. The caller must not change it.
func (d *Dataset) Shape() tensor.Shape { return d.space.shape }

// IsText reports whether the elements are strings, which ReadText reads.
func (d *Dataset) IsText() bool { return d.dtype.isText() }

// Read reads the dataset as a tensor. An element type that tensors do not have becomes the narrowest type that holds every value:
// float16 becomes float32, uint16 becomes int32, and uint32 and uint64 become int64. A uint64 that does not fit is an error.
// h5py's bool becomes Bool, and data that Keras marks as bfloat16 becomes BFloat16.
func (d *Dataset) Read() (*tensor.Tensor, error) {
	t, err := d.read()
	if err != nil {
		return nil, fmt.Errorf("hdf5: %s: %w", d.path, err)
	}
	return t, nil
}

// DType returns the type of the tensor that Read returns, or tensor.Invalid if Read cannot read the elements.
func (d *Dataset) DType() tensor.DType {
	nums, err := d.conversion()
	if err != nil {
		return tensor.Invalid
	}
	return nums.dtype
}

func (d *Dataset) conversion() (conversion, error) {
	bfloat16 := false
	if d.dtype.class == classOpaque {
		if v, err := d.attr("dtype"); err == nil {
			s, _ := v.ScalarText()
			bfloat16 = s == "bfloat16"
		}
	}
	return d.dtype.numbers(bfloat16)
}

func (d *Dataset) read() (*tensor.Tensor, error) {
	nums, err := d.conversion()
	if err != nil {
		return nil, err
	}
	raw, err := d.readRaw(max(d.dtype.size, nums.dtype.Size()))
	if err != nil {
		return nil, err
	}
	return nums.convert(d.space.shape, d.dtype.size, raw)
}

// ReadText reads the elements of a dataset of strings, in row-major order.
func (d *Dataset) ReadText() ([]string, error) {
	raw, err := d.readRaw(d.dtype.size)
	if err == nil {
		var text []string
		if text, err = d.o.f.texts(d.dtype, len(raw)/d.dtype.size, raw); err == nil {
			return text, nil
		}
	}
	return nil, fmt.Errorf("hdf5: %s: %w", d.path, err)
}

// readRaw reads the elements as they are stored, into memory aligned for any type. elemMemory is the memory that an
// element needs after its conversion.
func (d *Dataset) readRaw(elemMemory int) ([]byte, error) {
	n, err := elements(d.space.shape, elemMemory)
	if err != nil {
		return nil, err
	}
	if d.o.find(msgExternalFiles) != nil {
		return nil, errors.New("the data is in another file (external storage), which is not supported")
	}
	l, err := d.layout()
	if err != nil {
		return nil, err
	}
	need := uint64(n) * uint64(d.dtype.size)
	f := d.o.f
	memory := max(uint64(n)*uint64(elemMemory), l.chunkBytes)
	if d.o.find(msgFilters) != nil && l.class == layoutChunked {
		memory = uint64(n)*uint64(elemMemory) + 2*l.chunkBytes // see scratch
	}
	if err := f.charge(chargeData, d.o.addr, d.o.addr, memory); err != nil {
		return nil, err
	}
	switch l.class {
	case layoutCompact:
		if uint64(len(l.data)) < need {
			return nil, fmt.Errorf("shape %v needs %d bytes, got %d", d.space.shape, need, len(l.data))
		}
		b := tensor.Bytes(int(need))
		copy(b, l.data)
		return b, nil
	case layoutContiguous:
		if l.addr == undefined || need == 0 {
			return d.blank(need)
		}
		if l.size < need || !f.inside(l.addr, need) {
			return nil, fmt.Errorf("shape %v needs %d bytes, which are not all in the file", d.space.shape, need)
		}
		b := tensor.Bytes(int(need))
		return b, f.readInto(l.addr, b)
	default:
		b, err := d.blank(need)
		if err != nil || need == 0 || l.addr == undefined {
			return b, err
		}
		return b, d.readChunks(l, b)
	}
}

// blank returns need bytes of the fill value.
func (d *Dataset) blank(need uint64) ([]byte, error) {
	b := tensor.Bytes(int(need))
	fill, err := d.fillValue()
	if err != nil {
		return nil, fmt.Errorf("fill value: %w", err)
	}
	if len(fill) == d.dtype.size && len(b) > 0 {
		for n := copy(b, fill); n < len(b); n *= 2 {
			copy(b[n:], b[:n])
		}
	}
	return b, nil
}

// fillValue returns the element that stands for unwritten data. nil means zero.
func (d *Dataset) fillValue() ([]byte, error) {
	if m := d.o.find(msgFill); m != nil {
		c, err := d.o.cursor(m)
		if err != nil {
			return nil, err
		}
		version := c.u8()
		defined := true
		switch version {
		case 1:
			c.skip(3)
		case 2:
			c.skip(2)
			defined = c.u8() != 0
		case 3:
			defined = c.u8()&0x20 != 0
		default:
			return nil, fmt.Errorf("version %d is not supported", version)
		}
		if !defined || c.err != nil {
			return nil, c.err
		}
		b := c.bytes(int(c.u32()))
		return b, c.err
	}
	if m := d.o.find(msgOldFill); m != nil {
		c, err := d.o.cursor(m)
		if err != nil {
			return nil, err
		}
		b := c.bytes(int(c.u32()))
		return b, c.err
	}
	return nil, nil
}
