package loss_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

func activate(b *graph.Builder, name string, x *graph.Value) *graph.Value {
	switch name {
	case "softmax":
		return b.Softmax(x)
	case "sigmoid":
		return b.Sigmoid(x)
	case "l2":
		return b.Div(x, b.Sqrt(b.SumKeep(b.Square(x), 1)))
	}
	return x
}

func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Class          string
		Config         map[string]any
		Labels         any
		Range          [2]float64
		Shape          []int
		Activation     string
		Each, Gradient []float64
		Sizes          []int
		Total, Plain   []float64
	}
	graphtest.Golden(t, "losses", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		l, err := loss.Decode(c.Class, c.Config)
		if err != nil {
			t.Error(err)
			continue
		}
		shape, values := graphtest.Nested(c.Labels)
		x := graphtest.Formula(3, c.Range[0], c.Range[1], c.Shape...)
		weights := graphtest.Formula(4, .5, 1.5, append(c.Sizes, c.Shape[:1]...)[:max(1, len(c.Sizes))]...)
		in := []*tensor.Tensor{x, tensor.Of(values, shape...), weights}
		m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			y, p := in[1], activate(b, c.Activation, in[0])
			b = b.In("loss", "loss")
			each := l.Build(b, y, p)
			total := loss.Reduce(b, l, y, p, each, in[2])
			return []*graph.Value{each, total, loss.Reduce(b, l, y, p, each, nil), graph.Grad(b, b.Sum(total), in[0])[0]}
		})
		out := m.Run(t, in...)
		if got, want := out[0].Shape(), tensor.Shape(c.Sizes); !got.Equal(want) {
			t.Errorf("case %d, %s: shape %v, want %v", i, c.Class, got, want)
			continue
		}
		for j, what := range []string{"loss", "total", "unweighted total", "gradient"} {
			want := [][]float64{c.Each, c.Total, c.Plain, c.Gradient}[j]
			got := out[j].Float32s()
			if len(got) != len(want) {
				t.Errorf("case %d, %s: %s has shape %v, want %d elements", i, c.Class, what, out[j].Shape(), len(want))
				continue
			}
			for k, want := range want {
				if got := float64(got[k]); !graphtest.Near(got, want, 2e-5, 3e-7) {
					t.Errorf("case %d, %s: %s, element %d is %v, want %v", i, c.Class, what, k, got, want)
				}
			}
		}
	}
	for _, class := range loss.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/losses.py", class)
		}
	}
}

// TestKnownValues checks the examples in Keras' documentation.
func TestKnownValues(t *testing.T) {
	y := tensor.Of([]float32{0, 1, 0, 0, 0, 1}, 2, 3)
	p := tensor.Of([]float32{.05, .95, 0, .1, .8, .1}, 2, 3)
	for _, c := range []struct {
		l       loss.Loss
		weights []float32
		want    float64
	}{
		{loss.CategoricalCrossentropy{}, []float32{1, 1}, 1.1769392},
		{loss.CategoricalCrossentropy{LabelSmoothing: .1}, []float32{1, 1}, 1.4591359},
		{loss.CategoricalCrossentropy{FromLogits: true}, []float32{1, 1}, .9868951},
		{loss.CategoricalCrossentropy{}, []float32{1, 0}, .05129331 / 2},
		{loss.CategoricalCrossentropy{}, []float32{0, 1}, 2.3025851 / 2},
		{loss.CategoricalCrossentropy{}, []float32{.3, .7}, .8135988},
	} {
		in := []*tensor.Tensor{y, p, tensor.Of(c.weights, 2)}
		m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			return []*graph.Value{b.Mean(b.Mul(c.l.Build(b, in[0], in[1]), in[2]))}
		})
		if got := float64(m.Run(t, in...)[0].Float32s()[0]); !graphtest.Near(got, c.want, 1e-6, 0) {
			t.Errorf("%+v, weights %v: %v, want %v", c.l, c.weights, got, c.want)
		}
	}
}

