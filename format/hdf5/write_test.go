package hdf5

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// sampleTensors holds a tensor of each type, with various shapes.
func sampleTensors() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{
		"float32":  tensor.Of([]float32{1, -2.5, 3e-8, 4, 5, 6}, 1, 2, 3),
		"float64":  tensor.Of([]float64{1, 1e300}, 2),
		"bfloat16": tensor.Of([]tensor.BF16{0x3f80, 0xc040, 0x3eab}, 3),
		"int8":     tensor.Of([]int8{-128, 127}, 2),
		"int16":    tensor.Of([]int16{-32768, 5}, 2),
		"int32":    tensor.Of([]int32{-1 << 31, 5}, 2, 1),
		"int64":    tensor.Of([]int64{-1 << 63, 1<<53 + 1}, 2),
		"uint8":    tensor.Of([]uint8{0, 255, 7}, 3),
		"bool":     tensor.Of([]bool{true, false}, 2),
		"scalar":   tensor.Scalar(int64(42)),
		"zero":     tensor.New(tensor.Float32, 0, 3),
		"zero-8":   tensor.New(tensor.Int64, 2, 0),
		"Línce 🐈":  tensor.Scalar(float32(0.001)),
	}
}

// sampleTree returns a tree with everything that can be written.
func sampleTree() *Tree {
	t := &Tree{}
	types := t.Group("types")
	for name, v := range sampleTensors() {
		types.Dataset(name, v)
	}
	t.Group("empty")
	g := t.Group("attributes")
	g.Attr("text", String("línce"))
	g.Attr("empty", String(""))
	g.Attr("texts", Strings("conv2d", "", "dense"))
	g.Attr("no texts", Strings())
	g.Attr("fixed", FixedStrings("conv2d/kernel:0", "b"))
	g.Attr("long", String(strings.Repeat("é", 100_000)))
	g.Attr("number", Numbers(tensor.Scalar(0.5)))
	g.Attr("numbers", Numbers(tensor.Of([]int32{1, 2, 3, 4, 5, 6}, 2, 3)))
	g.Attr("bools", Numbers(tensor.Of([]bool{false, true}, 2)))
	t.Attr("ínfo", String("root"))
	d := t.Dataset("annotated", tensor.Of([]float32{1}, 1))
	d.Attr("of", String("a dataset"))
	many := t.Group("many")
	for i := range 1000 {
		many.Group(fmt.Sprintf("layer_%d/vars", i)).Attr("name", String(fmt.Sprintf("name %d", i)))
	}
	t.Group(strings.Repeat("deep/", 40)+"er").Dataset(strings.Repeat("long name ", 30), tensor.Scalar(float32(1)))
	return t
}

func treeBytes(t testing.TB, tree *Tree) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := tree.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	size, err := tree.Size()
	if err != nil || n != size || n != int64(b.Len()) {
		t.Fatalf("WriteTo returned %d bytes and Size %d (%v), but %d were written", n, size, err, b.Len())
	}
	return b.Bytes()
}

// checkSample compares the content of a file with sampleTree.
func checkSample(t *testing.T, root *Group) {
	t.Helper()
	for name, want := range sampleTensors() {
		d, err := root.Dataset("types/" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := d.Read()
		if err != nil {
			t.Error(err)
		} else if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) || !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("%s: read %v %v, wrote %v %v", name, got, plainNumbers(got), want, plainNumbers(want))
		}
	}
	g, err := root.Group("attributes")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"text": {"línce"}, "empty": {""}, "texts": {"conv2d", "", "dense"}, "no texts": nil,
		"fixed": {"conv2d/kernel:0", "b"}, "long": {strings.Repeat("é", 100_000)},
	} {
		v, err := g.Attr(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := v.TextList(); err != nil || !slices.Equal(got, want) {
			t.Errorf("attribute %s: read %.60q (%v), wrote %.60q", name, got, err, want)
		}
	}
	if v, err := g.Attr("numbers"); err != nil || fmt.Sprint(v.Shape, plainNumbers(v.Numbers)) != "(2, 3) [1 2 3 4 5 6]" {
		t.Errorf("attribute numbers: %v, %v", v, err)
	}
	if _, err := g.Attr("missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing attribute: %v", err)
	}
	many, err := root.Group("many")
	if err != nil {
		t.Fatal(err)
	}
	if names := many.Names(); len(names) < 1000 || names[len(names)-1] != "layer_999" {
		t.Errorf("%d names, the last %q", len(names), names[len(names)-1])
	}
	vars, err := many.Group("layer_999/vars")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := vars.Attr("name"); err != nil || v.Text[0] != "name 999" {
		t.Errorf("attribute of the last of many: %v, %v", v, err)
	}
}

