package lince

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// archive returns a zip archive with members of these names.
func archive(t testing.TB, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, "content")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hdf5File returns an HDF5 file with an attribute of the root group, or none, and a group with a dataset.
func hdf5File(t testing.TB, attribute, group string) string {
	t.Helper()
	tree := &hdf5.Tree{}
	if attribute != "" {
		tree.Attr(attribute, hdf5.Strings("a", "b"))
	}
	tree.Group(group).Dataset("x", tensor.New(tensor.Float32, 2))
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// message returns a protocol buffer: numbers are varints, texts are fields of bytes.
func message(parts ...any) string {
	var b []byte
	for i := 0; i < len(parts); i += 2 {
		number := protowire.Number(parts[i].(int))
		switch v := parts[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
		}
	}
	return string(b)
}

// kindCase is a file, or the start of one, and its kind. The file's name is misleading, unless only the name tells.
type kindCase struct{ kind, name, content string }

func kindCases(t testing.TB) []kindCase {
	long := strings.Repeat("x", 5000) // longer than what is read at the start
	safe := `{"__metadata__":{"format":"pt"}}`
	onnx := message(1, 8, 2, "pytorch", 7, message(1, message(1, long, 4, "Conv")), 8, message(2, 17))
	return []kindCase{
		{"keras", "m.h5", archive(t, "metadata.json", "config.json", "model.weights.h5")},
		{"keras", "m", archive(t, "model.weights.h5", "assets/x", "config.json")},
		{"keras", "cut short", archive(t, "metadata.json", "config.json")[:60]},
		{"keras", "in a folder", archive(t, "__MACOSX/._m", "m/.DS_Store", "m/config.json", "m/model.weights.h5", "__MACOSX/m/._config.json")},
		{"keras", "in two folders", archive(t, "a/config.json", "a/metadata.json", "b/config.json", "b/metadata.json")},
		{"keras", "a path outside", archive(t, "../x", "config.json")},
		{"h5", "m.keras", hdf5File(t, "model_config", "model_weights")},
		{"h5", "user block", strings.Repeat("\x00", 1024) + hdf5File(t, "model_config", "model_weights")},
		{"h5", "cut short", hdf5File(t, "model_config", "model_weights")[:30]},
		{"weights.h5", "m.h5", hdf5File(t, "", "layers/dense/vars")},
		{"weights.h5", "of 2.13", hdf5File(t, "", "_layer_checkpoint_dependencies")},
		{"legacy-weights", "m.weights.h5", hdf5File(t, "layer_names", "dense")},
		{"legacy-weights", "many layers", hdf5File(t, "layer_names0", "dense")},
		{"hdf5", "m.h5", hdf5File(t, "", "x")},
		{"tflite", "m.bin", "\x1c\x00\x00\x00TFL3\x14\x00"},
		{"safetensors", "m.pt", string(binary.LittleEndian.AppendUint64(nil, uint64(len(safe)))) + safe},
		{"weights.json", "m.json", `{"metadata": {"total_size": 8}, "weight_map": {"/layers/dense/vars": "m_00000.weights.h5"}}`},
		{"torch", "m.keras", archive(t, "archive/data.pkl", "archive/data/0", "archive/version")},
		{"torch", "m.zip", archive(t, "resnet/data.pkl", "resnet/byteorder", "resnet/data/0")},
		{"torch", "before 1.6", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."},
		{"torch", "before 1.6, protocol 4", "\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."},
		{"torchscript", "m.pt", archive(t, "net/data.pkl", "net/code/x.py", "net/constants.pkl")},
		{"torch-export", "m.pt", archive(t, "serialized_exported_program.json", "version")},
		{"torch-export", "of 2.8", archive(t, "net/archive_format", "net/models/model.json")},
		{"npz", "m.keras", archive(t, "arr_0.npy", "arr_1.npy")},
		{"zip", "m.keras", archive(t, "photos/cat.jpg")},
		{"zip", "other networks", archive(t, "bert/config.json", "bert/vocab.txt", "a/metadata.json")},
		{"pickle", "m.pth", "\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x07sklearn"},
		{"pickle", "m.pkl", "\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x11scikeras.wrappers"},
		{"keras-pickle", "m.pkl", "\x80\x04\x95\xf5\xdb\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x07getattr\x94\x93\x94\x8c\x1bkeras.src.models.sequential\x94\x8c\x0aSequential"},
		{"keras-pickle", "of Keras 2", "\x80\x03ckeras.saving.pickle_utils\ndeserialize_model_from_bytecode\n"},
		{"json", "m.keras", ` {"class_name": "Sequential", "config": {}}`},
		{"json", "in a string", `"{\"class_name\": \"Model\", \"config\": {}}"`},
		{"tfjs", "model.json", `{"format":"layers-model","modelTopology":{"class_name":"Model"},"weightsManifest":[]}`},
		{"tfjs", "a graph", `{"format":"graph-model","generatedBy":"2.8","modelTopology":{}}`},
		{"mxnet-symbol", "net.json", `{"nodes": [{"op": "null", "name": "data", "inputs": []}], "arg_nodes": [0]}`},
		{"mxnet", "m.bin", "\x12\x01\x00\x00\x00\x00\x00\x00" + long},
		{"yaml", "m.json", "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: s\n"},
		{"onnx", "m.pb", onnx},
		{"onnx", "cut short", onnx[:200]},
		{"onnx", "without a version of operators", message(1, 3, 7, message(2, "g"))},
		{"onnx", "in another order", message(8, message(2, 17), 7, message(2, "g"), 1, 8)},
		{"onnx", "with functions", message(1, 9, 2, "pytorch", 7, "", 8, message(2, 18), 14, message(1, "a", 2, "b"), 25, message(1, "f"))},
		{"savedmodel-graph", "saved_model.pb", message(1, 1, 2, message(1, message(4, "serve"), 2, long))},
		{"tensorflow", "m.onnx", message(1, message(1, "input", 2, "Placeholder"), 1, message(1, "conv", 2, "Conv2D"))},
		{"coreml", "m.onnx", message(1, 4, 2, message(1, message(1, "image")), 303, message(1, message(1, "conv")))},
		{"paddle", "m.onnx", message(1, message(1, 0, 2, -1, 3, message(1, "x")), 4, message(1, 0))},
		{"caffe", "m.onnx", message(1, "VGG", 100, message(1, "conv1", 2, "Convolution"))},
		{"caffe", "before 2014", message(1, "CaffeNet", 2, message(4, "conv1", 5, 4, 6, long))},
		{"prototxt", "m.txt", "name: \"VGG\"\ninput: \"data\"\nlayer {\n  name: \"conv1\"\n}\n"},
		{"openvino", "m.txt", `<?xml version="1.0"?>` + "\n<net name=\"Model0\" version=\"11\">\n\t<layers>\n"},
		{"darknet", "m.txt", "# comment\n\n[net]\nbatch=64\n"},
		{"darknet-weights", "yolo.weights", "\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00" + long},
		{"gguf", "m.bin", "GGUF\x03\x00\x00\x00"},
		{"ort", "m.onnx", "\x18\x00\x00\x00ORTM\x00"},
		{"executorch", "m.pt", "\x18\x00\x00\x00ET12\x00"},
		{"checkpoint", "m.bin", long + "\x57\xfb\x80\x8b\x24\x75\x47\xdb"},
		{"checkpoint", "model.ckpt.meta", "\x0a\x10\x0a\x00" + long},
		{"checkpoint-data", "variables.data-00000-of-00001", "\x00\x00\x80\x3f"},
		{"gzip", "m.keras", "\x1f\x8b\x08\x00"},
		{"packed", "m.h5.xz", "\xfd7zXZ\x00\x00"},
		{"packed", "m.h5", "BZh91AY&SY"},
		{"tar", "m.keras", strings.Repeat("n", 257) + "ustar\x00"},
		{"lfs", "m.keras", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"},
		{"html", "m.h5", "\n<!DOCTYPE html><html><title>Sign in</title>"},
	}
}

// TestKinds recognizes a file of each kind by its content.
func TestKinds(t *testing.T) {
	met := map[string]bool{}
	for _, c := range kindCases(t) {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := FileKindOf(path)
		if err != nil || k.Name != c.kind {
			t.Errorf("%s %q: got %q, %v", c.kind, c.name, k.Name, err)
			continue
		}
		met[k.Name] = true
		if k.Opens {
			continue
		}
		_, err = Open(path)
		if err == nil || !strings.Contains(err.Error(), "is "+k.Title) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), k.Refusal) {
			t.Errorf("%s: opening it gives %v", c.kind, err)
		}
	}
	for name, files := range map[string][]string{
		"savedmodel":       {"saved_model.pb"},
		"keras-savedmodel": {"saved_model.pb", "keras_metadata.pb"},
		"mlpackage":        {"Manifest.json", "Data"},
		"keras":            {"config.json", "metadata.json", "model.weights.h5"},
	} {
		dir := t.TempDir()
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		k, err := FileKindOf(dir)
		if err != nil || k.Name != name {
			t.Errorf("a folder with %v is %q, %v; want %s", files, k.Name, err, name)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), k.Refusal) {
			t.Errorf("%s: opening it gives %v", name, err)
		}
		met[name] = true
	}
	names := map[string]bool{}
	for _, k := range FileKinds() {
		if names[k.Name] {
			t.Errorf("two kinds are named %s", k.Name)
		}
		names[k.Name] = true
		if !met[k.Name] {
			t.Errorf("no case for %s", k.Name)
		}
		if k.Opens != (k.Refusal == "") {
			t.Errorf("%s: Opens is %v, and the refusal is %q", k.Name, k.Opens, k.Refusal)
		}
	}
}

