package datasets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/pickle"
	"github.com/lince-ml/lince/tensor"
)

// The images of CIFAR, which files hold in the order (channel, row, column).
const (
	cifarSide = 32
	cifarSize = 3 * cifarSide * cifarSide
)

// cifarBatch holds the images of some files.
type cifarBatch struct {
	pixels []byte // as in the files
	labels []int64
}

// arrays returns the images in the order (row, column, channel), and the labels of shape (n, 1).
func (b *cifarBatch) arrays(labels tensor.DType) (x, y *tensor.Tensor) {
	n := len(b.labels)
	x = tensor.New(tensor.Uint8, n, cifarSide, cifarSide, 3)
	for i := range n {
		src, dst := b.pixels[i*cifarSize:][:cifarSize], x.Raw()[i*cifarSize:][:cifarSize]
		for p := range cifarSize / 3 {
			for c := range 3 {
				dst[3*p+c] = src[c*cifarSize/3+p]
			}
		}
	}
	if labels == tensor.Int64 {
		return x, tensor.Of(b.labels, n, 1)
	}
	y = tensor.New(tensor.Uint8, n, 1)
	for i, l := range b.labels {
		y.Raw()[i] = uint8(l)
	}
	return x, y
}

// pickled adds the images of a pickled batch. key is the name of the labels.
func (b *cifarBatch) pickled(content []byte, key string) error {
	v, err := pickle.Load(content)
	if err != nil {
		return err
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return fmt.Errorf("is a pickled %T, want a dict with data and %s", v, key)
	}
	x, ok := d.Items["data"].(*tensor.Tensor)
	if !ok || x.DType() != tensor.Uint8 || len(x.Shape()) != 2 || x.Shape()[1] != cifarSize {
		return fmt.Errorf("has no data: want an array of type uint8 and shape (n, %d)", cifarSize)
	}
	var labels []int64
	switch l := d.Items[key].(type) {
	case *pickle.List:
		for _, v := range l.Items {
			i, ok := v.(int64)
			if !ok {
				return fmt.Errorf("has a label that is a %T, want an integer", v)
			}
			labels = append(labels, i)
		}
	case *tensor.Tensor:
		indexes, err := Indexes(l)
		if err != nil {
			return err
		}
		for _, i := range indexes {
			labels = append(labels, int64(i))
		}
	default:
		return fmt.Errorf("has no list %s", key)
	}
	return b.add(x.Raw(), labels)
}

// add adds images with their labels.
func (b *cifarBatch) add(pixels []byte, labels []int64) error {
	if len(labels) != len(pixels)/cifarSize {
		return fmt.Errorf("has %d labels for %d images", len(labels), len(pixels)/cifarSize)
	}
	for i, l := range labels {
		if l < 0 || l > 255 {
			return fmt.Errorf("the label of image %d is %d, want 0 to 255", i, l)
		}
	}
	b.pixels = append(b.pixels, pixels...)
	b.labels = append(b.labels, labels...)
	return nil
}

// binary adds the images of a binary file. An image follows its labels, of which there are size bytes; label at is used.
func (b *cifarBatch) binary(content []byte, size, at int) error {
	row := size + cifarSize
	if len(content) == 0 || len(content)%row != 0 {
		return fmt.Errorf("has %d bytes, want a multiple of %d", len(content), row)
	}
	for i := 0; i < len(content); i += row {
		b.labels = append(b.labels, int64(content[i+at]))
		b.pixels = append(b.pixels, content[i+size:i+row]...)
	}
	return nil
}

// cifarFiles reads files and adds each to a batch: the last one to the test data, the others to the training data.
func cifarFiles(s *source, labels tensor.DType, names []string, add func(b *cifarBatch, content []byte) error) (*Arrays, error) {
	content, err := s.read(names...)
	if err != nil {
		return nil, err
	}
	var train, test cifarBatch
	for i, n := range names {
		b := &train
		if i == len(names)-1 {
			b = &test
		}
		if err := add(b, content[n]); err != nil {
			return nil, fmt.Errorf("%s: %s %w", s.where, n, err)
		}
	}
	a := &Arrays{}
	a.XTrain, a.YTrain = train.arrays(labels)
	a.XTest, a.YTest = test.arrays(labels)
	return a, nil
}

