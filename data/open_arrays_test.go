package data

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/datasets"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/tensor"
)

// TestOpenArrays checks that the images of MNIST and CIFAR keep their pixels and labels in a table.
func TestOpenArrays(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  picture.ColorMode
		first string // the first class
		row   string // the name of the first row
	}{
		{"datasets/testdata/mnist.npz", picture.Grayscale, "0", "0/00.pgm"},
		{"datasets/testdata/fashion-mnist", picture.Grayscale, "0", "0/0.pgm"},
		{"datasets/testdata/cifar-10-python.tar.gz", picture.RGB, "airplane", "airplane/00.ppm"},
		{"datasets/testdata/cifar-10-binary.tar.gz", picture.RGB, "airplane", "airplane/00.ppm"},
		{"datasets/testdata/cifar-100-python.tar.gz", picture.RGB, "fine_00", "fine_00/0.ppm"},
	} {
		arrays, err := datasets.Load(c.name)
		if err != nil {
			t.Fatal(err)
		}
		done := 0
		tab := open(t, c.name, OpenOptions{Progress: func(d, _ int) { done = d }})
		test, err := tab.Part("test")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tab.Parts(), []string{"test", "train"}) || done != arrays.YTrain.Len()+arrays.YTest.Len() || tab.Rule() != Folder {
			t.Errorf("%s: parts %q, %d files, rule %v", c.name, tab.Parts(), done, tab.Rule())
		}
		if got := tab.Row(0).Filename; tab.Classes()[0] != c.first || got != c.row {
			t.Errorf("%s: classes %q, first row %s", c.name, tab.Classes(), got)
		}
		for _, p := range []struct {
			t    *Table
			x, y *tensor.Tensor
		}{{tab, arrays.XTrain, arrays.YTrain}, {test, arrays.XTest, arrays.YTest}} {
			labels, err := datasets.Indexes(p.y)
			if err != nil {
				t.Fatal(err)
			}
			if p.t.Len() != len(labels) {
				t.Errorf("%s: %d rows, want %d", c.name, p.t.Len(), len(labels))
			}
			for _, r := range p.t.All() {
				i, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(r.Filename), filepath.Ext(r.Filename)))
				if err != nil {
					t.Fatal(err)
				}
				want := fmt.Sprint(labels[i])
				if arrays.Classes != nil {
					want = arrays.Classes[labels[i]]
				}
				if r.Label != want {
					t.Errorf("%s has the label %q, want %q", r.Where(), r.Label, want)
				}
				b, err := r.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				img, err := picture.Decode(b, c.mode)
				if err != nil || !bytes.Equal(img.Pix, p.x.Row(i).Raw()) {
					t.Errorf("%s: the pixels differ: %v", r.Where(), err)
				}
			}
		}
		if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
			t.Error(bad, err)
		}
	}
	python, binary := open(t, "datasets/testdata/cifar-10-python.tar.gz", OpenOptions{}), open(t, "datasets/testdata/cifar-10-binary.tar.gz", OpenOptions{})
	if python.Fingerprint() != binary.Fingerprint() {
		t.Error("two forms of the same dataset have different fingerprints")
	}
	if tab := open(t, "datasets/testdata/mnist.npz", OpenOptions{Part: "test"}); tab.Len() != 4 {
		t.Errorf("the part test has %d rows, want 4", tab.Len())
	}
	f := images(t, python, ImageOptions{TargetSize: [2]int{32, 32}, NoShuffle: true, BatchSize: 3})
	if n := len(copies(t, f, 0, 0)); n != f.Steps() {
		t.Errorf("%d batches, want %d", n, f.Steps())
	}
}

// Labels without names are padded with zeros, so that the classes sort by number.
func TestLabelFolders(t *testing.T) {
	if got := labelFolders([]int{2, 10}, nil); got[2] != "02" || got[10] != "10" {
		t.Error(got)
	}
	if got := labelFolders([]int{0, 1}, []string{"a", "b"}); got[0] != "a" || got[1] != "b" {
		t.Error(got)
	}
}

func TestOpenArraysErrors(t *testing.T) {
	dir := t.TempDir()
	cut, err := os.ReadFile("datasets/testdata/cifar-10-python.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"cifar.tar.gz": string(cut[:len(cut)/2]), "a.npz": "PK\x03\x04", "train-images-idx3-ubyte": "\x00\x00\x08\x03", "images.tar.gz": "\x1f\x8b\x08", "cat.0.txt": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"a.npz":                   "is not a NumPy archive (.npz), or it is damaged",
		"train-images-idx3-ubyte": "open the folder with all four of them",
		"images.tar.gz":           "is truncated",
		"cifar.tar.gz":            "it is truncated; download it again",
		"":                        "has no train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte",
	} {
		if _, err := Open(t.Context(), filepath.Join(dir, name), OpenOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
	if _, err := Open(t.Context(), "datasets/testdata/mnist.npz", OpenOptions{Images: "x"}); err == nil || !strings.Contains(err.Error(), "is not a CSV file") {
		t.Error(err)
	}
}
