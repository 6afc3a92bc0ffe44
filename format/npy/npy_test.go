package npy

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

func values[T float32 | float64 | int8 | int16 | int32 | int64 | uint8](v []T) []float64 {
	var out []float64
	for _, x := range v {
		out = append(out, float64(x))
	}
	return out
}

func floats(t *tensor.Tensor) []float64 {
	switch t.DType() {
	case tensor.Float32:
		return values(tensor.Values[float32](t))
	case tensor.Float64:
		return values(tensor.Values[float64](t))
	case tensor.Int8:
		return values(tensor.Values[int8](t))
	case tensor.Int16:
		return values(tensor.Values[int16](t))
	case tensor.Int32:
		return values(tensor.Values[int32](t))
	case tensor.Int64:
		return values(tensor.Values[int64](t))
	}
	return values(t.Raw())
}

// The files were written by NumPy; see internal/golden/datasets.py.
func TestWrapWithoutElements(t *testing.T) {
	for _, shape := range []tensor.Shape{{0}, {2, 0, 3}, {1 << 40, 1 << 40, 0}} {
		if got, err := Wrap(tensor.Float32, shape, nil); err != nil || !got.Shape().Equal(shape) {
			t.Errorf("%v: %v, %v", shape, got, err)
		}
		if _, err := Wrap(tensor.Float32, shape, make([]byte, 4)); err == nil {
			t.Errorf("%v: no error", shape)
		}
	}
}

func TestRead(t *testing.T) {
	up := []float64{0, 1, 2, 3, 4, 5}
	cases := map[string]struct {
		dtype  tensor.DType
		shape  tensor.Shape
		values []float64
	}{
		"uint8": {tensor.Uint8, tensor.Shape{2, 3, 1}, up}, "int8": {tensor.Int8, tensor.Shape{2, 3, 1}, up},
		"int16": {tensor.Int16, tensor.Shape{2, 3, 1}, up}, "int32": {tensor.Int32, tensor.Shape{2, 3, 1}, up},
		"int64": {tensor.Int64, tensor.Shape{2, 3, 1}, up}, "float32": {tensor.Float32, tensor.Shape{2, 3, 1}, up},
		"float64": {tensor.Float64, tensor.Shape{2, 3, 1}, up}, "bool": {tensor.Bool, tensor.Shape{2, 3, 1}, []float64{0, 1, 0, 1, 0, 1}},
		"scalar": {tensor.Float32, tensor.Shape{}, []float64{7}}, "empty": {tensor.Float32, tensor.Shape{0, 3}, nil},
		"version2": {tensor.Int64, tensor.Shape{4}, up[:4]}, "fortran": {tensor.Float64, tensor.Shape{2, 3}, up},
	}
	refused := map[string]string{
		"big_endian": `">i2"`, "object": `"|O"`, "struct": "does not describe an array of numbers",
	}
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(files) != len(cases)+len(refused) {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(file)
		name := strings.TrimSuffix(filepath.Base(file), ".npy")
		if what, ok := strings.CutPrefix(name, "refused_"); ok {
			if err == nil || !strings.Contains(err.Error(), refused[what]) {
				t.Errorf("%s: %v; want %q", name, err, refused[what])
			}
			continue
		}
		c, ok := cases[name]
		if err != nil || !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.DType() != c.dtype || !slices.Equal(got.Shape(), c.shape) || !slices.Equal(floats(got), c.values) {
			t.Errorf("%s: %v %v, want %v %v %v", name, got, floats(got), c.dtype, c.shape, c.values)
		}
		for n := range b {
			if _, err := Read(b[:n]); err == nil {
				t.Errorf("%s: no error for its first %d of %d bytes", name, n, len(b))
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	file := func(header string, content ...byte) []byte {
		b := append([]byte(magic), 1, 0, byte(len(header)), byte(len(header)>>8))
		return append(append(b, header...), content...)
	}
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000, 4000000000), }", 1), "too few"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }", 1), "invalid shape"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,,1), }", 1), "invalid shape"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", 1, 2), "has 2 bytes of elements, want 1"},
		{file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", 1, 2), "neither 0 nor 1"},
		{file("{'descr': '<<u1', 'fortran_order': False, 'shape': (1,), }", 1), "type"},
		{file("{'descr': '', 'fortran_order': False, 'shape': (1,), }", 1), "type"},
		{append([]byte(magic), 9, 0, 0, 0, 0, 0), "version 9"},
		{append([]byte(magic), 2, 0, 255, 255, 255, 255), "header of more than"},
		{[]byte("hello, world"), "is not a NumPy array"},
	} {
		if _, err := Read(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %q", c.b, err, c.want)
		}
	}
}

