package hdf5

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// TestLookupReads finds each dataset of a model with many layers by its whole path. The group of the layers is not read for each of them.
func TestLookupReads(t *testing.T) {
	perPath := func(layers int) int {
		root := &Tree{}
		for i := range layers {
			root.Group(fmt.Sprintf("model/dense_%d/vars", i)).Dataset("0", tensor.New(tensor.Float32, 2))
		}
		var b bytes.Buffer
		if _, err := root.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		r := &countingReader{ReaderAt: bytes.NewReader(b.Bytes())}
		f, err := Open(r, int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		g, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		for i := range layers {
			path := fmt.Sprintf("/model/dense_%d/vars/0", i)
			if d, err := g.Dataset(path); err != nil || d.Path() != path {
				t.Fatal(err)
			}
			if _, err := g.Dataset(path + "/0"); err == nil {
				t.Fatal("a dataset has a child")
			}
		}
		for _, path := range []string{"model/dense_0/none/0", "model/none/vars/0", "none/dense_0/vars/0", "model/dense_0/vars/1"} {
			if _, err := g.Dataset(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", path, err)
			}
		}
		return int(r.n) / layers
	}
	if few, many := perPath(20), perPath(1000); many > 2*few {
		t.Errorf("a path needs %d bytes in a model of 20 layers, and %d in one of 1,000", few, many)
	}
}
