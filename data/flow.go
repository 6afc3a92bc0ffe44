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

// ClassMode is the kind of a Flow's targets: Keras' class_mode. All targets are float32, as in Keras.
type ClassMode uint8

// The class modes. n is the number of examples of a batch.
const (
	Categorical ClassMode = iota // one-hot vectors, shape (n, classes), with several 1s for tables of MultiLabel; "categorical"
	Binary                       // the class index, 0 or 1, shape (n,); needs two classes; "binary"
	Sparse                       // the class index, shape (n,); "sparse"
	Raw                          // the label parsed as a number, shape (n,); "raw"
	Input                        // the images themselves, for autoencoders; "input"
	NoTargets                    // no targets, for prediction; None in Keras

	// The modes below are those of ImageDatasetFromDirectory. They have no names in ImageDataGenerator.
	intLabels    // the class index, int32, shape (n,)
	binaryColumn // the class index, 0 or 1, shape (n, 1)
)

var classModes = [...]string{Categorical: "categorical", Binary: "binary", Sparse: "sparse", Raw: "raw", Input: "input", NoTargets: "none"}

// String returns Keras' name of the mode; "none" for NoTargets.
func (m ClassMode) String() string {
	if int(m) >= len(classModes) {
		return fmt.Sprintf("class mode %d", uint8(m))
	}
	return classModes[m]
}

// ParseClassMode returns the mode with the given name: categorical, binary, sparse, raw, input or none.
func ParseClassMode(name string) (ClassMode, error) {
	if i := slices.Index(classModes[:], name); i >= 0 {
		return ClassMode(i), nil
	}
	return 0, fmt.Errorf("unknown class mode %q; want one of %s", name, strings.Join(classModes[:], ", "))
}

// labeled reports whether the targets are classes.
func (m ClassMode) labeled() bool { return m <= Sparse || m >= intLabels }

// Subset selects the rows of one side of augment.Generator.ValidationSplit: Keras' subset.
type Subset uint8

// The subsets of n rows.
const (
	WholeSet   Subset = iota // all rows
	Training                 // the rows after the first int(ValidationSplit*n)
	Validation               // the first int(ValidationSplit*n) rows
)

// SubsetBy determines the n rows of which ValidationSplit is a fraction.
type SubsetBy uint8

// The ways to divide a table into Subsets.
const (
	// BySource is ByClass if the labels of the table are folders, and ByTable otherwise.
	BySource SubsetBy = iota
	// ByTable divides all rows at once, as flow_from_dataframe does. If the rows are sorted by class, the
	// validation rows have only the first classes.
	ByTable
	// ByClass divides the rows of each class separately, as flow_from_directory does.
	ByClass
)

// ImageOptions configures Images. The names and defaults are those of Keras' flow_from_dataframe.
type ImageOptions struct {
	TargetSize    [2]int                // height and width in pixels; zero means 256x256
	ColorMode     picture.ColorMode     // the default is RGB
	Interpolation picture.Interpolation // the default is Nearest
	ClassMode     ClassMode             // the default is Categorical
	Classes       []string              // the classes in the order of their indexes; rows of other classes are dropped. nil means all, sorted
	BatchSize     int                   // images in a batch; 0 means 32
	NoShuffle     bool                  // keeps the table's order, as validation and prediction do (Keras' shuffle=False)
	Seed          uint32                // the seed of the order and of the augmentation

	// Augment transforms each image at random. Its zero value keeps the pixel values, 0 to 255. Its
	// field Rescale scales them, as in ImageDataGenerator.
	Augment augment.Generator
	// Preprocessing lists the steps from an image file to the input, in the form of Model.Preprocessing. It
	// replaces TargetSize, ColorMode, Interpolation and Augment's rescaling and normalization, which must be
	// zero then. The steps must give all images one size. Augment transforms an image after it is resized and
	// before its values are rescaled or normalized.
	Preprocessing preprocess.Steps
	// Statistics is the result of Augment's Fit. It is required if Augment.NeedsFit.
	Statistics *augment.Statistics
	// Subset selects the training or the validation rows of Augment.ValidationSplit. The default is
	// all rows.
	Subset Subset
	// SubsetBy determines whether Subset divides the whole table or each class. The default does what Keras
	// does: each class if the labels are folders (flow_from_directory), and else the whole table
	// (flow_from_dataframe).
	SubsetBy SubsetBy

	// Weights holds an example weight for each row of the table. nil means all 1.
	Weights []float32

	// Workers limits how many images are read at once. 0 means runtime.GOMAXPROCS(0). A Flow uses fewer
	// workers if fewer keep up with training. The number does not affect the batches.
	Workers int

	// Cache keeps decoded images in memory, as bytes at target size before augmentation. A cached
	// image is decoded only once. The cache does not affect the batches. nil means no cache. Images
	// resized with BilinearTF are not bytes and are never cached. Images that Table.Check has kept are used
	// in any case; see CheckOptions.Keep.
	Cache *Cache

	// Strict ends the epoch with an error if an image cannot be decoded. By default the image is
	// dropped; see Flow. A file that cannot be reached is always an error.
	Strict bool
}

