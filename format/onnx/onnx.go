// Package onnx reads and writes ONNX files: the protobuf messages of onnx.proto, whose Go types are in onnxpb, and the
// tensors in them. FORMAT.md describes what is supported. The package does not interpret the ops.
//
// Files may come from untrusted sources. The size of the file bounds the memory, and other files are opened only through
// the function that the caller passes to Read.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/tensor"
	"google.golang.org/protobuf/proto"
)

// External opens a file that holds tensors of a model (ONNX's external data). name is the file's name, without a folder.
type External func(name string) (r io.ReaderAt, size int64, err error)

// Model is an ONNX model.
type Model struct {
	*onnxpb.ModelProto

	Size     int64 // of the file in bytes; 0 if the model was not read from one
	external External
	files    map[string]*externalFile
	left     int64 // bytes of external data that may still be read: any number of tensors may have the same bytes
}

type externalFile struct {
	r    io.ReaderAt
	size int64
}

// The data of tensors in other files may need so many times the size of these files, and so many bytes. The process needs more: a model
// keeps some tensors in another form than the file.
const (
	maxGrowth = 8
	freeBytes = 32 << 20
)

// maxDepth limits how deeply messages nest: graphs in attributes of nodes, mostly.
const maxDepth = 100

// Read reads a model of size bytes into memory. The data of tensors stay in the bytes of the file; Tensor converts them.
// external opens files beside the model that hold data of tensors. If it is nil, such a tensor is an error when it is read.
func Read(r io.ReaderAt, size int64, external External) (*Model, error) {
	if size > bounded.MaxFile {
		return nil, fmt.Errorf("has %d bytes, more than the limit of %d; ONNX keeps the weights of large models in other files", size, bounded.MaxFile)
	}
	file := make([]byte, size)
	if n, err := r.ReadAt(file, 0); n < len(file) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	m := &Model{ModelProto: &onnxpb.ModelProto{}, Size: size, external: external, left: freeBytes, files: map[string]*externalFile{}}
	if err := unmarshal(file, m.ModelProto); err != nil {
		return nil, fmt.Errorf("not an ONNX model, or damaged: %w", err)
	}
	if m.Graph == nil {
		return nil, errors.New("not an ONNX model: it has no graph")
	}
	return m, nil
}

// ReadTensor reads a file with one tensor (TensorProto), as ONNX's own tests have, of size bytes.
func ReadTensor(r io.ReaderAt, size int64) (*onnxpb.TensorProto, error) {
	if size > bounded.MaxFile {
		return nil, fmt.Errorf("has %d bytes, more than the limit of %d", size, bounded.MaxFile)
	}
	file := make([]byte, size)
	if n, err := r.ReadAt(file, 0); n < len(file) {
		return nil, fmt.Errorf("reading %d bytes: %w", size, err)
	}
	t := &onnxpb.TensorProto{}
	if err := unmarshal(file, t); err != nil {
		return nil, fmt.Errorf("not an ONNX tensor, or damaged: %w", err)
	}
	return t, nil
}

// data returns the external data of a tensor that has n bytes.
func (m *Model) data(t *onnxpb.TensorProto, n int) ([]byte, error) {
	var name string
	offset, length := int64(0), int64(-1)
	for _, e := range t.ExternalData {
		var err error
		switch e.GetKey() {
		case "location":
			name = e.GetValue()
		case "offset":
			offset, err = strconv.ParseInt(e.GetValue(), 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.GetValue(), 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("external data: %s is %q, want a number", e.GetKey(), e.GetValue())
		}
	}
	// A path could lead to any file of the machine.
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\:\x00") || path.Base(name) != name {
		return nil, fmt.Errorf("external data: the file name is %q, want the name of a file in the model's folder", name)
	}
	if length >= 0 && length != int64(n) {
		return nil, fmt.Errorf("external data: the length is %d bytes, the shape needs %d", length, n)
	}
	f, ok := m.files[name]
	if !ok {
		if m.external == nil {
			return nil, fmt.Errorf("its data are in another file, %q; open the model from its folder", name)
		}
		r, size, err := m.external(name)
		if err != nil {
			return nil, fmt.Errorf("external data: %w", err)
		}
		f = &externalFile{r, size}
		m.files[name] = f
		m.left += maxGrowth * min(size, 1<<40)
	}
	if offset < 0 || offset > f.size || int64(n) > f.size-offset {
		return nil, fmt.Errorf("external data: %d bytes from %d are outside %q, which has %d bytes", n, offset, name, f.size)
	}
	if m.left -= int64(n); m.left < 0 {
		return nil, fmt.Errorf("external data: the tensors share the bytes of %q too often: they need more than %d times its size", name, maxGrowth)
	}
	b := tensor.Bytes(n)
	if k, err := f.r.ReadAt(b, offset); k < n {
		return nil, fmt.Errorf("external data: %q: %w", name, err)
	}
	return b, nil
}

// Write writes a model. Equal models give equal bytes. The data of the graph's initializers are written from where they
// are, without a copy.
func Write(w io.Writer, m *Model) error { return write(w, m.ModelProto) }

// Size returns the number of bytes that Write writes. Protobuf allows at most 2 GiB.
func Size(m *Model) int64 { return int64(proto.Size(m.ModelProto)) }
