package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/internal/patherr"
)

// LabelMode is the encoding of the targets of ImageDatasetFromDirectory: Keras' label_mode.
type LabelMode uint8

// The label modes. n is the number of examples of a batch.
const (
	IntLabels         LabelMode = iota // the class index, int32, shape (n,); "int"
	CategoricalLabels                  // one-hot vectors, float32, shape (n, classes); "categorical"
	BinaryLabels                       // the class index, 0 or 1, float32, shape (n, 1); needs two classes; "binary"
	NoLabels                           // no targets, for prediction; None in Keras
)

var labelModes = [...]struct {
	name string
	mode ClassMode
}{
	IntLabels: {"int", intLabels}, CategoricalLabels: {"categorical", Categorical}, BinaryLabels: {"binary", binaryColumn}, NoLabels: {"none", NoTargets},
}

// String returns Keras' name of the mode; "none" for NoLabels.
func (m LabelMode) String() string {
	if int(m) >= len(labelModes) {
		return fmt.Sprintf("label mode %d", uint8(m))
	}
	return labelModes[m].name
}

// DirectoryOptions configures ImageDatasetFromDirectory. The names and defaults are Keras'.
type DirectoryOptions struct {
	// Labels are class indexes of the files, in the order of their sorted paths. They must be 0 to k-1 for k
	// classes, which are named "0" to "k-1". nil means that the labels are inferred from the folders.
	Labels []int
	// LabelMode is the encoding of the targets. The default is IntLabels. With NoLabels, the files may be in
	// any folders.
	LabelMode LabelMode
	// ClassNames are the classes in the order of their indexes. Each must be the name of a folder in the
	// directory. Other folders are not used. nil means all folders, sorted.
	ClassNames []string
	// ColorMode is the color mode of the images. The default is RGB.
	ColorMode picture.ColorMode
	BatchSize int    // images in a batch; 0 means 32
	ImageSize [2]int // height and width in pixels; zero means 256x256
	NoShuffle bool   // keeps the files in the order of their paths (Keras' shuffle=False)
	// Seed is the seed of the order. Unlike Keras' default, which is a random seed, the default is 0.
	Seed uint32
	// ValidationSplit is the fraction of the files for validation, between 0 and 1: the last
	// int(ValidationSplit*n) of n files after shuffling. It needs Subset.
	ValidationSplit float64
	// Subset selects the training or the validation files. It needs ValidationSplit. Use
	// ImageDatasetsFromDirectory for Keras' "both".
	Subset Subset
	// Interpolation is the method of resizing. Only "bilinear", the default, is supported. As in TensorFlow,
	// it has no antialiasing; see picture.BilinearTF.
	Interpolation string
	// CropToAspectRatio crops the image to the largest centered part with the aspect ratio of ImageSize, and
	// then resizes it.
	CropToAspectRatio bool
	// PadToAspectRatio resizes the image to the largest size with its own aspect ratio that fits into
	// ImageSize, and then pads it with zeros: tf.image.resize_with_pad.
	PadToAspectRatio bool
	// FollowLinks follows links to folders inside the folder of a class. A link to a folder that it is in is skipped.
	FollowLinks bool

	// Workers limits how many images are read at once. 0 means runtime.GOMAXPROCS(0). The number does not
	// affect the batches.
	Workers int
	// Strict ends the epoch with an error if an image cannot be decoded. By default the image is dropped;
	// see Flow. (In Keras it ends the training.)
	Strict bool
	// Progress, if not nil, receives the number of files listed so far. total is 0 while it is not known. It
	// is called by one goroutine at a time.
	Progress func(done, total int)
}

// ImageDatasetFromDirectory makes a dataset of the images below a folder, which has a folder for each class:
// keras.utils.image_dataset_from_directory. The shape of a batch's X is (n, height, width, channels), with
// values from 0 to 255. LabelMode determines Y.
//
// The files are those whose names end in .bmp, .gif, .jpeg, .jpg or .png. Their order is Keras' (file_paths):
// sorted, and then shuffled by numpy.random.RandomState(Seed), unless NoShuffle is set. Flow.Table returns the
// files in this order. The shuffled order of each epoch is that of augment.Order; TensorFlow's, which shuffles
// within a buffer of 8 batches, is not reproduced.
//
// The pixels equal Keras' for BMP, GIF and PNG files, except in the color mode Grayscale, where TensorFlow
// weighs the colors of PNG files differently, and for BMP files with a palette or bit fields: TensorFlow takes the
// indexes of 8 bits for grays and passes over bit fields, and here they have their colors, as in Pillow. TensorFlow
// refuses some files that are read here, such as PNG files with wrong checksums. The pixels of JPEG files may differ
// slightly, because TensorFlow decodes them with a faster, less exact inverse DCT. Hidden files are skipped.
//
// The error lists all mistakes in the options.
func ImageDatasetFromDirectory(ctx context.Context, dir string, o DirectoryOptions) (*Flow, error) {
	switch {
	case o.Subset != WholeSet && o.ValidationSplit == 0:
		return nil, errors.New("Subset is set and ValidationSplit is 0; set both or none of them")
	case o.Subset == WholeSet && o.ValidationSplit != 0:
		return nil, errors.New("ValidationSplit is set and Subset is not; set both or none of them, or use ImageDatasetsFromDirectory for both subsets")
	}
	d, err := o.index(ctx, dir)
	if err != nil {
		return nil, err
	}
	return d.flow(o)
}

