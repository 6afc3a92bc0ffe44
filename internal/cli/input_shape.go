package cli

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// inputShapeFlags set the sizes of inputs that a model's file leaves open. Some networks compute with these sizes.
type inputShapeFlags struct {
	InputShape []string `group:"model" sep:"none" placeholder:"NAME=SIZES" help:"Shape of an input whose size the model file leaves open, in the file's order of dimensions, such as images=-1x3x640x640; -1 leaves a size open. Repeat the flag for several inputs."`
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
	if k, ok := setsShapes(name); !ok {
		return lince.Options{}, usageError{fmt.Errorf("--input-shape is for ONNX models; %s is %s", name, k.Title)}
	}
	return lince.Options{InputShapes: shapes}, nil
}

// imageOptions is options for a model of images. The networks of other files than ONNX take images of any size if the file leaves it open; see imageSize.
func (f inputShapeFlags) imageOptions(name string) (lince.Options, error) {
	if _, ok := setsShapes(name); !ok {
		return lince.Options{}, f.mistakes()
	}
	return f.options(name)
}

// setsShapes reports whether a model file is opened with shapes of inputs.
func setsShapes(name string) (lince.FileKind, bool) {
	k, err := lince.FileKindOf(name)
	return k, err != nil || k.Name == "onnx"
}

// imageSize returns the size of images that the flags set for a model whose file leaves it open.
func (f inputShapeFlags) imageSize(name string, m *lince.Model) (size, error) {
	shapes, err := f.shapes()
	if _, ok := setsShapes(name); err != nil || shapes == nil || ok {
		return size{}, err
	}
	in, input := m.InputShape(), m.InputNames()[0]
	if !openSize(in) || m.Preprocessing != nil {
		return size{}, usageError{fmt.Errorf("--input-shape is for models whose file leaves the size of images open; the model %s has a size", name)}
	}
	s, ok := shapes[input]
	if !ok || len(shapes) > 1 || len(s) != 4 || s[1] < 1 || s[2] < 1 || !s.Fits(in) && !in.Fits(s) {
		return size{}, usageError{fmt.Errorf("--input-shape must set the height and width of the model %s, such as %s=-1x224x224x%d", name, input, max(in[3], 1))}
	}
	return size{s[1], s[2]}, nil
}

// openSize reports whether an input is of images without a fixed height and width.
func openSize(in tensor.Shape) bool { return len(in) == 4 && (in[1] < 1 || in[2] < 1) }
