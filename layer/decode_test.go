package layer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
)

type object = map[string]any

// TestDecodeForPrediction decodes settings that affect training only: they are skipped and
// returned.
func TestDecodeForPrediction(t *testing.T) {
	l2 := object{"module": "keras.regularizers", "class_name": "L2", "config": object{"l2": .01}}
	for _, c := range []struct {
		class   string
		conf    object
		ignored []string
	}{
		{"Dense", object{"units": 2., "kernel_regularizer": nil, "bias_constraint": nil, "activity_regularizer": nil}, nil},
		{"Dense", object{"units": 2., "kernel_regularizer": l2, "bias_regularizer": "l1", "activity_regularizer": object{"class_name": "L1L2", "config": object{}}}, []string{
			`kernel_regularizer {"class_name":"L2","config":{"l2":0.01},"module":"keras.regularizers"}`, `bias_regularizer "l1"`,
			`activity_regularizer {"class_name":"L1L2","config":{}}`,
		}},
		{"Conv2D", object{"filters": 1., "kernel_size": 1., "kernel_regularizer": object{"class_name": "OrthogonalRegularizer", "config": object{}}}, []string{
			`kernel_regularizer {"class_name":"OrthogonalRegularizer","config":{}}`,
		}},
		{"SeparableConv2D", object{"filters": 1., "kernel_size": 1., "depthwise_constraint": "MaxNorm", "pointwise_constraint": "min_max_norm", "bias_constraint": "NonNeg"}, []string{
			`depthwise_constraint "MaxNorm"`, `pointwise_constraint "min_max_norm"`, `bias_constraint "NonNeg"`,
		}},
		{"DepthwiseConv2D", object{"kernel_size": 1., "depthwise_constraint": object{"class_name": "UnitNorm", "config": object{"axis": 0.}}, "depthwise_initializer": object{"class_name": "Orthogonal", "config": object{"gain": 1.}}}, []string{
			`depthwise_initializer {"class_name":"Orthogonal","config":{"gain":1}}`, `depthwise_constraint {"class_name":"UnitNorm","config":{"axis":0}}`,
		}},
	} {
		_, ignored, err := layer.DecodeForPrediction(c.class, c.conf)
		if err != nil {
			t.Errorf("%s: %v", c.class, err)
		}
		var got []string
		for _, i := range ignored {
			got = append(got, i.String())
		}
		if d := cmp.Diff(c.ignored, got); d != "" {
			t.Errorf("%s: %s", c.class, d)
		}
		if _, err := layer.Decode(c.class, c.conf); (err == nil) != (c.ignored == nil) {
			t.Errorf("%s: for training: %v", c.class, err)
		}
	}
	// Other mistakes are errors.
	for _, conf := range []object{
		{"units": 0.}, {"units": 2., "kernel_initializer": object{"class_name": "Zeros", "config": object{"x": 1.}}},
		{"units": 2., "kernel_regularizer": 3.}, {"units": 2., "gamma_regularizer": "l2"},
	} {
		if _, _, err := layer.DecodeForPrediction("Dense", conf); err == nil {
			t.Errorf("no error for %v", conf)
		}
	}
}

func TestUnknownClass(t *testing.T) {
	for _, c := range []struct {
		class, kind, unknown string
		conf                 object
	}{
		{"LSTM", "layer", "LSTM", nil},
		{"Dense", "activation", "gelu", object{"units": 1., "activation": "gelu"}},
		{"Dense", "layer", "ELU", object{"units": 1., "activation": object{"class_name": "ELU", "config": object{}}}},
		{"Dense", "initializer", "Orthogonal", object{"units": 1., "kernel_initializer": "Orthogonal"}},
	} {
		_, err := layer.Decode(c.class, c.conf)
		var unknown *layer.UnknownClass
		if !errors.As(err, &unknown) || unknown.Kind != c.kind || unknown.Class != c.unknown {
			t.Errorf("%s: got %v, want the unknown %s %s", c.class, err, c.kind, c.unknown)
		}
	}
}