// ImageDatasetsFromDirectory is like ImageDatasetFromDirectory with Keras' subset="both": it returns the
// training and the validation dataset. ValidationSplit must be set, and Subset must be zero. The validation
// dataset is not shuffled again in each epoch.
func ImageDatasetsFromDirectory(ctx context.Context, dir string, o DirectoryOptions) (train, validation *Flow, err error) {
	switch {
	case o.Subset != WholeSet:
		return nil, nil, errors.New("Subset is set; ImageDatasetsFromDirectory returns both subsets, so remove it, or use ImageDatasetFromDirectory")
	case o.ValidationSplit == 0:
		return nil, nil, errors.New("ValidationSplit is 0; set it to the fraction of the files for validation")
	}
	d, err := o.index(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	o.Subset = Training
	if train, err = d.flow(o); err != nil {
		return nil, nil, err
	}
	o.Subset, o.NoShuffle = Validation, true
	if validation, err = d.flow(o); err != nil {
		return nil, nil, err
	}
	found, training, _ := strings.Cut(train.messages, "\n")
	_, using, _ := strings.Cut(validation.messages, "\n")
	train.messages, validation.messages = found+"\n"+training, using
	return train, validation, nil
}

// interpolationsTF are the values of Keras' interpolation.
var interpolationsTF = []string{"bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"}

func (o *DirectoryOptions) check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if int(o.LabelMode) >= len(labelModes) {
		add("unknown %v; want IntLabels, CategoricalLabels, BinaryLabels or NoLabels", o.LabelMode)
	}
	if o.ClassNames != nil && (o.Labels != nil || o.LabelMode == NoLabels) {
		add("ClassNames names the folders from which labels are inferred; remove it, or Labels and NoLabels")
	}
	if v := o.ValidationSplit; v != 0 && !(v > 0 && v < 1) {
		add("ValidationSplit must be between 0 and 1, got %v", v)
	}
	if o.Subset > Validation {
		add("unknown subset %d; want WholeSet, Training or Validation", o.Subset)
	}
	switch i := cmp.Or(o.Interpolation, "bilinear"); {
	case i == "bilinear":
	case slices.Contains(interpolationsTF, i):
		add("the interpolation %q of TensorFlow is not supported yet; use \"bilinear\"", i)
	default:
		add("unknown interpolation %q; use \"bilinear\"", i)
	}
	if o.CropToAspectRatio && o.PadToAspectRatio {
		add("CropToAspectRatio and PadToAspectRatio are both set; set only one of them")
	}
	seen := map[string]bool{}
	for _, c := range o.ClassNames {
		if seen[c] {
			add("ClassNames has %q twice", c)
		}
		seen[c] = true
	}
	return errors.Join(errs...)
}

// directory holds the files of a folder in Keras' order, with their labels.
type directory struct {
	name    string
	table   *Table
	classes []string // nil without labels
}

// index lists and shuffles the files, as Keras' index_directory does.
func (o *DirectoryOptions) index(ctx context.Context, dir string) (*directory, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, patherr.Bare(err))
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s: is not a folder; for archives and other sources, use Open and Images", dir)
	}
	d := &directory{name: dir}
	folders := []string{""}
	inferred := o.Labels == nil && o.LabelMode != NoLabels
	if inferred {
		var err error
		if folders, err = o.folders(dir); err != nil {
			return nil, err
		}
		d.classes = folders
	}
	rep := &reading{ctx: ctx, progress: o.Progress}
	d.table = &Table{found: "files", src: &source{name: dir, rule: Unlabeled, opened: time.Now()}}
	if inferred {
		d.table.src.rule = Folder
	}
	for _, folder := range folders {
		rows, ignored, err := listClass(dir, folder, o.FollowLinks, rep)
		if err != nil {
			return nil, err
		}
		d.table.rows = append(d.table.rows, rows...)
		d.table.ignored = append(d.table.ignored, ignored...)
	}
	rep.finish()
	if len(d.table.rows) == 0 {
		return nil, fmt.Errorf("%s: no images found in the folder, or in its folders if labels are inferred; names must end in %s", dir, strings.Join(directoryFormats, ", "))
	}
	if o.Labels != nil && o.LabelMode != NoLabels {
		if err := d.label(o.Labels); err != nil {
			return nil, err
		}
	}
	if o.LabelMode == BinaryLabels && len(d.classes) != 2 {
		return nil, fmt.Errorf("%s: want 2 classes for the label mode binary, got %d: %s", dir, len(d.classes), strings.Join(d.classes, ", "))
	}
	if !o.NoShuffle {
		mt19937.Shuffle(mt19937.New(o.Seed), d.table.rows)
	}
	return d, nil
}

