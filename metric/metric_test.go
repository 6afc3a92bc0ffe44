package metric_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Name, Class   string
		Config        map[string]any
		Labels        []any
		Shape         []int
		Range         [2]float64
		Floor, Argmax bool
		Weights       string
		Results       [][]float64
	}
	graphtest.Golden(t, "metrics", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		var m metric.Metric
		var err error
		if c.Name != "" {
			m, err = metric.Parse(c.Name)
		} else {
			m, err = metric.Decode(c.Class, c.Config)
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if c.Name != "" && metric.NameOf(m) != c.Name {
			t.Errorf("case %d: key %q, want %q", i, metric.NameOf(m), c.Name)
		}
		var model *graphtest.Model
		for batch, want := range c.Results {
			shape, values := graphtest.Nested(c.Labels[batch])
			p := graphtest.Formula(3+batch, c.Range[0], c.Range[1], append([]int{shape[0]}, c.Shape...)...)
			if c.Floor {
				for i, v := range p.Float32s() {
					p.Float32s()[i] = float32(math.Floor(float64(v)))
				}
			}
			if c.Argmax {
				p = argmax(p)
			}
			spread := []int{shape[0]}
			if c.Weights == "pixels" {
				spread = append(spread, c.Shape[:len(c.Shape)-1]...)
			}
			in := []*tensor.Tensor{tensor.Of(values, shape...), p, graphtest.Formula(5+batch, 0, 2, spread...)}
			if a, ok := m.(metric.Accuracy); ok {
				if got := metric.ClassOf(a.Resolve(in[0].Shape(), p.Shape())); got != c.Class {
					t.Errorf("case %d: %s for targets %v and predictions %v, want %s", i, got, shape, p.Shape(), c.Class)
				}
			}
			if model == nil {
				model, err = graphtest.TryNew(true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
					weights := in[2]
					if c.Weights == "" {
						weights = nil
					}
					return []*graph.Value{m.Build(b.In("metrics/m", ""), in[0], in[1], weights)}
				})
				if err != nil {
					t.Fatalf("case %d, %s %s %v: %v", i, c.Name, c.Class, c.Config, err)
				}
			}
			got := model.Run(t, in...)[0]
			if len(got.Float32s()) != len(want) {
				t.Errorf("case %d, %s %s: shape %v, want %d numbers", i, c.Name, c.Class, got.Shape(), len(want))
				continue
			}
			for j, want := range want {
				if got := float64(got.Float32s()[j]); !graphtest.Near(got, want, 2e-6, 2e-7) {
					t.Errorf("case %d, %s %s %v, weights %q: element %d is %v after batch %d, want %v", i, c.Name, c.Class, c.Config, c.Weights, j, got, batch, want)
				}
			}
		}
		for _, v := range model.Store.Variables() {
			if v.Role != graph.State || v.Init != nil {
				t.Errorf("%s is not a state that starts at 0", v.Path)
			}
		}
	}
	for _, class := range metric.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/metrics.py", class)
		}
	}
}

// argmax returns the index of the maximum along the last dimension.
func argmax(x *tensor.Tensor) *tensor.Tensor {
	n := len(x.Shape()) - 1
	y, cols := tensor.New(tensor.Float32, x.Shape()[:n]...), x.Shape()[n]
	for i := range y.Float32s() {
		for j, v := range x.Float32s()[i*cols : (i+1)*cols] {
			if v > x.Float32s()[i*cols+int(y.Float32s()[i])] {
				y.Float32s()[i] = float32(j)
			}
		}
	}
	return y
}

// TestIntegerTargets checks integer targets: package data yields class indices as int32.
func TestIntegerTargets(t *testing.T) {
	p := tensor.Of([]float32{.1, .9, .8, .2, .3, .7}, 3, 2)
	in := []*tensor.Tensor{tensor.Of([]int32{1, 0, 0}, 3), p}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{metric.Accuracy{}.Build(b, in[0], in[1], nil)}
	})
	if got := m.Run(t, in...)[0].Float32s()[0]; got != float32(2./3) {
		t.Errorf("got %v", got)
	}
}

