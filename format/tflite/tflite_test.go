package tflite

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
)

// testFiles are the models that the real converter made (internal/golden/tflite_models.py).
func testFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../internal/tflitegraph/testdata/*.tflite")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	files := map[string][]byte{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(p), ".tflite")] = b
	}
	return files
}

func readBytes(t testing.TB, b []byte) *Model {
	t.Helper()
	m, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func writeBytes(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// anySize: the files of other programs have another size than what Write writes.
var anySize = cmpopts.IgnoreFields(Model{}, "Size")

// What was read and written again is the same, and so are the bytes of a second writing.
func TestRoundTrip(t *testing.T) {
	for name, b := range testFiles(t) {
		m := readBytes(t, b)
		if len(m.Subgraphs[0].Operators) == 0 || len(m.Signatures) != 1 || m.Metadata[0].Name != "min_runtime_version" {
			t.Errorf("%s: %d operators, %d signatures, %d metadata", name, len(m.Subgraphs[0].Operators), len(m.Signatures), len(m.Metadata))
		}
		written := writeBytes(t, m)
		again := readBytes(t, written)
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty(), anySize); diff != "" {
			t.Errorf("%s: read -, after writing +:\n%s", name, diff)
		}
		if !bytes.Equal(written, writeBytes(t, again)) {
			t.Errorf("%s: other bytes after reading", name)
		}
	}
}

// withLabels is a model with everything that Info has.
func withLabels(t testing.TB) *Model {
	m := readBytes(t, testFiles(t)["cnn"])
	m.Info = &Info{
		Name: "pets", Description: "cats and dogs", Version: "1", Author: "me", License: "MIT",
		Inputs:  []TensorInfo{{Name: "image", Description: "a photo", Color: tflitefb.ColorSpaceTypeRGB, Mean: []float32{127.5}, Std: []float32{1, 2, 3}}},
		Outputs: []TensorInfo{{Name: "probability", Labels: "labels.txt"}},
	}
	m.Files = []File{{"labels.txt", []byte("cat\ndog\nother\n")}}
	return m
}

func TestInfo(t *testing.T) {
	m := withLabels(t)
	b := writeBytes(t, m)
	if diff := cmp.Diff(m, readBytes(t, b), cmpopts.EquateEmpty(), anySize); diff != "" {
		t.Errorf("written -, read +:\n%s", diff)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "labels.txt" {
		t.Errorf("the archive at the end: %v, %v", z, err)
	}
}

// Data of constants must be aligned to 16 bytes in the file.
func TestAlignment(t *testing.T) {
	m := withLabels(t)
	b := writeBytes(t, m)
	for _, tensor := range readBytes(t, b).Subgraphs[0].Tensors {
		if at := bytes.Index(b, tensor.Data); len(tensor.Data) > 64 && at%16 != 0 {
			t.Errorf("%s is at byte %d", tensor.Name, at)
		}
	}
}

// specs must describe the tables of the schemas.
func TestLayouts(t *testing.T) {
	scalars := map[string]string{
		"byte": "1", "ubyte": "1", "bool": "1", "int": "4", "uint": "4", "float": "4", "long": "8", "ulong": "8", "string": "s",
		"TensorType": "1", "Padding": "1", "ActivationFunctionType": "1", "MirrorPadMode": "1", "BuiltinOperator": "4", "AssociatedFileType": "1", "ColorSpaceType": "1",
	}
	tables := regexp.MustCompile(`(?s)table (\w+) \{(.*?)\}`)
	fields := regexp.MustCompile(`\w+:\s*(\[?)(\w+)(\]?)[^;]*?(deprecated)?\)?;`)
	found := 0
	for _, file := range []string{"schema.fbs", "metadata.fbs"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tables.FindAllStringSubmatch(string(text), -1) {
			found++
			var words []string
			for _, f := range fields.FindAllStringSubmatch(m[2], -1) {
				word := f[2]
				if s, ok := scalars[word]; ok {
					word = s
				}
				if _, union := unions[word]; union {
					words = append(words, "1") // its type
				}
				if f[4] != "" {
					word, f[1], f[3] = "-", "", ""
				}
				words = append(words, f[1]+word+f[3])
			}
			if got, ok := specs[m[1]]; !ok || got != strings.Join(words, " ") {
				t.Errorf("%s: specs has %q, the schema %q", m[1], got, strings.Join(words, " "))
			}
		}
	}
	if found != len(specs) {
		t.Errorf("%d tables in the schemas, %d in specs", found, len(specs))
	}
	for union, types := range unions {
		for _, name := range types {
			if _, ok := specs[name]; !ok {
				t.Errorf("%s: specs lacks %s", union, name)
			}
		}
	}
}

// Every change of a byte, and every end of a file, is an error or a model; nothing panics.
func TestDamaged(t *testing.T) {
	files := testFiles(t)
	files["labels"] = writeBytes(t, withLabels(t))
	for name, b := range files {
		step := max(1, len(b)/250)
		for i := 0; i < len(b); i += step {
			for _, x := range []byte{0, 1, 0x7f, 0x80, 0xff, b[i] + 1} {
				c := bytes.Clone(b)
				c[i] = x
				tryRead(c)
			}
			for _, x := range []uint32{0, 1, 0x7fffffff, 0x80000000, 0xffffffff, uint32(len(b)), uint32(-i)} {
				if i+4 > len(b) {
					break
				}
				c := bytes.Clone(b)
				binary.LittleEndian.PutUint32(c[i:], x)
				tryRead(c)
			}
			if _, err := Read(bytes.NewReader(b[:i]), int64(i)); err == nil && name != "labels" && i < len(b)-16 {
				t.Errorf("%s: no error for the first %d of %d bytes", name, i, len(b))
			}
		}
	}
}

// tryRead reads a damaged file without the recover of decode.
func tryRead(b []byte) {
	if verify(b, Identifier, "Model") == nil {
		d := decoder{b: b, root: tflitefb.GetRootAsModel(b, 0)}
		_, _ = d.model()
	}
}
