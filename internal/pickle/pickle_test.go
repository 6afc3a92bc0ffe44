package pickle

import (
	"os"
	"path/filepath"
	"reflect"
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

// The files were written by Python; see internal/golden/datasets.py.
func TestLoad(t *testing.T) {
	array := tensor.Of([]int32{0, 1, 2, 3, 4, 5}, 2, 3)
	floats := tensor.Of([]float64{0, .5, 1}, 3)
	long := strings.Repeat("x", 300)
	want := map[string]any{
		"none": nil, "yes": true, "no": false, "small": int64(7), "word": int64(300), "negative": int64(-5), "big": int64(1) << 40,
		"float": 1.5, "text": "h\u00e9llo", "list": &List{[]any{int64(1), "a", &List{[]any{int64(2)}}}},
		"again": &List{[]any{&List{[]any{int64(1), int64(2)}}, &List{[]any{int64(1), int64(2)}}}},
		"tuple": Tuple{int64(1), int64(2), int64(3), int64(4)}, "dict": &Dict{Items: map[string]any{"k": int64(3)}, Keys: []string{"k"}},
		"array": array, "floats": floats, "bytes": []byte("ab\xff"), "long": long,
	}
	for _, name := range []string{
		"protocol0.pickle", "protocol1.pickle", "protocol2.pickle", "protocol3.pickle", "protocol4.pickle", "protocol5.pickle", "python2.pickle",
	} {
		b := read(t, name)
		v, err := Load(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := v.(*Dict).Items
		for key, w := range want {
			g, ok := got[key]
			switch {
			case name == "protocol0.pickle" && (key == "array" || key == "floats" || key == "bytes"):
				continue
			case name == "python2.pickle" && (key == "text" || key == "yes" || key == "no"):
				continue
			case name == "python2.pickle" && key == "long":
				w = []byte(long)
			case name == "python2.pickle" && key == "list":
				w = &List{[]any{int64(1), []byte("a"), &List{[]any{int64(2)}}}}
			}
			if !ok || !reflect.DeepEqual(g, w) {
				t.Errorf("%s: %s is %#v, want %#v", name, key, g, w)
			}
		}
		for n := range b {
			if _, err := Load(b[:n]); err == nil {
				t.Errorf("%s: no error for its first %d of %d bytes", name, n, len(b))
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ pickle, want string }{
		{string(read(t, "refused_call.pickle")), ".system, which is refused"},
		{string(read(t, "refused_new.pickle")), "refused"},
		{"cbuiltins\neval\n.", "builtins.eval, which is refused"},
		{"cnumpy\nndarray\n.", "want plain data"},
		{"cnumpy\nndarray\n)R.", "unknown way"},
		{"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00)\x87R.", "array without elements"},
		{"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n)U\x01btR.", "array without elements"},
		{"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n)U\x01btR(K\x01K\x05\x85cnumpy\ndtype\nU\x02u1\x85R\x89U\x03abctb.", "too few"},
		{"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n)U\x01btR(K\x01K\x03\x85cnumpy\ndtype\nU\x02O8\x85R\x89U\x03abctb.", "type"},
		{"]h\x05.", "memo has no value 5"},
		{"a.", "too few values"},
		{"K\x01K\x02a.", "want a list"},
		{"K\x01t.", "no mark"},
		{"(K\x01d.", "key without a value"},
		{"}(K\x01u.", "key without a value"},
		{"T\xff\xff\xff\x7fa.", "truncated"},
		{"\x8e\xff\xff\xff\xff\xff\xff\xff\xffa.", "truncated"},
		{"\x80\x09N.", "protocol 9"},
		{"\x8a\x09123456789.", "9 bytes"},
		{"P1\n.", `"P" is not supported`},
		{"S'a\\n'\n.", "escapes"},
		{"", "truncated"},
		{".", "stack is empty"},
		{"U\xffx", "truncated"},
		{"I" + strings.Repeat("9", 100_000) + "\n.", "out of range"},
		{"g" + strings.Repeat("9", 100_000) + "\n.", "memo's key"},
	} {
		v, err := Load([]byte(c.pickle))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%.40q: %v, %v; want %q", c.pickle, v, err, c.want)
		}
	}
}

// Small pickles that would grow: many references to one long string that is copied each time, and very many values.
func TestLoadBoundsMemory(t *testing.T) {
	text := "X\x00\x00\x01\x00" + strings.Repeat("a", 1<<16)
	copies := "c_codecs\nencode\nq\x010" + text + "q\x020X\x06\x00\x00\x00latin1q\x030" + strings.Repeat("h\x01h\x02h\x03\x86R", 5) + "."
	if _, err := Load([]byte(copies)); err == nil || !strings.Contains(err.Error(), "copies more bytes") {
		t.Error(err)
	}
	array := "cnumpy.core.numeric\n_frombuffer\nq\x010C\xff" + strings.Repeat("a", 255) + "q\x020cnumpy\ndtype\nU\x02u1\x85Rq\x030K\xff\x85q\x040U\x01Cq\x050" +
		strings.Repeat("h\x01(h\x02h\x03h\x04h\x05tR", 9) + "."
	if _, err := Load([]byte(array)); err == nil || !strings.Contains(err.Error(), "copies more bytes") {
		t.Error(err)
	}
	if _, err := Load([]byte(strings.Repeat("N", maxOperations+1))); err == nil || !strings.Contains(err.Error(), "operations") {
		t.Error(err)
	}
	key := "T\x00\x02\x00\x00" + strings.Repeat("k", 512)
	if _, err := Load([]byte("}" + key + "Ns.")); err == nil || !strings.Contains(err.Error(), "key of 512 bytes") {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pickle")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(read(f, filepath.Base(name)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Load(b)
		if x, ok := v.(*tensor.Tensor); err == nil && ok && len(x.Raw()) > len(b) {
			t.Errorf("%v from %d bytes", x, len(b))
		}
	})
}