func TestHigherIsBetter(t *testing.T) {
	for _, m := range lower {
		if higher, known := m.HigherIsBetter(); higher || !known {
			t.Errorf("%s: higher is better %t, known %t", metric.NameOf(m), higher, known)
		}
	}
	for _, m := range append(all, metric.Accuracy{}) {
		if higher, known := m.HigherIsBetter(); !higher || !known {
			t.Errorf("%s: higher is better %t, known %t", metric.NameOf(m), higher, known)
		}
	}
	if _, known := (metric.Defaults{}).HigherIsBetter(); known {
		t.Error("the direction of Defaults is known")
	}
}

// topK is a custom metric.
type topK struct {
	metric.Defaults
	K int `keras:"k,default=5,count"`
}

func (topK) Class() string { return "TopK" }

func (topK) Build(b *graph.Builder, _, yPred, weights *graph.Value) *graph.Value {
	return metric.Mean(b, yPred, weights)
}

func TestCustomMetric(t *testing.T) {
	m, err := metric.DecodeAs[topK](map[string]any{"k": 3., "dtype": "float32"})
	if err != nil || m.K != 3 {
		t.Errorf("got %+v, %v", m, err)
	}
	if d := cmp.Diff(map[string]any{"k": 5, "dtype": "float32"}, metric.ConfigOf(topK{})); d != "" {
		t.Error(d)
	}
	if _, err := metric.DecodeAs[topK](map[string]any{"k": 0.}); err == nil || err.Error() != "metric TopK: k is 0, want an integer from 1 to 16777216" {
		t.Error(err)
	}
}

func TestMean(t *testing.T) {
	weights := [][]float32{{1, 1}, {0, 0}, {.5, 1.5}}
	values := [][]float32{{1, 3}, {5, 7}, {9, 11}}
	in := []*tensor.Tensor{tensor.Of(values[0], 2), tensor.Of(weights[0], 2)}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{metric.Mean(b.In("plain", ""), in[0], nil), metric.Mean(b.In("weighted", ""), in[0], in[1])}
	})
	for i, want := range [][2]float32{{2, 2}, {4, 2}, {6, (4 + 4.5 + 16.5) / 4}} {
		out := m.Run(t, tensor.Of(values[i], 2), tensor.Of(weights[i], 2))
		if got := [2]float32{out[0].Float32s()[0], out[1].Float32s()[0]}; got != want {
			t.Errorf("after batch %d: %v, want %v", i, got, want)
		}
	}
	// As in Keras, the mean is 0 if all weights are 0.
	for _, v := range m.Store.Variables() {
		clear(v.Value().Raw())
	}
	if got := m.Run(t, tensor.Of(values[0], 2), tensor.Of(weights[1], 2))[1].Float32s()[0]; got != 0 {
		t.Errorf("got %v", got)
	}
}

