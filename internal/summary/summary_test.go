package summary

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var tutorial = Model{
	Name: "sequential",
	Rows: []Row{
		{Name: "conv2d", Class: "Conv2D", OutputShape: "(None, 126, 126, 64)", Params: 1792},
		{Name: "max_pooling2d", Class: "MaxPooling2D", OutputShape: "(None, 63, 63, 64)"},
		{Name: "conv2d_1", Class: "Conv2D", OutputShape: "(None, 61, 61, 64)", Params: 36928},
		{Name: "max_pooling2d_1", Class: "MaxPooling2D", OutputShape: "(None, 30, 30, 64)"},
		{Name: "flatten", Class: "Flatten", OutputShape: "(None, 57600)"},
		{Name: "dense", Class: "Dense", OutputShape: "(None, 64)", Params: 3686464},
		{Name: "dense_1", Class: "Dense", OutputShape: "(None, 2)", Params: 130},
	},
	Trainable: Weights{3725314, 4 * 3725314},
}

var trained = func() Model {
	m := tutorial
	// A slot for every weight, the learning rate, and the counter of steps.
	m.Optimizer = &Weights{3725316, 4 * 3725316}
	return m
}()

var long = Model{
	Name: "long_names_wrap_and_a_batch_normalization_has_parameters_that_are_not_trained",
	Rows: []Row{
		{Name: "the_very_first_convolution", Class: "Conv2D", OutputShape: "(None, 30, 30, 8)", Params: 224},
		{Name: "batch_normalization_of_block_one", Class: "BatchNormalization", OutputShape: "(None, 30, 30, 8)", Params: 32},
		{Name: "a_name_that_no_column_is_wide_enough_for", Class: "SpatialDropout2D", OutputShape: "(None, 30, 30, 8)"},
		{Name: "global_average_pooling2d", Class: "GlobalAveragePooling2D", OutputShape: "(None, 8)"},
		{Name: "frozen", Class: "Dense", OutputShape: "(None, 10)", Params: 90, Frozen: true},
		{Name: "répété", Class: "Dense", OutputShape: "(None, 1000000)", Params: 11000000},
	},
	Trainable:    Weights{11000240, 4 * 11000240},
	NonTrainable: Weights{106, 424},
}

var unbuilt = Model{
	Name: "unbuilt",
	Rows: []Row{
		{Name: "dense", Class: "Dense", Unbuilt: true},
		{Name: "dense_1", Class: "Dense", Unbuilt: true},
	},
}

var connected = Model{
	Name: "functional",
	Rows: []Row{
		{Name: "a", Class: "InputLayer", OutputShape: "(None, 16)"},
		{Name: "dense", Class: "Dense", OutputShape: "(None, 8)", Params: 136, Inputs: []Connection{{Layer: "a"}}},
		{Name: "dense_1", Class: "Dense", OutputShape: "(None, 8)", Params: 136, Inputs: []Connection{{Layer: "a"}}},
		{Name: "concatenate", Class: "Concatenate", OutputShape: "(None, 16)",
			Inputs: []Connection{{Layer: "dense"}, {Layer: "dense_1"}}},
		{Name: "add", Class: "Add", OutputShape: "(None, 16)",
			Inputs: []Connection{{Layer: "concatenate"}, {Layer: "concatenate"}}},
		{Name: "dense_2", Class: "Dense", OutputShape: "(None, 3)", Params: 51, Inputs: []Connection{{Layer: "add"}}},
	},
	Connected: true,
	Trainable: Weights{323, 4 * 323},
}

var features = Row{
	Name: "features", Class: "Sequential", OutputShape: "(None, 6, 6, 4)", Params: 128, Frozen: true,
	Nested: []Row{
		{Name: "conv2d", Class: "Conv2D", OutputShape: "(None, 6, 6, 4)", Params: 112, Frozen: true, Inputs: []Connection{{Layer: "never shown"}}},
		{Name: "batch_normalization", Class: "BatchNormalization", OutputShape: "(None, 6, 6, 4)", Params: 16, Frozen: true},
	},
}

var nested = Model{
	Name: "pair",
	Rows: []Row{
		{Name: "a", Class: "InputLayer", OutputShape: "(None, 8, 8, 3)"},
		{Name: "true_divide", Class: "TrueDivide", OutputShape: "(None, 8, 8, 3)", Inputs: []Connection{{Layer: "a"}}},
		{Name: "b", Class: "InputLayer", OutputShape: "(None, 8, 8, 3)"},
		{
			Name: "body", Class: "Functional", OutputShape: Shapes([]int{-1, 4}, []int{-1, 6, 6, 2}), Params: 138,
			Inputs: []Connection{{Layer: "true_divide"}, {Layer: "b"}},
			Nested: []Row{
				{Name: "inner_input", Class: "InputLayer", OutputShape: "(None, 8, 8, 3)"},
				features,
				{Name: "global_average_pooling2d", Class: "GlobalAveragePooling2D", OutputShape: "(None, 4)"},
				{Name: "conv2d_1", Class: "Conv2D", OutputShape: "(None, 6, 6, 2)", Params: 10},
			},
		},
		{
			Name: "head", Class: "Sequential", OutputShape: Shapes([]int{-1, 4}), Params: 20,
			Inputs: []Connection{{"body", 0, 0}, {"body", 1, 0}},
			Nested: []Row{
				{Name: "dense", Class: "Dense", OutputShape: "(None, 4)", Params: 20},
				{Name: "dropout", Class: "Dropout", OutputShape: "(None, 4)"},
			},
		},
		{Name: "add", Class: "Add", OutputShape: "(None, 4)", Inputs: []Connection{{"head", 0, 0}, {"head", 1, 0}}},
		{Name: "flatten", Class: "Flatten", OutputShape: "(None, 72)", Inputs: []Connection{{"body", 1, 1}}},
	},
	Connected:    true,
	Trainable:    Weights{30, 120},
	NonTrainable: Weights{128, 512},
}