func TestRoundTrip(t *testing.T) {
	b := treeBytes(t, sampleTree())
	checkSample(t, openBytes(t, b))
	for range 3 { // maps are ranged over in random order
		if !bytes.Equal(b, treeBytes(t, sampleTree())) {
			t.Fatal("the same tree gave other bytes")
		}
	}
	if names := openBytes(t, treeBytes(t, &Tree{})).Names(); len(names) != 0 {
		t.Errorf("an empty tree has %q", names)
	}
}

func TestWriteMistakes(t *testing.T) {
	one := tensor.Scalar(float32(1))
	var tree Tree
	tree.Group("a").Dataset("b", one)
	tree.Group("a/b")
	tree.Group("a").Dataset("a/b", one)
	tree.Group("x//y")
	tree.Dataset("d", one)
	tree.Dataset("d", one)
	tree.Dataset("a", one)
	tree.Dataset("nothing", nil)
	tree.Dataset("bad \xff", one)
	tree.Group("large").Dataset("d", one).Attr("\x00", String(""))
	_, err := tree.WriteTo(&bytes.Buffer{})
	for _, want := range []string{
		`/a: name "b": there are a group and a dataset`, `"a/b"`, `/x: name ""`, `"d": there are two datasets`, `/: name "a": there are a group and a dataset`,
		`"nothing": the tensor is nil`, `"bad \xff"`, `/large/d: attribute name`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in the error:\n%v", want, err)
		}
	}
	for what, v := range map[string]Value{
		"at most 65535":          Numbers(tensor.New(tensor.Float64, 10_000)),
		"has 1 strings":          {Shape: tensor.Shape{3}, Text: []string{"a"}},
		"its numbers have shape": {Shape: tensor.Shape{3}, Numbers: one},
	} {
		var tree Tree
		tree.Attr("x", v)
		if _, err := tree.WriteTo(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want one with %q", err, what)
		}
	}
	want := errors.New("full")
	if _, err := sampleTree().WriteTo(failing{want}); !errors.Is(err, want) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestRealH5py lets h5py read the written file and append to it, and lets it write rare structures that are too large for testdata.
func TestRealH5py(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs a Python with the packages of internal/golden/requirements.txt: set LINCE_PYTHON to it")
	}
	dir := t.TempDir()
	written, big := filepath.Join(dir, "written.h5"), filepath.Join(dir, "big.h5")
	if err := os.WriteFile(written, treeBytes(t, sampleTree()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, filepath.Join("testdata", "check.py"), written, big).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got struct {
		Types map[string]described
		Names int
	}
	d := json.NewDecoder(bytes.NewReader(out))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Names != 1000 {
		t.Errorf("h5py lists %d of 1000", got.Names)
	}
	for name, v := range sampleTensors() {
		h := got.Types[name]
		if !v.Shape().Equal(h.Shape) || !slices.Equal(plainGolden(t, h.Values), plainNumbers(v)) {
			t.Errorf("%s: h5py reads shape %v, %v; want %v %v", name, h.Shape, h.Values, v, plainNumbers(v))
		}
	}

	// The old content is unchanged, and h5py's additions can be read.
	b, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	root := openBytes(t, b)
	checkSample(t, root)
	ds, err := root.Dataset("many/added/39")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := ds.Read(); err != nil || v.Float32s()[0] != 39 {
		t.Errorf("a dataset that h5py added: %v, %v", v, err)
	}
	for _, path := range []string{"empty", "attributes", "types"} {
		g, err := root.Group(path)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := g.Attr("added"); err != nil || v.Text[0] != "línce" {
			t.Errorf("an attribute that h5py added to %s: %v, %v", path, v, err)
		}
	}

	if b, err = os.ReadFile(big); err != nil {
		t.Fatal(err)
	}
	root = openBytes(t, b)
	for _, name := range root.Names() {
		ds, err := root.Dataset(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ds.Read()
		if err != nil {
			t.Error(err)
			continue
		}
		for i, x := range tensor.Values[int8](v) {
			if want := int8(i % 127); x != want {
				t.Errorf("%s: element %d is %d, want %d", name, i, x, want)
				break
			}
		}
	}
}