func TestSum(t *testing.T) {
	in := []*tensor.Tensor{tensor.Of([]float32{1, 3, 5, 7}, 2, 2), tensor.Of([]float32{1, .5}, 2)}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{metric.Sum(b.In("plain", ""), in[0], nil), metric.Sum(b.In("weighted", ""), in[0], in[1])}
	})
	for _, want := range [][2]float32{{16, 10}, {32, 20}} { // keras.metrics.Sum after one and two batches
		out := m.Run(t, in...)
		if got := [2]float32{out[0].Float32s()[0], out[1].Float32s()[0]}; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestBuildMistakes(t *testing.T) {
	for _, c := range []struct {
		m    metric.Metric
		y, p tensor.Shape
		w    tensor.Shape
		want string
	}{
		{metric.Accuracy{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 26, 26, 2}, nil, "targets have shape (None, 2) and predictions (None, 26, 26, 2), want equal shapes; add a Flatten layer before the last Dense layer"},
		{metric.Accuracy{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 2}, nil, "targets have shape (None, 3) and predictions (None, 2), want equal shapes; the last layer needs one unit for each class"},
		{metric.CategoricalAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1}, nil, "targets have shape (None,), want (batch, ..., classes)"},
		{metric.BinaryAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1, 2}, nil, "targets have shape (None,) and predictions (None, 2), want equal shapes; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"},
		{metric.BinaryAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1, 1}, tensor.Shape{-1, 1, 1, 1}, "weights have shape (None, 1, 1, 1) for values of shape (None, 1), want (batch,), or dimensions of the values"},
		{metric.BinaryAccuracy{Threshold: new(math.NaN())}, tensor.Shape{-1, 1}, tensor.Shape{-1, 1}, nil, "Threshold is NaN, want a number"},
		{metric.TopKCategoricalAccuracy{K: -1}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "K is -1, want an integer from 1 to 16777216"},
		{metric.TopKCategoricalAccuracy{}, tensor.Shape{-1, -1}, tensor.Shape{-1, -1}, nil, "targets have shape (None, None), want (batch, ..., classes)"},
		{metric.Precision{TopK: new(4)}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "TopK is 4 for predictions of shape (None, 3), want at most the number of classes, and at most 256"},
		{metric.Recall{ClassID: new(3)}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "ClassID is 3 for predictions of shape (None, 3), want a class of (batch, ..., classes)"},
		{metric.Precision{Thresholds: metric.Thresholds{1.5}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "Thresholds: [1.5], want at most 1024 numbers from 0 to 1"},
		{metric.AUC{MultiLabel: true}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, "predictions have shape (None, 4, 3), want (batch, labels) for MultiLabel"},
		{metric.AUC{NumLabels: 2}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, nil, "NumLabels is 2, but it is only for MultiLabel"},
		{metric.AUC{NumLabels: 2, MultiLabel: true}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "predictions have shape (None, 3), want (batch, 2) for NumLabels 2"},
		{metric.AUC{LabelWeights: []float64{1, 2}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "LabelWeights has 2 numbers for predictions of shape (None, 3), want one for each label"},
		{metric.AUC{Curve: "ROCK"}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, `Curve: "ROCK" is no curve, want one of ROC, PR, PRGAIN`},
		{metric.SensitivityAtSpecificity{Specificity: 2}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "Specificity is 2, want a number from 0 to 1"},
		{metric.F1Score{}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, "predictions have shape (None, 4, 3), want (batch, classes)"},
		{metric.F1Score{Average: "median"}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, `Average: "median" is no average, want null or one of micro, macro, weighted`},
		{metric.R2Score{}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, "predictions have shape (None, 4, 3), want (batch, outputs)"},
		{metric.IoU{NumClasses: 3}, tensor.Shape{-1}, tensor.Shape{-1}, nil, "TargetClassIDs is not set, want classes from 0 to 2"},
		{metric.OneHotIoU{NumClasses: 3, TargetClassIDs: []int{3}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "TargetClassIDs has 3, want classes from 0 to 2"},
		{metric.MeanIoU{NumClasses: 3}, tensor.Shape{-1, 8, 8}, tensor.Shape{-1, 8, 8, 3}, nil, "targets have shape (None, 8, 8) and predictions (None, 8, 8, 3), want equal shapes; if predictions have a number for each class, set DensePredictions"},
		{metric.MeanIoU{}, tensor.Shape{-1}, tensor.Shape{-1}, nil, "NumClasses is not set, want an integer from 1 to 4096"},
		{metric.PearsonCorrelation{Axis: []int{3}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "Axis is [3] for predictions of shape (None, 3), want different dimensions from -2 to 1"},
		{metric.CosineSimilarity{Axis: 2}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "Axis is 2 for predictions of shape (None, 3), want a dimension after the batch"},
		{metric.Loss{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, "Of is not set, want a loss"},
		{metric.Loss{Of: loss.Dice{}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, tensor.Shape{-1}, "weights have shape (None,) for values of shape (), want (batch,), or dimensions of the values"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		var w *graph.Value
		if c.w != nil {
			w = b.Input("w", tensor.Float32, c.w...)
		}
		c.m.Build(b.In("m", "metric"), b.Input("y", tensor.Float32, c.y...), b.Input("p", tensor.Float32, c.p...), w)
		err := b.Err()
		if err == nil {
			t.Errorf("%+v: no mistake for targets %v and predictions %v", c.m, c.y, c.p)
		} else if got := err.Error(); got != "metric: "+c.want {
			t.Errorf("got  %s\nwant metric: %s", got, c.want)
		}
	}
}

var all = []metric.Metric{
	metric.BinaryAccuracy{}, metric.BinaryAccuracy{Threshold: new(0.), Name: "positive"},
	metric.CategoricalAccuracy{}, metric.CategoricalAccuracy{Name: "x"}, metric.SparseCategoricalAccuracy{},
	metric.Equality{}, metric.TopKCategoricalAccuracy{K: 2}, metric.SparseTopKCategoricalAccuracy{}, metric.SparseTopKCategoricalAccuracy{FromSortedIDs: true},
	metric.TruePositives{}, metric.TrueNegatives{Thresholds: metric.Thresholds{0}},
	metric.Precision{}, metric.Precision{Thresholds: metric.Thresholds{.2, .4}, TopK: new(2), ClassID: new(0), Name: "p"}, metric.Recall{TopK: new(3)},
	metric.AUC{}, metric.AUC{Thresholds: metric.Thresholds{.1, .5}, Curve: metric.PR, Summation: metric.Minoring, NumThresholds: 4},
	metric.AUC{MultiLabel: true, NumLabels: 2, LabelWeights: []float64{1, 2}, FromLogits: true, Curve: metric.PRGain, NumThresholds: 7},
	metric.SensitivityAtSpecificity{Specificity: .5}, metric.SpecificityAtSensitivity{Sensitivity: .5, NumThresholds: 9}, metric.PrecisionAtRecall{Recall: 1}, metric.RecallAtPrecision{ClassID: new(1)},
	metric.FBetaScore{}, metric.FBetaScore{Average: metric.Weighted, Beta: 2, Threshold: new(.5)}, metric.F1Score{}, metric.F1Score{Average: metric.Micro},
	metric.IoU{NumClasses: 3, TargetClassIDs: []int{0, 2}}, metric.IoU{NumClasses: 3, TargetClassIDs: []int{1}, IgnoreClass: new(-1), DenseTargets: true, DensePredictions: true, DType: "float32"},
	metric.MeanIoU{NumClasses: 2}, metric.BinaryIoU{}, metric.BinaryIoU{TargetClassIDs: []int{1}, Threshold: new(0.)}, metric.OneHotIoU{NumClasses: 4, TargetClassIDs: []int{3}}, metric.OneHotMeanIoU{NumClasses: 2, SparsePredictions: true},
	metric.CosineSimilarity{}, metric.R2Score{}, metric.R2Score{Aggregation: metric.NoAggregation, NumRegressors: 2}, metric.R2Score{Aggregation: metric.VarianceWeightedAverage},
	metric.PearsonCorrelation{}, metric.ConcordanceCorrelation{Axis: []int{1, 2}},
}

// lower lists metrics of which a lower value is better.
var lower = []metric.Metric{
	metric.FalsePositives{}, metric.FalseNegatives{},
	metric.MeanSquaredError{}, metric.MeanAbsoluteError{}, metric.MeanAbsolutePercentageError{}, metric.MeanSquaredLogarithmicError{}, metric.RootMeanSquaredError{},
	metric.LogCoshError{}, metric.Poisson{}, metric.KLDivergence{}, metric.Hinge{}, metric.SquaredHinge{}, metric.CategoricalHinge{},
	metric.BinaryCrossentropy{}, metric.BinaryCrossentropy{FromLogits: true, LabelSmoothing: .1}, metric.CategoricalCrossentropy{Axis: 1, FromLogits: true, LabelSmoothing: .1},
	metric.SparseCategoricalCrossentropy{}, metric.SparseCategoricalCrossentropy{IgnoreClass: new(0), FromLogits: true},
	metric.Loss{Of: loss.Dice{}}, metric.Loss{Of: loss.Tversky{Alpha: new(.3), Axis: []int{1}}, Name: "t"}, metric.Loss{Of: loss.Huber{Delta: 2}},
}

func TestDecode(t *testing.T) {
	for _, m := range slices.Concat(all, lower) {
		again, err := metric.Decode(metric.ClassOf(m), metric.ConfigOf(m))
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(metric.ConfigOf(m), metric.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", metric.ClassOf(m), d)
		}
	}
	for _, name := range []string{"accuracy", "acc"} {
		m, err := metric.Parse(name)
		if err != nil || metric.NameOf(m) != name || metric.ClassOf(m) != "" || metric.ConfigOf(m) != nil {
			t.Errorf("%q: got %+v, %v", name, m, err)
		}
	}
	if _, err := metric.Parse("accurracy"); err == nil || err.Error() != `there is no metric "accurracy"; did you mean accuracy?` {
		t.Error(err)
	}
	if _, err := metric.Decode("BinaryAccuracy", map[string]any{"threshold": "x", "dtype": "float16", "k": 1.}); err == nil || err.Error() !=
		"metric BinaryAccuracy: threshold is \"x\", want a number\nmetric BinaryAccuracy: dtype is \"float16\": not supported yet, want \"float32\"\nmetric BinaryAccuracy: unknown key \"k\"" {
		t.Error(err)
	}
	for _, c := range []struct {
		class string
		conf  map[string]any
		want  string
	}{
		{"Precision", map[string]any{"thresholds": []any{.5, 2.}, "top_k": 0.}, `metric Precision: thresholds is [0.5,2], want a number from 0 to 1, or a list of at most 1024 such numbers
metric Precision: top_k is 0, want an integer from 1 to 16777216`},
		{"F1Score", map[string]any{"average": "median", "threshold": 0.}, `metric F1Score: average is "median", want null or one of micro, macro, weighted
metric F1Score: threshold is 0, want a number greater than 0 and less than or equal to 1`},
		{"MeanIoU", map[string]any{"num_classes": 1e6, "axis": 1.}, `metric MeanIoU: num_classes is 1000000, want an integer from 1 to 4096
metric MeanIoU: axis is 1: not supported yet, want -1`},
		{"AUC", map[string]any{"num_thresholds": 1e9}, "metric AUC: num_thresholds is 1000000000, want an integer from 2 to 65536"},
		{"IoU", map[string]any{"num_classes": 2., "target_class_ids": []any{2.}}, "metric IoU: TargetClassIDs has 2, want classes from 0 to 1"},
		{"PearsonCorrelation", map[string]any{"axis": nil}, "metric PearsonCorrelation: axis is null: not supported yet, want a list of dimensions"},
		{"MeanMetricWrapper", map[string]any{"fn": 1.}, "metric MeanMetricWrapper: fn is 1, want a function"},
		{"MeanMetricWrapper", map[string]any{"fn": "dice", "alpha": 1.}, `metric MeanMetricWrapper: loss Dice: unknown key "alpha"`},
	} {
		if _, err := metric.Decode(c.class, c.conf); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
	tensor := map[string]any{"class_name": "__tensor__", "config": map[string]any{"value": []any{1., 2.}, "dtype": "float32"}}
	if m, err := metric.Decode("AUC", map[string]any{"label_weights": tensor}); err != nil || !slices.Equal(m.(metric.AUC).LabelWeights, []float64{1, 2}) {
		t.Errorf("got %+v, %v", m, err)
	}
	if m, err := metric.Parse("dice"); err != nil || metric.NameOf(m) != "dice" || loss.ClassOf(m.(metric.Loss).Of) != "Dice" {
		t.Errorf("got %+v, %v", m, err)
	}
	var unknown *metric.UnknownClass
	if _, err := metric.Decode("Mean", nil); !errors.As(err, &unknown) || unknown.Kind != "metric" || unknown.Class != "Mean" {
		t.Errorf("got %v, want an UnknownClass", err)
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	list := slices.Concat(all, lower)
	for _, m := range list {
		in = append(in, map[string]any{"class_name": metric.ClassOf(m), "config": metric.ConfigOf(m), "module": "keras.metrics", "registered_name": nil})
	}
	var got struct {
		Configs []map[string]any
		Names   map[string]string
	}
	graphtest.Keras(t, `
import sys, json, keras
out = []
for o in json.load(sys.stdin):
    c = keras.saving.deserialize_keras_object(o).get_config()
    if c.get("label_weights") is not None:
        c["label_weights"] = c["label_weights"].numpy().tolist()
    out.append(c)
from keras.src.metrics import ALL_OBJECTS_DICT
names = {k: v.__name__ for k, v in ALL_OBJECTS_DICT.items()}
print(json.dumps({"configs": out, "names": names}))
`, in, &got)
	for i, m := range list {
		again, err := metric.Decode(metric.ClassOf(m), got.Configs[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(metric.ConfigOf(m), metric.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", metric.ClassOf(m), d)
		}
	}
	// All names that Keras accepts are known. A class that needs arguments is known too, but not by its name alone.
	bases := []string{"Metric", "Mean", "Sum", "MeanMetricWrapper"} // no metrics of targets and predictions
	for name, class := range got.Names {
		if slices.Contains(bases, class) || strings.EqualFold(name, "accuracy") {
			continue
		}
		m, err := metric.Parse(name)
		var unknown *metric.UnknownClass
		switch {
		case errors.As(err, &unknown) || err != nil && !strings.Contains(err.Error(), "is missing"):
			t.Errorf("%q: %v", name, err)
		case err == nil && (metric.ClassOf(m) != class || metric.NameOf(m) != name):
			t.Errorf("%q is %s %q, want %s", name, metric.ClassOf(m), metric.NameOf(m), class)
		}
	}
}
