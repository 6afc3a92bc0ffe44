package graphtest_test

const (
	noCustomState = "not there: a metric declares its state in metric.Metric.Build"
	noOldUpdate   = "not needed: an optimizer is a description; optimizer.Optimizer.Build adds its update to the graph of a training step"
	randomSize    = "layer.RandomZoom, which scales height and width by separate factors"
)

var classNames = []nameSection{
	{group: "Layers, losses and other classes", module: "keras.layers", rows: map[string]string{
		"Layer":       "layer.Layer, the interface of custom layers",
		"Wrapper":     "layer.Layer, the interface of custom layers",
		"Input":       "lince.Input; in lince.Sequential: layer.Input",
		"InputSpec":   "not needed: the method Build of a layer checks its operand",
		"add":         "lince.Apply with layer.Add",
		"average":     "lince.Apply with layer.Average",
		"concatenate": "lince.Apply with layer.Concatenate",
		"dot":         "lince.Apply with layer.Dot",
		"maximum":     "lince.Apply with layer.Maximum",
		"minimum":     "lince.Apply with layer.Minimum",
		"multiply":    "lince.Apply with layer.Multiply",
		"subtract":    "lince.Apply with layer.Subtract",
	}},
	{module: "keras.layers.experimental.preprocessing", rows: map[string]string{
		"RandomHeight": randomSize,
		"RandomWidth":  randomSize,
	}, of: "keras.layers"},
	{module: "keras.activations", note: "A class such as layer.Dense takes the function in its field Activation. To use it as a layer, write layer.Activate.", rows: map[string]string{
		"deserialize": "layer.Function",
		"get":         "layer.Function",
		"hard_swish":  "layer.HardSiLU",
		"serialize":   "layer.Function",
		"swish":       "layer.SiLU",
		"threshold":   "layer.ReLULayer with Threshold",
	}},
	{module: "keras.losses", rows: map[string]string{
		"Loss":             "loss.Loss, the interface of custom losses",
		"Reduction":        "loss.Reduction",
		"cosine_proximity": "loss.CosineSimilarity",
	}},
	{module: "keras.losses (strings)", of: "keras.losses", note: "These are further names for compile(loss=name). loss.Parse takes all of them.", rows: map[string]string{
		"LossFunctionWrapper": "loss.Loss: a custom loss is a type with the method Build",
	}},
	{module: "keras.metrics", note: "For the string \"accuracy\" in compile(metrics=...), use metric.Accuracy. The class Accuracy is another metric.", rows: map[string]string{
		"Metric":                         "metric.Metric, the interface of custom metrics",
		"binary_focal_crossentropy":      "metric.Loss with loss.BinaryFocalCrossentropy",
		"categorical_focal_crossentropy": "metric.Loss with loss.CategoricalFocalCrossentropy",
		"cosine_proximity":               "metric.CosineSimilarity",
		"get":                            "metric.Parse, metric.Decode",
		"MeanMetricWrapper":              "metric.Loss; a custom metric is a type with the method Build",
		"huber":                          "metric.Loss with loss.Huber",
		"log_cosh":                       "metric.LogCoshError",
	}},
	{module: "keras.metrics (strings)", of: "keras.metrics", note: "These are further names for compile(metrics=[name]). metric.Parse takes them, the name of any class, such as \"AUC\", and the name of any loss. As in Keras, the key in the logs is then the name as written: \"AUC\", not \"auc\". For a Go value, set its field Name.", rows: map[string]string{
		"metric":              "metric.Metric, the interface of custom metrics",
		"acc":                 "metric.Accuracy with Name: `\"acc\"`",
		"accuracy":            "metric.Accuracy",
		"ce":                  "not there: name the class, such as metric.CategoricalCrossentropy",
		"mean_metric_wrapper": "metric.Loss; a custom metric is a type with the method Build",
		"crossentropy":        "not there: name the class, such as metric.CategoricalCrossentropy",
	}},
	{module: "keras.metrics.Metric", note: "A custom metric is a Go type with the method Build, which adds the metric to the graph of a training step.", rows: map[string]string{
		"add_variable": noCustomState,
		"add_weight":   noCustomState,
		"dtype":        "not there: metrics are computed in float32",
		"from_config":  "metric.Decode",
		"get_config":   "metric.ConfigOf",
		"reset_state":  "not needed: each epoch, evaluation and lince.Model.TestOnBatch begins with a new state",
		"result":       "callback.Logs.Get; a vector: callback.Logs.Vector",
		"update_state": "lince.Model.TestOnBatch; in a custom metric: metric.Metric.Build",
		"variables":    "not there: the state of metrics is not accessible",
	}},
	{module: "keras.optimizers", rows: map[string]string{
		"Optimizer": "optimizer.Optimizer, the interface of custom optimizers",
		"get":       "optimizer.Parse, optimizer.Decode",
	}},
	{module: "keras.optimizers (strings)", of: "keras.optimizers", note: "These are names for compile(optimizer=name). optimizer.Parse takes all of them.", rows: map[string]string{
		"optimizer": "optimizer.Optimizer, the interface of custom optimizers",
	}},
	{module: "keras.optimizers (old arguments)", rows: map[string]string{
		"decay":        "schedule.InverseTimeDecay with DecaySteps 1; the field Schedule of each optimizer, such as optimizer.SGD.Schedule",
		"epsilon=None": "the default of the field Epsilon, such as optimizer.Adam.Epsilon",
		"lr":           "the field LearningRate of each optimizer, such as optimizer.Adam.LearningRate",
	}},
	{module: "keras.optimizers.Optimizer", rows: map[string]string{
		"add_optimizer_variables":     noOldUpdate,
		"add_variable":                noOldUpdate,
		"add_variable_from_reference": noOldUpdate,
		"apply":                       noOldUpdate,
		"apply_gradients":             "lince.Model.TrainOnBatch, or lince.Model.Function for a custom training step",
		"assign":                      "graph.Builder.Assign",
		"assign_add":                  "graph.Builder.Assign",
		"assign_sub":                  "graph.Builder.Assign",
		"build":                       noOldUpdate,
		"exclude_from_weight_decay":   "the field ExcludeFromWeightDecay of each optimizer, such as optimizer.AdamW.ExcludeFromWeightDecay",
		"finalize_variable_values":    "lince.Model.ApplyAverages",
		"from_config":                 "optimizer.Decode",
		"get_config":                  "optimizer.ConfigOf",
		"iterations":                  "callback.Run.Iterations",
		"learning_rate":               "lince.Model.LearningRate, lince.Model.SetLearningRate; in callbacks: callback.Run.LearningRate, callback.Run.SetLearningRate",
		"load_own_variables":          "not needed: lince.Open restores the optimizer's state",
		"save_own_variables":          "not needed: lince.Model.Save writes the optimizer's state",
		"scale_loss":                  "optimizer.ScaleLoss",
		"set_weights":                 "not there: the optimizer's state is read only by lince.Open",
		"update_step":                 "optimizer.Optimizer.Build",
		"variables":                   "not there: the optimizer's state is not accessible; lince.Model.Save writes it",
	}},
	{module: "keras.optimizers.schedules", note: "A schedule is the value of the field Schedule of an optimizer, such as optimizer.Adam.Schedule.", rows: map[string]string{
		"LearningRateSchedule": "schedule.Schedule, the interface of custom schedules",
	}},
	{module: "keras.experimental", of: "keras.optimizers.schedules", rows: map[string]string{
		"LinearModel": "lince.Sequential with one layer.Dense",
	}},
	{module: "keras.mixed_precision", rows: map[string]string{
		"DTypePolicy":        "layer.Policy",
		"LossScaleOptimizer": "optimizer.LossScaleOptimizer",
		"Policy":             "layer.Policy",
		"dtype_policy":       "layer.Policy: the field DType of each layer",
		"global_policy":      "layer.Policy: the field DType of each layer",
		"set_dtype_policy":   "not there: lince computes in float32. A model with a layer.Policy for half precision can predict",
		"set_global_policy":  "not there: lince computes in float32. A model with a layer.Policy for half precision can predict",
	}},
	{module: "keras.initializers", rows: map[string]string{
		"Initializer": "initializer.Initializer, the interface of custom initializers",
	}},
	{module: "keras.initializers (strings)", of: "keras.initializers", rows: map[string]string{
		"initializer": "initializer.Initializer, the interface of custom initializers",
	}},
	{module: "keras.regularizers", rows: map[string]string{
		"Regularizer": "regularizer.Regularizer, the interface of custom regularizers",
		"l1_l2":       "regularizer.L1L2",
	}},
	{module: "keras.regularizers (strings)", of: "keras.regularizers", rows: map[string]string{
		"regularizer": "regularizer.Regularizer, the interface of custom regularizers",
	}},
	{module: "keras.constraints", rows: map[string]string{
		"Constraint": "constraint.Constraint, the interface of custom constraints",
	}},
	{module: "keras.constraints (strings)", of: "keras.constraints", rows: map[string]string{
		"constraint": "constraint.Constraint, the interface of custom constraints",
	}},
	{module: "keras.applications", note: "zoo.Networks lists the networks, those of EfficientNet-Lite among them. They have Keras' names of layers, so Keras' files of weights fit.", rows: sameNames("zoo",
		"ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121", "DenseNet169", "DenseNet201",
		"EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7",
		"EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S", "InceptionResNetV2",
		"InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "NASNetLarge", "NASNetMobile", "ResNet101",
		"ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50", "ResNet50V2", "VGG16", "VGG19", "Xception",
	), rest: "the functions of these modules are in package zoo; their preprocess_input is lince.Model.Preprocessing of the network, and their decode_predictions is zoo.DecodePredictions"},
	{module: "keras.applications.ResNet50", note: "The other networks have the same arguments. Those that only some have, such as alpha, are fields of zoo.Options, too.", rows: map[string]string{
		"include_top":           "zoo.Options.NoTop, the opposite",
		"weights":               "zoo.Options.Weights: a file, or zoo.ImageNet. lince never downloads it: zoo.WeightsFile.Command is the command that does",
		"input_tensor":          "lince.Apply: the network is a layer",
		"input_shape":           "zoo.Options.InputShape",
		"pooling":               "zoo.Options.Pooling",
		"classes":               "zoo.Options.Classes",
		"classifier_activation": "zoo.Options.ClassifierActivation",
		"name":                  "zoo.Options.Model, the field Name",
	}},
	{module: "keras.applications.imagenet_utils", note: "preprocess_input and decode_predictions of the other modules, such as keras.applications.vgg16, are translated alike.", rows: map[string]string{
		"decode_predictions": "zoo.DecodePredictions; for images: lince.Classification.Top",
		"preprocess_input":   "preprocess.Input; as a step before the model: lince.Model.Preprocessing",
	}},
	{module: "keras.applications.imagenet_utils.preprocess_input", rows: map[string]string{
		"x":           "an image with values from 0 to 255, to which preprocess.Steps are applied",
		"data_format": channelsLast,
		"mode":        "preprocess.Input.Mode: preprocess.Caffe, preprocess.TF or preprocess.Torch",
	}},
}

const channelsLast = "not there: lince has only channels_last"

// sameNames returns rows for functions and types of a package that have Keras' names.
func sameNames(pkg string, names ...string) map[string]string {
	rows := map[string]string{}
	for _, name := range names {
		rows[name] = pkg + "." + name
	}
	return rows
}