var chain = Model{
	Name: "chain",
	Rows: []Row{
		{Name: "a", Class: "InputLayer", OutputShape: "(None, 8, 8, 3)"},
		features,
		{Name: "flatten", Class: "Flatten", OutputShape: "(None, 144)"},
		{Name: "dense", Class: "Dense", OutputShape: "(None, 2)", Params: 290},
	},
	Trainable:    Weights{290, 4 * 290},
	NonTrainable: Weights{128, 512},
}

var top = Model{
	Name: "top",
	Rows: []Row{
		features,
		{Name: "flatten_1", Class: "Flatten", OutputShape: "(None, 144)"},
		{Name: "dense_1", Class: "Dense", OutputShape: "(None, 2)", Params: 290},
	},
	Trainable:    Weights{290, 4 * 290},
	NonTrainable: Weights{128, 512},
}

var late = Model{
	Name: "top",
	Rows: []Row{
		{Name: "flatten_2", Class: "Flatten", Unbuilt: true},
		{Name: "late", Class: "Sequential", Unbuilt: true, Nested: []Row{{Name: "dense_2", Class: "Dense", Unbuilt: true}}},
		{Name: "dense_3", Class: "Dense", Unbuilt: true},
	},
}

// The golden files are printed by real Keras: internal/golden/summary.py.
func TestKeras(t *testing.T) {
	for _, c := range []struct {
		file    string
		model   Model
		options Options
	}{
		{"tutorial", tutorial, Options{}},
		{"tutorial-40", tutorial, Options{Width: 40}},
		{"tutorial-60", tutorial, Options{Width: 60}},
		{"tutorial-100", tutorial, Options{Width: 100}},
		{"tutorial-200", tutorial, Options{Width: 200}},
		{"tutorial-color", tutorial, Options{Color: true}},
		{"tutorial-40-color", tutorial, Options{Width: 40, Color: true}},
		{"tutorial-trainable", tutorial, Options{ShowTrainable: true}},
		{"tutorial-trained", trained, Options{}},
		{"tutorial-trained-color", trained, Options{Color: true}},
		{"long", long, Options{}},
		{"long-21", long, Options{Width: 21}},
		{"long-40", long, Options{Width: 40}},
		{"long-color", long, Options{Color: true}},
		{"long-trainable", long, Options{ShowTrainable: true}},
		{"long-trainable-color", long, Options{ShowTrainable: true, Color: true}},
		{"unbuilt", unbuilt, Options{}},
		{"empty", Model{Name: "empty"}, Options{}},
		{"connected", connected, Options{}},
		{"connected-120", connected, Options{Width: 120}},
		{"connected-color", connected, Options{Color: true}},
		{"connected-trainable", connected, Options{ShowTrainable: true}},
		{"connected-line-90", connected, Options{Width: 120, LineLength: 90}},
		{"connected-line-100", connected, Options{LineLength: 100}},
		{"connected-positions", connected, Options{Width: 120, Positions: []float64{.2, .5, .7, 1}}},
		{"connected-positions-trainable", connected, Options{Width: 200, LineLength: 100, Positions: []float64{.4, .6, .7, .9}, ShowTrainable: true}},
		{"connected-short", connected, Options{Width: 120, Positions: []float64{.2, .4, .5, .7}}},
		{"nested", nested, Options{}},
		{"nested-120", nested, Options{Width: 120}},
		{"nested-expanded", nested, Options{Width: 120, ExpandNested: true}},
		{"nested-expanded-80", nested, Options{ExpandNested: true}},
		{"nested-expanded-trainable", nested, Options{Width: 120, ExpandNested: true, ShowTrainable: true}},
		{"nested-expanded-trainable-color", nested, Options{Width: 120, ExpandNested: true, ShowTrainable: true, Color: true}},
		{"nested-chain", chain, Options{}},
		{"nested-chain-expanded", chain, Options{ExpandNested: true}},
		{"nested-chain-expanded-color", chain, Options{Width: 60, ExpandNested: true, Color: true}},
		{"nested-sequential", top, Options{}},
		{"nested-sequential-expanded", top, Options{ExpandNested: true, ShowTrainable: true}},
		{"nested-unbuilt", late, Options{}},
		{"nested-unbuilt-expanded", late, Options{ExpandNested: true, ShowTrainable: true}},
	} {
		t.Run(c.file, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", c.file+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			if err := c.model.Write(&got, c.options); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestShape(t *testing.T) {
	for want, shape := range map[string][]int{
		"(None, 126, 126, 64)": {-1, 126, 126, 64},
		"(None)":               {-1},
		"()":                   {},
	} {
		if got := Shape(shape); got != want {
			t.Errorf("Shape(%v) = %s, want %s", shape, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int]string{
		0: "0.00 B", 1023: "1023.00 B", 1024: "1.00 KB", 14901256: "14.21 MB", 1 << 40: "1.00 TB", 1 << 62: "4096.00 PB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("Size(%d) = %s, want %s", bytes, got, want)
		}
	}
}

func TestPositions(t *testing.T) {
	if err := connected.Write(&strings.Builder{}, Options{Positions: []float64{.5, .8, 1}}); err == nil {
		t.Error("three positions for four columns: no error")
	}
}

func TestTooNarrow(t *testing.T) {
	for _, width := range []int{1, 4, 10, 19} {
		err := tutorial.Write(&strings.Builder{}, Options{Width: width})
		if err == nil {
			t.Errorf("width %d: no error", width)
		}
	}
}