// TestUnknownKind: other files are errors that show how they begin.
func TestUnknownKind(t *testing.T) {
	for content, want := range map[string]string{
		"":                            "is empty",
		"hello":                       `it begins with "hello"; want a Keras model (.keras)`,
		"\x08":                        `it begins with "\b"`,
		"\x00\x00\x00\x00\x00\x00":    "is no model file",
		strings.Repeat("\xff", 10000): "is no model file",
		"PK\x05\x06":                  "is no model file",
		"\x80\x00":                    "is no model file",
		strings.Repeat("\x08\x01", 5): "is no model file",
	} {
		_, err := Read(strings.NewReader(content), int64(len(content)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error is %v, want %s", content, err, want)
		}
	}
}

// TestRefusal: the lines of a refusal have the names of the file.
func TestRefusal(t *testing.T) {
	dir, exported := filepath.Join(t.TempDir(), "flowers"), filepath.Join(t.TempDir(), "export")
	for _, dir := range []string{dir, exported} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"saved_model.pb", "keras_metadata.pb"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, pickled := filepath.Join(dir, "weights.data-00000-of-00001"), filepath.Join(dir, "pets.pkl")
	graph, exportedGraph, alone := filepath.Join(dir, savedModelFile), filepath.Join(exported, savedModelFile), filepath.Join(t.TempDir(), "graph.pb")
	bytes := message(1, 1, 2, message(1, message(4, "serve")))
	for path, content := range map[string]string{data: "\x00\x00\x80\x3f", graph: bytes, exportedGraph: bytes, alone: bytes, pickled: "\x80\x03ckeras.saving.pickle_utils\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		dir:   `tf_keras.models.load_model(` + pythonString(dir) + `).save("flowers.keras")`,
		graph: `tf_keras.models.load_model(` + pythonString(dir) + `).save("flowers.keras")`,
		// Keras 3 exports folders that tf_keras cannot load.
		exported:      "python -m tf2onnx.convert --saved-model " + exported + " --output export.onnx",
		exportedGraph: "python -m tf2onnx.convert --saved-model " + exported + " --output export.onnx",
		pickled:       `python -c 'import pickle; pickle.load(open(` + pythonString(pickled) + `, "rb")).save("pets.keras")'`,
		alone:         "give the path of that folder",
		data:          `model.load_weights(` + pythonString(filepath.Join(dir, "weights")) + `).expect_partial()` + "\n" + `model.save("weights.keras")`,
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

// TestRefusalQuotes: the lines of a refusal quote the names of the file for a shell or for Python.
func TestRefusalQuotes(t *testing.T) {
	const stem = `it's "my" $x {FILE}`
	for name, c := range map[string]struct{ suffix, want string }{
		"darknet":      {".cfg", `python convert.py 'it'\''s "my" $x {FILE}.cfg' 'it'\''s "my" $x {FILE}.weights' 'it'\''s "my" $x {FILE}.h5'`},
		"weights.h5":   {".weights.h5", `lince convert 'it'\''s "my" $x {FILE}.weights.h5' 'it'\''s "my" $x {FILE}.keras' --network NETWORK`},
		"torchscript":  {".pt", `torch.jit.load("it\x27s \"my\" $x {FILE}.pt").eval(), torch.zeros(1, 3, 224, 224), "it\x27s \"my\" $x {FILE}.onnx"`},
		"torch-export": {".pt2", `f="it\x27s \"my\" $x {FILE}.onnx"`},
		"keras-pickle": {"\xe9\\.pkl", `open("it\x27s \"my\" $x {FILE}\udce9\\.pkl", "rb")).save("it\x27s \"my\" $x {FILE}\udce9\\.keras")`},
	} {
		for _, k := range kinds() {
			if k.name == name && !strings.Contains(k.refusalFor(stem+c.suffix), c.want) {
				t.Errorf("%s: %s\nwant %s", name, k.refusalFor(stem+c.suffix), c.want)
			}
		}
	}
}

// TestOpenByContent opens a model whose file has another name, and the JSON of a network.
func TestOpenByContent(t *testing.T) {
	m := smallModel(t, 1)
	path := filepath.Join(t.TempDir(), "m.h5")
	if err := os.WriteFile(path, bytesOf(t, m), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := on(1).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, got)
	text := must(m.ToJSON())
	if got, err = on(1).Read(bytes.NewReader(text), int64(len(text))); err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, got)
}

// TestSaveKinds: the name's end decides which kind of file Save writes.
func TestSaveKinds(t *testing.T) {
	m := must(Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 1}))
	for name, want := range map[string]string{"m.KERAS": "", "m.h5": "", "m.HDF5": "", "m": "the name must end in .keras", "m.onnx": "the name must end in .keras", "m.weights.h5": "the name must end in .keras"} {
		path := filepath.Join(t.TempDir(), name)
		err := m.Save(path)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, err := Open(path); err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", name, err, want)
		}
	}
}

// FuzzSniff: recognizing a file never panics, and does not read far.
func FuzzSniff(f *testing.F) {
	for _, c := range kindCases(f) {
		f.Add([]byte(c.content))
	}
	f.Fuzz(sniffHostile)
}