// Flow is a Dataset of image files, like the iterator that Keras' flow_from_dataframe returns. Several
// goroutines read, decode and augment images before training needs them. Images makes a Flow.
//
// An image that cannot be decoded is dropped, and its batch is smaller by one. The other images and
// batches do not change. A batch without images is skipped. An epoch without images fails. Corrupt lists the
// dropped images. Table.Check finds them before training.
//
// If a file cannot be reached (it was removed, too many files are open, the disk fails), the Flow
// retries twice, and then ends the epoch with an *AccessError. So does a file that could be read before, and
// for which the permission is missing now.
type Flow struct {
	table       *Table
	o           ImageOptions
	classes     []string
	classIndex  []int
	sets        *classSets // instead of classIndex, for images with several labels
	targets     []float32  // for Raw
	weights     []float32
	arrays      *imageArrays // instead of the table's files
	warn        []string
	messages    string // what Found returns; "" for the messages of ImageDataGenerator
	order       augment.Order
	fingerprint func() string
	picture     picture.Options      // how files are decoded and resized
	numbers     *preprocess.Pipeline // what follows Augment; nil if nothing does

	workers sync.Pool // of *imageWorker
	decoded *decoded  // nil if no images are kept
	demand  atomic.Int32

	mu       sync.Mutex
	corrupt  map[int]error
	read     []uint64 // a bit for each row: whether its file was read; see wasRead
	found    Findings // of the images that were decoded; deep has a bit for each row that it counts
	deep     []uint64
	prepared *production
	slots    []*slot // free, from epochs that have ended
}

// Images makes a dataset of the images of a table. The error lists all mistakes in the options.
//
// The shape of a batch's X is (n, height, width, channels). ClassMode determines Y. augment.Order defines the
// rows of each batch, and augment.Generator their augmentation.
func Images(t *Table, o ImageOptions) (*Flow, error) {
	if int(o.ClassMode) >= len(classModes) {
		return nil, fmt.Errorf("unknown %v; want one of %s", o.ClassMode, strings.Join(classModes[:], ", "))
	}
	return newFlow(t, o)
}