func TestGradients(t *testing.T) {
	oneHot := tensor.Of([]float32{0, 1, 0, 0, 0, 1}, 2, 3)
	classes := tensor.Of([]int32{1, 2}, 2)
	for _, c := range []struct {
		l          loss.Loss
		y          *tensor.Tensor
		lo, hi     float64
		activation string
	}{
		{loss.CategoricalCrossentropy{}, oneHot, .1, 1, ""},
		{loss.CategoricalCrossentropy{LabelSmoothing: .3}, oneHot, -2, 2, "softmax"},
		{loss.CategoricalCrossentropy{FromLogits: true}, oneHot, -2, 2, ""},
		{loss.SparseCategoricalCrossentropy{}, classes, .1, .9, ""},
		{loss.SparseCategoricalCrossentropy{}, classes, -2, 2, "softmax"},
		{loss.BinaryCrossentropy{}, oneHot, .1, .9, ""},
		{loss.BinaryCrossentropy{LabelSmoothing: .3}, oneHot, -2, 2, "sigmoid"},
		{loss.MeanSquaredError{}, oneHot, -2, 2, ""},
		{loss.MeanAbsoluteError{}, oneHot, -2, 2, ""},
		{loss.SparseCategoricalCrossentropy{IgnoreClass: new(2)}, classes, -2, 2, "softmax"},
		{loss.BinaryFocalCrossentropy{ClassBalancing: true}, oneHot, -2, 2, "sigmoid"},
		{loss.BinaryFocalCrossentropy{Gamma: new(1.5)}, oneHot, .1, .9, ""},
		{loss.CategoricalFocalCrossentropy{Alpha: loss.Factors{1, 2, 3}}, oneHot, -2, 2, "softmax"},
		{loss.CategoricalGeneralizedCrossEntropy{}, classes, .1, .9, ""},
		{loss.MeanAbsolutePercentageError{}, tensor.Of([]float32{1, 2, -1, -2, .5, 3}, 2, 3), -2, 2, ""},
		{loss.MeanSquaredLogarithmicError{}, oneHot, -2, 2, ""},
		{loss.Huber{}, oneHot, -2, 2, ""},
		{loss.LogCosh{}, oneHot, -2, 2, ""},
		{loss.Poisson{}, oneHot, .1, 2, ""},
		{loss.KLDivergence{}, oneHot, -2, 2, "softmax"},
		{loss.CosineSimilarity{}, oneHot, -2, 2, ""},
		{loss.Hinge{}, oneHot, -2, 2, ""},
		{loss.SquaredHinge{}, oneHot, -2, 2, ""},
		{loss.CategoricalHinge{}, oneHot, -2, 2, ""},
		{loss.Dice{}, oneHot, -2, 2, "sigmoid"},
		{loss.Dice{Axis: []int{0}}, oneHot, -2, 2, "sigmoid"},
		{loss.Tversky{Alpha: new(.3), Beta: new(.7), Axis: []int{-1}}, oneHot, -2, 2, "sigmoid"},
		{loss.Circle{Gamma: 2}, tensor.Of([]int32{1, 1}, 2), -1, 1, "l2"},
		{loss.Circle{Gamma: 2, KeepDiagonal: true}, classes, -1, 1, "l2"},
	} {
		x := graphtest.Formula(1, c.lo, c.hi, 2, 3)
		graphtest.CheckGradient(t, true, 1, []*tensor.Tensor{x, c.y}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			return []*graph.Value{c.l.Build(b, in[1], activate(b, c.activation, in[0]))}
		})
	}
}

// TestFusedForm checks that the loss of a softmax is computed from the logits.
func TestFusedForm(t *testing.T) {
	in := []*tensor.Tensor{graphtest.Formula(1, -2, 2, 2, 3), graphtest.Formula(2, 0, 1, 2, 3)}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{loss.CategoricalCrossentropy{}.Build(b, in[1], b.Softmax(in[0]))}
	})
	if s := m.Graph.String(); !strings.Contains(s, "SoftmaxCrossEntropy(%0, %1)") {
		t.Error(s)
	}
}

// TestNoSuchClass checks that the loss of an invalid class index is NaN, not 0.
func TestNoSuchClass(t *testing.T) {
	for _, y := range []int32{-1, 3} {
		in := []*tensor.Tensor{graphtest.Formula(1, -2, 2, 2, 3), tensor.Of([]int32{0, y}, 2)}
		m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			return []*graph.Value{loss.SparseCategoricalCrossentropy{}.Build(b, in[1], b.Softmax(in[0]))}
		})
		if got := m.Run(t, in...)[0].Float32s(); math.IsNaN(float64(got[0])) || !math.IsNaN(float64(got[1])) {
			t.Errorf("target %d: %v", y, got)
		}
	}
}

