package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// flowOptions returns the options of a dataset for a model: its preprocessing, classes and the
// form of its targets.
func flowOptions(m *lince.Model, batch, workers int) (data.ImageOptions, error) {
	if err := oneImage(m); err != nil {
		return data.ImageOptions{}, err
	}
	o, err := imageOptions(m, batch, workers)
	if err != nil {
		return o, err
	}
	out := m.OutputShape()
	if len(out) != 2 {
		return o, fmt.Errorf("the model's output has the shape %v, want one number for each class: (None, classes)", out)
	}
	o.ClassMode = data.Categorical
	if m.Regression {
		o.ClassMode = data.Raw
	} else if out[1] == 1 {
		o.ClassMode = data.Binary
	} else if c, ok := m.Compiled(); ok && c.Loss != nil && loss.TakesIndices(c.Loss) {
		o.ClassMode = data.Sparse
	}
	return o, nil
}

// imageOptions returns the options of a dataset without targets for a model. A model that fixes the size of batches gets that size.
func imageOptions(m *lince.Model, batch, workers int) (o data.ImageOptions, err error) {
	if in := m.InputShape(); len(in) > 0 && in[0] != tensor.Unknown {
		batch = in[0]
	}
	o = data.ImageOptions{BatchSize: batch, NoShuffle: true, Workers: workers, Classes: m.Classes, Preprocessing: m.Preprocessing}
	if o.Preprocessing == nil {
		o.Preprocessing, err = defaultPreprocessing(m, size{})
	}
	return o, err
}

// oneImage returns an error for a model with more than one input or output.
func oneImage(m *lince.Model) error {
	if in, out := m.InputNames(), m.OutputNames(); len(in)+len(out) > 2 {
		return fmt.Errorf("the model has the inputs %s and the outputs %s; the commands support models with one image as input and one output; use the library for this model",
			strings.Join(in, ", "), strings.Join(out, ", "))
	}
	return nil
}

// defaultPreprocessing returns the preprocessing for a model whose file has none: nearest-neighbor
// resizing, as in Keras' generators. open is the size of images for a model that leaves it open.
func defaultPreprocessing(m *lince.Model, open size) (lince.Preprocessing, error) {
	in := m.InputShape()
	switch {
	case openSize(in) && open != size{}:
		in = tensor.Shape{in[0], open[0], open[1], in[3]}
	case openSize(in):
		return nil, fmt.Errorf("the model's input has the shape %v, which leaves the size of images open; set it: with --size in training, such as --size 224x224; otherwise with --input-shape, "+
			"such as --input-shape %s=-1x224x224x%d (for an ONNX model, in the file's order of dimensions)", in, m.InputNames()[0], max(in[3], 1))
	case len(in) != 4:
		return nil, fmt.Errorf("the model's input has the shape %v, want images: (None, height, width, channels)", in)
	}
	mode, err := colorMode(in[3])
	if err != nil {
		return nil, err
	}
	return lince.Preprocessing{preprocess.Decode{ColorMode: mode}, preprocess.Resize{Height: in[1], Width: in[2]}}, nil
}

// rescaled returns p with its changes to pixel values replaced by a step.
func rescaled(p lince.Preprocessing, step preprocess.Step) lince.Preprocessing {
	images, _ := p.Split()
	return append(images, step)
}

// rescales reports whether a preprocessing changes pixel values by a factor only, or not at all.
func rescales(p lince.Preprocessing) bool {
	_, changes := p.Split()
	if len(changes) == 0 {
		return true
	}
	r, ok := changes[0].(preprocess.Rescale)
	return ok && r.Offset == 0 && len(changes) == 1
}

// imageSize returns the size and the color mode of a model's input images.
func imageSize(m *lince.Model) (size, string) {
	p, err := m.Preprocessing.Compile()
	if err != nil {
		return size{}, ""
	}
	h, w := p.Size()
	return size{h, w}, p.Options().ColorMode.String()
}

// colorMode returns the color mode of images with a number of channels.
func colorMode(channels int) (picture.ColorMode, error) {
	switch channels {
	case 1:
		return picture.Grayscale, nil
	case 3:
		return picture.RGB, nil
	case 4:
		return picture.RGBA, nil
	}
	return 0, fmt.Errorf("the model's input has %d channels, want 1, 3 or 4", channels)
}

// labeledFlow returns a dataset to evaluate a model on.
func labeledFlow(m *lince.Model, t *data.Table, with data.ImageOptions) (*data.Flow, error) {
	o, err := flowOptions(m, with.BatchSize, with.Workers)
	if err != nil {
		return nil, err
	}
	o.Cache, o.Strict = with.Cache, with.Strict
	if m.Regression {
		return data.Images(t, o)
	}
	if n := classCount(m); len(o.Classes) == 0 && len(t.Classes()) != n {
		return nil, fmt.Errorf("the model has %d classes without names, the data have %d: %s; set the names of the model's classes with --classes", n, len(t.Classes()), strings.Join(t.Classes(), ", "))
	}
	for _, c := range o.Classes {
		if slices.Contains(t.Classes(), c) {
			return data.Images(t, o)
		}
	}
	if len(o.Classes) > 0 {
		return nil, noKnownClass(t, o.Classes)
	}
	return data.Images(t, o)
}

// classCount returns the number of a model's classes.
func classCount(m *lince.Model) int {
	out := m.OutputShape()
	return max(out[len(out)-1], 2)
}

// classNames returns the names of a model's classes, or the class indices if it has no names.
func classNames(m *lince.Model) []string {
	if len(m.Classes) > 0 {
		return m.Classes
	}
	names := make([]string, classCount(m))
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}

// predict classifies the images of a dataset, and shows progress.
func (e *env) predict(ctx context.Context, m *lince.Model, f data.Dataset, label string) ([]lince.Classification, error) {
	counter := e.counter(label, f.Len())
	var out []lince.Classification
	for l, err := range m.Classify(ctx, f) {
		if err != nil {
			counter.Abandon()
			return out, e.explained(m, f, err)
		}
		out = append(out, l)
		counter.Add(1)
	}
	counter.Finish()
	return out, nil
}
