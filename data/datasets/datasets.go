// Package datasets reads the files of MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100: keras.datasets. It never downloads a file.
//
//	d, err := datasets.LoadMNIST("") // ~/.keras/datasets/mnist.npz, where Keras has stored it
//	train, err := data.Tensors(d.XTrain, d.YTrain, data.TensorOptions{})
//
// Each function reads all forms in which the datasets are distributed:
//
//   - a .npz file with the arrays x_train, y_train, x_test and y_test, such as Keras' mnist.npz;
//   - a folder with the IDX files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
//     t10k-labels-idx1-ubyte, also compressed (.gz);
//   - the folders cifar-10-batches-py, cifar-10-batches-bin, cifar-100-python and cifar-100-binary, or the .tar.gz archives of
//     them.
//
// Files may be untrusted: they cannot run code, and the memory for reading one is a small multiple of its size.
package datasets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/tensor"
)

// Arrays holds a dataset: what load_data returns. n is the number of examples.
type Arrays struct {
	// XTrain and XTest are images of type uint8, with values from 0 to 255: shape (n, height, width) for gray images, and
	// (n, height, width, 3) for RGB images.
	XTrain, XTest *tensor.Tensor
	// YTrain and YTest are class indexes: uint8 of shape (n,) for MNIST and Fashion-MNIST, uint8 of shape (n, 1) for CIFAR-10,
	// and int64 of shape (n, 1) for CIFAR-100, as in Keras.
	YTrain, YTest *tensor.Tensor
	// Classes are the names of the classes by index. It is nil if the names are not known.
	Classes []string
}

// The classes of the datasets.
var (
	digits       = strings.Fields("0 1 2 3 4 5 6 7 8 9")
	fashionNames = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
	cifar10Names = strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")
)

// LabelMode selects the labels of CIFAR-100: Keras' label_mode.
type LabelMode uint8

// The label modes.
const (
	Fine   LabelMode = iota // 100 classes; "fine"
	Coarse                  // 20 superclasses; "coarse"
)

// LoadMNIST reads MNIST: images of shape (28, 28) in 10 classes (keras.datasets.mnist.load_data). path is a .npz file or a folder
// with IDX files. "" means ~/.keras/datasets/mnist.npz, where Keras stores the dataset.
func LoadMNIST(path string) (*Arrays, error) {
	return load(path, wanted{
		name: "MNIST", cached: []string{"mnist.npz"}, forms: []*form{npzForm, idxForm}, classes: digits,
		get: "mnist.npz from https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
	}, Fine)
}

// LoadFashionMNIST reads Fashion-MNIST: images of shape (28, 28) in 10 classes (keras.datasets.fashion_mnist.load_data). path is a
// folder with IDX files or a .npz file. "" means ~/.keras/datasets/fashion-mnist, where Keras stores the dataset.
func LoadFashionMNIST(path string) (*Arrays, error) {
	return load(path, wanted{
		name: "Fashion-MNIST", cached: []string{"fashion-mnist", "datasets/fashion-mnist"}, forms: []*form{idxForm, npzForm}, classes: fashionNames,
		get: "the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz " +
			"from https://github.com/zalandoresearch/fashion-mnist",
	}, Fine)
}

// LoadCIFAR10 reads CIFAR-10: images of shape (32, 32, 3) in 10 classes (keras.datasets.cifar10.load_data). path is the folder
// cifar-10-batches-py or cifar-10-batches-bin, a folder that contains one of them, or their .tar.gz archive. "" means the folder
// below ~/.keras/datasets where Keras stores the dataset.
func LoadCIFAR10(path string) (*Arrays, error) {
	return load(path, wanted{
		name: "CIFAR-10", cached: []string{"cifar-10-batches-py-target", "cifar-10-batches-py", "cifar-10-batches-py.tar.gz"},
		forms: []*form{cifar10Form, cifar10BinaryForm, npzForm}, classes: cifar10Names,
		get: "cifar-10-python.tar.gz or cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
	}, Fine)
}

// LoadCIFAR100 reads CIFAR-100: images of shape (32, 32, 3) in 100 classes, or 20 superclasses
// (keras.datasets.cifar100.load_data). path is the folder cifar-100-python or cifar-100-binary, a folder that contains one of
// them, or their .tar.gz archive. "" means the folder below ~/.keras/datasets where Keras stores the dataset.
func LoadCIFAR100(path string, mode LabelMode) (*Arrays, error) {
	if mode > Coarse {
		return nil, fmt.Errorf("unknown label mode %d; want Fine or Coarse", mode)
	}
	return load(path, wanted{
		name: "CIFAR-100", cached: []string{"cifar-100-python-target", "cifar-100-python", "cifar-100-python.tar.gz"},
		forms: []*form{cifar100Form, cifar100BinaryForm},
		get:   "cifar-100-python.tar.gz or cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
	}, mode)
}

// Recognize reports whether path is a file or a folder that Load reads, even if it is damaged.
func Recognize(path string) bool {
	s, f, _ := find(path, allForms)
	s.close()
	return f != nil
}

// Load reads a dataset of any kind, with the fine labels of CIFAR-100. Classes is nil for .npz and IDX files, whose class names
// are not known.
func Load(path string) (*Arrays, error) {
	return load(path, wanted{
		name: "a dataset", forms: allForms,
		get: "a .npz file with the arrays x_train, y_train, x_test and y_test, a folder with the IDX files of MNIST, or a folder or .tar.gz archive of CIFAR",
	}, Fine)
}