func newFlow(t *Table, o ImageOptions) (*Flow, error) {
	if t == nil {
		return nil, errors.New("the table is nil")
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	given := o.Preprocessing // preprocessing moves some of the steps to Augment
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
	if err := f.init(); err != nil {
		return nil, err
	}
	if err := f.fits(); err != nil {
		return nil, err
	}
	if f.decoded = f.table.images(load); f.decoded != nil {
		return f, nil
	}
	if n := f.DecodedBytes(); n > 0 && o.Cache != nil && o.Cache.reserve(n) {
		f.decoded = newDecoded(f.Len(), f.pixels())
	}
	return f, nil
}

// init sets what depends on the options and the chosen rows.
func (f *Flow) init() error {
	// Make one worker now, to report mistakes in the generator's options.
	w, err := f.newWorker()
	if err != nil {
		return err
	}
	f.workers.Put(w)
	f.order = augment.Order{Seed: f.o.Seed, N: f.table.Len(), BatchSize: f.o.BatchSize, NoShuffle: f.o.NoShuffle}
	f.fingerprint = sync.OnceValue(f.computeFingerprint)
	return nil
}

// DecodedBytes returns the number of bytes that a Cache needs for all images, or 0 for images that are
// never cached: those that are resized with BilinearTF, and those of ImageTensors.
func (f *Flow) DecodedBytes() int64 {
	if f.o.Interpolation == picture.BilinearTF || f.arrays != nil {
		return 0
	}
	return int64(f.Len()) * int64(f.pixels())
}

// KeepsDecoded reports whether decoded images are kept in memory after their first use, or after
// Table.Check; see ImageOptions.Cache and CheckOptions.Keep.
func (f *Flow) KeepsDecoded() bool { return f.decoded != nil }

func (o *ImageOptions) check(t *Table) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	h, w := o.TargetSize[0], o.TargetSize[1]
	switch {
	case h <= 0 || w <= 0:
		add("the target size is %dx%d; height and width must be positive", h, w)
	case h > picture.MaxPixels/w:
		add("the target size is %dx%d; images may have at most %d pixels", h, w, picture.MaxPixels)
	}
	if o.BatchSize < 0 {
		add("the batch size is %d; it must be positive", o.BatchSize)
	}
	if o.Workers < 0 {
		add("the number of workers is %d; it must be positive", o.Workers)
	}
	if o.Weights != nil && len(o.Weights) != t.Len() {
		add("want %d weights, one for each row, got %d", t.Len(), len(o.Weights))
	}
	if err := o.Subset.check(o.Augment.ValidationSplit); err != nil {
		errs = append(errs, err)
	}
	if o.SubsetBy > ByClass {
		add("unknown SubsetBy %d; want BySource, ByTable or ByClass", o.SubsetBy)
	}
	return errors.Join(errs...)
}

// choose selects the classes and rows, as Keras' DataFrameIterator does.
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
			return fmt.Errorf("want 2 classes for the class mode binary, got %d: %s", len(f.classes), strings.Join(f.classes, ", "))
		}
	} else if o.Classes != nil {
		f.warn = append(f.warn, fmt.Sprintf("`classes` will be ignored given the class_mode=%q", o.ClassMode))
	}
	multi := t.Task() == MultiLabel && o.ClassMode.labeled()
	if multi && o.ClassMode != Categorical {
		return fmt.Errorf("want the class mode categorical for images with several labels, got %v", o.ClassMode)
	}
	for i, l := range t.labels() {
		switch {
		case t.packed == nil && t.file(i) == nil:
			return fmt.Errorf("%s: the row has no file", t.Row(i).Filename)
		case o.ClassMode.labeled() && l == "" && !multi:
			return fmt.Errorf("%s: has no label, which the class mode %v needs; use the class mode none to predict", t.Row(i).Where(), o.ClassMode)
		}
		if _, ok := class[l]; ok || multi || !o.ClassMode.labeled() {
			index = append(index, i)
		}
	}
	index = o.subset(t, index)
	if len(index) == 0 {
		return fmt.Errorf("%s: none of the %d rows is in the chosen classes and subset; classes: %s", t.Name(), t.Len(), strings.Join(f.classes, ", "))
	}
	f.table = t.Take(index)
	if multi {
		f.chooseSets(class)
	} else if o.ClassMode.labeled() {
		f.classIndex = make([]int, 0, len(index))
	}
	for _, i := range index {
		switch {
		case multi:
		case o.ClassMode.labeled():
			f.classIndex = append(f.classIndex, class[t.label(i)])
		case o.ClassMode == Raw:
			v, err := strconv.ParseFloat(t.label(i), 32)
			if err != nil {
				return fmt.Errorf("%s: the label %q is not a number; the class mode raw needs numbers", t.Row(i).Filename, t.label(i))
			}
			f.targets = append(f.targets, float32(v))
		}
		if o.Weights != nil {
			f.weights = append(f.weights, o.Weights[i])
		}
	}
	return nil
}

// pixels returns the number of values of an image.
func (f *Flow) pixels() int {
	return f.o.TargetSize[0] * f.o.TargetSize[1] * f.channels()
}

func (f *Flow) channels() int {
	if f.arrays != nil {
		return f.arrays.x.Shape()[3]
	}
	return f.o.ColorMode.Channels()
}

// Len returns the number of images.
func (f *Flow) Len() int { return f.table.Len() }

