package lince_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/onnxgraph"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// exports is a list of models to export and compare with ONNX Runtime.
type exports struct {
	dir  string
	jobs []pyrun.Job
	want [][]*tensor.Tensor
	name []string
}

// add exports a model, whose outputs for the inputs are in lince.
func (e *exports) add(t *testing.T, name string, m *lince.Model, o lince.ExportOptions, inputs ...*tensor.Tensor) {
	t.Helper()
	want, err := m.Call(inputs...)
	if err != nil {
		t.Fatal(name, err)
	}
	path := filepath.Join(e.dir, strings.ReplaceAll(name, "/", "_")+".onnx")
	if err := m.Export(path, o); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	e.jobs, e.want, e.name = append(e.jobs, pyrun.Job{Path: path, Inputs: inputs}), append(e.want, want), append(e.name, name)
}

// compare runs the models in ONNX Runtime, after onnx's checker.
func (e *exports) compare(t *testing.T, python string) {
	t.Helper()
	results, err := onnxcheck.Run(context.Background(), python, e.jobs)
	if err != nil {
		t.Fatal(err)
	}
	e.judge(t, results)
}

// judge compares results of a Python library with what lince predicts.
func (e *exports) judge(t *testing.T, results []pyrun.Result) {
	t.Helper()
	for i, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", e.name[i], r.Err)
			continue
		}
		if len(r.Outputs) != len(e.want[i]) {
			t.Errorf("%s: %d outputs, want %d", e.name[i], len(r.Outputs), len(e.want[i]))
			continue
		}
		for k, want := range e.want[i] {
			got := r.Outputs[k]
			if !got.Shape().Equal(want.Shape()) {
				t.Errorf("%s: output %d has shape %v, want %v", e.name[i], k, got.Shape(), want.Shape())
				continue
			}
			if d := relativeDistance(got.Float32s(), want.Float32s()); !(d <= 1e-5) {
				t.Errorf("%s: output %d differs by %v", e.name[i], k, d)
			}
		}
	}
}

// relativeDistance returns the largest difference, relative to the largest number of want.
func relativeDistance(got, want []float32) float64 {
	largest, most := 0., 0.
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= most) {
			most = d
		}
	}
	return most / max(largest, 1e-30)
}

// onnxRuntime returns a Python that has ONNX Runtime, or skips the test.
func onnxRuntime(t *testing.T) string {
	t.Helper()
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs ONNX Runtime: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	return python
}

// example builds a network of vocabulary, and returns its inputs in the order of InputNames.
func example(t *testing.T, build func() (*lince.Model, error), batch func(salt, step int) data.Batch) (*lince.Model, []*tensor.Tensor) {
	t.Helper()
	m, err := build()
	if err != nil {
		t.Fatal(err)
	}
	b := batch(3, 0)
	if b.Inputs == nil {
		return m, []*tensor.Tensor{b.X}
	}
	var inputs []*tensor.Tensor
	for _, in := range m.InputNames() {
		inputs = append(inputs, b.Inputs[in])
	}
	return m, inputs
}

// TestONNXVocabulary compares the networks of TestVocabulary in ONNX Runtime.
func TestONNXVocabulary(t *testing.T) {
	python := onnxRuntime(t)
	e := &exports{dir: t.TempDir()}
	for name, v := range vocabulary {
		m, inputs := example(t, v.build, v.batch)
		e.add(t, name, m, lince.ExportOptions{}, inputs...)
		e.add(t, name+" 21", m, lince.ExportOptions{Opset: 21}, inputs...)
	}
	e.compare(t, python)
}

// TestONNXApplications exports the models of keras.applications. See TestApplications.
func TestONNXApplications(t *testing.T) {
	python := onnxRuntime(t)
	folder := os.Getenv("LINCE_APPLICATIONS")
	if folder == "" {
		t.Skip("LINCE_APPLICATIONS names no folder made by internal/golden/applications.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.keras"))
	if err != nil || len(files) < 14 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	e := &exports{dir: t.TempDir()}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".keras")
		m, err := lince.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		e.add(t, name, m, lince.ExportOptions{}, readNPZ(t, filepath.Join(folder, name+".npz"))["x"])
	}
	e.compare(t, python)
}

