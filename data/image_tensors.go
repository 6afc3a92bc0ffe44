package data

import (
	"errors"
	"fmt"
	"hash"
	"maps"
	"runtime"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/tensor"
)

// ImageTensorOptions configures ImageTensors. The names and defaults are those of ImageDataGenerator.flow.
type ImageTensorOptions struct {
	BatchSize int    // images in a batch; 0 means 32
	NoShuffle bool   // keeps the order of the rows, as validation and prediction do (Keras' shuffle=False)
	Seed      uint32 // the seed of the order and of the augmentation

	// Augment transforms each image at random. Its zero value keeps the pixel values.
	Augment augment.Generator
	// Statistics is the result of Augment's Fit. It is required if Augment.NeedsFit.
	Statistics *augment.Statistics
	// Subset selects the training or the validation rows of Augment.ValidationSplit. The validation rows are
	// the first ones. The default is all rows.
	Subset Subset
	// IgnoreClassSplit allows that the two subsets have different values in y (Keras' ignore_class_split). By
	// default, this is an error, because it usually means that the rows are sorted by class.
	IgnoreClassSplit bool

	// Weights are example weights (Keras' sample_weight): float32 of shape (n,). nil means all 1. A weight
	// belongs to its row in each subset. (Keras reads the weights of the training subset from the wrong
	// rows.)
	Weights *tensor.Tensor

	// Workers limits how many images are augmented at once. 0 means runtime.GOMAXPROCS(0). The number does
	// not affect the batches.
	Workers int
}

// ImageTensors makes a dataset of images in memory that are augmented: Keras' ImageDataGenerator.flow(x, y).
//
// x has shape (n, height, width, channels) and numbers of type float32, float64 or an integer type; batches have float32. y has
// shape (n, ...) and any type, or is nil for a dataset without targets; batches have its type. The tensors
// are not copied.
//
// For a seed, the order of the rows, the random transforms and the pixels are Keras'; see augment.Order. The
// error lists all mistakes in the arguments.
func ImageTensors(x, y *tensor.Tensor, o ImageTensorOptions) (*Flow, error) {
	if x == nil {
		return nil, errors.New("x is nil")
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := o.check(x, y); err != nil {
		return nil, err
	}
	n := x.Shape()[0]
	index := make([]int, n)
	names := make([]Row, n)
	for i := range index {
		index[i] = i
		names[i].Filename = "x[" + strconv.Itoa(i) + "]"
	}
	index = o.Subset.cut(index, o.Augment.Split(n))
	if len(index) == 0 {
		return nil, fmt.Errorf("none of the %d examples is in the subset; ValidationSplit is %v", n, o.Augment.ValidationSplit)
	}
	f := &Flow{
		o: ImageOptions{
			TargetSize: [2]int{x.Shape()[1], x.Shape()[2]}, ClassMode: NoTargets, BatchSize: o.BatchSize, NoShuffle: o.NoShuffle, Seed: o.Seed,
			Augment: o.Augment, Statistics: o.Statistics, Workers: o.Workers,
		},
		corrupt: map[int]error{},
		table:   (&Table{rows: names}).Take(index),
		arrays:  &imageArrays{x: x.Rows(index[0], index[0]+len(index))},
	}
	if y != nil {
		f.arrays.y = y.Rows(index[0], index[0]+len(index))
	}
	if o.Weights != nil {
		f.weights = o.Weights.Float32s()[index[0] : index[0]+len(index)]
	}
	if c := x.Shape()[3]; c != 1 && c != 3 && c != 4 {
		f.warn = append(f.warn, fmt.Sprintf(`NumpyArrayIterator is set to use the data format convention "channels_last" (channels on axis 3), `+
			"i.e. expected either 1, 3, or 4 channels on axis 3. However, it was passed an array with shape %v (%d channels).", f.arrays.x.Shape(), c))
	}
	if err := f.init(); err != nil {
		return nil, err
	}
	return f, nil
}

func (o *ImageTensorOptions) check(x, y *tensor.Tensor) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.BatchSize < 0 {
		add("the batch size is %d; it must be positive", o.BatchSize)
	}
	if o.Workers < 0 {
		add("the number of workers is %d; it must be positive", o.Workers)
	}
	if err := o.Subset.check(o.Augment.ValidationSplit); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, o.Augment.Check())
	if s := x.Shape(); len(s) != 4 || slices.Contains(s, 0) {
		add("x has shape %v, want (n, height, width, channels) with at least one of each", s)
		return errors.Join(errs...)
	}
	if _, err := numbersOf(x.Rows(0, 1)); err != nil {
		add("x: %w", err)
	}
	n := x.Shape()[0]
	if y != nil && (len(y.Shape()) == 0 || y.Shape()[0] != n) {
		add("x and y must have the same number of examples; x has shape %v, y has shape %v", x.Shape(), y.Shape())
	}
	if w := o.Weights; w != nil && (w.DType() != tensor.Float32 || !slices.Equal(w.Shape(), tensor.Shape{n})) {
		add("the weights are %v of shape %v, want float32 of shape (%d,)", w.DType(), w.Shape(), n)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if at := o.Augment.Split(n); y != nil && o.Subset != WholeSet && !o.IgnoreClassSplit && at > 0 {
		if a, b := distinct(y.Rows(0, at)), distinct(y.Rows(at, n)); !maps.Equal(a, b) {
			return errors.New("the training and the validation subset have different values in y; if the rows are sorted by class, shuffle them, " +
				"or set IgnoreClassSplit")
		}
	}
	return nil
}

// distinct returns the distinct elements of t, as bytes.
func distinct(t *tensor.Tensor) map[string]bool {
	size := t.DType().Size()
	raw := t.Raw()
	m := map[string]bool{}
	for i := 0; i < len(raw); i += size {
		m[string(raw[i:i+size])] = true
	}
	return m
}

// imageArrays holds the images and targets of a Flow without files.
type imageArrays struct{ x, y *tensor.Tensor }

// load writes an image's values to pixels.
func (a *imageArrays) load(pixels []float32, row int) {
	x := a.x.Row(row)
	switch x.DType() {
	case tensor.Float32:
		copy(pixels, x.Float32s())
	case tensor.Uint8:
		for i, v := range x.Raw() {
			pixels[i] = float32(v)
		}
	default:
		values, _ := numbersOf(x) // ImageTensors checked the type
		for i, v := range values {
			pixels[i] = float32(v)
		}
	}
}

// target copies a row of y to row i of a batch.
func (a *imageArrays) target(y *tensor.Tensor, i, row int) {
	if y != nil {
		n := len(a.y.Raw()) / a.y.Shape()[0]
		copy(y.Raw()[i*n:(i+1)*n], a.y.Raw()[row*n:(row+1)*n])
	}
}

// hash adds the arrays to a fingerprint.
func (a *imageArrays) hash(h hash.Hash) {
	for _, t := range []*tensor.Tensor{a.x, a.y} {
		if t != nil {
			fmt.Fprintln(h, t)
			h.Write(t.Raw())
		}
	}
}