// Steps returns the number of batches in an epoch. An epoch with dropped images may have fewer.
func (f *Flow) Steps() int { return steps(f.Len(), f.o.BatchSize) }

// BatchSize returns the number of images in a batch; see Batched.
func (f *Flow) BatchSize() int { return f.o.BatchSize }

// Spec returns the shapes of X and Y with an unknown first axis; see Dataset.
func (f *Flow) Spec() (x, y tensor.Shape) {
	x = tensor.Shape{tensor.Unknown, f.o.TargetSize[0], f.o.TargetSize[1], f.channels()}
	if f.arrays != nil {
		return x, unbatched(f.arrays.y)
	}
	switch f.o.ClassMode {
	case Categorical:
		return x, tensor.Shape{tensor.Unknown, len(f.classes)}
	case Input:
		return x, x.Clone()
	case NoTargets:
		return x, nil
	case binaryColumn:
		return x, tensor.Shape{tensor.Unknown, 1}
	}
	return x, tensor.Shape{tensor.Unknown}
}

// Fingerprint returns the SHA-256 hash of the table's fingerprint and of all options that change the
// batches.
func (f *Flow) Fingerprint() string { return f.fingerprint() }

func (f *Flow) computeFingerprint() string {
	o := f.o
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%v %v %v %v %q %d %v %d\n%v %v %v\n%v\n", f.table.Fingerprint(), o.TargetSize, o.ColorMode, o.Interpolation, o.ClassMode,
		f.classes, o.BatchSize, o.NoShuffle, o.Seed, o.Augment, o.Augment.PreprocessingFunction != nil, o.Statistics, f.weights)
	if len(o.Preprocessing) > 0 {
		fmt.Fprintf(h, "%+v %+v\n", f.picture, o.Preprocessing)
	}
	if f.arrays != nil {
		f.arrays.hash(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Classes returns the class names in the order of their class indexes (Keras' class_indices), or nil if
// the targets are not classes.
func (f *Flow) Classes() []string { return f.classes }

// ClassIndexes returns the class index of each row (Keras' classes), or nil if the targets are not
// classes, or several classes; see ClassSet.
func (f *Flow) ClassIndexes() []int { return f.classIndex }

// BalancedClassWeight returns weights that give each class the same weight in the loss, by class index, as lince.FitOptions.ClassWeight wants them:
// rows / (classes * rows of the class), with the classes that have rows. These are the weights of scikit-learn's
// compute_class_weight("balanced"). It returns nil if the targets are not classes, or are several classes.
func (f *Flow) BalancedClassWeight() map[int]float64 {
	if f.classIndex == nil {
		return nil
	}
	counts := map[int]int{}
	for _, c := range f.classIndex {
		counts[c]++
	}
	weights := map[int]float64{}
	for c, n := range counts {
		weights[c] = float64(len(f.classIndex)) / float64(len(counts)*n)
	}
	return weights
}

// Table returns the table of the flow's rows. Batch.Index refers to them.
func (f *Flow) Table() *Table { return f.table }

// Found returns Keras' message: "Found N validated image filenames belonging to K classes." For
// ImageDatasetFromDirectory, it is "Found N files belonging to K classes.", and for a subset, a second line:
// "Using M files for training." It is "" for ImageTensors.
func (f *Flow) Found() string {
	if f.messages != "" || f.arrays != nil {
		return f.messages
	}
	return found(f.Len(), f.table.found, len(f.classes))
}

// Warnings returns the warnings of Images, with Keras' wording.
func (f *Flow) Warnings() []string { return f.warn }

// Corrupt lists the images that could not be decoded so far, in the table's order.
func (f *Flow) Corrupt() []BadFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bad []BadFile
	for _, row := range slices.Sorted(maps.Keys(f.corrupt)) {
		bad = append(bad, BadFile{f.table.Row(row).Filename, f.corrupt[row]})
	}
	return bad
}

// Findings counts the images that were decoded so far and whose values may not fit into 8 bits, each row once. Images that Check has kept in memory
// are not counted. EXIF orientations are not either; Check counts those.
func (f *Flow) Findings() Findings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.found
}

// find counts what a decoder has found in the image of a row.
func (f *Flow) find(row int, d *picture.Decoder) {
	var one Findings
	if one.AddDecoded(d); one == (Findings{}) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deep == nil {
		f.deep = make([]uint64, (f.Len()+63)/64)
	}
	if bit := uint64(1) << (row % 64); f.deep[row/64]&bit == 0 {
		f.deep[row/64] |= bit
		f.found.Add(one)
	}
}

// known returns the error of a row that could not be decoded before.
func (f *Flow) known(row int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.corrupt[row]
}

// Batches yields the batches of an epoch from a step; see Dataset. At most Ahead batches are in memory at
// once. The next epoch reuses their memory. The sequence may be ranged over again, and several sequences may
// be ranged over at the same time.
func (f *Flow) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) { f.run(ctx, epoch, max(step, 0), yield) }
}