func TestBuildMistakes(t *testing.T) {
	for _, c := range []struct {
		l     loss.Loss
		y, p  tensor.Shape
		wants string
	}{
		{loss.CategoricalCrossentropy{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 26, 26, 2}, "targets have shape (None, 2) and predictions (None, 26, 26, 2), want equal shapes; add a Flatten layer before the last Dense layer"},
		{loss.CategoricalCrossentropy{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 2}, "targets have shape (None, 3) and predictions (None, 2), want equal shapes; the last layer needs one unit for each class"},
		{loss.CategoricalCrossentropy{}, tensor.Shape{-1}, tensor.Shape{-1, 2}, "targets have shape (None,) and predictions (None, 2), want equal shapes; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"},
		{loss.CategoricalCrossentropy{LabelSmoothing: 2}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, "LabelSmoothing is 2, want a number from 0 to 1"},
		{loss.SparseCategoricalCrossentropy{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, "targets have shape (None, 2), one number for each class; want class indices; for one-hot targets use CategoricalCrossentropy or CategoricalAccuracy"},
		{loss.SparseCategoricalCrossentropy{}, tensor.Shape{-1}, tensor.Shape{-1, 5, 2}, "targets have shape (None,) and predictions (None, 5, 2), want equal shapes; add a Flatten layer before the last Dense layer"},
		{loss.SparseCategoricalCrossentropy{}, tensor.Shape{-1}, tensor.Shape{-1}, "predictions have shape (None,), want (batch, ..., classes)"},
		{loss.BinaryCrossentropy{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 1}, "targets have shape (None, 2) and predictions (None, 1), want equal shapes; the last layer needs one unit for each class"},
		{loss.MeanSquaredError{}, tensor.Shape{}, tensor.Shape{}, "predictions have shape (), want (batch, ...)"},
		{loss.CategoricalCrossentropy{Axis: 2}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, "Axis is 2 for predictions of shape (None, 2), want a dimension after the batch"},
		{loss.CategoricalCrossentropy{}, tensor.Shape{-1, 8, 8}, tensor.Shape{-1, 8, 8, 3}, "targets have shape (None, 8, 8) and predictions (None, 8, 8, 3), want equal shapes; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"},
		{loss.CategoricalCrossentropy{LabelSmoothing: .1}, tensor.Shape{-1, -1}, tensor.Shape{-1, -1}, "LabelSmoothing needs a known number of classes, and the targets have shape (None, None)"},
		{loss.CategoricalFocalCrossentropy{Alpha: loss.Factors{1, 2}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, "Alpha has 2 numbers for predictions of shape (None, 3); want 1 number, or 3"},
		{loss.CategoricalFocalCrossentropy{Alpha: loss.Factors{math.NaN()}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, "Alpha: [NaN], want one or more numbers"},
		{loss.BinaryFocalCrossentropy{Alpha: new(2.)}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, "Alpha is 2, want a number from 0 to 1"},
		{loss.CategoricalGeneralizedCrossEntropy{Q: 1}, tensor.Shape{-1}, tensor.Shape{-1, 3}, "Q is 1, want a number greater than 0 and less than 1"},
		{loss.Huber{Delta: -1}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, "Delta is -1, want a number greater than 0"},
		{loss.Dice{Axis: []int{1, -1}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, "Axis is [1 -1] for predictions of shape (None, 3), want different dimensions from -2 to 1"},
		{loss.Circle{}, tensor.Shape{-1, 4}, tensor.Shape{-1, 4, 3}, "predictions have shape (None, 4, 3), want embeddings (batch, n)"},
		{loss.Poisson{Reduction: "product"}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, `Reduction: "product" is no reduction, want one of sum_over_batch_size, sum, mean_with_sample_weight, mean, none`},
		{loss.MeanSquaredError{}, tensor.Shape{-1, 5}, tensor.Shape{-1, 4}, "targets have shape (None, 5) and predictions (None, 4), want equal shapes; the last layer needs one unit for each class"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		c.l.Build(b.In("loss", "loss"), b.Input("y", tensor.Float32, c.y...), b.Input("p", tensor.Float32, c.p...))
		err := b.Err()
		if err == nil {
			t.Errorf("%+v: no mistake for targets %v and predictions %v", c.l, c.y, c.p)
		} else if got := err.Error(); got != "loss: "+c.wants {
			t.Errorf("got  %s\nwant loss: %s", got, c.wants)
		}
		b = graph.NewBuilder(graph.NewStore(), true)
		if v := c.l.Build(b, b.Input("y", tensor.Float32, 2), b.Invalid()); v.Valid() {
			t.Errorf("%+v: valid on invalid predictions", c.l)
		}
	}
}

var all = []loss.Loss{
	loss.CategoricalCrossentropy{}, loss.CategoricalCrossentropy{FromLogits: true, LabelSmoothing: .25, Axis: 1},
	loss.SparseCategoricalCrossentropy{}, loss.SparseCategoricalCrossentropy{FromLogits: true, IgnoreClass: new(255), Name: "pixels"},
	loss.BinaryCrossentropy{}, loss.BinaryCrossentropy{FromLogits: true, LabelSmoothing: 1, Axis: -2, Reduction: loss.Sum},
	loss.MeanSquaredError{}, loss.MeanSquaredError{Reduction: loss.None, Name: "each"}, loss.MeanAbsoluteError{}, loss.MeanAbsoluteError{Reduction: loss.Mean},
	loss.BinaryFocalCrossentropy{}, loss.BinaryFocalCrossentropy{ClassBalancing: true, Alpha: new(0.), Gamma: new(0.), FromLogits: true, LabelSmoothing: .1, Axis: 1},
	loss.CategoricalFocalCrossentropy{}, loss.CategoricalFocalCrossentropy{Alpha: loss.Factors{.5, 2}, Gamma: new(3.), FromLogits: true, LabelSmoothing: .1, Axis: 1},
	loss.CategoricalGeneralizedCrossEntropy{}, loss.CategoricalGeneralizedCrossEntropy{Q: .7},
	loss.MeanAbsolutePercentageError{}, loss.MeanSquaredLogarithmicError{}, loss.Huber{}, loss.Huber{Delta: .5}, loss.LogCosh{}, loss.Poisson{}, loss.KLDivergence{},
	loss.CosineSimilarity{}, loss.CosineSimilarity{Axis: 1}, loss.Hinge{}, loss.SquaredHinge{}, loss.CategoricalHinge{},
	loss.Dice{}, loss.Dice{Axis: []int{1, 2, 3}}, loss.Tversky{}, loss.Tversky{Alpha: new(0.), Beta: new(1.5), Axis: []int{-1}, Reduction: loss.MeanWithSampleWeight},
	loss.Circle{}, loss.Circle{Gamma: 8, Margin: new(0.), KeepDiagonal: true},
}

func TestDecode(t *testing.T) {
	for _, l := range all {
		again, err := loss.Decode(loss.ClassOf(l), loss.ConfigOf(l))
		if err != nil {
			t.Errorf("%+v: %v", l, err)
			continue
		}
		if d := cmp.Diff(loss.ConfigOf(l), loss.ConfigOf(again)); d != "" || loss.NameOf(again) != loss.NameOf(l) {
			t.Errorf("%s: %s", loss.ClassOf(l), d)
		}
	}
	for _, class := range loss.Classes() {
		l, err := loss.Decode(class, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, name := range []string{class, loss.NameOf(l)} {
			if p, err := loss.Parse(name); err != nil || loss.ClassOf(p) != class {
				t.Errorf("%q: got %+v, %v", name, p, err)
			}
		}
	}
	for _, c := range []struct {
		class  string
		config map[string]any
		want   string
	}{
		{"CTC", nil, `there is no loss class "CTC": lince has no losses for sequences of labels, such as written words`},
		{"CategoricalCrossentropy", map[string]any{"axis": "x", "label_smoothing": 1.5, "reduction": "product"}, `loss CategoricalCrossentropy: label_smoothing is 1.5, want a number from 0 to 1
loss CategoricalCrossentropy: axis is "x", want an integer
loss CategoricalCrossentropy: reduction is "product", want one of sum_over_batch_size, sum, mean_with_sample_weight, mean, none`},
		{"SparseCategoricalCrossentropy", map[string]any{"ignore_class": .5, "axis": 1}, `loss SparseCategoricalCrossentropy: ignore_class is 0.5, want an integer
loss SparseCategoricalCrossentropy: axis is 1: not supported yet, want -1`},
		{"CategoricalFocalCrossentropy", map[string]any{"alpha": []any{1., "x"}, "gamma": -1.}, `loss CategoricalFocalCrossentropy: alpha is [1,"x"], want a number, or a list of numbers
loss CategoricalFocalCrossentropy: gamma is -1, want a number greater than or equal to 0`},
		{"CategoricalGeneralizedCrossEntropy", map[string]any{"q": 1.}, `loss CategoricalGeneralizedCrossEntropy: q is 1, want a number greater than 0 and less than 1`},
	} {
		if _, err := loss.Decode(c.class, c.config); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
	if _, err := loss.Parse("categorical_cross_entropy"); err == nil || err.Error() != `there is no loss "categorical_cross_entropy"; did you mean categorical_crossentropy?` {
		t.Error(err)
	}
	for value, want := range map[any]loss.Reduction{nil: loss.None, "none": loss.None, "auto": loss.SumOverBatchSize, "mean": loss.Mean, "sum": loss.Sum} {
		l, err := loss.Decode("MeanSquaredError", map[string]any{"reduction": value})
		if err != nil || loss.ReductionOf(l) != want {
			t.Errorf("reduction %v is %+v, %v", value, l, err)
		}
	}
}

// TestTargets checks Target and Takes of each loss.
func TestTargets(t *testing.T) {
	output := op.Type{DType: tensor.Float32, Shape: tensor.Shape{-1, 5, 3}}
	for _, c := range []struct {
		l      loss.Loss
		target string
		takes  loss.Predictions
	}{
		{loss.CategoricalCrossentropy{}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Distribution}},
		{loss.SparseCategoricalCrossentropy{FromLogits: true}, "int32 (None, 5)", loss.Predictions{Of: loss.Distribution, Logits: true}},
		{loss.BinaryCrossentropy{FromLogits: true}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Independent, Logits: true}},
		{loss.MeanSquaredError{}, "float32 (None, 5, 3)", loss.Predictions{}},
		{loss.MeanAbsoluteError{}, "float32 (None, 5, 3)", loss.Predictions{}},
		{loss.BinaryFocalCrossentropy{FromLogits: true}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Independent, Logits: true}},
		{loss.CategoricalFocalCrossentropy{}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Distribution}},
		{loss.CategoricalGeneralizedCrossEntropy{}, "int32 (None, 5)", loss.Predictions{Of: loss.Distribution}},
		{loss.Dice{}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Independent}},
		{loss.Tversky{}, "float32 (None, 5, 3)", loss.Predictions{Of: loss.Independent}},
		{loss.Circle{}, "int32 (None, 5)", loss.Predictions{}},
	} {
		if got := c.l.Target(output).String(); got != c.target {
			t.Errorf("%s: target %s, want %s", loss.ClassOf(c.l), got, c.target)
		}
		if got := c.l.Takes(); got != c.takes {
			t.Errorf("%s: takes %+v, want %+v", loss.ClassOf(c.l), got, c.takes)
		}
	}
}

func TestUnknownClass(t *testing.T) {
	var unknown *loss.UnknownClass
	if _, err := loss.Decode("CTC", nil); !errors.As(err, &unknown) || unknown.Kind != "loss" || unknown.Class != "CTC" {
		t.Errorf("got %v", err)
	}
	unknown = nil
	if _, err := loss.Parse("ctc"); !errors.As(err, &unknown) || unknown.Class != "ctc" || unknown.Reason == "" {
		t.Errorf("got %v", err)
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, l := range all {
		in = append(in, map[string]any{"class_name": loss.ClassOf(l), "config": loss.ConfigOf(l), "module": "keras.losses", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.saving.deserialize_keras_object(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	for i, l := range all {
		again, err := loss.Decode(loss.ClassOf(l), got[i])
		if err != nil {
			t.Error(err)
			continue
		}
		if _, huber := l.(loss.Huber); huber || loss.ClassOf(l) == "CosineSimilarity" { // Keras takes the argument, but does not write it
			if name := loss.NameOf(again); name != loss.NameOf(l) {
				t.Errorf("%s is %q", loss.ClassOf(l), name)
			}
			continue
		}
		if d := cmp.Diff(loss.ConfigOf(l), loss.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", loss.ClassOf(l), d)
		}
	}
}

// TestKinds checks what commands ask losses: whether they are for classes, for one class in each example, and for class indices.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		l    loss.Loss
		want [3]bool
	}{
		{loss.CategoricalCrossentropy{}, [3]bool{true, true, false}},
		{loss.CategoricalCrossentropy{FromLogits: true}, [3]bool{true, true, false}},
		{loss.CategoricalFocalCrossentropy{}, [3]bool{true, true, false}},
		{loss.SparseCategoricalCrossentropy{}, [3]bool{true, true, true}},
		{loss.CategoricalGeneralizedCrossEntropy{}, [3]bool{true, true, true}},
		{loss.Circle{}, [3]bool{true, true, true}},
		{loss.CategoricalHinge{}, [3]bool{true, true, false}},
		{loss.BinaryCrossentropy{}, [3]bool{true, false, false}},
		{loss.BinaryFocalCrossentropy{}, [3]bool{true, false, false}},
		{loss.MeanSquaredError{}, [3]bool{false, false, false}},
		{loss.Huber{}, [3]bool{false, false, false}},
		{Distance{}, [3]bool{true, true, true}}, // custom, with class indices as targets
	} {
		if got := [3]bool{loss.OfClasses(c.l), loss.OfOneClass(c.l), loss.TakesIndices(c.l)}; got != c.want {
			t.Errorf("%s: %v, want %v", loss.ClassOf(c.l), got, c.want)
		}
	}
}