// The files of CIFAR-10.
var (
	cifar10Files       = []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}
	cifar10BinaryFiles = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}
)

func loadCIFAR10(s *source, _ LabelMode) (*Arrays, error) {
	a, err := cifarFiles(s, tensor.Uint8, cifar10Files, func(b *cifarBatch, content []byte) error { return b.pickled(content, "labels") })
	if err == nil {
		a.Classes = cifar10Names
	}
	return a, err
}

func loadCIFAR10Binary(s *source, _ LabelMode) (*Arrays, error) {
	a, err := cifarFiles(s, tensor.Uint8, cifar10BinaryFiles, func(b *cifarBatch, content []byte) error { return b.binary(content, 1, 0) })
	if err == nil {
		a.Classes = cifar10Names
	}
	return a, err
}

func loadCIFAR100(s *source, mode LabelMode) (*Arrays, error) {
	key := [...]string{Fine: "fine_label", Coarse: "coarse_label"}[mode]
	a, err := cifarFiles(s, tensor.Int64, []string{"train", "test"}, func(b *cifarBatch, content []byte) error { return b.pickled(content, key+"s") })
	if err != nil {
		return nil, err
	}
	meta, err := s.read("meta")
	if err == nil {
		if a.Classes, err = pickledNames(meta["meta"], key+"_names"); err != nil {
			err = fmt.Errorf("%s: meta %w", s.where, err)
		}
	}
	return a, err
}

// pickledNames returns a list of names in a pickled dict.
func pickledNames(content []byte, key string) ([]string, error) {
	v, err := pickle.Load(content)
	if err != nil {
		return nil, err
	}
	d, _ := v.(*pickle.Dict)
	if d == nil {
		return nil, fmt.Errorf("is a pickled %T, want a dict", v)
	}
	l, ok := d.Items[key].(*pickle.List)
	if !ok {
		return nil, fmt.Errorf("has no list %s", key)
	}
	var names []string
	for _, v := range l.Items {
		switch v := v.(type) {
		case string:
			names = append(names, v)
		case []byte:
			names = append(names, string(v))
		default:
			return nil, fmt.Errorf("has a name that is a %T", v)
		}
	}
	return names, checkNames(names)
}

func loadCIFAR100Binary(s *source, mode LabelMode) (*Arrays, error) {
	a, err := cifarFiles(s, tensor.Int64, []string{"train.bin", "test.bin"}, func(b *cifarBatch, content []byte) error {
		return b.binary(content, 2, [...]int{Fine: 1, Coarse: 0}[mode])
	})
	if err != nil {
		return nil, err
	}
	file := [...]string{Fine: "fine_label_names.txt", Coarse: "coarse_label_names.txt"}[mode]
	content, err := s.read(file)
	if err != nil {
		return nil, err
	}
	a.Classes = strings.Fields(string(content[file]))
	if err := checkNames(a.Classes); err != nil {
		return nil, fmt.Errorf("%s: %s %w", s.where, file, err)
	}
	return a, nil
}

// checkNames returns an error if there are no class names, or if they could not be the names of folders.
func checkNames(names []string) error {
	sorted := slices.Sorted(slices.Values(names))
	for i, n := range sorted {
		if n == "" || n[0] == '.' || len(n) > 64 || strings.ContainsAny(n, "/\\\x00\n") || i > 0 && n == sorted[i-1] {
			return fmt.Errorf("has the invalid or repeated class name %q", n)
		}
	}
	if len(names) == 0 || len(names) > 256 {
		return errors.New("has no class names, or more than 256")
	}
	return nil
}
