package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// ClassMode says what a Flow's targets are: Keras' class_mode. All are float32, as in Keras.
type ClassMode uint8

// The class modes.
const (
	Categorical ClassMode = iota // one-hot, shape (n, classes)
	Binary                       // 0 or 1, shape (n,); there must be two classes
	Sparse                       // the class's number, shape (n,)
	Raw                          // the category read as a number, shape (n,)
	Input                        // the images themselves, for autoencoders
	NoTargets                    // none, for prediction
)

var classModes = [...]string{Categorical: "categorical", Binary: "binary", Sparse: "sparse", Raw: "raw", Input: "input", NoTargets: "none"}

// String is Keras' name of the mode.
func (m ClassMode) String() string {
	if int(m) >= len(classModes) {
		return fmt.Sprintf("class mode %d", uint8(m))
	}
	return classModes[m]
}

// ParseClassMode is the inverse of String.
func ParseClassMode(name string) (ClassMode, error) {
	if i := slices.Index(classModes[:], name); i >= 0 {
		return ClassMode(i), nil
	}
	return 0, fmt.Errorf("no class mode %q; there are %s", name, strings.Join(classModes[:], ", "))
}

// labeled says whether the targets are classes.
func (m ClassMode) labeled() bool { return m <= Sparse }

// Subset chooses the rows of one side of the generator's ValidationSplit.
type Subset uint8

// The subsets.
const (
	WholeSet   Subset = iota
	Training          // the rows after the first int(ValidationSplit*n)
	Validation        // these first rows
)

// ImageOptions are Images'. The zero value is Keras' default for each.
type ImageOptions struct {
	TargetSize    [2]int                // height, width; zero is 256x256
	ColorMode     picture.ColorMode     // RGB
	Interpolation picture.Interpolation // Nearest
	ClassMode     ClassMode             // Categorical
	Classes       []string              // in their order; rows of other classes are left out. Default: all, sorted
	BatchSize     int                   // 0 is 32
	NoShuffle     bool                  // keep the table's order, as validation and prediction do
	Seed          uint32                // of order and augmentation

	// Augment transforms the images. Its zero value leaves the values 0..255 as
	// they are; scaling them to 0..1 is its Rescale, as in ImageDataGenerator.
	Augment augment.Generator
	// Preprocessing is another way to say how images become numbers, as a model has it in
	// Model.Preprocessing. TargetSize, ColorMode, Interpolation and Augment's normalization are
	// then left out. Its images must have one size. Augment transforms them before their
	// numbers are changed.
	Preprocessing preprocess.Steps
	// Statistics are what Augment's Fit gave, where the generator needs it.
	Statistics *augment.Statistics
	// Subset takes the training or the validation rows of Augment.ValidationSplit.
	Subset Subset

	// Weights has a weight for each row of the table; nil means all 1.
	Weights []float32

	// Workers is how many images are read at once at most; 0 is runtime.GOMAXPROCS(0).
	// While nobody waits for a batch it may be fewer, as many as keep up with the demand. The
	// result is the same for any number.
	Workers int

	// Cache has room for decoded images (bytes at target size, before augmentation), for
	// later epochs; nil has none. BilinearTF's pixels are no bytes, and are not kept. The
	// result is the same.
	Cache *Cache

	// Strict makes an image that can't be read an error that ends the epoch. Otherwise it
	// is left out; see Flow. A file that can't be reached is an error in either case.
	Strict bool
}

// Flow is a dataset of image files: Keras' flow_from_dataframe. Images are read,
// decoded and transformed by several goroutines ahead of the step that trains on them.
//
// An image that can't be read is left out of its batch, which thus is smaller; nothing
// else changes. A batch with no image left is not yielded; an epoch with no image
// left ends in an error. Corrupt lists what was left out. Table.Check finds such
// files beforehand. A file that can't be reached (it was removed, too many files are open,
// the disk fails) is tried again, and then ends the epoch with an *AccessError.
type Flow struct {
	table       *Table
	o           ImageOptions
	classes     []string
	classIndex  []int
	targets     []float32 // Raw's
	weights     []float32
	warn        []string
	order       augment.Order
	fingerprint func() string
	picture     picture.Options      // how files are loaded
	numbers     *preprocess.Pipeline // what is done after Augment; nil is nothing

	workers sync.Pool // of *imageWorker
	decoded *decoded  // nil: not kept
	demand  atomic.Int32

	mu       sync.Mutex
	corrupt  map[int]error
	prepared *production
	slots    []*slot // of an epoch that has ended
}

