package lince

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// onnxModels is the folder of models that internal/golden/onnx_models.py wrote.
const onnxModels = "internal/onnxgraph/testdata/models"

// edited writes a copy of torch_resnet.onnx after a change to a folder, and returns its path.
func edited(t *testing.T, dir string, change func(m *onnxpb.ModelProto)) string {
	t.Helper()
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(must(os.ReadFile(filepath.Join(onnxModels, "torch_resnet.onnx"))), m); err != nil {
		t.Fatal(err)
	}
	change(m)
	path := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(path, must(proto.Marshal(m)), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// closeTo reports whether two tensors have one shape and differ by at most bound.
func closeTo(a, b *tensor.Tensor, bound float32) bool {
	if !a.Shape().Equal(b.Shape()) {
		return false
	}
	for i, v := range a.Float32s() {
		if d := v - b.Float32s()[i]; !(-bound <= d && d <= bound) {
			return false
		}
	}
	return true
}

// An ONNX model predicts as in ONNX Runtime, for batches of any size, is trained except for the statistics of its batch
// normalizations, and is saved.
func TestOpenONNX(t *testing.T) {
	m, err := on(1).Open(filepath.Join(onnxModels, "torch_resnet_train.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if s := m.InputShape(); !s.Equal(tensor.Shape{tensor.Unknown, 16, 16, 3}) || m.Notes() != nil || m.Name() != "main_graph" {
		t.Errorf("input %v, notes %q, name %q", s, m.Notes(), m.Name())
	}
	first := graphtest.Formula(1, -2, 2, 3, 16, 16) // with the channels first
	x := tensor.New(tensor.Float32, 4, 16, 16, 3)
	for i := range 4 {
		for j := range 3 {
			for k, v := range first.Row(j).Float32s() {
				x.Row(i).Float32s()[3*k+j] = v
			}
		}
	}
	want := must(npy.ReadArchive(filepath.Join(onnxModels, "torch_resnet_train.npz")))["out:y"]
	got := must(m.PredictBatch(x))
	for i := range 4 {
		if !closeTo(got.Rows(i, i+1), want, 1e-5) {
			t.Errorf("prediction %v, want %v", got.Row(i).Float32s(), want.Float32s())
		}
	}
	values := map[string]*tensor.Tensor{}
	for i, v := range m.Variables() {
		values[v.Path()] = m.Weights()[i]
		if statistic := strings.Contains(v.Path(), "running_"); v.Trainable() == statistic {
			t.Errorf("%s is trainable: %v", v.Path(), v.Trainable())
		}
	}
	if err := m.Compile(CompileOptions{Loss: loss.MeanSquaredError{}, Optimizer: optimizer.SGD{LearningRate: .01}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.TrainOnBatch(data.Batch{X: x, Y: tensor.New(tensor.Float32, 4, 5)}, BatchOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, v := range m.Variables() {
		if same := bytes.Equal(values[v.Path()].Raw(), m.Weights()[i].Raw()); same == v.Trainable() {
			t.Errorf("%s has not changed: %v", v.Path(), same)
		}
	}
	again := must(reopen(m))
	if !bytes.Equal(must(again.PredictBatch(x)).Raw(), must(m.PredictBatch(x)).Raw()) {
		t.Error("the model predicts otherwise after saving")
	}
}

// What lince exports it reads: the predictions, the classes and the preprocessing.
func TestONNXRoundTrip(t *testing.T) {
	for name, c := range onnxNetworks {
		t.Run(name, func(t *testing.T) {
			m := c.build(t)
			path := filepath.Join(t.TempDir(), "m.onnx")
			if err := m.Export(path, c.options); err != nil {
				t.Fatal(err)
			}
			again, err := on(1).Open(path)
			if err != nil {
				t.Fatal(err)
			}
			shape := m.InputShape().Clone()
			for i, d := range shape {
				if d == tensor.Unknown {
					shape[i] = []int{2, 16, 16, 3}[i]
				}
			}
			x := graphtest.Formula(3, 0, 1, shape...)
			if a, b := must(m.PredictBatch(x)), must(again.PredictBatch(x)); !closeTo(a, b, 1e-5) {
				t.Errorf("predictions %v, want %v", b, a)
			}
			if !slices.Equal(again.Classes, m.Classes) || !bytes.Equal(must(json.Marshal(again.Preprocessing)), must(json.Marshal(m.Preprocessing))) {
				t.Errorf("classes %q, preprocessing %v", again.Classes, again.Preprocessing)
			}
		})
	}
}

// A quantized model has a note.
func TestONNXNotes(t *testing.T) {
	m, err := on(1).Open(filepath.Join(onnxModels, "quantized_qdq.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Notes(); len(n) != 1 || !strings.Contains(n[0], "quantized") {
		t.Errorf("notes %q", n)
	}
}

func TestONNXMetadata(t *testing.T) {
	meta := func(key, value string) func(m *onnxpb.ModelProto) {
		return func(m *onnxpb.ModelProto) {
			m.MetadataProps = []*onnxpb.StringStringEntryProto{{Key: &key, Value: &value}}
		}
	}
	five := []string{"a", "b", "c", "d", "e"}
	for text, want := range map[string][]string{`["a","b","c","d","e"]`: five, `["a"]`: nil, `a b c`: nil} {
		m, err := on(1).Open(edited(t, t.TempDir(), meta("classes", text)))
		if err != nil || !slices.Equal(m.Classes, want) {
			t.Errorf("%s: classes %q, error %v", text, m.Classes, err)
		}
	}
	m, err := on(1).Open(edited(t, t.TempDir(), meta("lince", `{"classes":["a","b","c","d","e"],"preprocessing":[{"op":"resize","height":16,"width":16}]}`)))
	if err == nil {
		if _, ok := m.Preprocessing[0].(preprocess.Resize); !ok || !slices.Equal(m.Classes, five) {
			t.Errorf("classes %q, preprocessing %v", m.Classes, m.Preprocessing)
		}
	}
	if _, err := on(1).Open(edited(t, t.TempDir(), meta("lince", `{"classes":["a"]}`))); err == nil || !strings.Contains(err.Error(), "there are 1 classes for 5 outputs") {
		t.Errorf("got %v", err)
	}
}

// Weights in another file are read from the model's folder only, and links are not followed.
func TestONNXExternalFiles(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	place := func(location string) string {
		return edited(t, dir, func(m *onnxpb.ModelProto) {
			for _, w := range m.Graph.Initializer {
				if len(w.RawData) == 0 {
					continue
				}
				for _, path := range []string{filepath.Join(dir, "weights"), outside} {
					if err := os.WriteFile(path, w.RawData, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				w.RawData, w.DataLocation = nil, onnxpb.TensorProto_EXTERNAL.Enum()
				w.ExternalData = []*onnxpb.StringStringEntryProto{{Key: new("location"), Value: &location}}
				return
			}
			t.Fatal("no initializer")
		})
	}
	if _, err := on(1).Open(place("weights")); err != nil {
		t.Error(err)
	}
	path := place("../outside")
	if _, err := on(1).Open(path); err == nil || !strings.Contains(err.Error(), "want the name of a file in the model's folder") {
		t.Errorf("got %v", err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if _, err := on(1).Open(place("link")); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("got %v", err)
	}
	file := must(os.ReadFile(place("weights")))
	if _, err := on(1).Read(bytes.NewReader(file), int64(len(file))); err == nil || !strings.Contains(err.Error(), "only the bytes of this one are given") {
		t.Errorf("got %v", err)
	}
}

// LINCE_MODELS names a folder with public models and the predictions of the original library; internal/golden/public_models.py
// writes it.
func TestPublicONNX(t *testing.T) {
	dir := os.Getenv("LINCE_MODELS")
	if dir == "" {
		t.Skip("needs public models: set LINCE_MODELS to the folder that internal/golden/public_models.py wrote")
	}
	for _, name := range []string{"opennsfw", "ppocr-cls", "ppocr-det", "ppocr-rec"} {
		arrays := must(npy.ReadArchive(filepath.Join(dir, name+".npz")))
		x, want := arrays["x"], arrays["y"]
		o := Options{Seed: 1}
		if x.Shape()[1] == 3 { // the channels first, and of any size
			shape := x.Shape().Clone()
			shape[0] = tensor.Unknown
			o.InputShapes = map[string]tensor.Shape{"x": shape}
			x = lastChannels(x)
		}
		m, err := o.Open(filepath.Join(dir, name+".onnx"))
		if err != nil {
			t.Error(name, err)
			continue
		}
		got, err := m.PredictBatch(x)
		if err != nil {
			t.Error(name, err)
			continue
		}
		if want.Shape().Equal(tensor.Shape{1, 1, 96, 160}) {
			want = lastChannels(want)
		}
		if !closeTo(got, want, 1e-4) {
			t.Errorf("%s: predictions differ from ONNX Runtime's", name)
		}
	}
}

// lastChannels turns images (batch, channels, height, width) into images with the channels last.
func lastChannels(x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	y := tensor.New(tensor.Float32, s[0], s[2], s[3], s[1])
	for i := range s[0] {
		for c := range s[1] {
			for k, v := range x.Row(i).Row(c).Float32s() {
				y.Row(i).Float32s()[k*s[1]+c] = v
			}
		}
	}
	return y
}