// archive makes a .npz file.
func archive(t testing.TB, entries map[string][]byte) []byte {
	var w bytes.Buffer
	z := zip.NewWriter(&w)
	for name, b := range entries {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func TestReadArchive(t *testing.T) {
	one, err := os.ReadFile("testdata/int32.npy")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, archive(t, map[string][]byte{"x.npy": one, "y.npy": one[:20], "big.npy": make([]byte, 100<<20)}), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := ReadArchive(path, "x")
	if err != nil || m["x"].DType() != tensor.Int32 {
		t.Error(m, err)
	}
	for name, want := range map[string]string{"y": "truncated", "z": `has no array "z"; it has big, x, y`, "big": "the limit"} {
		if _, err := ReadArchive(path, name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
	if _, err := ReadArchive("testdata/int32.npy", "x"); err == nil || !strings.Contains(err.Error(), "is not a NumPy archive") {
		t.Error(err)
	}
	if _, err := ReadArchive("testdata/none.npz", "x"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

// TestWrite writes NumPy's own files again, byte for byte.
func TestWrite(t *testing.T) {
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		x, err := Read(b)
		if err != nil || b[len(magic)] != 1 || strings.HasSuffix(file, "fortran.npy") { // refused, or of another version or order
			continue
		}
		n++
		var got bytes.Buffer
		if err := Write(&got, x); err != nil || !bytes.Equal(got.Bytes(), b) {
			t.Errorf("%s: %v, got\n%q\nwant\n%q", file, err, got.Bytes(), b)
		}
	}
	if n < 8 {
		t.Errorf("only %d files", n)
	}
	var got bytes.Buffer
	if err := Write(&got, tensor.Of([]tensor.BF16{0x3fc0, 0xc000}, 2)); err != nil {
		t.Fatal(err)
	}
	if x, err := Read(got.Bytes()); err != nil || !slices.Equal(x.Float32s(), []float32{1.5, -2}) {
		t.Errorf("bfloat16 is read as %v, %v", x, err)
	}
}

func TestWriteArchive(t *testing.T) {
	arrays := []Named{{"x", tensor.Of([]float32{1, 2, 3}, 3)}, {"a/b:0", tensor.Of([]int64{7})}}
	path := filepath.Join(t.TempDir(), "a.npz")
	var b bytes.Buffer
	if err := WriteArchive(&b, arrays); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadArchive(path)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for _, a := range arrays {
		if x := got[a.Name]; x.DType() != a.Value.DType() || !slices.Equal(x.Shape(), a.Value.Shape()) || !bytes.Equal(x.Raw(), a.Value.Raw()) {
			t.Errorf("%s is %v, want %v", a.Name, x, a.Value)
		}
	}
}

// TestReadWholeArchive: all arrays together must not need more memory than the file's size allows.
func TestReadWholeArchive(t *testing.T) {
	var zeros bytes.Buffer
	if err := Write(&zeros, tensor.New(tensor.Uint8, 40<<20)); err != nil {
		t.Fatal(err)
	}
	b := archive(t, map[string][]byte{"a.npy": zeros.Bytes(), "b.npy": zeros.Bytes()})
	if _, err := readArchive(bytes.NewReader(b), int64(len(b)), nil); err == nil || !strings.Contains(err.Error(), `the array "b" claims`) {
		t.Errorf("error is %v", err)
	}
	for _, name := range []string{"a", "b"} {
		if _, err := readArchive(bytes.NewReader(b), int64(len(b)), []string{name}); err != nil {
			t.Error(err)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := Read(b); err == nil && len(x.Raw()) > len(b) {
			t.Errorf("%v from %d bytes", x, len(b))
		}
	})
}

func FuzzReadArchive(f *testing.F) {
	one, err := os.ReadFile("testdata/int32.npy")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(archive(f, map[string][]byte{"x.npy": one}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = readArchive(bytes.NewReader(b), int64(len(b)), []string{"x"})
	})
}
