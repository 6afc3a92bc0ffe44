package callback_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/tfevents"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// readEvents returns the events in the files of a folder.
func readEvents(t *testing.T, dir string) (events []tfevents.Event, files int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := tfevents.NewReader(f)
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			events = append(events, e)
		}
	}
	return events, len(names)
}

// lines describes events: step, tag and number.
func lines(events []tfevents.Event) (list []string) {
	for _, e := range events {
		for _, v := range e.Values {
			s := fmt.Sprintf("%d %s", e.Step, v.Tag)
			if v.Plugin == "scalars" {
				s += fmt.Sprintf(" %.6g", v.Tensor.Floats()[0])
			}
			list = append(list, s)
		}
	}
	return list
}

// images returns n images of 8x8 pixels with a bright left or right half, and their classes, one-hot.
func halves(n int) (x, y *tensor.Tensor) {
	x, y = tensor.New(tensor.Float32, n, 8, 8, 3), tensor.New(tensor.Float32, n, 2)
	for i := range n {
		p := x.Row(i).Float32s()
		for j := range p {
			p[j] = float32((i*7+j*5)%11) / 20
			if (j/3%8 < 4) == (i%2 == 0) {
				p[j] += .4
			}
		}
		y.Row(i).Float32s()[i%2] = 1
	}
	return x, y
}

func halvesData(t *testing.T, n int, o data.TensorOptions) data.Dataset {
	t.Helper()
	x, y := halves(n)
	ds, err := data.Tensors(x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// imageModel is a small convolutional network with a branch.
func imageModel(t *testing.T) *lince.Model {
	t.Helper()
	in := lince.Input(layer.Input{Shape: []int{8, 8, 3}})
	a := in.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU, Name: "conv"})
	b := a.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Name: "one"}, layer.BatchNormalization{})
	out := lince.Apply(layer.Add{}, a, b).Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax, Name: "head"})
	m, err := lince.Options{Seed: 3}.Functional(in, out)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: .05}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.CategoricalAccuracy{Name: "accuracy"}}})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"left", "right"}
	return m
}

func fitModel(t *testing.T, m *lince.Model, epochs int, callbacks ...callback.Callback) error {
	t.Helper()
	_, err := m.Fit(context.Background(), halvesData(t, 10, data.TensorOptions{BatchSize: 4, NoShuffle: true}), lince.FitOptions{
		Epochs: epochs, Validation: halvesData(t, 6, data.TensorOptions{NoShuffle: true}), Callbacks: callbacks, Verbose: lince.Silent, Output: io.Discard,
	})
	return err
}

// TensorBoard writes what keras.callbacks.TensorBoard writes: the same files, events, tags, steps and numbers.
func TestTensorBoardAgainstKeras(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	m := imageModel(t)
	if err := m.Save(at("model.keras")); err != nil {
		t.Fatal(err)
	}
	var keras struct{ Graphs [][]string }
	// Keras trains the same model on the same data. The script prints how TensorBoard's graphs plugin reads Keras' graph
	// and ours, which is written first.
	if err := fitModel(t, m, 2, callback.TensorBoard{LogDir: at("ours"), HistogramFreq: 1, WriteImages: true, UpdateFreq: 1}); err != nil {
		t.Fatal(err)
	}
	x, y := halves(10)
	graphtest.Keras(t, `
import json, sys
import keras, numpy as np
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.plugins.graph import keras_util
i = json.load(sys.stdin)
m = keras.models.load_model(i["dir"] + "/model.keras")
x, y = np.array(i["x"], "f").reshape(10, 8, 8, 3), np.array(i["y"], "f").reshape(10, 2)
m.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_data=(x[:6], y[:6]), callbacks=[
    keras.callbacks.TensorBoard(i["dir"] + "/keras", histogram_freq=1, write_images=True, update_freq=1)])
import glob
graphs = []
for name in "ours", "keras":
    (path,) = glob.glob(i["dir"] + "/" + name + "/train/*")
    for e in event_file_loader.EventFileLoader(path).Load():
        for v in e.summary.value:
            if v.tag == "keras":
                g = keras_util.keras_model_to_graph_def(json.loads(v.tensor.string_val[0]))
                graphs.append([n.name + " " + n.attr["keras_class"].s.decode() + " of " + ", ".join(n.input) for n in g.node])
json.dump({"Graphs": graphs}, sys.stdout)
`, map[string]any{"dir": dir, "x": x.Float32s(), "y": y.Float32s()}, &keras)
	if len(keras.Graphs) != 2 || len(keras.Graphs[0]) != 7 {
		t.Fatalf("graphs: %q", keras.Graphs)
	}
	if diff := cmp.Diff(keras.Graphs[1], keras.Graphs[0]); diff != "" {
		t.Errorf("the graph: -Keras +lince\n%s", diff)
	}
	for _, side := range []string{"train", "validation"} {
		want, _ := readEvents(t, filepath.Join(dir, "keras", side))
		got, files := readEvents(t, filepath.Join(dir, "ours", side))
		graphs := slices.DeleteFunc(slices.Clone(got), func(e tfevents.Event) bool { return e.Graph == nil })
		got = slices.DeleteFunc(got, func(e tfevents.Event) bool { return e.Graph != nil }) // Keras 3 writes none
		if side == "train" {
			if len(graphs) != 1 || len(graphs[0].Graph) != len(keras.Graphs[0]) {
				t.Errorf("graphs of operations: %v", graphs)
			}
		}
		if len(want) != len(got) || files != 1 {
			t.Fatalf("%s: %d events in %d files, want %d: %q, want %q", side, len(got), files, len(want), lines(got), lines(want))
		}
		for i := range want {
			sameEvent(t, side, want[i], got[i])
		}
	}
}

