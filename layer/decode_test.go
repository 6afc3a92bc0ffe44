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
		{"Dense", object{"units": 2., "kernel_regularizer": l2, "bias_regularizer": "l1", "bias_constraint": "non_neg", "activity_regularizer": object{"class_name": "L1L2", "config": object{}}}, nil},
		{"Dense", object{"units": 2., "kernel_regularizer": object{"class_name": "L3", "config": object{"l3": .01}}, "bias_constraint": "positive"}, []string{
			`kernel_regularizer {"class_name":"L3","config":{"l3":0.01}}`, `bias_constraint "positive"`,
		}},
		{"Flatten", object{"activity_regularizer": l2}, []string{`activity_regularizer {"class_name":"L2","config":{"l2":0.01},"module":"keras.regularizers"}`}},
		{"DepthwiseConv2D", object{"kernel_size": 1., "depthwise_constraint": object{"class_name": "UnitNorm", "config": object{"axis": 0.}}, "depthwise_initializer": object{"class_name": "Sparse", "config": object{"gain": 1.}}}, []string{
			`depthwise_initializer {"class_name":"Sparse","config":{"gain":1}}`,
		}},
		// Layers that return their operand in prediction may have keys of other versions, and values that Keras does not check.
		{"Dropout", object{"rate": .2, "noise_shape": 2.}, []string{`noise_shape 2`}},
		{"RandomRotation", object{"factor": .1, "fill_mode": "mirror", "value_range": []any{0., 255.}}, []string{`fill_mode "mirror"`, `value_range [0,255]`}},
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
		{"units": 2., "kernel_regularizer": object{"class_name": "L2", "config": object{"l2": -1.}}},
		{"units": 2., "value_range": []any{0., 1.}},
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
		{"Dense", "activation", "gehlu", object{"units": 1., "activation": "gehlu"}},
		{"Dense", "layer", "Maxout", object{"units": 1., "activation": object{"class_name": "Maxout", "config": object{}}}},
		{"Dense", "initializer", "Sparse", object{"units": 1., "kernel_initializer": "Sparse"}},
		{"Dense", "regularizer", "l3", object{"units": 1., "kernel_regularizer": "l3"}},
		{"Dense", "constraint", "Positive", object{"units": 1., "bias_constraint": object{"class_name": "Positive", "config": object{}}}},
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
		if got := layer.ConfigOf(l)["dtype"]; got != string(c.want) {
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
		{"Cropping2D", object{"cropping": []any{1., []any{0., 2.}}}, layer.Cropping2D{Cropping: layer.Pads{{1, 1}, {0, 2}}}},
		{"Cropping1D", object{"cropping": 2.}, layer.Cropping1D{Cropping: &layer.Ends{2, 2}}},
		{"Conv1D", object{"filters": 2., "kernel_size": 3., "strides": []any{2.}, "padding": "causal"}, layer.Conv1D{Filters: 2, Kernel: 3, Strides: 2, Padding: layer.Causal}},
		{"Conv1DTranspose", object{"filters": 2., "kernel_size": []any{3.}, "strides": 2., "output_padding": []any{1.}}, layer.Conv1DTranspose{Filters: 2, Kernel: 3, Strides: 2, OutputPadding: new(1)}},
		{"Conv2DTranspose", object{"filters": 2., "kernel_size": 3., "strides": 2., "output_padding": 1.}, layer.Conv2DTranspose{Filters: 2, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, OutputPadding: &layer.Size{1, 1}}},
		// Keras 2 writes the groups of transposed convolutions, of which it has one.
		{"Conv1DTranspose", object{"filters": 2., "kernel_size": []any{3.}, "groups": 1.}, layer.Conv1DTranspose{Filters: 2, Kernel: 3}},
		{"Conv2DTranspose", object{"filters": 2., "kernel_size": 3., "groups": 1.}, layer.Conv2DTranspose{Filters: 2, Kernel: layer.Size{3, 3}}},
		{"AdaptiveMaxPooling1D", object{"output_size": []any{3.}}, layer.AdaptiveMaxPool1D{Size: 3}},
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
		} else if d := cmp.Diff(layer.ConfigOf(c.want), layer.ConfigOf(l)); d != "" {
			t.Errorf("%s %v: %s", c.class, c.conf, d)
		}
	}
}

// TestAliases decodes the other names that classes have in Keras.
func TestAliases(t *testing.T) {
	conv := object{"filters": 1., "kernel_size": 1.}
	for alias, c := range map[string]struct {
		class string
		conf  object
	}{
		"Convolution1D": {"Conv1D", conv}, "Convolution2D": {"Conv2D", conv},
		"Convolution1DTranspose": {"Conv1DTranspose", conv}, "Convolution2DTranspose": {"Conv2DTranspose", conv},
		"SeparableConvolution1D": {"SeparableConv1D", conv}, "SeparableConvolution2D": {"SeparableConv2D", conv},
		"MaxPool1D": {"MaxPooling1D", nil}, "MaxPool2D": {"MaxPooling2D", nil},
		"AvgPool1D": {"AveragePooling1D", object{"pool_size": 2.}}, "AvgPool2D": {"AveragePooling2D", object{"pool_size": 2.}},
		"GlobalAvgPool1D": {"GlobalAveragePooling1D", nil}, "GlobalAvgPool2D": {"GlobalAveragePooling2D", nil},
		"GlobalMaxPool1D": {"GlobalMaxPooling1D", nil}, "GlobalMaxPool2D": {"GlobalMaxPooling2D", nil},
	} {
		if l, err := layer.Decode(alias, c.conf); err != nil {
			t.Errorf("%s: %v", alias, err)
		} else if got := layer.ClassOf(l); got != c.class {
			t.Errorf("%s is %s, want %s", alias, got, c.class)
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
	fmt.Println(layer.ConfigOf(shifted{}))
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
	if got := layer.ConfigOf(l)["activation"]; got != "silu" {
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
		if got := layer.ConfigOf(l); got["negative_slope"] != .5 || got["alpha"] != nil {
			t.Errorf("of %v: config is %v", conf, got)
		}
	}
	if _, err := layer.Decode("LeakyReLU", map[string]any{"alpha": -1.}); err == nil || err.Error() != "LeakyReLU: alpha is -1, want a number greater than or equal to 0" {
		t.Errorf("error is %v", err)
	}
}