// TestPolicies decodes the dtype policies of Keras 2 and 3, as names and as objects.
func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		dtype any
		want  layer.Policy
	}{
		{nil, layer.Float32}, {"float32", layer.Float32}, {"bfloat16", layer.BFloat16}, {"mixed_float16", layer.MixedFloat16},
		{object{"module": "keras", "class_name": "DTypePolicy", "config": object{"name": "mixed_bfloat16"}, "registered_name": nil}, layer.MixedBFloat16},
		{object{"class_name": "Policy", "config": object{"name": "float16"}}, layer.Float16},
		{object{"class_name": "PolicyV1", "config": object{"name": "mixed_float16", "loss_scale": object{}}}, layer.MixedFloat16},
	} {
		l, err := layer.Decode("Dense", object{"units": 1., "dtype": c.dtype})
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := layer.PolicyOf(l); err != nil || got != c.want {
			t.Errorf("%v: policy %q, %v, want %q", c.dtype, got, err, c.want)
		}
		if got := layer.GetConfig(l)["dtype"]; got != string(c.want) {
			t.Errorf("%v: saved as %v", c.dtype, got)
		}
	}
	if p, err := layer.PolicyOf(layer.Input{DType: 99}); p != layer.Float32 || err != nil {
		t.Errorf("policy of an input: %q, %v", p, err)
	}
	b := graph.NewBuilder(graph.NewStore(), false)
	layer.Flatten{DType: "float8"}.Build(b.In("it", "layer 1"), b.Invalid())
	want := `layer 1: DType: got "float8", want one of float32, bfloat16, float16, mixed_bfloat16, mixed_float16`
	if err := b.Err(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestFinalActivation checks what layers report about their results.
func TestFinalActivation(t *testing.T) {
	for _, c := range []struct {
		l       layer.Layer
		final   layer.Function
		known   bool
		through bool
	}{
		{layer.Dense{}, layer.Linear, true, false},
		{layer.Dense{Activation: layer.Softmax}, layer.Softmax, true, false},
		{layer.Conv2D{Activation: layer.ReLULayer{}}, layer.ReLU, true, false},
		{layer.SeparableConv2D{Activation: layer.Activate{Activation: layer.Tanh}}, layer.Tanh, true, false},
		{layer.DepthwiseConv2D{Activation: Gain{}}, "", false, false},
		{layer.Activate{Activation: layer.Sigmoid}, layer.Sigmoid, true, false},
		{layer.Activate{}, layer.Linear, true, true},
		{layer.Flatten{}, "", false, true},
		{layer.Dropout{}, "", false, true},
		{layer.AveragePool2D{}, "", false, true},
		{layer.GlobalAveragePool2D{}, "", false, true},
		{layer.Reshape{}, "", false, true},
		{layer.SoftmaxLayer{}, layer.Softmax, true, false},
		{layer.ReLULayer{}, layer.ReLU, true, false},
		{layer.Add{}, "", false, false},
		{layer.MaxPool2D{}, "", false, false},
		{layer.Input{}, "", false, false},
		{Gain{}, "", false, false},
	} {
		if f, known := layer.FinalActivation(c.l); f != c.final || known != c.known {
			t.Errorf("%#v: final activation %q, known %t", c.l, f, known)
		}
		if got := layer.PassesThrough(c.l); got != c.through {
			t.Errorf("%#v: passes through %t", c.l, got)
		}
	}
}

// TestDecodeForms decodes alternative forms of a value.
func TestDecodeForms(t *testing.T) {
	numpy := object{"class_name": "__numpy__", "config": object{"value": []any{1., 2.}, "dtype": "float64"}}
	for _, c := range []struct {
		class string
		conf  object
		want  layer.Layer
	}{
		{"ZeroPadding2D", object{"padding": 2.}, layer.ZeroPadding2D{Padding: &layer.Pads{{2, 2}, {2, 2}}}},
		{"ZeroPadding2D", object{"padding": []any{1., 0.}}, layer.ZeroPadding2D{Padding: &layer.Pads{{1, 1}, {}}}},
		{"ZeroPadding2D", object{}, layer.ZeroPadding2D{}},
		{"Rescaling", object{"scale": numpy, "offset": 1.}, layer.Rescaling{Scale: []float64{1, 2}, Offset: []float64{1}}},
		{"Rescaling", object{"scale": []any{.5}}, layer.Rescaling{Scale: []float64{.5}}},
		{"Normalization", object{}, layer.Normalization{Axis: []int{-1}}},
		{"Normalization", object{"axis": nil}, layer.Normalization{Axis: []int{}}},
		{"Normalization", object{"axis": []any{}}, layer.Normalization{Axis: []int{}}},
		{"Normalization", object{"axis": 3., "mean": numpy, "variance": []any{1., 2.}}, layer.Normalization{Axis: []int{3}, Mean: []float64{1, 2}, Variance: []float64{1, 2}}},
		{"Dot", object{"axes": -1.}, layer.Dot{Axes: [2]int{-1, -1}}},
		{"Reshape", object{"target_shape": []any{}}, layer.Reshape{Shape: []int{}}},
		{"Reshape", object{"target_shape": []any{-1., 3.}}, layer.Reshape{Shape: []int{-1, 3}}},
		{"Dense", object{"units": 1., "activation": object{"class_name": "function", "config": "relu"}}, layer.Dense{Units: 1, Activation: layer.ReLU}},
	} {
		l, err := layer.Decode(c.class, c.conf)
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(layer.GetConfig(c.want), layer.GetConfig(l)); d != "" {
			t.Errorf("%s %v: %s", c.class, c.conf, d)
		}
	}
}

// shifted is a custom layer.
type shifted struct {
	By     float64 `keras:"by,default=2,max=9"`
	Name   string  `keras:"name,omitempty"`
	Frozen bool    `keras:"trainable,inverted"`
}

func (shifted) Class() string { return "Shifted" }
func (l shifted) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Offset(x, l.By)
}

