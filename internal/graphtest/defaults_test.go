package graphtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/regularizer"
)

// defaults has a value of each class in which only the required fields are set, and the
// required arguments of the class's constructor in Keras.
var defaults = []struct {
	module string
	value  any
	args   map[string]any
}{
	{"layers", layer.Input{Shape: []int{4, 3}}, map[string]any{"shape": []any{4, 3}}},
	{"layers", layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}}, map[string]any{"kernel_size": 3}},
	{"layers", layer.SeparableConv2D{Filters: 2, Kernel: layer.Size{3, 3}}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.MaxPool2D{}, nil},
	{"layers", layer.AveragePool2D{Pool: layer.Size{2, 2}}, map[string]any{"pool_size": 2}},
	{"layers", layer.Flatten{}, nil},
	{"layers", layer.Dense{Units: 2}, map[string]any{"units": 2}},
	{"layers", layer.SpatialDropout2D{Rate: .5}, map[string]any{"rate": .5}},
	{"layers", layer.Dropout{}, map[string]any{"rate": 0.}},
	{"layers", layer.Activate{}, map[string]any{"activation": nil}},
	{"layers", layer.ReLULayer{}, nil},
	{"layers", layer.LeakyReLU{}, nil},
	{"layers", layer.BatchNormalization{}, nil},
	{"layers", layer.SoftmaxLayer{}, nil},
	{"layers", layer.GlobalAveragePool2D{}, nil},
	{"layers", layer.GlobalMaxPool2D{}, nil},
	{"layers", layer.ZeroPadding2D{}, nil},
	{"layers", layer.Reshape{Shape: []int{2, 3}}, map[string]any{"target_shape": []any{2, 3}}},
	{"layers", layer.Add{}, nil},
	{"layers", layer.Subtract{}, nil},
	{"layers", layer.Multiply{}, nil},
	{"layers", layer.Average{}, nil},
	{"layers", layer.Maximum{}, nil},
	{"layers", layer.Minimum{}, nil},
	{"layers", layer.Concatenate{}, nil},
	{"layers", layer.Dot{Axes: [2]int{1, 1}}, map[string]any{"axes": 1}},
	{"layers", layer.Rescaling{Scale: []float64{.5}}, map[string]any{"scale": .5}},
	{"layers", layer.Normalization{}, nil},
	{"layers", layer.ActivityRegularization{}, nil},
	{"layers", layer.ELULayer{}, nil},
	{"layers", layer.PReLU{}, nil},
	{"layers", layer.Conv2DTranspose{Filters: 2, Kernel: layer.Size{3, 3}}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.UpSampling2D{}, nil},
	{"layers", layer.Cropping2D{}, nil},
	{"layers", layer.Resizing{Height: 4, Width: 3}, map[string]any{"height": 4, "width": 3}},
	{"layers", layer.CenterCrop{Height: 4, Width: 3}, map[string]any{"height": 4, "width": 3}},
	{"layers", layer.AdaptiveAveragePool2D{Size: layer.Size{2, 2}}, map[string]any{"output_size": 2}},
	{"layers", layer.AdaptiveMaxPool2D{Size: layer.Size{2, 2}}, map[string]any{"output_size": 2}},
	{"layers", layer.Permute{Dims: []int{2, 1}}, map[string]any{"dims": []any{2, 1}}},
	{"layers", layer.RepeatVector{N: 3}, map[string]any{"n": 3}},
	{"layers", layer.Identity{}, nil},
	{"layers", layer.GaussianNoise{}, map[string]any{"stddev": 0.}},
	{"layers", layer.GaussianDropout{}, map[string]any{"rate": 0.}},
	{"layers", layer.AlphaDropout{}, map[string]any{"rate": 0.}},
	{"layers", layer.Conv1D{Filters: 2, Kernel: 3}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.Conv1DTranspose{Filters: 2, Kernel: 3}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.DepthwiseConv1D{Kernel: 3}, map[string]any{"kernel_size": 3}},
	{"layers", layer.SeparableConv1D{Filters: 2, Kernel: 3}, map[string]any{"filters": 2, "kernel_size": 3}},
	{"layers", layer.MaxPool1D{}, nil},
	{"layers", layer.AveragePool1D{Pool: 2}, map[string]any{"pool_size": 2}},
	{"layers", layer.GlobalAveragePool1D{}, nil},
	{"layers", layer.GlobalMaxPool1D{}, nil},
	{"layers", layer.AdaptiveAveragePool1D{Size: 2}, map[string]any{"output_size": 2}},
	{"layers", layer.AdaptiveMaxPool1D{Size: 2}, map[string]any{"output_size": 2}},
	{"layers", layer.UpSampling1D{}, nil},
	{"layers", layer.ZeroPadding1D{}, nil},
	{"layers", layer.Cropping1D{}, nil},
	{"layers", layer.SpatialDropout1D{Rate: .5}, map[string]any{"rate": .5}},
	{"layers", layer.LayerNormalization{}, nil},
	{"layers", layer.RMSNormalization{}, nil},
	{"layers", layer.UnitNormalization{}, nil},
	{"layers", layer.GroupNormalization{}, nil},
	{
		"layers", layer.SpectralNormalization{Layer: layer.Dense{Units: 2, Name: "inner"}},
		map[string]any{"layer": map[string]any{"module": "keras.layers", "class_name": "Dense", "registered_name": nil, "config": map[string]any{"units": 2, "name": "inner"}}},
	},
	{"layers", layer.Embedding{InputDim: 2, OutputDim: 3}, map[string]any{"input_dim": 2, "output_dim": 3}},
	{"layers", layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{4}}, map[string]any{"equation": "ab,bc->ac", "output_shape": 4}},
	{"layers", layer.MultiHeadAttention{NumHeads: 2, KeyDim: 3}, map[string]any{"num_heads": 2, "key_dim": 3}},
	{"layers", layer.GroupQueryAttention{HeadDim: 3, NumQueryHeads: 4, NumKeyValueHeads: 2}, map[string]any{"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}},
	{"layers", layer.Attention{}, nil},
	{"layers", layer.AdditiveAttention{}, nil},

	{"layers", layer.RandomFlip{}, nil},
	{"layers", layer.RandomRotation{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomZoom{HeightFactor: layer.Factor{.1}}, map[string]any{"height_factor": .1}},
	{"layers", layer.RandomTranslation{HeightFactor: layer.Factor{.1}, WidthFactor: layer.Factor{.2}}, map[string]any{"height_factor": .1, "width_factor": .2}},
	{"layers", layer.RandomContrast{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomBrightness{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomCrop{Height: 4, Width: 5, Seed: new(1)}, map[string]any{"height": 4, "width": 5, "seed": 1}}, // Keras draws a default
	{"layers", layer.RandomShear{XFactor: layer.Factor{0, 0}, YFactor: layer.Factor{0, 0}}, nil},
	{"layers", layer.RandomPerspective{}, nil},
	{"layers", layer.RandomColorDegeneration{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomGrayscale{}, nil},
	{"layers", layer.RandomHue{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomSaturation{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomInvert{}, nil},
	{"layers", layer.RandomPosterization{Factor: layer.Factor{4}}, map[string]any{"factor": 4}},
	{"layers", layer.Solarization{}, nil},
	{"layers", layer.AutoContrast{}, nil},
	{"layers", layer.Equalization{}, nil},
	{"layers", layer.ContrastLimitedAdaptiveHistogramEqualization{}, nil},
	{"layers", layer.RandomSharpness{Factor: layer.Factor{.1}}, map[string]any{"factor": .1}},
	{"layers", layer.RandomGaussianBlur{}, nil},
	{"layers", layer.RandomElasticTransform{}, nil},
	{"layers", layer.MixUp{}, nil},
	{"layers", layer.CutMix{}, nil},
	{"layers", layer.RandomErasing{}, nil},
	{"layers", layer.RandomColorJitter{}, nil},
	{"layers", layer.RandAugment{}, nil},
	{"layers", layer.AugMix{}, nil},
	{"layers", layer.Pipeline{Layers: layer.Layers{layer.Flatten{Name: "flat"}}}, map[string]any{"layers": []any{map[string]any{
		"module": "keras.layers", "class_name": "Flatten", "registered_name": nil, "config": layer.ConfigOf(layer.Flatten{Name: "flat"}),
	}}}},
	{"initializers", initializer.GlorotUniform{}, nil},
	{"initializers", initializer.GlorotNormal{}, nil},
	{"initializers", initializer.HeUniform{}, nil},
	{"initializers", initializer.HeNormal{}, nil},
	{"initializers", initializer.LecunUniform{}, nil},
	{"initializers", initializer.LecunNormal{}, nil},
	{"initializers", initializer.VarianceScaling{}, nil},
	{"initializers", initializer.RandomNormal{}, nil},
	{"initializers", initializer.TruncatedNormal{}, nil},
	{"initializers", initializer.RandomUniform{}, nil},
	{"initializers", initializer.Zeros{}, nil},
	{"initializers", initializer.Ones{}, nil},
	{"initializers", initializer.Constant{}, nil},
	{"initializers", initializer.Orthogonal{}, nil},
	{"initializers", initializer.Identity{}, nil},
	{"losses", loss.CategoricalCrossentropy{}, nil},
	{"losses", loss.SparseCategoricalCrossentropy{}, nil},
	{"losses", loss.BinaryCrossentropy{}, nil},
	{"losses", loss.MeanSquaredError{}, nil},
	{"losses", loss.MeanAbsoluteError{}, nil},
	{"losses", loss.BinaryFocalCrossentropy{}, nil},
	{"losses", loss.CategoricalFocalCrossentropy{}, nil},
	{"losses", loss.CategoricalGeneralizedCrossEntropy{}, nil},
	{"losses", loss.MeanAbsolutePercentageError{}, nil},
	{"losses", loss.MeanSquaredLogarithmicError{}, nil},
	{"losses", loss.Huber{}, nil},
	{"losses", loss.LogCosh{}, nil},
	{"losses", loss.Poisson{}, nil},
	{"losses", loss.KLDivergence{}, nil},
	{"losses", loss.CosineSimilarity{}, nil},
	{"losses", loss.Hinge{}, nil},
	{"losses", loss.SquaredHinge{}, nil},
	{"losses", loss.CategoricalHinge{}, nil},
	{"losses", loss.Dice{}, nil},
	{"losses", loss.Tversky{}, nil},
	{"losses", loss.Circle{}, nil},
	{"metrics", metric.BinaryAccuracy{}, nil},
	{"metrics", metric.CategoricalAccuracy{}, nil},
	{"metrics", metric.MeanSquaredError{}, nil},
	{"metrics", metric.MeanAbsoluteError{}, nil},
	{"metrics", metric.SparseCategoricalAccuracy{}, nil},
	{"metrics", metric.Equality{}, nil},
	{"metrics", metric.TopKCategoricalAccuracy{}, nil},
	{"metrics", metric.SparseTopKCategoricalAccuracy{}, nil},
	{"metrics", metric.TruePositives{}, nil},
	{"metrics", metric.TrueNegatives{}, nil},
	{"metrics", metric.FalsePositives{}, nil},
	{"metrics", metric.FalseNegatives{}, nil},
	{"metrics", metric.Precision{}, nil},
	{"metrics", metric.Recall{}, nil},
	{"metrics", metric.AUC{}, nil},
	{"metrics", metric.SensitivityAtSpecificity{Specificity: .5}, map[string]any{"specificity": .5}},
	{"metrics", metric.SpecificityAtSensitivity{Sensitivity: .5}, map[string]any{"sensitivity": .5}},
	{"metrics", metric.PrecisionAtRecall{Recall: .5}, map[string]any{"recall": .5}},
	{"metrics", metric.RecallAtPrecision{Precision: .5}, map[string]any{"precision": .5}},
	{"metrics", metric.FBetaScore{}, nil},
	{"metrics", metric.F1Score{}, nil},
	{"metrics", metric.IoU{NumClasses: 3, TargetClassIDs: []int{0, 1}}, map[string]any{"num_classes": 3, "target_class_ids": []any{0, 1}}},
	{"metrics", metric.MeanIoU{NumClasses: 3}, map[string]any{"num_classes": 3}},
	{"metrics", metric.BinaryIoU{}, nil},
	{"metrics", metric.OneHotIoU{NumClasses: 3, TargetClassIDs: []int{0, 1}}, map[string]any{"num_classes": 3, "target_class_ids": []any{0, 1}}},
	{"metrics", metric.OneHotMeanIoU{NumClasses: 3}, map[string]any{"num_classes": 3}},
	{"metrics", metric.BinaryCrossentropy{}, nil},
	{"metrics", metric.CategoricalCrossentropy{}, nil},
	{"metrics", metric.SparseCategoricalCrossentropy{}, nil},
	{"metrics", metric.MeanAbsolutePercentageError{}, nil},
	{"metrics", metric.MeanSquaredLogarithmicError{}, nil},
	{"metrics", metric.LogCoshError{}, nil},
	{"metrics", metric.Poisson{}, nil},
	{"metrics", metric.KLDivergence{}, nil},
	{"metrics", metric.CosineSimilarity{}, nil},
	{"metrics", metric.RootMeanSquaredError{}, nil},
	{"metrics", metric.Hinge{}, nil},
	{"metrics", metric.SquaredHinge{}, nil},
	{"metrics", metric.CategoricalHinge{}, nil},
	{"metrics", metric.PearsonCorrelation{}, nil},
	{"metrics", metric.ConcordanceCorrelation{}, nil},
	{"metrics", metric.R2Score{}, nil},
	{"optimizers", optimizer.SGD{}, nil},
	{"optimizers", optimizer.RMSprop{}, nil},
	{"optimizers", optimizer.Adam{}, nil},
	{"optimizers", optimizer.AdamW{}, nil},
	{"optimizers", optimizer.Adadelta{}, nil},
	{"optimizers", optimizer.Adafactor{}, nil},
	{"optimizers", optimizer.Adagrad{}, nil},
	{"optimizers", optimizer.Adamax{}, nil},
	{"optimizers", optimizer.Ftrl{}, nil},
	{"optimizers", optimizer.Lamb{}, nil},
	{"optimizers", optimizer.Lion{}, nil},
	{"optimizers", optimizer.LossScaleOptimizer{Inner: optimizer.SGD{}}, map[string]any{"inner_optimizer": map[string]any{"class_name": "SGD", "module": "keras.optimizers", "config": map[string]any{}}}},
	{"optimizers", optimizer.Muon{}, nil},
	{"optimizers", optimizer.Nadam{}, nil},
	{"optimizers", optimizer.ScheduleFreeAdamW{}, nil},
	{"optimizers.schedules", schedule.ExponentialDecay{InitialLearningRate: .5, DecaySteps: 2, DecayRate: .5}, map[string]any{"initial_learning_rate": .5, "decay_steps": 2, "decay_rate": .5}},
	{"optimizers.schedules", schedule.PiecewiseConstantDecay{Boundaries: []int{1}, Values: []float64{.5, .25}}, map[string]any{"boundaries": []any{1}, "values": []any{.5, .25}}},
	{"optimizers.schedules", schedule.PolynomialDecay{InitialLearningRate: .5, DecaySteps: 2}, map[string]any{"initial_learning_rate": .5, "decay_steps": 2}},
	{"optimizers.schedules", schedule.InverseTimeDecay{InitialLearningRate: .5, DecaySteps: 2, DecayRate: .5}, map[string]any{"initial_learning_rate": .5, "decay_steps": 2, "decay_rate": .5}},
	{"optimizers.schedules", schedule.CosineDecay{InitialLearningRate: .5, DecaySteps: 2}, map[string]any{"initial_learning_rate": .5, "decay_steps": 2}},
	{"optimizers.schedules", schedule.CosineDecayRestarts{InitialLearningRate: .5, FirstDecaySteps: 2}, map[string]any{"initial_learning_rate": .5, "first_decay_steps": 2}},
	{"regularizers", regularizer.L1{}, nil},
	{"regularizers", regularizer.L2{}, nil},
	{"regularizers", regularizer.L1L2{}, nil},
	{"regularizers", regularizer.OrthogonalRegularizer{}, nil},
	{"constraints", constraint.MaxNorm{}, nil},
	{"constraints", constraint.MinMaxNorm{}, nil},
	{"constraints", constraint.NonNeg{}, nil},
	{"constraints", constraint.UnitNorm{}, nil},
}

// module is what the tests need of a package of classes.
type module struct {
	classes func() []string
	decode  func(string, map[string]any) (any, error)
	class   func(any) string
	config  func(any) map[string]any
}

var modules = map[string]module{
	"layers":       moduleOf(layer.Classes, layer.Decode, layer.ClassOf, layer.ConfigOf),
	"initializers": moduleOf(initializer.Classes, initializer.Decode, initializer.ClassOf, initializer.ConfigOf),
	"losses":       moduleOf(loss.Classes, loss.Decode, loss.ClassOf, loss.ConfigOf),
	"metrics":      moduleOf(metric.Classes, metric.Decode, metric.ClassOf, metric.ConfigOf),
	"optimizers":   moduleOf(optimizer.Classes, optimizer.Decode, optimizer.ClassOf, optimizer.ConfigOf),

	"optimizers.schedules": moduleOf(schedule.Classes, schedule.Decode, schedule.ClassOf, schedule.ConfigOf),
	"regularizers":         moduleOf(regularizer.Classes, regularizer.Decode, regularizer.ClassOf, regularizer.ConfigOf),
	"constraints":          moduleOf(constraint.Classes, constraint.Decode, constraint.ClassOf, constraint.ConfigOf),
}

func moduleOf[T any](classes func() []string, decode func(string, map[string]any) (T, error), class func(T) string, get func(T) map[string]any) module {
	return module{
		classes: classes,
		decode:  func(class string, conf map[string]any) (any, error) { return decode(class, conf) },
		class:   func(v any) string { return class(v.(T)) },
		config:  func(v any) map[string]any { return get(v.(T)) },
	}
}

// classOf returns the Keras class of a value of a module.
func classOf(name string, v any) string { return modules[name].class(v) }

// TestDefaultsAreComplete checks that each class has a row in defaults.
func TestDefaultsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range defaults {
		seen[d.module+"."+classOf(d.module, d.value)] = true
	}
	for module, m := range modules {
		for _, class := range m.classes() {
			if !seen[module+"."+class] {
				t.Errorf("%s.%s has no row in defaults", module, class)
			}
		}
	}
}

// TestDefaultsAreKeras compares the config of a zero value with the config of the object that
// Keras creates with default arguments.
func TestDefaultsAreKeras(t *testing.T) {
	var in []map[string]any
	for _, d := range defaults {
		args := d.args
		if args == nil {
			args = map[string]any{}
		}
		in = append(in, map[string]any{"module": d.module, "class": classOf(d.module, d.value), "args": args})
	}
	var configs []map[string]any
	graphtest.Keras(t, `
import functools, sys, json, keras
def argument(v):
    if not isinstance(v, dict):
        return v
    return keras.optimizers.deserialize(v) if v.get("module") == "keras.optimizers" else keras.layers.deserialize(v)
out = []
for o in json.load(sys.stdin):
    module = functools.reduce(getattr, o["module"].split("."), keras)
    config = getattr(module, o["class"])(**{k: argument(v) for k, v in o["args"].items()}).get_config()
    config.pop("name", None)
    out.append(config)
print(json.dumps(out))
`, in, &configs)
	for i, d := range defaults {
		got, err := modules[d.module].decode(classOf(d.module, d.value), configs[i])
		if err != nil {
			t.Error(err)
			continue
		}
		// Keras writes the learning rate as a float32.
		approximately := cmp.Comparer(func(x, y float64) bool { return graphtest.Near(x, y, 1e-7, 0) })
		if d := cmp.Diff(modules[d.module].config(got), modules[d.module].config(d.value), approximately); d != "" {
			t.Errorf("%s (-Keras, +zero value): %s", classOf(defaults[i].module, got), d)
		}
	}
}