// Targets yields the batches of an epoch without their images; see Indexed. It leaves out images that could not be decoded
// before. It fails for the class mode Input, whose targets are images.
func (f *Flow) Targets(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if f.o.ClassMode == Input {
			yield(Batch{}, errors.New("with the class mode input, the targets are the images"))
			return
		}
		order := f.order.Epoch(nil, epoch)
		s := f.targetSlot(min(f.o.BatchSize, f.Len()))
		for k := max(step, 0); k < f.Steps(); k++ {
			if ctx.Err() != nil {
				yield(Batch{}, context.Cause(ctx))
				return
			}
			s.rows = s.rows[:0]
			lo, hi := f.order.Bounds(k)
			for _, row := range order[lo:hi] {
				if f.known(row) == nil {
					f.label(s, len(s.rows), row)
					s.rows = append(s.rows, row)
				}
			}
			n := len(s.rows)
			if n > 0 && !yield(Batch{Y: first(s.y, n), Weights: first(s.weights, n), Index: s.rows, Next: k + 1}, nil) {
				return
			}
		}
	}
}

// Varies reports whether images are changed at random; see Indexed.
func (f *Flow) Varies() bool { return f.o.Augment.Random() }

// Images yields the values of each image of epoch 0, for augment.Generator.Fit:
//
//	plain, err := data.Images(train, data.ImageOptions{TargetSize: size, NoShuffle: true})
//	...
//	statistics, err := generator.Fit(plain.Images(ctx), size[0], size[1], 3, augment.FitOptions{})
//
// An image is valid until the next iteration.
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

// imageWorker is the memory of one goroutine that loads images.
type imageWorker struct {
	decoder picture.Decoder
	augment *augment.Worker
	file    []byte
	pixels  []float32
}

func (f *Flow) newWorker() (*imageWorker, error) {
	a, err := f.o.Augment.Worker(f.o.TargetSize[0], f.o.TargetSize[1], f.channels(), f.o.Statistics)
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
		panic("data: " + err.Error()) // Images made a worker with the same options
	}
	return w
}

// load reads a row's image at target size into w.pixels.
func (f *Flow) load(ctx context.Context, w *imageWorker, row int) error {
	if f.arrays != nil {
		f.arrays.load(w.pixels, row)
		return nil
	}
	if ok, err := f.decoded.use(row, func(pix []byte) error { return picture.ToFloat32(f.sized(pix), w.pixels) }); ok {
		return err
	}
	if err := f.known(row); err != nil {
		return err
	}
	file := f.table.file(row)
	b, err := readFile(ctx, file, w.file)
	if err != nil {
		return f.table.changed(file, f.denied(row, file, err))
	}
	f.noteRead(row)
	w.file = b
	err = f.table.Decode(ctx, b, &w.decoder, func(d *picture.Decoder) error {
		if f.decoded == nil {
			if _, _, err := d.LoadFloat32(w.pixels, b, f.picture); err != nil {
				return err
			}
			f.find(row, d)
			return nil
		}
		img, err := d.Load(b, f.picture)
		if err != nil {
			return err
		}
		f.find(row, d)
		f.decoded.keep(row, img.Pix)
		return picture.ToFloat32(img, w.pixels)
	})
	if err != nil {
		return f.table.changed(file, fmt.Errorf("%s: %w", file.where(), err))
	}
	return nil
}

func (f *Flow) sized(pix []byte) picture.Image {
	return picture.Image{H: f.o.TargetSize[0], W: f.o.TargetSize[1], C: f.o.ColorMode.Channels(), Pix: pix}
}
