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
)

// flowOptions are how a model wants its pictures: as it was trained.
func flowOptions(m *lince.Model, batch, workers int) (data.ImageOptions, error) {
	if err := onePicture(m); err != nil {
		return data.ImageOptions{}, err
	}
	o := data.ImageOptions{BatchSize: batch, NoShuffle: true, Workers: workers, Classes: m.Classes, Preprocessing: m.Preprocessing}
	if o.Preprocessing == nil {
		var err error
		if o.Preprocessing, err = usual(m); err != nil {
			return o, err
		}
	}
	out := m.OutputShape()
	if len(out) != 2 {
		return o, fmt.Errorf("the model gives %v, want a number for each class: (None, classes)", out)
	}
	o.ClassMode = data.Categorical
	if out[1] == 1 {
		o.ClassMode = data.Binary
	} else if c, ok := m.Compiled(); ok {
		if _, sparse := c.Loss.(loss.SparseCategoricalCrossentropy); sparse {
			o.ClassMode = data.Sparse
		}
	}
	return o, nil
}

// onePicture refuses models that take or give several things at once.
func onePicture(m *lince.Model) error {
	if in, out := m.InputNames(), m.OutputNames(); len(in)+len(out) > 2 {
		return fmt.Errorf("the model takes %s and gives %s; commands work with models of one picture and one output, the library with all",
			strings.Join(in, ", "), strings.Join(out, ", "))
	}
	return nil
}

// usual is how pictures are made a model's input where nobody said: resized by the nearest
// pixel, as Keras' generators do.
func usual(m *lince.Model) (lince.Preprocessing, error) {
	in := m.InputShape()
	if len(in) != 4 || in[1] < 1 || in[2] < 1 {
		return nil, fmt.Errorf("the model takes %v, want pictures of a known size: (None, height, width, channels)", in)
	}
	mode, err := colorMode(in[3])
	if err != nil {
		return nil, err
	}
	return lince.Preprocessing{preprocess.Decode{ColorMode: mode}, preprocess.Resize{Height: in[1], Width: in[2]}}, nil
}

// rescaled is a preprocessing that does nothing to a picture's numbers but to rescale them.
func rescaled(p lince.Preprocessing, factor float64) lince.Preprocessing {
	pictures, _ := p.Split()
	return append(pictures, preprocess.Rescale{Scale: factor})
}

// rescales says whether a preprocessing does nothing to a picture's numbers but to rescale them.
func rescales(p lince.Preprocessing) bool {
	_, changes := p.Split()
	if len(changes) == 0 {
		return true
	}
	r, ok := changes[0].(preprocess.Rescale)
	return ok && r.Offset == 0 && len(changes) == 1
}

// pictureSize is the size and the colour mode of the pictures that a model takes.
func pictureSize(m *lince.Model) (size, string) {
	p, err := m.Preprocessing.Compile()
	if err != nil {
		return size{}, ""
	}
	h, w := p.Size()
	return size{h, w}, p.Options().ColorMode.String()
}

// colorMode is that of pictures with so many channels.
func colorMode(channels int) (picture.ColorMode, error) {
	switch channels {
	case 1:
		return picture.Grayscale, nil
	case 3:
		return picture.RGB, nil
	case 4:
		return picture.RGBA, nil
	}
	return 0, fmt.Errorf("the model takes pictures of %d channels, want 1, 3 or 4", channels)
}

// labelledFlow is a data set to judge a model on.
func labelledFlow(m *lince.Model, t *data.Table, batch, workers int, cache *data.Cache) (*data.Flow, error) {
	o, err := flowOptions(m, batch, workers)
	if err != nil {
		return nil, err
	}
	o.Cache = cache
	if n := classCount(m); len(o.Classes) == 0 && len(t.Classes()) != n {
		return nil, fmt.Errorf("the model has %d classes, which it does not name, and the data %d: %s; see --classes", n, len(t.Classes()), strings.Join(t.Classes(), ", "))
	}
	for _, c := range o.Classes {
		if slices.Contains(t.Classes(), c) {
			return data.Images(t, o)
		}
	}
	if len(o.Classes) > 0 {
		return nil, fmt.Errorf("the model's classes are %s, the data's %s: none is the same; see --rename",
			strings.Join(o.Classes, ", "), strings.Join(t.Classes(), ", "))
	}
	return data.Images(t, o)
}

// classCount is how many classes a model tells apart.
func classCount(m *lince.Model) int {
	out := m.OutputShape()
	return max(out[len(out)-1], 2)
}

// classNames are the model's names of classes, or numbers where it has none.
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

// predict says what a flow's pictures show, with progress.
func (e *env) predict(ctx context.Context, m *lince.Model, f *data.Flow, label string) ([]lince.Classification, error) {
	counter := e.display().Counter(label, f.Len())
	var out []lince.Classification
	for l, err := range m.Classify(ctx, f) {
		if err != nil {
			counter.Abandon()
			return out, err
		}
		out = append(out, l)
		counter.Add(1)
	}
	counter.Finish()
	return out, nil
}
