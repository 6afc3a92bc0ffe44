package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openBytes(b []byte) (*File, error) { return Open(bytes.NewReader(b), int64(len(b))) }

// text returns the elements as Python prints them as float64.
func text(v *tensor.Tensor) []string {
	var list []string
	for i := range v.Len() {
		var x float64
		switch v.DType() {
		case tensor.Float32:
			x = float64(v.Float32s()[i])
		case tensor.Float64:
			x = tensor.Values[float64](v)[i]
		case tensor.BFloat16:
			x = float64(math.Float32frombits(uint32(tensor.Values[tensor.BF16](v)[i]) << 16))
		case tensor.Int8:
			x = float64(tensor.Values[int8](v)[i])
		case tensor.Int16:
			x = float64(tensor.Values[int16](v)[i])
		case tensor.Int32:
			x = float64(tensor.Values[int32](v)[i])
		case tensor.Int64:
			x = float64(tensor.Values[int64](v)[i])
		case tensor.Uint8:
			x = float64(tensor.Values[uint8](v)[i])
		case tensor.Bool:
			if tensor.Values[bool](v)[i] {
				x = 1
			}
		}
		list = append(list, fmt.Sprint(x))
	}
	return list
}

// The files and expected.json were written with the safetensors library; see internal/golden/safetensors_format.py.
func TestRead(t *testing.T) {
	var expected map[string]struct {
		Metadata map[string]string
		Tensors  map[string]struct {
			Shape  tensor.Shape
			Values []string
		}
	}
	if err := json.Unmarshal(read(t, "expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		b := read(t, name+".safetensors")
		if !Is(b[:16], int64(len(b))) {
			t.Errorf("%s is not recognized", name)
		}
		f, err := openBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(f.Metadata) != fmt.Sprint(want.Metadata) || len(f.Tensors) != len(want.Tensors) {
			t.Errorf("%s: metadata %q and %d tensors, want %q and %d", name, f.Metadata, len(f.Tensors), want.Metadata, len(want.Tensors))
		}
		for key, w := range want.Tensors {
			v, err := f.Lookup(key).Read()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !v.Shape().Equal(w.Shape) || v.DType() != f.Lookup(key).Type.DType() {
				t.Errorf("%s: %s is %v, want %v", name, key, v, w.Shape)
			}
			for i, s := range text(v) {
				x, _ := strconv.ParseFloat(w.Values[i], 64)
				if s != fmt.Sprint(x) {
					t.Errorf("%s: %s: element %d is %s, want %s", name, key, i, s, w.Values[i])
				}
			}
		}
		for n := range b {
			if _, err := openBytes(b[:n]); err == nil {
				t.Fatalf("%s: no error for its first %d of %d bytes", name, n, len(b))
			}
		}
	}
	f, err := openBytes(read(t, "float8.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lookup("x").Read(); err == nil || !strings.Contains(err.Error(), `tensor "x": elements of type F8_E4M3 are not supported`) {
		t.Error(err)
	}
}

// numbered returns a tensor of each type with the elements 0, 1, 2, ...
func numbered() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{
		"bool": tensor.Of([]bool{false, true, false}, 3), "uint8": tensor.Of([]uint8{0, 1, 2}, 3), "int8": tensor.Of([]int8{0, 1, 2}, 1, 3),
		"int16": tensor.Of([]int16{0, 1, 2, 3}, 2, 2), "int32": tensor.Of([]int32{0, 1}, 2), "int64": tensor.Of([]int64{0, 1}, 2),
		"layer/float32": tensor.Of([]float32{0, 1, 2, 3, 4, 5}, 3, 2), "float64": tensor.Of([]float64{0}), "é<": tensor.Of([]float32{0, 1}, 2),
	}
}

var numberedMetadata = map[string]string{"format": "lince", "text": "quoted \"<>&\" \n"}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, numbered(), numberedMetadata); err != nil {
		t.Fatal(err)
	}
	f, err := openBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range numbered() {
		got, err := f.Lookup(name).Read()
		if err != nil || got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) || !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("%s is %v (%v), want %v", name, got, err, want)
		}
	}
	if fmt.Sprint(f.Metadata) != fmt.Sprint(numberedMetadata) {
		t.Error(f.Metadata)
	}

	// A file of the library is written again with the same bytes.
	plain := read(t, "plain.safetensors")
	f, err = openBytes(plain)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]*tensor.Tensor{}
	for _, v := range f.Tensors {
		if tensors[v.Name], err = v.Read(); err != nil {
			t.Fatal(err)
		}
	}
	b.Reset()
	if err := Write(&b, tensors, nil); err != nil || !bytes.Equal(b.Bytes(), plain) {
		t.Errorf("%q (%v), want %q", b.Bytes(), err, plain)
	}

	x := tensor.Of([]float32{1}, 1)
	for want, write := range map[string]func() error{
		"cannot have the name __metadata__": func() error { return Write(&b, map[string]*tensor.Tensor{"__metadata__": x}, nil) },
		"not valid UTF-8":                   func() error { return Write(&b, map[string]*tensor.Tensor{"\xff": x}, nil) },
		`metadata "a" is not`:               func() error { return Write(&b, nil, map[string]string{"a": "\xff"}) },
		"want at most 100000000":            func() error { return Write(&b, nil, map[string]string{"a": strings.Repeat("x", MaxHeader)}) },
	} {
		b.Reset()
		if err := write(); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("error is %v, want %q; %d bytes were written", err, want, b.Len())
		}
	}
}