func sameEvent(t *testing.T, side string, want, got tfevents.Event) {
	t.Helper()
	if want.Step != got.Step || want.FileVersion != got.FileVersion || len(want.Values) != len(got.Values) {
		t.Fatalf("%s: %+v, want %+v", side, got, want)
	}
	for i, w := range want.Values {
		g := got.Values[i]
		if w.Tag != g.Tag || w.Plugin != g.Plugin || !bytes.Equal(w.PluginData, g.PluginData) || !slices.Equal(w.Tensor.Shape, g.Tensor.Shape) {
			t.Fatalf("%s: step %d: %s (%s) %v, want %s (%s) %v", side, want.Step, g.Tag, g.Plugin, g.Tensor.Shape, w.Tag, w.Plugin, w.Tensor.Shape)
		}
		a, b := w.Tensor.Floats(), g.Tensor.Floats()
		if w.Plugin == "histograms" { // a weight near an edge may be in the next bucket: compare the sums
			a, b = cumulated(a), cumulated(b)
		}
		if diff := cmp.Diff(a, b, cmpopts.EquateApprox(1e-4, 1e-5)); diff != "" {
			t.Errorf("%s: step %d: %s: -Keras +lince\n%s", side, want.Step, w.Tag, diff)
		}
		if w.Plugin != "images" {
			continue
		}
		if !bytes.Equal(w.Tensor.Strings[0], g.Tensor.Strings[0]) || !bytes.Equal(w.Tensor.Strings[1], g.Tensor.Strings[1]) {
			t.Errorf("%s: %s x %s pixels, want %s x %s", w.Tag, g.Tensor.Strings[0], g.Tensor.Strings[1], w.Tensor.Strings[0], w.Tensor.Strings[1])
		}
		for k := 2; k < len(w.Tensor.Strings); k++ {
			p, q := pixels(t, w.Tensor.Strings[k]), pixels(t, g.Tensor.Strings[k])
			for j := range p {
				if d := int(p[j]) - int(q[j]); d < -1 || d > 1 { // weights differ in the last bits
					t.Errorf("%s: image %d: pixels %v, want %v", w.Tag, k-2, q, p)
					break
				}
			}
		}
	}
}

// cumulated returns the edges of a histogram, and the number of values, as the counts of single buckets may differ.
func cumulated(rows []float64) []float64 {
	sum := 0.
	for i := 2; i < len(rows); i += 3 {
		sum += rows[i]
		rows[i] = 0
	}
	return append(rows, sum)
}

func pixels(t *testing.T, file []byte) []uint8 {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var p []uint8
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, a := m.At(x, y).RGBA()
			p = append(p, uint8(r>>8), uint8(g>>8), uint8(b>>8), uint8(a>>8))
		}
	}
	return p
}

