package lince_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// TestObjectivesInFiles checks that models with these losses and metrics, saved by lince, give the same results in real
// Keras, and in lince after Keras has saved them.
func TestObjectivesInFiles(t *testing.T) {
	n, side, classes := objectiveExamples, objectiveSide, objectiveClasses
	dir := t.TempDir()
	type nested struct {
		Shape  []int     `json:"shape"`
		Values []float32 `json:"values"`
	}
	of := func(x *tensor.Tensor) *nested {
		if x == nil {
			return nil
		}
		return &nested{x.Shape(), x.Float32s()}
	}
	type file struct {
		Path, Again string
		X, Y, W     *nested
	}
	cases := []struct {
		name             string
		layers           []layer.Layer
		loss             loss.Loss
		metrics, weighed []metric.Metric
		y, w             *tensor.Tensor
	}{
		{"classes", objectiveNetwork(classes, layer.Softmax, false), loss.CategoricalFocalCrossentropy{Alpha: loss.Factors{.2, .5, .3}, Gamma: new(1.5)},
			[]metric.Metric{
				metric.AUC{Curve: metric.PR, NumThresholds: 20}, metric.AUC{Name: "labels", MultiLabel: true, LabelWeights: []float64{1, 2, 3}, Thresholds: metric.Thresholds{.3, .6}},
				metric.Precision{TopK: new(2), ClassID: new(1)}, metric.Recall{Thresholds: metric.Thresholds{.2, .4}}, metric.TopKCategoricalAccuracy{K: 2},
				metric.F1Score{}, metric.FBetaScore{Average: metric.Weighted, Beta: 2}, metric.PrecisionAtRecall{Recall: .5}, metric.SensitivityAtSpecificity{Specificity: .4},
				metric.Loss{Of: loss.CategoricalHinge{}}, metric.KLDivergence{}, metric.OneHotMeanIoU{NumClasses: 3}, metric.TruePositives{}, metric.Accuracy{},
			},
			[]metric.Metric{metric.CategoricalCrossentropy{LabelSmoothing: .1}}, oneHotOf(floored(15, float64(classes), n)), graphtest.Formula(13, .2, 2, n)},
		{"pixels", objectiveNetwork(classes, layer.Softmax, true), loss.SparseCategoricalCrossentropy{IgnoreClass: new(1), Name: "pixels"},
			[]metric.Metric{metric.MeanIoU{NumClasses: 3, DensePredictions: true, IgnoreClass: new(1)}, metric.SparseTopKCategoricalAccuracy{K: 2}},
			[]metric.Metric{metric.SparseCategoricalAccuracy{}}, floored(11, float64(classes), n, side, side), graphtest.Formula(14, .2, 2, n, side, side)},
		{"mask", objectiveNetwork(1, layer.Sigmoid, true), loss.Tversky{Alpha: new(.3), Beta: new(.7), Axis: []int{1, 2, 3}, Reduction: loss.Sum},
			[]metric.Metric{metric.BinaryIoU{TargetClassIDs: []int{1}}, metric.Loss{Of: loss.Dice{}}, metric.Loss{Of: loss.Tversky{Alpha: new(.2), Axis: []int{1, 2, 3}}, Name: "t"}, metric.FalseNegatives{}},
			nil, floored(12, 2, n, side, side, 1), nil},
		{"numbers", objectiveNetwork(classes, layer.Linear, false), loss.Huber{Reduction: loss.MeanWithSampleWeight},
			[]metric.Metric{metric.RootMeanSquaredError{}, metric.R2Score{Aggregation: metric.NoAggregation}, metric.PearsonCorrelation{}, metric.CosineSimilarity{}, metric.LogCoshError{}},
			[]metric.Metric{metric.Loss{Of: loss.Huber{Delta: .1}}}, graphtest.Formula(16, -1, 1, n, classes), graphtest.Formula(13, .2, 2, n)},
		{"none", objectiveNetwork(classes, layer.Linear, false), loss.MeanAbsoluteError{Reduction: loss.None}, nil, nil, graphtest.Formula(16, -1, 1, n, classes), nil},
	}
	var files []file
	var sets []data.Dataset
	for _, c := range cases {
		m, err := lince.Sequential(c.layers...)
		if err != nil {
			t.Fatal(err)
		}
		x := graphtest.Formula(17, -1, 1, append([]int{n}, m.InputShape()[1:]...)...)
		ds, err := data.Tensors(x, c.y, data.TensorOptions{BatchSize: 4, NoShuffle: true, Weights: c.w})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{}, Loss: c.loss, Metrics: c.metrics, WeightedMetrics: c.weighed}); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent}); err != nil {
			t.Fatal(err)
		}
		f := file{filepath.Join(dir, c.name+".keras"), filepath.Join(dir, c.name+"-again.keras"), of(x), of(c.y), of(c.w)}
		if err := m.Save(f.Path); err != nil {
			t.Fatal(err)
		}
		files, sets = append(files, f), append(sets, ds)
		// lince's own files, without Keras
		want := evaluated(t, m, ds)
		opened, err := lince.Open(f.Path)
		if err != nil || opened.Unknown() != nil {
			t.Fatal(c.name, err, opened.Unknown())
		}
		if got := evaluated(t, opened, ds); !slices.Equal(got.Names(), want.Names()) || got.String() != want.String() {
			t.Errorf("%s: the opened model gives %v, want %v", c.name, got, want)
		}
	}
	var results []map[string]any
	graphtest.Keras(t, `
import sys, json, warnings, keras, numpy as np
def array(o):
    return None if o is None else np.array(o["values"], np.float32).reshape(o["shape"])
out = []
for f in json.load(sys.stdin):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m = keras.models.load_model(f["Path"])
    e = m.evaluate(array(f["X"]), array(f["Y"]), sample_weight=array(f["W"]), batch_size=4, verbose=0, return_dict=True)
    out.append({k: np.asarray(v, np.float64).tolist() for k, v in e.items()})
    m.save(f["Again"])
print(json.dumps(out))
`, files, &results)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{files[i].Path, files[i].Again} {
				m, err := lince.Open(path)
				if err != nil || m.Unknown() != nil {
					t.Fatal(err, m.Unknown())
				}
				sameLogs(t, evaluated(t, m, sets[i]), results[i])
			}
		})
	}
}

// evaluated returns the results of a model.
func evaluated(t *testing.T, m *lince.Model, ds data.Dataset) *lince.Logs {
	t.Helper()
	logs, err := m.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}