func ExampleDecodeAs() {
	l, err := layer.DecodeAs[shifted](map[string]any{"by": 3., "trainable": false})
	fmt.Printf("%+v %v\n", l, err)
	fmt.Println(layer.GetConfig(shifted{}))
	_, err = layer.DecodeAs[shifted](map[string]any{"by": 10, "too": 1})
	fmt.Println(err)
	// Output:
	// {By:3 Name: Frozen:true} <nil>
	// map[by:2 trainable:true]
	// Shifted: by is 10, want a number less than or equal to 9
	// Shifted: unknown key "too"
}

// TestOtherNamesOfActivations decodes "swish", which Keras writes as "silu".
func TestOtherNamesOfActivations(t *testing.T) {
	l, err := layer.Decode("Dense", map[string]any{"units": 2, "activation": "swish"})
	if err != nil {
		t.Fatal(err)
	}
	if got := layer.GetConfig(l)["activation"]; got != "silu" {
		t.Errorf("activation is %v, want silu", got)
	}
}

// TestAlias decodes alpha, a second name of negative_slope.
func TestAlias(t *testing.T) {
	for _, conf := range []map[string]any{{"alpha": .5}, {"negative_slope": .5, "alpha": .1}} {
		l, err := layer.Decode("LeakyReLU", conf)
		if err != nil {
			t.Fatal(err)
		}
		if got := layer.GetConfig(l); got["negative_slope"] != .5 || got["alpha"] != nil {
			t.Errorf("of %v: config is %v", conf, got)
		}
	}
	if _, err := layer.Decode("LeakyReLU", map[string]any{"alpha": -1.}); err == nil || err.Error() != "LeakyReLU: alpha is -1, want a number greater than or equal to 0" {
		t.Errorf("error is %v", err)
	}
}
