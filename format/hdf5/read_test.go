package hdf5

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/tensor"
)

// described is what h5py reads from an object.
type described struct {
	Attrs  map[string][]any
	Dtype  string
	Shape  []int
	Values []any
	Names  []string
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openBytes(t testing.TB, b []byte) *Group {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// plainNumbers formats the elements of a tensor as the golden script does, to compare them as text: integers exactly, and floats as
// float64.
func plainNumbers(x *tensor.Tensor) []string {
	out := []string{}
	each := func(v any) { out = append(out, fmt.Sprint(v)) }
	switch x.DType() {
	case tensor.Float32:
		for _, v := range tensor.Values[float32](x) {
			each(float64(v))
		}
	case tensor.Float64:
		for _, v := range tensor.Values[float64](x) {
			each(v)
		}
	case tensor.BFloat16:
		for _, v := range tensor.Values[tensor.BF16](x) {
			each(v)
		}
	case tensor.Int8:
		for _, v := range tensor.Values[int8](x) {
			each(v)
		}
	case tensor.Int16:
		for _, v := range tensor.Values[int16](x) {
			each(v)
		}
	case tensor.Int32:
		for _, v := range tensor.Values[int32](x) {
			each(v)
		}
	case tensor.Int64:
		for _, v := range tensor.Values[int64](x) {
			each(v)
		}
	case tensor.Uint8:
		for _, v := range tensor.Values[uint8](x) {
			each(v)
		}
	case tensor.Bool:
		for _, v := range tensor.Values[bool](x) {
			each(map[bool]int{true: 1}[v])
		}
	}
	return out
}

// plainGolden formats the golden elements in the same way. Floats are strings there.
func plainGolden(t *testing.T, values []any) []string {
	out := []string{}
	for _, v := range values {
		switch v := v.(type) {
		case json.Number:
			out = append(out, v.String())
		case string:
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(f))
		}
	}
	return out
}

func goldenTexts(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.(string))
	}
	return out
}

func checkValue(t *testing.T, what string, got Value, want []any) {
	t.Helper()
	if got.IsText() {
		if diff := cmp.Diff(goldenTexts(want), got.Text); diff != "" {
			t.Errorf("%s (-h5py +lince):\n%s", what, diff)
		}
		return
	}
	if diff := cmp.Diff(plainGolden(t, want), plainNumbers(got.Numbers)); diff != "" {
		t.Errorf("%s (-h5py +lince):\n%s", what, diff)
	}
}

func TestFilesOfH5py(t *testing.T) {
	d := json.NewDecoder(bytes.NewReader(readFile(t, "expected.json")))
	d.UseNumber()
	var files map[string]map[string]described
	if err := d.Decode(&files); err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d files in expected.json", len(files))
	}
	for name, objects := range files {
		t.Run(name, func(t *testing.T) {
			root := openBytes(t, readFile(t, name))
			for path, want := range objects {
				var attrs attributes
				if want.Dtype == "" {
					g := root
					if path != "/" {
						var err error
						if g, err = root.Group(path); err != nil {
							t.Error(err)
							continue
						}
					}
					attrs = g.attributes
					if got := g.Names(); !slices.Equal(got, want.Names) {
						t.Errorf("%s: names %q, h5py has %q", path, got, want.Names)
					}
					if _, err := g.Children(); err != nil {
						t.Error(err)
					}
				} else {
					ds, err := root.Dataset(path)
					if err != nil {
						t.Error(err)
						continue
					}
					attrs = ds.attributes
					checkDataset(t, ds, want)
				}
				checkAttributes(t, attrs, want)
			}
		})
	}
}

func checkDataset(t *testing.T, ds *Dataset, want described) {
	t.Helper()
	if !ds.Shape().Equal(want.Shape) {
		t.Errorf("%s: shape %v, h5py has %v", ds.Path(), ds.Shape(), want.Shape)
		return
	}
	if ds.IsText() {
		text, err := ds.ReadText()
		if err != nil {
			t.Error(err)
			return
		}
		checkValue(t, ds.Path(), Value{Text: text}, want.Values)
		return
	}
	x, err := ds.Read()
	if err != nil {
		t.Error(err)
		return
	}
	// The type as which each NumPy type is read.
	types := map[string]tensor.DType{
		"f2": tensor.Float32, "f4": tensor.Float32, "f8": tensor.Float64, "b1": tensor.Bool, "V2": tensor.BFloat16,
		"i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32, "i8": tensor.Int64,
		"u1": tensor.Uint8, "u2": tensor.Int32, "u4": tensor.Int64, "u8": tensor.Int64,
	}
	if dtype := types[want.Dtype[1:]]; x.DType() != dtype || ds.DType() != dtype {
		t.Errorf("%s: %s is read as %v, want %v", ds.Path(), want.Dtype, x.DType(), dtype)
	}
	checkValue(t, ds.Path(), Numbers(x), want.Values)
}

func checkAttributes(t *testing.T, attrs attributes, want described) {
	t.Helper()
	names, err := attrs.AttrNames()
	if err != nil {
		t.Error(err)
		return
	}
	if len(names) != len(want.Attrs) {
		t.Errorf("%s: attributes %q, h5py has %d", attrs.path, names, len(want.Attrs))
	}
	for name, values := range want.Attrs {
		v, err := attrs.Attr(name)
		if err != nil {
			t.Error(err)
			continue
		}
		checkValue(t, attrs.path+" attribute "+name, v, values)
	}
}

func TestRefused(t *testing.T) {
	root := openBytes(t, readFile(t, "refused.h5"))
	for name, want := range map[string]string{
		"soft":            `"soft link", which is not supported`,
		"external":        `"external link", which is not supported`,
		"outside":         "external storage",
		"virtual":         "virtual dataset",
		"compound":        "compound",
		"complex":         "compound",
		"long-double":     "not supported",
		"u8-too-large":    "does not fit int64",
		"lzf":             "filter lzf (32000)",
		"vlen-numbers":    "variable-length",
		"reference":       "reference",
		"bomb":            "too much for a file of",
		"bomb-contiguous": "too much for a file of",
		"nothing":         "no such",
	} {
		d, err := root.Dataset(name)
		if err == nil {
			_, err = d.Read()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/"+name) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
		if notExist := name == "nothing"; notExist != (err != nil && isNotExist(err)) {
			t.Errorf("%s: error %v wraps fs.ErrNotExist: %v", name, err, !notExist)
		}
	}
	if _, err := root.Group("a"); err == nil || !strings.Contains(err.Error(), "not a group") {
		t.Errorf("a dataset opened as a group: %v", err)
	}
	if _, err := root.Dataset("a/b"); err == nil || !strings.Contains(err.Error(), "not a group") {
		t.Errorf("a path through a dataset: %v", err)
	}
}

func isNotExist(err error) bool {
	return strings.HasSuffix(err.Error(), fs.ErrNotExist.Error())
}