// folders returns the names of the classes' folders.
func (o *DirectoryOptions) folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, patherr.Bare(err))
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	if o.ClassNames == nil {
		return names, nil
	}
	for _, c := range o.ClassNames {
		if !slices.Contains(names, c) {
			return nil, fmt.Errorf("%s: has no folder %q, which ClassNames names; it has the folders %s", dir, c, strings.Join(names, ", "))
		}
	}
	return slices.Clone(o.ClassNames), nil
}

// directoryFormats are the file name extensions that image_dataset_from_directory accepts, in any case.
var directoryFormats = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png"}

// listClass lists the images below a folder of dir, folder by folder. The label is the folder's name.
func listClass(dir, folder string, follow bool, rep *reading) ([]Row, []BadFile, error) {
	l := &listing{}
	err := l.walkFolder(filepath.Join(dir, folder), follow, rep, func(p, rel string) {
		if isImage(rel) {
			l.entries = append(l.entries, entry{rel, diskFile(p)})
		}
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(l.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(folderOf(a.name), folderOf(b.name)), cmp.Compare(a.name, b.name))
	})
	var rows []Row
	for _, e := range l.entries {
		if slices.Contains(directoryFormats, strings.ToLower(path.Ext(e.name))) {
			rows = append(rows, Row{path.Join(folder, e.name), folder, e.file})
		}
	}
	for i, b := range l.ignored {
		l.ignored[i].Filename = path.Join(folder, b.Filename)
	}
	return rows, l.ignored, nil
}

func folderOf(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }

// label sets given labels.
func (d *directory) label(labels []int) error {
	if len(labels) != d.table.Len() {
		return fmt.Errorf("%s: there are %d labels for %d files; want a label for each file, in the order of their sorted paths", d.name, len(labels), d.table.Len())
	}
	classes := slices.Compact(slices.Sorted(slices.Values(labels)))
	for i, c := range classes {
		if i != c {
			return fmt.Errorf("%s: the labels are %v; want class indexes from 0 to the number of classes minus 1, without gaps", d.name, classes)
		}
		d.classes = append(d.classes, strconv.Itoa(c))
	}
	for i, c := range labels {
		d.table.rows[i].Label = d.classes[c]
	}
	return nil
}

// highByte is the range of gray values with which rounding gives the high byte of 16 bits, as TensorFlow's decode_image does. Pillow and load_img cut values off.
var highByte = [2]float64{128, 65408}

// flow makes the dataset of the subset in o.
func (d *directory) flow(o DirectoryOptions) (*Flow, error) {
	table, total := d.table, d.table.Len()
	message := found(total, "files", len(d.classes))
	validation := augment.Generator{ValidationSplit: o.ValidationSplit}.Split(total)
	switch o.Subset {
	case Training:
		table = table.with(table.rows[:total-validation])
		message += fmt.Sprintf("\nUsing %d files for training.", table.Len())
	case Validation:
		table = table.with(table.rows[total-validation:])
		message += fmt.Sprintf("\nUsing %d files for validation.", table.Len())
	}
	if o.Subset != WholeSet && validation == 0 {
		return nil, fmt.Errorf("%s: %d files are too few for validation data that are a fraction of %v of them", d.name, total, o.ValidationSplit)
	}
	size := o.ImageSize
	if size == [2]int{} {
		size = [2]int{256, 256}
	}
	f, err := newFlow(table, ImageOptions{
		Preprocessing: preprocess.Steps{preprocess.Decode{ColorMode: o.ColorMode, GrayRange: highByte}, preprocess.Resize{
			Height: size[0], Width: size[1], Interpolation: picture.BilinearTF,
			CropToAspectRatio: o.CropToAspectRatio, ResizeWithPad: o.PadToAspectRatio,
		}},
		ClassMode: labelModes[o.LabelMode].mode, Classes: d.labels(o.LabelMode), BatchSize: o.BatchSize, NoShuffle: o.NoShuffle, Seed: o.Seed,
		Workers: o.Workers, Strict: o.Strict,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	f.messages = message
	return f, nil
}

func (d *directory) labels(m LabelMode) []string {
	if m == NoLabels {
		return nil
	}
	return d.classes
}