// The library reads what Write writes.
func TestLibraryReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "numbered.safetensors")
	var b bytes.Buffer
	if err := Write(&b, numbered(), numberedMetadata); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	testenv.Python(t, "safetensors_format.py", path)
}

// file returns a file with a header and n bytes of data.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestHostile(t *testing.T) {
	entry := func(name, dtype, shape string, begin, end int) string {
		return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, begin, end)
	}
	a := entry("a", "F32", "[2]", 0, 8)
	many := make([]string, 30)
	for i := range many {
		many[i] = entry(fmt.Sprint("t", i), "F99", "[]", 0, 4)
	}
	for _, c := range []struct {
		file []byte
		want []string
	}{
		{nil, []string{"0 bytes, want at least 8"}},
		{binary.LittleEndian.AppendUint64(nil, math.MaxUint64), []string{"18446744073709551615 bytes, want at most 100000000"}},
		{binary.LittleEndian.AppendUint64(nil, 99_999_999), []string{"truncated"}},
		{file("[]", 0), []string{"not a JSON object"}},
		{file("", 0), []string{"not a JSON object"}},
		{file("{", 0), []string{"ends too early"}},
		{file(`{"a`, 0), []string{"ends too early"}},
		{file("{}}", 0), []string{"more after"}},
		{file("{} {}", 0), []string{"more after"}},
		{file("{"+a+","+a+"}", 8), []string{`"a" occurs twice`}},
		{file(`{"__metadata__":{},"__metadata__":{}}`, 0), []string{"__metadata__ occurs twice"}},
		{file(`{"__metadata__":{"a":1}}`, 0), []string{"values are strings"}},
		{file("{"+a+"}", 7), []string{"need 8 bytes, the file has 7"}},
		{file("{"+a+"}", 9), []string{"1 more that belong to no tensor"}},
		{file("{"+a+","+entry("b", "F32", "[2]", 4, 12)+"}", 12), []string{`"b": it begins at byte 4`, "overlaps"}},
		{file("{"+a+","+entry("b", "F32", "[2]", 12, 20)+"}", 20), []string{`"b": it begins at byte 12`, "unused"}},
		{file("{"+entry("a", "F32", "[2]", 0, 4)+"}", 4), []string{"needs 8 bytes, its data_offsets have 4"}},
		{file("{"+entry("a", "F32", "[-1]", 0, 4)+"}", 4), []string{"dimension -1"}},
		{file("{"+entry("a", "F32", "[1]", 4, 0)+"}", 4), []string{"data_offsets are 4 and 0"}},
		{file("{"+entry("a", "F32", "[4611686018427387904,4]", 0, 0)+"}", 0), []string{"too many elements"}},
		{file("{"+entry("a", "F32", "[9223372036854775807]", 0, 0)+"}", 0), []string{"too many elements"}},
		{file("{"+entry("a", "F4", "[3]", 0, 2)+"}", 2), []string{"whole bytes"}},
		{file("{"+entry("a", "F32", "["+strings.TrimSuffix(strings.Repeat("1,", 33), ",")+"]", 0, 4)+"}", 4), []string{"33 dimensions"}},
		{file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 4), []string{`"shape" has the wrong type`}},
		{file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), []string{"want the keys"}},
		{file(`{"a":null}`, 0), []string{"no dtype"}},
		{file("{"+strings.Join(many, ",")+"}", 4), []string{`no dtype "F99"`, "and 10 more mistakes"}},
		{file(`{"a":`+strings.Repeat("[", 100_000), 0), []string{"exceeded max depth"}},
	} {
		_, err := openBytes(c.file)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.100q: error is %.300v, want %q", c.file, err, want)
			}
		}
	}
	empty := file("{"+entry("z", "F32", "[0]", 0, 0)+","+a+","+entry("y", "F32", "[0]", 8, 8)+"}", 8)
	if f, err := openBytes(empty); err != nil || len(f.Tensors) != 3 {
		t.Errorf("tensors without elements: %v", err)
	}
	if _, err := mustOpen(t, file("{"+entry("a", "BOOL", "[1]", 0, 1)+"}", 0), 2).Read(); err == nil {
		t.Error("a bool of 2 is accepted")
	}
}

// mustOpen opens a file after adding a byte, and returns its tensor.
func mustOpen(t *testing.T, b []byte, last byte) *Tensor {
	t.Helper()
	f, err := openBytes(append(slices.Clone(b), last))
	if err != nil {
		t.Fatal(err)
	}
	return f.Tensors[0]
}

func TestIs(t *testing.T) {
	for _, b := range []string{"", "{", "PK\x03\x04aaaaaaaaaaaa", "\x89HDF\r\n\x1a\n{aaaaaaa", "\x02\x00\x00\x00\x00\x00\x00\x00[]"} {
		if Is([]byte(b), int64(len(b))) {
			t.Errorf("%q is taken for a safetensors file", b)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"types", "plain", "float8"} {
		f.Add(read(f, name+".safetensors"))
	}
	f.Add(file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F4","shape":[0],"data_offsets":[8,8]}}`, 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := openBytes(b)
		if err != nil {
			return
		}
		total := 0
		for _, v := range file.Tensors {
			total += int(v.end - v.begin)
			x, err := v.Read()
			if err == nil && (!x.Shape().Equal(v.Shape) || x.DType() != v.Type.DType()) {
				t.Errorf("%s is %v, the header says %v %v", v.Name, x, v.Type, v.Shape)
			}
		}
		if total > len(b) {
			t.Errorf("the tensors have %d bytes, the file has %d", total, len(b))
		}
	})
}
