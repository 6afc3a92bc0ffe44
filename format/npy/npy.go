// Package npy reads and writes the files of NumPy's save and savez: .npy and .npz. Only arrays of numbers and bools are
// supported. Nothing in a file is executed, and no memory is allocated for a size that the file only claims.
//
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/tensor"
)

const magic = "\x93NUMPY"

// types lists NumPy's names of the element types, without the byte order.
var types = map[string]tensor.DType{
	"u1": tensor.Uint8, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32, "i8": tensor.Int64,
	"f4": tensor.Float32, "f8": tensor.Float64, "b1": tensor.Bool,
}

// Type returns the element type with NumPy's name, such as "|u1" or "<i8". The byte order may be missing. Big-endian
// numbers are an error.
func Type(descr string) (tensor.DType, error) {
	name := strings.TrimLeft(descr, "<|=>")
	d, ok := types[name]
	if !ok || len(descr)-len(name) > 1 {
		return 0, fmt.Errorf("has elements of the type %q, want numbers, such as \"|u1\" or \"<f4\"", descr)
	}
	if descr[0] == '>' && d.Size() > 1 {
		return 0, fmt.Errorf("has big-endian elements (%q), want little-endian ones; save it again after x.astype(%q)", descr, "<"+name)
	}
	return d, nil
}

// Wrap makes a tensor of the elements in raw, which are copied. It fails if their number does not fit the shape.
func Wrap(d tensor.DType, shape tensor.Shape, raw []byte) (*tensor.Tensor, error) {
	n := d.Size()
	for _, v := range shape {
		if v < 0 || v > 0 && n > len(raw)/v && !slices.Contains(shape, 0) {
			return nil, fmt.Errorf("has %d bytes of elements, which are too few for its shape %v of %v", len(raw), shape, d)
		}
		n *= v
	}
	if n != len(raw) {
		return nil, fmt.Errorf("has %d bytes of elements, want %d for its shape %v of %v", len(raw), n, shape, d)
	}
	if d == tensor.Bool && bytes.ContainsFunc(raw, func(r rune) bool { return r > 1 }) {
		return nil, errors.New("has bools that are neither 0 nor 1")
	}
	t := tensor.New(d, shape...)
	copy(t.Raw(), raw)
	return t, nil
}

// The header is a Python dict literal. NumPy writes its keys in this order.
var header = regexp.MustCompile(`^\{ *'descr': *'([^']*)', *'fortran_order': *(True|False), *'shape': *\(([0-9, ]*)\),? *\}[ \n]*$`)

const maxHeader = 1 << 16

// maxDims is NumPy's limit.
const maxDims = 64

// Read reads the content of a .npy file.
func Read(b []byte) (*tensor.Tensor, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, errors.New("is not a NumPy array (.npy)")
	}
	version, rest := rest[0], rest[2:]
	size, at := int(binary.LittleEndian.Uint16(rest)), 2
	if version > 1 {
		if len(rest) < 4 {
			return nil, errors.New("is truncated")
		}
		size, at = int(min(binary.LittleEndian.Uint32(rest), maxHeader+1)), 4
	}
	switch {
	case version < 1 || version > 3:
		return nil, fmt.Errorf("has version %d of NumPy's format, want 1, 2 or 3", version)
	case size > maxHeader:
		return nil, fmt.Errorf("has a header of more than %d bytes", maxHeader)
	case len(rest) < at+size:
		return nil, errors.New("is truncated")
	}
	m := header.FindSubmatch(rest[at : at+size])
	if m == nil {
		return nil, errors.New("has a header that does not describe an array of numbers: want 'descr', 'fortran_order' and 'shape'")
	}
	d, err := Type(string(m[1]))
	if err != nil {
		return nil, err
	}
	shape := tensor.Shape{}
	for f := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(string(m[3])), ","), ",") {
		if f = strings.TrimSpace(f); f == "" && len(shape) == 0 {
			break
		}
		v, err := strconv.Atoi(f)
		if err != nil || len(shape) == maxDims {
			return nil, fmt.Errorf("has the invalid shape (%s)", m[3])
		}
		shape = append(shape, v)
	}
	if string(m[2]) == "False" {
		return Wrap(d, shape, rest[at+size:])
	}
	// Fortran's order is that of the transposed array.
	slices.Reverse(shape)
	t, err := Wrap(d, shape, rest[at+size:])
	if err != nil {
		return nil, err
	}
	return transposed(t), nil
}

// ReadFile reads a .npy file, as numpy.load does. See ReadArchive for .npz files.
func ReadFile(path string) (*tensor.Tensor, error) {
	b, err := bounded.ReadFile(path, bounded.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, patherr.Bare(err))
	}
	t, err := Read(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// transposed returns a tensor with the dimensions in reverse order.
func transposed(t *tensor.Tensor) *tensor.Tensor {
	from := t.Shape()
	to := slices.Clone(from)
	slices.Reverse(to)
	out := tensor.New(t.DType(), to...)
	src, dst, size := t.Raw(), out.Raw(), t.DType().Size()
	index := make([]int, len(to)) // of the element of out that is written
	for at := 0; at < len(dst); at += size {
		i := 0
		for k := len(index) - 1; k >= 0; k-- {
			i = i*to[k] + index[k]
		}
		copy(dst[at:at+size], src[i*size:])
		for k := len(index) - 1; k >= 0; k-- {
			if index[k]++; index[k] < to[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// ReadArchive reads the arrays with the given names from a .npz file, or all arrays if there are no names. It fails if one is
// missing.
func ReadArchive(path string, names ...string) (map[string]*tensor.Tensor, error) {
	info, err := os.Stat(path) // before Open, which would block on a pipe
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, patherr.Bare(err))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, patherr.Bare(err))
	}
	defer f.Close()
	arrays, err := readArchive(f, info.Size(), names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

func readArchive(r io.ReaderAt, size int64, names []string) (map[string]*tensor.Tensor, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errors.New("is not a NumPy archive (.npz), or it is damaged; download it again")
	}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if files[name] != nil {
			return nil, fmt.Errorf("has two arrays %.100q", name)
		}
		files[name] = f
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(files))
	}
	arrays := map[string]*tensor.Tensor{}
	left := bounded.InflateLimit(uint64(size)) // of all arrays together
	for _, name := range names {
		f, ok := files[name]
		if !ok {
			return nil, fmt.Errorf("has no array %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(files)), ", "))
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("the array %q claims %d bytes; the limit for the arrays of an archive of %d bytes is %d", name, f.UncompressedSize64, size, bounded.InflateLimit(uint64(size)))
		}
		b, err := readEntry(f, size)
		left -= uint64(len(b))
		if err == nil {
			arrays[name], err = Read(b)
		}
		if err != nil {
			return nil, fmt.Errorf("the array %q %w", name, err)
		}
	}
	return arrays, nil
}

func readEntry(f *zip.File, size int64) ([]byte, error) {
	limit := bounded.InflateLimit(min(f.CompressedSize64, uint64(size)))
	if f.UncompressedSize64 > limit {
		return nil, fmt.Errorf("claims %d bytes; the limit for its %d compressed ones is %d", f.UncompressedSize64, f.CompressedSize64, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer r.Close()
	b, err := bounded.ReadAll(nil, r, 0, int64(f.UncompressedSize64))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return b, nil
}
