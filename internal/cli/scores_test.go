package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

// scoring writes m.keras, a model of the classes cat and dog whose outputs are -.25 and 1.5, trained with a categorical hinge loss.
func scoring(t *testing.T) {
	t.Helper()
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes, m.Preprocessing = []string{"cat", "dog"}, lince.Preprocessing{preprocess.Resize{Height: 8, Width: 8}}
	if err := m.SetWeights([]*tensor.Tensor{tensor.New(tensor.Float32, 3, 2), tensor.Of([]float32{-.25, 1.5}, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Loss: loss.CategoricalHinge{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Save("m.keras"); err != nil {
		t.Fatal(err)
	}
}

// TestScores checks that the outputs of a model that gives no probabilities are not passed off as such.
func TestScores(t *testing.T) {
	plots(t)
	workIn(t)
	scoring(t)
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	put(t, "set", pngs(t, 4))
	const warning = "m.keras: the outputs of the model are scores, not probabilities"
	o := succeed(t, "predict", "m.keras", "one.png")
	if o.stdout != "one.png  dog  1.5000\n" || strings.Count(o.stderr, warning) != 1 {
		t.Errorf("it prints %q, and %q", o.stdout, o.stderr)
	}
	for _, more := range [][]string{nil, {"--tta", "2"}} {
		o = succeed(t, append([]string{"predict", "m.keras", "one.png", "--json"}, more...)...)
		r := decode[struct {
			Predictions []struct {
				Predicted             string
				Scores, Probabilities map[string]float32
			}
		}](t, o.stdout)
		if p := r.Predictions[0]; p.Predicted != "dog" || p.Scores["cat"] != -.25 || p.Scores["dog"] != 1.5 || p.Probabilities != nil {
			t.Errorf("%v: the JSON is %s", more, o.stdout)
		}
	}
	if o = succeed(t, "predict", "m.keras", "one.png", "--csv", "-"); o.stdout != "filename,category,predicted,cat,dog\none.png,,dog,-0.25,1.5\n" {
		t.Errorf("the CSV is %q", o.stdout)
	}
	for _, args := range [][]string{{"predict", "m.keras", "one.png"}, {"evaluate", "m.keras", "set"}} {
		if o := run(t, append(args, "--unknown", ".2")...); o.code != 2 || !strings.Contains(o.stderr, "--unknown needs probabilities, and the outputs of the model are scores") {
			t.Errorf("%s --unknown: %d %q", args[0], o.code, o.stderr)
		}
	}
	for _, args := range [][]string{{"predict", "m.keras", "one.png"}, {"evaluate", "m.keras", "set"}} {
		if o := run(t, append(args, "--threshold", ".7")...); o.code != exitUsage || !strings.Contains(o.stderr, "--threshold is for images with several labels") {
			t.Errorf("%s --threshold: %d %q", args[0], o.code, o.stderr)
		}
	}
	if o := run(t, "check", "set", "--model", "m.keras"); o.code != exitUsage || !strings.Contains(o.stderr, "wrong labels need probabilities, and the outputs of the model are scores") {
		t.Errorf("check: %d %q", o.code, o.stderr)
	}
	o = succeed(t, "evaluate", "m.keras", "set", "--out", "judged")
	if strings.Contains(o.stdout, "alibration error") || !strings.Contains(o.stderr, "the calibration is not measured: the outputs of the model are scores") {
		t.Errorf("evaluate prints %q, and %q", o.stdout, o.stderr)
	}
	contains(t, "predictions.csv", read(t, "judged", "predictions.csv"), ",dog,-0.25,1.5")
	page := read(t, "judged", "report.html")
	contains(t, "report.html", page, "The outputs of the model are scores, not probabilities:", "prediction.Scores[prediction.Class]", "(score 1.5000)")
	if strings.Contains(page, "calibration error") {
		t.Error("report.html has a calibration error")
	}
	o = succeed(t, "train", "set", "--model", "m.keras", "--epochs", "1", "--out", "run", "--tensorboard", "--lr", "1e-9")
	if strings.Contains(o.stdout, "alibration error") {
		t.Errorf("train prints %q", o.stdout)
	}
	events, err := filepath.Glob("run/tensorboard/validation/*")
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	contains(t, "the images in TensorBoard", read(t, events[0]), "predicted dog (score 1.5000)")
}

// TestSure checks the captions of images in plots, and which come first.
func TestSure(t *testing.T) {
	probable := lince.Classification{Class: 1, Probability: .75, Probabilities: []float32{.25, .75}}
	scored := lince.Classification{Class: 0, Probability: .999, Probabilities: []float32{.999, .001}, Scores: []float32{7.5, -2}}
	higher := lince.Classification{Class: 1, Probability: .9, Probabilities: []float32{.1, .9}, Scores: []float32{6, 8}}
	if sure(probable) != "75.0%" || sure(scored) != "score 7.5000" || moreSure(higher, scored) != -1 {
		t.Error(sure(probable), sure(scored), moreSure(higher, scored))
	}
}