// wanted describes the dataset that a function reads.
type wanted struct {
	name    string
	cached  []string // where Keras stores it, below ~/.keras/datasets
	forms   []*form
	classes []string // the names, if the files have none
	get     string   // where the files come from, for messages
}

// form is a form in which a dataset is distributed.
type form struct {
	name   string
	marker []string // a file with one of these names identifies the form
	also   []string // if these files exist too
	load   func(s *source, mode LabelMode) (*Arrays, error)
}

var (
	npzForm            = &form{name: "npz"}
	idxForm            = &form{"IDX files", idxNames("train", "images", 3), nil, loadIDX}
	cifar10Form        = &form{"cifar-10-batches-py", cifar10Files[:5], nil, loadCIFAR10}
	cifar10BinaryForm  = &form{"cifar-10-batches-bin", cifar10BinaryFiles[:5], nil, loadCIFAR10Binary}
	cifar100Form       = &form{"cifar-100-python", []string{"meta"}, []string{"train", "test"}, loadCIFAR100}
	cifar100BinaryForm = &form{"cifar-100-binary", []string{"fine_label_names.txt"}, []string{"train.bin"}, loadCIFAR100Binary}
	allForms           = []*form{npzForm, idxForm, cifar10Form, cifar10BinaryForm, cifar100Form, cifar100BinaryForm}
)

func load(path string, w wanted, mode LabelMode) (*Arrays, error) {
	if path == "" {
		var err error
		if path, err = w.cache(); err != nil {
			return nil, err
		}
	}
	s, f, err := find(path, w.forms)
	defer s.close()
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, fmt.Errorf("%s: is not %s: want %s", path, w.name, w.get)
	}
	var a *Arrays
	if f == npzForm {
		a, err = loadNPZ(path)
	} else {
		a, err = f.load(s, mode)
	}
	if err != nil {
		return nil, err
	}
	if a.Classes == nil {
		a.Classes = w.classes
	}
	if err := a.check(path); err != nil {
		return nil, err
	}
	return a, nil
}

// cache returns where Keras has stored the dataset.
func (w wanted) cache() (string, error) {
	home := os.Getenv("KERAS_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%s: the folder ~/.keras/datasets cannot be found: %w; name the file", w.name, err)
		}
		home = filepath.Join(user, ".keras")
	}
	var tried []string
	for _, c := range w.cached {
		path := filepath.Join(home, "datasets", filepath.FromSlash(c))
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		tried = append(tried, path)
	}
	return "", fmt.Errorf("%s: there is no %s; lince does not download datasets: get %s, and name the file or folder", w.name, strings.Join(tried, " and no "), w.get)
}

func loadNPZ(path string) (*Arrays, error) {
	m, err := npy.ReadArchive(path, "x_train", "y_train", "x_test", "y_test")
	if err != nil {
		return nil, err
	}
	return &Arrays{XTrain: m["x_train"], YTrain: m["y_train"], XTest: m["x_test"], YTest: m["y_test"]}, nil
}

// check returns an error if the arrays are not images with class indexes.
func (a *Arrays) check(path string) error {
	var errs []error
	for _, p := range []struct {
		part string
		x, y *tensor.Tensor
	}{{"train", a.XTrain, a.YTrain}, {"test", a.XTest, a.YTest}} {
		add := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
		}
		s := p.x.Shape()
		if p.x.DType() != tensor.Uint8 || len(s) != 3 && len(s) != 4 {
			add("x_%s is %v, want images: uint8 of shape (n, height, width) or (n, height, width, channels)", p.part, p.x)
			continue
		}
		if len(s) == 4 && s[3] != 1 && s[3] != 3 {
			add("x_%s has %d channels, want 1 or 3", p.part, s[3])
		}
		if p.x.Len() == 0 {
			add("x_%s has no images: its shape is %v", p.part, s)
		}
		if ys := p.y.Shape(); len(ys) == 0 || len(ys) > 2 || ys[0] != s[0] || len(ys) == 2 && ys[1] != 1 {
			add("y_%s has shape %v, want (%d,) or (%[3]d, 1): a class index for each image", p.part, ys, s[0])
			continue
		}
		labels, err := Indexes(p.y)
		if err != nil {
			add("y_%s: %w", p.part, err)
			continue
		}
		for i, l := range labels {
			if a.Classes != nil && l >= len(a.Classes) {
				add("y_%s: the class index of image %d is %d, want 0 to %d", p.part, i, l, len(a.Classes)-1)
				break
			}
		}
	}
	return errors.Join(errs...)
}

// Indexes returns the class indexes in y, which are integers of any type, at least 0.
func Indexes(y *tensor.Tensor) ([]int, error) {
	switch y.DType() {
	case tensor.Uint8:
		return ints(tensor.Values[uint8](y))
	case tensor.Int8:
		return ints(tensor.Values[int8](y))
	case tensor.Int16:
		return ints(tensor.Values[int16](y))
	case tensor.Int32:
		return ints(tensor.Values[int32](y))
	case tensor.Int64:
		return ints(tensor.Values[int64](y))
	}
	return nil, fmt.Errorf("the class indexes are %v, want integers", y.DType())
}

// maxClasses limits class indexes. A larger one is a mistake.
const maxClasses = 1 << 20

func ints[T uint8 | int8 | int16 | int32 | int64](values []T) ([]int, error) {
	out := make([]int, len(values))
	for i, v := range values {
		if int64(v) < 0 || int64(v) >= maxClasses {
			return nil, fmt.Errorf("the class index of image %d is %d, want 0 to %d", i, v, maxClasses-1)
		}
		out[i] = int(v)
	}
	return out, nil
}