// TestONNXPreprocessing compares predictions for images of type uint8, of many sizes.
func TestONNXPreprocessing(t *testing.T) {
	python := onnxRuntime(t)
	e := &exports{dir: t.TempDir()}
	for name, c := range map[string]struct {
		steps lince.Preprocessing
		sizes [][2]int
		o     lince.ExportOptions
	}{
		"nearest": {lince.Preprocessing{preprocess.Resize{Height: 20, Width: 24}, preprocess.Rescale{Scale: 1. / 255}},
			[][2]int{{20, 24}, {31, 7}, {45, 50}, {13, 97}, {64, 48}, {1, 1}, {333, 35}, {61, 58}, {29, 41}, {101, 103}}, lince.ExportOptions{}},
		"bilinear": {lince.Preprocessing{preprocess.Resize{Height: 20, Width: 24, Interpolation: picture.BilinearTF}, preprocess.Input{Mode: preprocess.Caffe}},
			[][2]int{{20, 24}, {31, 7}, {45, 50}, {64, 48}}, lince.ExportOptions{}},
		"bilinear 21": {lince.Preprocessing{preprocess.Resize{Height: 20, Width: 24, Interpolation: picture.BilinearTF}, preprocess.Input{Mode: preprocess.Torch}},
			[][2]int{{31, 7}, {45, 50}}, lince.ExportOptions{Opset: 21}},
		"crop": {lince.Preprocessing{preprocess.Decode{}, preprocess.Resize{Height: 27, Width: 21}, preprocess.CenterCrop{Height: 20, Width: 24}, preprocess.Input{Mode: preprocess.TF}},
			[][2]int{{31, 7}, {45, 50}}, lince.ExportOptions{}},
		"values": {lince.Preprocessing{preprocess.BGR{}, preprocess.Normalize{Mean: []float64{120, 130, 125}, Std: []float64{60}}, preprocess.Rescale{Offset: .5}},
			[][2]int{{20, 24}}, lince.ExportOptions{}},
	} {
		shape := []int{20, 24, 3}
		if name == "values" { // without a step that resizes, images may have any size
			shape[0], shape[1] = tensor.Unknown, tensor.Unknown
		}
		m, err := lince.Sequential(layer.Input{Shape: shape}, layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Strides: layer.Size{3, 3}}, layer.GlobalMaxPool2D{})
		if err != nil {
			t.Fatal(err)
		}
		m.Preprocessing = c.steps
		p, err := c.steps.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range c.sizes {
			img := image.NewNRGBA(image.Rect(0, 0, size[1], size[0]))
			pixels := tensor.New(tensor.Uint8, 1, size[0], size[1], 3)
			for i := range size[0] * size[1] {
				for ch := range 3 {
					v := byte((i*7919 + ch*104729 + i*i) >> 3)
					img.Pix[4*i+ch], pixels.Raw()[3*i+ch] = v, v
				}
				img.Pix[4*i+3] = 255
			}
			values, h, w, err := new(picture.Decoder).AppendImage(nil, img, p.Options())
			if err != nil {
				t.Fatal(err)
			}
			p.Apply(values)
			want, err := m.Call(tensor.Of(values, 1, h, w, 3))
			if err != nil {
				t.Fatal(err)
			}
			for _, first := range []bool{false, true} {
				in, o := pixels, c.o
				o.Preprocessing, o.ChannelsFirst = true, first
				if first {
					in = tensor.New(tensor.Uint8, 1, 3, size[0], size[1])
					for i := range size[0] * size[1] {
						for ch := range 3 {
							in.Raw()[ch*size[0]*size[1]+i] = pixels.Raw()[3*i+ch]
						}
					}
				}
				label := fmt.Sprintf("%s %v %v", name, size, first)
				path := filepath.Join(e.dir, label+".onnx")
				if err := m.Export(path, o); err != nil {
					t.Fatal(err)
				}
				e.jobs, e.want, e.name = append(e.jobs, pyrun.Job{Path: path, Inputs: []*tensor.Tensor{in}}), append(e.want, want), append(e.name, label)
			}
		}
	}
	e.compare(t, python)
}

// TestExportPreprocessingMistakes checks that Export names the step that ONNX cannot express.
func TestExportPreprocessingMistakes(t *testing.T) {
	for want, step := range map[string]preprocess.Step{
		"step 1, resize with bicubic interpolation":     preprocess.Resize{Height: 8, Width: 8, Interpolation: picture.Bicubic},
		"step 1, resize with an aspect ratio":           preprocess.Resize{Height: 8, Width: 8, CropToAspectRatio: true},
		"step 1, resize with a short side of 9 pixels":  preprocess.Resize{ShortSide: 9},
		"step 1, center_crop of images of unknown size": preprocess.CenterCrop{Height: 8, Width: 8},
	} {
		m, err := lince.Sequential(layer.Input{Shape: []int{tensor.Unknown, tensor.Unknown, 3}}, layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}})
		if err != nil {
			t.Fatal(err)
		}
		m.Preprocessing = lince.Preprocessing{step}
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := m.Export(path, lince.ExportOptions{Preprocessing: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
		if err := m.Export(path, lince.ExportOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// TestONNXAgain reads exported networks, compares their predictions, exports them again, and compares ONNX Runtime's predictions.
func TestONNXAgain(t *testing.T) {
	e := &exports{dir: t.TempDir()}
	for name, v := range vocabulary {
		m, inputs := example(t, v.build, v.batch)
		for _, opset := range []int{17, 21} {
			e.again(t, name, m, lince.ExportOptions{Opset: opset}, inputs...)
		}
	}
	if folder := os.Getenv("LINCE_APPLICATIONS"); folder != "" {
		for _, name := range []string{"MobileNetV2", "EfficientNetB0", "DenseNet121"} {
			m, err := lince.Open(filepath.Join(folder, name+".keras"))
			if err != nil {
				t.Fatal(err)
			}
			e.again(t, name, m, lince.ExportOptions{}, readNPZ(t, filepath.Join(folder, name+".npz"))["x"])
		}
	}
	e.compare(t, onnxRuntime(t))
}

// again exports a model, reads the file, and adds the model that it reads.
func (e *exports) again(t *testing.T, name string, m *lince.Model, o lince.ExportOptions, inputs ...*tensor.Tensor) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := m.Export(path, o); err != nil {
		t.Fatal(name, err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	model, err := onnx.Read(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(name, err)
	}
	r, err := onnxgraph.Read(model, onnxgraph.ReadOptions{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	read, err := lince.FromGraph(r.Graph, r.Store)
	if err != nil {
		t.Fatal(name, err)
	}
	want, err := m.Call(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.Call(inputs...)
	if err != nil {
		t.Fatal(name, err)
	}
	for i, w := range want {
		if d := relativeDistance(got[i].Float32s(), w.Float32s()); !(d <= 1e-5) {
			t.Errorf("%s: output %d of the model that was read differs by %v", name, i, d)
		}
	}
	e.add(t, fmt.Sprintf("%s again, opset %d", name, o.Opset), read, o, inputs...)
}