// Images makes a dataset of a table's images.
func Images(t *Table, o ImageOptions) (*Flow, error) {
	if t == nil {
		return nil, errors.New("there is no table")
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	given := o.Preprocessing // before some of it becomes Augment's
	load, numbers, err := o.preprocessing()
	if err != nil {
		return nil, err
	}
	if err := o.check(t); err != nil {
		return nil, err
	}
	f := &Flow{o: o, corrupt: map[int]error{}, picture: load, numbers: numbers}
	f.o.Preprocessing = given
	if err := f.choose(t); err != nil {
		return nil, err
	}
	// One worker now, so that mistakes of the generator come to light.
	w, err := f.newWorker()
	if err != nil {
		return nil, err
	}
	f.workers.Put(w)
	f.order = augment.Order{Seed: o.Seed, N: f.table.Len(), BatchSize: o.BatchSize, NoShuffle: o.NoShuffle}
	f.fingerprint = sync.OnceValue(f.computeFingerprint)
	if n := f.DecodedBytes(); n > 0 && o.Cache != nil && o.Cache.reserve(n) {
		f.decoded = newDecoded(f.Len(), f.pixels())
	}
	return f, nil
}

// DecodedBytes is the memory that all images take when they are decoded, at target size; 0
// for BilinearTF, whose pixels are not kept.
func (f *Flow) DecodedBytes() int64 {
	if f.o.Interpolation == picture.BilinearTF {
		return 0
	}
	return int64(f.Len()) * int64(f.pixels())
}

// KeepsDecoded says whether the images stay in memory once they were decoded: see
// ImageOptions.Cache.
func (f *Flow) KeepsDecoded() bool { return f.decoded != nil }

func (o *ImageOptions) check(t *Table) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	h, w := o.TargetSize[0], o.TargetSize[1]
	switch {
	case h <= 0 || w <= 0:
		add("the target size is %dx%d; height and width must be positive", h, w)
	case h > picture.MaxPixels/w:
		add("the target size is %dx%d; pictures have at most %d pixels", h, w, picture.MaxPixels)
	}
	if o.BatchSize < 0 {
		add("the batch size is %d; it must be positive", o.BatchSize)
	}
	if o.Workers < 0 {
		add("the number of workers is %d; it must be positive", o.Workers)
	}
	if int(o.ClassMode) >= len(classModes) {
		add("no %v; there are %s", o.ClassMode, strings.Join(classModes[:], ", "))
	}
	if o.Weights != nil && len(o.Weights) != t.Len() {
		add("there are %d weights for %d rows", len(o.Weights), t.Len())
	}
	if o.Subset > Validation {
		add("no subset %d", o.Subset)
	}
	if o.Subset != WholeSet && o.Augment.ValidationSplit == 0 {
		add("a subset is asked for, but Augment.ValidationSplit, which divides the rows, is 0")
	}
	return errors.Join(errs...)
}

// choose finds the classes and the rows, as DataFrameIterator does.
func (f *Flow) choose(t *Table) error {
	o := f.o
	index := make([]int, 0, t.Len())
	class := map[string]int{}
	if o.ClassMode.labeled() {
		for _, c := range o.Classes {
			if _, ok := class[c]; !ok {
				class[c] = len(f.classes)
				f.classes = append(f.classes, c)
			}
		}
		if len(f.classes) == 0 {
			f.classes = t.Classes()
			for i, c := range f.classes {
				class[c] = i
			}
		}
		if o.ClassMode == Binary && len(f.classes) != 2 {
			return fmt.Errorf("the class mode binary needs 2 classes; there are %d: %s", len(f.classes), strings.Join(f.classes, ", "))
		}
	} else if o.Classes != nil {
		f.warn = append(f.warn, fmt.Sprintf("`classes` will be ignored given the class_mode=%q", o.ClassMode))
	}
	for i, r := range t.rows {
		switch {
		case r.file == nil:
			return fmt.Errorf("%s: the row has no file", r.Filename)
		case o.ClassMode.labeled() && r.Label == "":
			return fmt.Errorf("%s: has no category, which the class mode %v needs; use the class mode none to predict", r.Where(), o.ClassMode)
		}
		if _, ok := class[r.Label]; ok || !o.ClassMode.labeled() {
			index = append(index, i)
		}
	}
	switch n := o.Augment.Split(len(index)); o.Subset {
	case Training:
		index = index[n:]
	case Validation:
		index = index[:n]
	}
	if len(index) == 0 {
		return fmt.Errorf("%s: no rows are left of %d; classes: %s", t.Name(), t.Len(), strings.Join(f.classes, ", "))
	}
	f.table = t.Take(index)
	for _, i := range index {
		r := t.rows[i]
		switch {
		case o.ClassMode.labeled():
			f.classIndex = append(f.classIndex, class[r.Label])
		case o.ClassMode == Raw:
			v, err := strconv.ParseFloat(r.Label, 32)
			if err != nil {
				return fmt.Errorf("%s: the category %q is no number, which the class mode raw needs", r.Filename, r.Label)
			}
			f.targets = append(f.targets, float32(v))
		}
		if o.Weights != nil {
			f.weights = append(f.weights, o.Weights[i])
		}
	}
	return nil
}

// pixels is the number of values of an image.
func (f *Flow) pixels() int {
	return f.o.TargetSize[0] * f.o.TargetSize[1] * f.o.ColorMode.Channels()
}

// Len implements Dataset.
func (f *Flow) Len() int { return f.table.Len() }

// Steps implements Dataset. Where images can't be read, an epoch may have fewer.
func (f *Flow) Steps() int { return steps(f.Len(), f.o.BatchSize) }