// The metrics of epochs are written for any UpdateFreq, and the images of the first batch and of mistakes on request.
func TestTensorBoard(t *testing.T) {
	dir := t.TempDir()
	m := imageModel(t)
	c := callback.TensorBoard{LogDir: dir, NoGraph: true, UpdateFreq: 2, WriteStepsPerSecond: true, FirstBatch: 2, Mistakes: 2}
	if err := fitModel(t, m, 2, c); err != nil {
		t.Fatal(err)
	}
	tags := func(side string) (list []string) {
		events, _ := readEvents(t, filepath.Join(dir, side))
		for _, e := range events {
			for _, v := range e.Values {
				list = append(list, fmt.Sprintf("%d %s", e.Step, v.Tag))
				if strings.HasSuffix(v.Tag, "per_second") && v.Tensor.Floats()[0] <= 0 {
					t.Errorf("%s is %v", v.Tag, v.Tensor.Floats())
				}
				if v.Plugin == "images" && len(pixels(t, v.Tensor.Strings[2])) != 8*8*4 {
					t.Errorf("%s has %d pixels", v.Tag, len(pixels(t, v.Tensor.Strings[2])))
				}
			}
		}
		return list
	}
	want := strings.Split(`0 first_batch/00 row 0: left
0 first_batch/01 row 1: right
2 batch_steps_per_second
2 batch_accuracy
2 batch_loss
0 epoch_accuracy
0 epoch_loss
0 epoch_learning_rate
0 epoch_steps_per_second
4 batch_steps_per_second
4 batch_accuracy
4 batch_loss
6 batch_steps_per_second
6 batch_accuracy
6 batch_loss
1 epoch_accuracy
1 epoch_loss
1 epoch_learning_rate
1 epoch_steps_per_second`, "\n")
	if diff := cmp.Diff(want, tags("train")); diff != "" {
		t.Errorf("train: -want +got\n%s", diff)
	}
	// The model predicts one class for all images, so half of them are mistakes.
	got := tags("validation")
	for i, s := range got {
		if j := strings.Index(s, "predicted"); j >= 0 {
			got[i] = s[:j+9]
		}
	}
	want = strings.Split(`3 evaluation_accuracy_vs_iterations
3 evaluation_loss_vs_iterations
0 epoch_accuracy
0 epoch_loss
6 evaluation_accuracy_vs_iterations
6 evaluation_loss_vs_iterations
1 epoch_accuracy
1 epoch_loss`, "\n")
	if diff := cmp.Diff(want, got[:8]); diff != "" {
		t.Errorf("validation: -want +got\n%s", diff)
	}
	p, err := m.ClassifyBatch(first(halves(6)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, c := range p {
		label := []string{"left", "right"}[i%2]
		if c.Name != label && n < 2 {
			if want := fmt.Sprintf("1 mistakes/%02d row %d: %s, predicted", n, i, label); got[8+n] != want {
				t.Errorf("mistake %d is %q, want %q", n, got[8+n], want)
			}
			n++
		}
	}
	if n == 0 || len(got) != 8+n {
		t.Errorf("%d mistakes, tags %q", n, got)
	}
	// Evaluate writes its own file.
	if _, err := m.Evaluate(context.Background(), halvesData(t, 6, data.TensorOptions{}), lince.EvaluateOptions{Verbose: lince.Silent, Callbacks: []callback.Callback{c}}); err != nil {
		t.Fatal(err)
	}
	events, files := readEvents(t, filepath.Join(dir, "validation"))
	if s := lines(events); files != 2 || !strings.HasPrefix(s[len(s)-1], "6 evaluation_loss_vs_iterations") {
		t.Errorf("after Evaluate: %d files, %q", files, s)
	}
}

func first(x, _ *tensor.Tensor) *tensor.Tensor { return x }

// A run that is interrupted and resumed writes the events of a run that was not, once each.
func TestTensorBoardResumes(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	board := func(name string) callback.Callback {
		return callback.TensorBoard{LogDir: at(name), HistogramFreq: 1, UpdateFreq: 1, FirstBatch: 1}
	}
	if err := fitModel(t, imageModel(t), 3, board("whole")); err != nil {
		t.Fatal(err)
	}
	for step := range 9 {
		name := fmt.Sprint("cut", step)
		backup := callback.BackupAndRestore{Path: at(name + ".keras"), SaveFreq: 2}
		bad := errors.New("the process is killed")
		steps := 0
		kill := func(on bool) callback.Callback {
			return callback.Func(func(callback.Run) (callback.Hooks, error) {
				return callback.Hooks{BatchEnd: func(int, *callback.Logs) error {
					if steps++; on && steps == step+1 {
						return bad
					}
					return nil
				}}, nil
			})
		}
		// Killed after a checkpoint, so that events after it are written again.
		if err := fitModel(t, imageModel(t), 3, board(name), backup, kill(true)); !errors.Is(err, bad) {
			t.Fatal(err)
		}
		if _, err := os.Stat(at(name + ".keras")); err != nil { // there is no checkpoint yet
			continue
		}
		if err := fitModel(t, imageModel(t), 3, board(name), backup, kill(false)); err != nil {
			t.Fatal(err)
		}
		for _, side := range []string{"train", "validation"} {
			want, _ := readEvents(t, filepath.Join(at("whole"), side))
			got, files := readEvents(t, filepath.Join(at(name), side))
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(tfevents.Event{}, "WallTime")); diff != "" || files != 1 {
				t.Errorf("killed in step %d: %s: %d files, -want +got\n%s", step, side, files, diff)
			}
		}
	}
}

// A vector has a tag for each element.
func TestTensorBoardVectors(t *testing.T) {
	dir := t.TempDir()
	m := imageModel(t)
	c, _ := m.Compiled()
	c.Metrics = []metric.Metric{metric.F1Score{}}
	if err := m.Compile(c); err != nil {
		t.Fatal(err)
	}
	x, y := halves(10)
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(context.Background(), ds, lince.FitOptions{
		Validation: ds, Verbose: lince.Silent, Callbacks: []callback.Callback{
			callback.TensorBoard{LogDir: dir, NoGraph: true}, callback.RemoteMonitor{Filename: filepath.Join(dir, "log")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, w := h.Vectors("f1_score")[0], h.Vectors("val_f1_score")[0]
	train, _ := readEvents(t, filepath.Join(dir, "train"))
	validation, _ := readEvents(t, filepath.Join(dir, "validation"))
	all := "\n" + strings.Join(append(lines(train), lines(validation)...), "\n") + "\n"
	for i := range 2 {
		for _, want := range []string{
			fmt.Sprintf("0 epoch_f1_score/%d %.6g", i, v[i]), fmt.Sprintf("0 epoch_f1_score/%d %.6g", i, w[i]),
			fmt.Sprintf("3 evaluation_f1_score_vs_iterations/%d %.6g", i, w[i]),
		} {
			if !strings.Contains(all, "\n"+want+"\n") {
				t.Errorf("the events %q do not have %q", all, want)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\"f1_score\": [%v, %v], ", v[0], v[1]); !strings.Contains(string(b), want) {
		t.Errorf("RemoteMonitor wrote %s, want %s in it", b, want)
	}
}

// If the event files are gone when training is resumed, the error says what to do.
func TestTensorBoardWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	callbacks := []callback.Callback{callback.TensorBoard{LogDir: logs}, callback.BackupAndRestore{Path: filepath.Join(dir, "b.keras"), KeepCheckpoint: true}}
	if err := fitModel(t, imageModel(t), 1, callbacks...); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(logs); err != nil {
		t.Fatal(err)
	}
	err := fitModel(t, imageModel(t), 2, callbacks...)
	if err == nil || !strings.Contains(err.Error(), "training was writing it when it was interrupted; remove the checkpoint to start from the beginning") {
		t.Errorf("the error is %v", err)
	}
}

func TestTensorBoardMistakes(t *testing.T) {
	dir := t.TempDir()
	m := imageModel(t)
	for want, c := range map[string]callback.TensorBoard{
		"UpdateFreq must be at least 0, got -1": {LogDir: dir, UpdateFreq: -1},
		"WriteImages needs HistogramFreq":       {LogDir: dir, WriteImages: true},
	} {
		if err := fitModel(t, m, 1, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	x := tensor.New(tensor.Float32, 4, 2)
	ds, err := data.Tensors(x, tensor.New(tensor.Float32, 4, 1), data.TensorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Compile(lince.CompileOptions{Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	o := lince.FitOptions{Verbose: lince.Silent, Callbacks: []callback.Callback{callback.TensorBoard{LogDir: dir, Mistakes: 1}}}
	_, err = plain.Fit(context.Background(), ds, o)
	for _, want := range []string{"there is no validation data", "the model takes (None, 2); want images", "not trained as a classification"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	// A log folder that cannot be made.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := fitModel(t, m, 1, callback.TensorBoard{LogDir: file}); err == nil || !strings.Contains(err.Error(), "TensorBoard: ") {
		t.Errorf("the error is %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
		t.Errorf("files were written: %v", files)
	}
}
