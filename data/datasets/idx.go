package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/tensor"
)

// readIDX reads an IDX file of bytes with the given number of dimensions: uint8 of that shape.
//
// Format: http://yann.lecun.com/exdb/mnist/ (at the end of the page).
func readIDX(b []byte, dims int) (*tensor.Tensor, error) {
	switch {
	case len(b) < 4 || b[0] != 0 || b[1] != 0:
		return nil, errors.New("is not an IDX file: it does not begin with two zero bytes and a type")
	case b[2] != 8:
		return nil, fmt.Errorf("has elements of the type %#x, want bytes (0x8)", b[2])
	case int(b[3]) != dims:
		return nil, fmt.Errorf("has %d dimensions, want %d", b[3], dims)
	case len(b) < 4+4*dims:
		return nil, errors.New("is truncated")
	}
	shape := make(tensor.Shape, dims)
	for i := range shape {
		shape[i] = int(binary.BigEndian.Uint32(b[4+4*i:]))
	}
	return npy.Wrap(tensor.Uint8, shape, b[4+4*dims:])
}

// idxHeader is the length of the header of an IDX file of four dimensions.
const idxHeader = 4 + 4*4

// idxSize returns the number of bytes that an IDX file of bytes has by its header. known is false for other files.
func idxSize(head []byte) (size int64, known bool) {
	if len(head) < 4 || head[0] != 0 || head[1] != 0 || head[2] != 8 || head[3] == 0 || len(head) < 4+4*int(head[3]) {
		return 0, false
	}
	size = 1
	for i := range int(head[3]) {
		n := int64(binary.BigEndian.Uint32(head[4+4*i:]))
		if n > 0 && size > math.MaxInt64/8/n {
			return math.MaxInt64 / 8, true
		}
		size *= n
	}
	return size + 4 + 4*int64(head[3]), true
}

// idxNames returns the names that a file of MNIST may have, such as train-images-idx3-ubyte.
func idxNames(part, what string, dims int) []string {
	var names []string
	for _, form := range []string{"%s-%s-idx%d-ubyte", "%s-%s.idx%d-ubyte"} {
		n := fmt.Sprintf(form, part, what, dims)
		names = append(names, n, n+".gz")
	}
	return names
}

func loadIDX(s *source, _ LabelMode) (*Arrays, error) {
	a := &Arrays{}
	files := []struct {
		part, what string
		dims       int
		to         **tensor.Tensor
	}{{"train", "images", 3, &a.XTrain}, {"train", "labels", 1, &a.YTrain}, {"t10k", "images", 3, &a.XTest}, {"t10k", "labels", 1, &a.YTest}}
	var names []string
	for _, f := range files {
		all := idxNames(f.part, f.what, f.dims)
		name := all[0]
		if i := slices.IndexFunc(all, func(n string) bool { return slices.Contains(s.names, n) }); i >= 0 {
			name = all[i]
		}
		names = append(names, name)
	}
	content, err := s.read(names...)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		b, err := gunzip(content[names[i]]) // files in an archive are still compressed
		if err == nil {
			*f.to, err = readIDX(b, f.dims)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.where, names[i], err)
		}
	}
	return a, nil
}
