package cli

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// inputShapeFlags set the sizes of inputs that an ONNX model leaves open. Some networks compute with these sizes.
type inputShapeFlags struct {
	InputShape []string `group:"model" sep:"none" placeholder:"NAME=SIZES" help:"Shape of an input of an ONNX model whose file leaves sizes open, in the file's order of dimensions, such as images=-1x3x640x640; -1 leaves a size open. Repeat the flag for several inputs."`
}

// shapes parses the flags. It is nil if there are none.
func (f inputShapeFlags) shapes() (map[string]tensor.Shape, error) {
	var shapes map[string]tensor.Shape
	for _, spec := range f.InputShape {
		i := strings.LastIndex(spec, "=")
		if i < 1 || i == len(spec)-1 {
			return nil, fmt.Errorf("--input-shape must be NAME=SIZES such as images=-1x3x640x640, got %q", spec)
		}
		sizes := strings.Split(spec[i+1:], "x")
		var open []int
		for d, size := range sizes {
			if size == "-1" {
				sizes[d], open = "1", append(open, d)
			}
		}
		shape, err := inference.ParseShape(strings.Join(sizes, "x"))
		if err != nil {
			return nil, fmt.Errorf("--input-shape %s: %w", spec, err)
		}
		for _, d := range open {
			shape[d] = tensor.Unknown
		}
		if shapes == nil {
			shapes = map[string]tensor.Shape{}
		}
		shapes[spec[:i]] = shape
	}
	return shapes, nil
}

func (f inputShapeFlags) mistakes() error {
	_, err := f.shapes()
	return err
}

// options returns options for opening the model in a file with these shapes.
func (f inputShapeFlags) options(name string) (lince.Options, error) {
	shapes, err := f.shapes()
	if err != nil || shapes == nil {
		return lince.Options{}, err
	}
	if k, err := lince.FileKindOf(name); err == nil && k.Name != "onnx" {
		return lince.Options{}, usageError{fmt.Errorf("--input-shape is for ONNX models; %s is %s", name, k.Title)}
	}
	return lince.Options{InputShapes: shapes}, nil
}
