package torch

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func floats(v *tensor.Tensor) []float64 {
	out := make([]float64, v.Len())
	for i := range out {
		switch v.DType() {
		case tensor.Float32:
			out[i] = float64(v.Float32s()[i])
		case tensor.Float64:
			out[i] = tensor.Values[float64](v)[i]
		case tensor.BFloat16:
			out[i] = float64(math.Float32frombits(uint32(tensor.Values[tensor.BF16](v)[i]) << 16))
		case tensor.Int8:
			out[i] = float64(tensor.Values[int8](v)[i])
		case tensor.Int16:
			out[i] = float64(tensor.Values[int16](v)[i])
		case tensor.Int32:
			out[i] = float64(tensor.Values[int32](v)[i])
		case tensor.Int64:
			out[i] = float64(tensor.Values[int64](v)[i])
		case tensor.Uint8:
			out[i] = float64(tensor.Values[uint8](v)[i])
		case tensor.Bool:
			if tensor.Values[bool](v)[i] {
				out[i] = 1
			}
		}
	}
	return out
}

type expectation struct {
	From, Prefix string
	Tensors      []struct {
		Name, DType string
		Shape       tensor.Shape
		Values      []float64
	}
}

// The files and expected.json were written with PyTorch; see internal/golden/torch_files.py.
func TestRead(t *testing.T) {
	var expected map[string]expectation
	if err := json.Unmarshal(read(t, "expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		for _, form := range []string{"-zip.pth", "-old.pth"} {
			b := read(t, name+form)
			if !Is(b[:min(len(b), 512)]) {
				t.Errorf("%s is not recognized", name+form)
			}
			f, err := openBytes(b)
			if err != nil {
				t.Errorf("%s: %v", name+form, err)
				continue
			}
			if f.From != want.From || f.Prefix != want.Prefix || len(f.Tensors) != len(want.Tensors) {
				t.Errorf("%s: %q, %q and %d tensors, want %q, %q and %d", name+form, f.From, f.Prefix, len(f.Tensors), want.From, want.Prefix, len(want.Tensors))
				continue
			}
			for i, w := range want.Tensors {
				v := f.Tensors[i]
				if v.Name != w.Name || v.Type.String() != w.DType || !v.Shape.Equal(w.Shape) {
					t.Errorf("%s: tensor %d is %s, %v %v, want %s, %s %v", name+form, i, v.Name, v.Type, v.Shape, w.Name, w.DType, w.Shape)
					continue
				}
				got, err := v.Read()
				if err != nil {
					t.Errorf("%s: %v", name+form, err)
					continue
				}
				if got.DType() != v.Type.DType() || !got.Shape().Equal(w.Shape) {
					t.Errorf("%s: %s is %v", name+form, v.Name, got)
				}
				for k, x := range floats(got) {
					if x != w.Values[k] {
						t.Errorf("%s: %s: element %d is %v, want %v", name+form, v.Name, k, x, w.Values[k])
						break
					}
				}
			}
			for _, v := range f.Tensors {
				if v.store.data != nil {
					t.Errorf("%s: the bytes of storage %q are kept after all of its tensors were read", name+form, v.store.key)
				}
			}
		}
	}
	f, err := openBytes(read(t, "nested-zip.pth"))
	if err != nil || strings.Join(f.Others, " ") != "ema" {
		t.Errorf("others are %q (%v), want ema", f.Others, err)
	}
}

func TestTruncated(t *testing.T) {
	for _, name := range []string{"types-old.pth", "strides-old.pth", "net-zip.pth"} {
		b := read(t, name)
		for n := range b {
			f, err := openBytes(b[:n])
			if err == nil {
				t.Fatalf("%s: no error for its first %d of %d bytes, but %d tensors", name, n, len(b), len(f.Tensors))
			}
		}
	}
}