// Spec implements Dataset.
func (f *Flow) Spec() (x, y tensor.Shape) {
	x = tensor.Shape{tensor.Unknown, f.o.TargetSize[0], f.o.TargetSize[1], f.o.ColorMode.Channels()}
	switch f.o.ClassMode {
	case Categorical:
		return x, tensor.Shape{tensor.Unknown, len(f.classes)}
	case Input:
		return x, x.Clone()
	case NoTargets:
		return x, nil
	}
	return x, tensor.Shape{tensor.Unknown}
}

// Fingerprint implements Dataset: SHA-256 of the table's fingerprint and of all options that
// bear on the batches.
func (f *Flow) Fingerprint() string { return f.fingerprint() }

func (f *Flow) computeFingerprint() string {
	o := f.o
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%v %v %v %v %q %d %v %d\n%v %v %v\n%v\n", f.table.Fingerprint(), o.TargetSize, o.ColorMode, o.Interpolation, o.ClassMode,
		f.classes, o.BatchSize, o.NoShuffle, o.Seed, o.Augment, o.Augment.PreprocessingFunction != nil, o.Statistics, f.weights)
	if len(o.Preprocessing) > 0 {
		fmt.Fprintf(h, "%+v %+v\n", f.picture, o.Preprocessing)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Classes implements Labeled: the names of the classes, in the order of the targets' numbers; nil
// where there are none.
func (f *Flow) Classes() []string { return f.classes }

// Labels has the class's number of each row; nil where there are no classes.
func (f *Flow) ClassIndexes() []int { return f.classIndex }

// Table has the rows, which Batch.Index points into.
func (f *Flow) Table() *Table { return f.table }

// Found is Keras' message.
func (f *Flow) Found() string { return found(f.Len(), f.table.found, len(f.classes)) }

// Warnings are what Images wants to say, in Keras' words.
func (f *Flow) Warnings() []string { return f.warn }

// Corrupt lists the images that could not be read so far, in the table's order.
func (f *Flow) Corrupt() []BadFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bad []BadFile
	for _, row := range slices.Sorted(maps.Keys(f.corrupt)) {
		bad = append(bad, BadFile{f.table.rows[row].Filename, f.corrupt[row]})
	}
	return bad
}

// known is the error of a row that could not be read before.
func (f *Flow) known(row int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.corrupt[row]
}

// Batches implements Dataset. At most three batches are in memory at once, and stay there
// for the next epoch. The sequence may be ranged over again, and several at once.
func (f *Flow) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) { f.run(ctx, epoch, max(step, 0), yield) }
}

// Images yields the values of each image of the first epoch, for Augment's Fit:
//
//	plain, err := data.Images(train, data.ImageOptions{TargetSize: size, NoShuffle: true})
//	...
//	statistics, err := generator.Fit(plain.Images(ctx), size[0], size[1], 3, augment.FitOptions{})
//
// An image is valid until the next is asked for.
func (f *Flow) Images(ctx context.Context) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		for b, err := range f.Batches(ctx, 0, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range b.Index {
				if !yield(b.X.Row(i).Float32s(), nil) {
					return
				}
			}
		}
	}
}

// imageWorker is the memory of one goroutine that makes images.
type imageWorker struct {
	decoder picture.Decoder
	augment *augment.Worker
	file    []byte
	pixels  []float32
}

func (f *Flow) newWorker() (*imageWorker, error) {
	a, err := f.o.Augment.Worker(f.o.TargetSize[0], f.o.TargetSize[1], f.o.ColorMode.Channels(), f.o.Statistics)
	if err != nil {
		return nil, err
	}
	return &imageWorker{augment: a, pixels: make([]float32, f.pixels())}, nil
}

func (f *Flow) worker() *imageWorker {
	if w, ok := f.workers.Get().(*imageWorker); ok {
		return w
	}
	w, err := f.newWorker()
	if err != nil {
		panic("data: " + err.Error()) // Images made one of the same options
	}
	return w
}

// load reads a row's image at target size into w.pixels.
func (f *Flow) load(ctx context.Context, w *imageWorker, row int) error {
	if ok, err := f.decoded.use(row, func(pix []byte) error { return picture.ToFloat32(f.sized(pix), w.pixels) }); ok {
		return err
	}
	if err := f.known(row); err != nil {
		return err
	}
	file := f.table.rows[row].file
	b, err := readFile(ctx, file, w.file)
	if err != nil {
		return err
	}
	w.file = b
	if f.decoded == nil {
		if _, _, err = w.decoder.LoadFloat32(w.pixels, b, f.picture); err != nil {
			return fmt.Errorf("%s: %w", file.where(), err)
		}
		return nil
	}
	img, err := w.decoder.Load(b, f.picture)
	if err != nil {
		return fmt.Errorf("%s: %w", file.where(), err)
	}
	f.decoded.keep(row, img.Pix)
	return picture.ToFloat32(img, w.pixels)
}

func (f *Flow) sized(pix []byte) picture.Image {
	return picture.Image{H: f.o.TargetSize[0], W: f.o.TargetSize[1], C: f.o.ColorMode.Channels(), Pix: pix}
}