// archive returns a zip archive of pairs of names and contents.
func archive(t testing.TB, method uint16, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: method})
		if err == nil {
			_, err = w.Write([]byte(pairs[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The operations of pickles that the tests below are made of.
const (
	storageOf = "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
	endOf     = "\x89Ntq\x01R"
	dictOf    = "\x80\x02}X\x01\x00\x00\x00a"
	setOf     = "s."
)

// saved returns an archive with a tensor "a" of a storage with 4 elements. The operations make its offset, shape and strides.
func saved(t testing.TB, operations string) []byte {
	t.Helper()
	return archive(t, zip.Store, "x/data.pkl", dictOf+storageOf+operations+endOf+setOf, "x/data/0", strings.Repeat("\x00", 16))
}

func TestHostile(t *testing.T) {
	if f, err := openBytes(saved(t, "K\x00K\x02K\x02\x86K\x02K\x01\x86")); err != nil || len(f.Tensors) != 1 {
		t.Fatal(err)
	}
	wide := strings.Repeat("(", 1) + strings.Repeat("K\x01", 33) + "t"
	old := "\x80\x02" + string(magic) + "\x80\x02M\xe9\x03.\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."
	tail := func(keys, data string) string {
		return old + dictOf + storageOf + "K\x00K\x04\x85K\x01\x85" + endOf + setOf + keys + data
	}
	data := "\x04\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16)
	if _, err := openBytes([]byte(tail("]X\x01\x00\x00\x000a.", data))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "not one that torch.save wrote"},
		{"a whole model", read(t, "model-zip.pth"), "an object of the class __main__.Net, and only tensors"},
		{"a whole model, how", read(t, "model-zip.pth"), "torch.save(model.state_dict()"},
		{"a whole model in the older form", []byte(old + "\x80\x02c__main__\nNet\n."), "class __main__.Net"},
		{"code", archive(t, zip.Store, "x/data.pkl", "\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."), "class os.system"},
		{"code of builtins", archive(t, zip.Store, "x/data.pkl", "\x80\x02cbuiltins\neval\nX\x02\x00\x00\x00ls\x85R."), "class builtins.eval"},
		{"code by its path", archive(t, zip.Store, "x/data.pkl", "\x80\x04\x8c\x05torch\x8c\x0b_utils.exec\x93."), "class torch._utils.exec"},
		{"a tensor", read(t, "tensor-zip.pth"), "holds a tensor, want a state dict"},
		{"a list", archive(t, zip.Store, "x/data.pkl", "]."), "holds a list of 0 values"},
		{"no tensors", archive(t, zip.Store, "x/data.pkl", dictOf+"K\x01"+setOf), `the keys "a"`},
		{"TorchScript", archive(t, zip.Store, "x/data.pkl", "N.", "x/code/__torch__.py", "", "x/constants.pkl", "N."), "TorchScript archive"},
		{"another archive", archive(t, zip.Store, "config.json", "{}"), "no data.pkl"},
		{"two members", archive(t, zip.Store, "x/data.pkl", "N.", "x/data.pkl", "N."), "two members"},
		{"big-endian", archive(t, zip.Store, "x/data.pkl", "N.", "x/byteorder", "big"), "big-endian"},
		{"no storage", archive(t, zip.Store, "x/data.pkl", dictOf+storageOf+"K\x00K\x04\x85K\x01\x85"+endOf+setOf), "missing in the archive"},
		{"a short storage", archive(t, zip.Store, "x/data.pkl", dictOf+storageOf+"K\x00K\x04\x85K\x01\x85"+endOf+setOf, "x/data/0", "1234"), "has 4 bytes, want 16"},
		{"an offset", saved(t, "K\x04K\x01\x85K\x01\x85"), "needs element 4 of a storage that has 4"},
		{"a shape", saved(t, "K\x00K\x05\x85K\x01\x85"), "needs element 4 of a storage that has 4"},
		{"a stride", saved(t, "K\x00K\x02\x85K\x04\x85"), "needs element 4"},
		{"a huge stride", saved(t, "K\x00K\x09\x85\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"), "are not valid"},
		{"a negative stride", saved(t, "K\x01K\x02\x85J\xff\xff\xff\xff\x85"), "stride -1"},
		{"a negative offset", saved(t, "J\xff\xff\xff\xffK\x01\x85K\x01\x85"), "no valid offset"},
		{"a huge offset", saved(t, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x02\x85K\x01\x85"), "are not valid"},
		{"a huge shape", saved(t, "K\x00J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87K\x00K\x00K\x00\x87"), "too many elements"},
		{"a large shape of stride 0", saved(t, "K\x00J\xff\xff\xff\x7f\x85K\x00\x85"), "far more elements"},
		{"no stride", saved(t, "K\x00K\x01\x85)"), "has 0 strides"},
		{"many dimensions", saved(t, "K\x00"+wide+wide), "no valid offset"},
		{"no list of storages", []byte(tail("N.", "")), "no list of storages"},
		{"an empty list of storages", []byte(tail("].", "")), `storage "0" is not in`},
		{"another storage", []byte(tail("]X\x01\x00\x00\x001a.", data)), "to which no tensor belongs"},
		{"a storage twice", []byte(tail("]X\x01\x00\x00\x000aX\x01\x00\x00\x000a.", data+data)), "or has it twice"},
		{"another size", []byte(tail("]X\x01\x00\x00\x000a.", "\x05"+data[1:])), "has 5 elements, its tensors say 4"},
		{"a truncated storage", []byte(tail("]X\x01\x00\x00\x000a.", data[:23])), "truncated"},
		{"another protocol", []byte("\x80\x02" + string(magic) + "K\x01.N.N.N."), "version is 1"},
		{"another machine", []byte("\x80\x02" + string(magic) + "M\xe9\x03.}.N.N."), "not little-endian"},
		{"very many operations", archive(t, zip.Deflate, "x/data.pkl", strings.Repeat("]", 1<<20)), "operations"},
		{"an inflated pickle", archive(t, zip.Deflate, "x/data.pkl", strings.Repeat("N", 20<<20)), "more bytes than the limit"},
		{"an inflated storage", archive(t, zip.Deflate, "x/data.pkl", "N.", "x/data/0", strings.Repeat("\x00", 80<<20)), "far more than the file's"},
		{"an unknown way", archive(t, zip.Store, "x/data.pkl", "ctorch._utils\n_rebuild_tensor_v2\n)R."), "made of 0 values"},
		{"a storage from elsewhere", archive(t, zip.Store, "x/data.pkl", "X\x04\x00\x00\x00fileQ."), "not a storage"},
	} {
		if _, err := openBytes(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		}
	}
}

// Members of an archive that overlap would be read several times.
func TestOverlap(t *testing.T) {
	b := archive(t, zip.Store, "x/data.pkl", "N.", "x/data/0", strings.Repeat("\x00", 4096))
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	start := bytes.Index(b, []byte("PK\x01\x02"))
	central := b[start:end]
	second := central[bytes.LastIndex(central, []byte("PK\x01\x02")):]
	var out []byte
	out = append(append(out, b[:start]...), central...)
	n := 3
	for i := range n {
		again := bytes.Clone(second)
		again[len(again)-1] = byte('1' + i)
		out = append(out, again...)
	}
	size := len(out) - start
	tail := bytes.Clone(b[end:])
	tail[8], tail[10] = byte(2+n), byte(2+n)
	tail[12], tail[13] = byte(size), byte(size>>8)
	out = append(out, tail...)
	if _, err := openBytes(out); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("error is %v", err)
	}
}

// A dict that contains itself, and dicts that share dicts, take no long time.
func TestNestedDicts(t *testing.T) {
	loop := "\x80\x02}q\x00X\x01\x00\x00\x00ah\x00" + setOf
	if _, err := openBytes(archive(t, zip.Store, "x/data.pkl", loop)); err == nil || !strings.Contains(err.Error(), "no state dict") {
		t.Errorf("a loop: error is %v", err)
	}
	shared := "}q\x00"
	for range 6 {
		next := "}("
		for i := range 200 {
			next += "X\x02\x00\x00\x00" + string([]byte{'a' + byte(i/26), 'a' + byte(i%26)}) + "h\x00"
		}
		shared += next + "uq\x00"
	}
	if _, err := openBytes(archive(t, zip.Store, "x/data.pkl", shared+".")); err == nil {
		t.Error("no error")
	}
}

func TestIs(t *testing.T) {
	for name, b := range map[string][]byte{
		"keras": archive(t, zip.Store, "metadata.json", "{}"), "pickle": []byte("\x80\x02}."), "nothing": nil, "short": []byte("PK\x03\x04"),
	} {
		if Is(b) {
			t.Errorf("%s is taken for a file of PyTorch", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	names, err := filepath.Glob("testdata/*.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		f.Add(read(f, filepath.Base(name)))
	}
	f.Add(saved(f, "K\x00K\x02K\x02\x86K\x02K\x01\x86"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := openBytes(b)
		if err != nil {
			return
		}
		total := 0
		for _, v := range file.Tensors {
			x, err := v.Read()
			if err != nil {
				continue
			}
			total += len(x.Raw())
			if !x.Shape().Equal(v.Shape) || x.DType() != v.Type.DType() {
				t.Errorf("%s is %v, the file says %v %v", v.Name, x, v.Type, v.Shape)
			}
		}
		if total > 2*(16*len(b)+64<<20) {
			t.Errorf("the tensors have %d bytes, the file has %d", total, len(b))
		}
	})
}
