package graphtest_test

const (
	noTuner      = "not there: train with each setting in a loop in Go and compare lince.Model.Evaluate"
	noFormat     = "not there: save the model as .keras, open it in Keras and export it there"
	thresholds   = "report.NewThresholds: report.Thresholds.Points"
	noFolds      = "not there: choose the rows in Go and use data.Table.Take"
	noLabels     = "not needed: data.Images numbers the class names; see data.Flow.Classes. One-hot targets of an array: data.ToCategorical"
	noScaling    = "layer.Normalization with Mean and Variance, layer.Rescaling"
	goSlices     = "a Go slice, or tensor.Of"
	sklearnKeras = "not there: lince has no models of scikit-learn; use lince.Model"
)

var libraryNames = []nameSection{
	{group: "Other libraries", module: "tensorflow", rows: map[string]string{
		"GradientTape":      "lince.Model.Function: lince.Trace.Gradient",
		"Tensor":            "tensor.Tensor; in a graph: graph.Value",
		"Variable":          "lince.Variable; in a custom layer: graph.Variable",
		"abs":               "graph.Builder.Abs",
		"argmax":            "graph.Builder.ArgMax; of a prediction: lince.Classification.Class",
		"cast":              "graph.Builder.Cast",
		"clip_by_value":     "graph.Builder.Clip",
		"concat":            "graph.Builder.Concat",
		"constant":          "tensor.Of; in a graph: graph.Builder.Constant",
		"convert_to_tensor": "tensor.Of",
		"equal":             equal,
		"expand_dims":       "graph.Builder.ExpandDims; one image: lince.Model.ClassifyImage needs no batch",
		"function":          noCompiler,
		"matmul":            "graph.Builder.MatMul",
		"newaxis":           "graph.Builder.ExpandDims",
		"one_hot":           "data.ToCategorical; in a graph: graph.Builder.OneHot",
		"ones":              "tensor.New, tensor.Of",
		"py_function":       "not needed: a data.Dataset is Go code",
		"reduce_max":        "graph.Builder.ReduceMax",
		"reduce_mean":       "graph.Builder.Mean",
		"reduce_sum":        "graph.Builder.Sum",
		"reshape":           "graph.Builder.Reshape",
		"shape":             "tensor.Tensor.Shape; in a graph: graph.Builder.Size",
		"squeeze":           "graph.Builder.Squeeze",
		"stack":             "graph.Builder.Concat after graph.Builder.ExpandDims",
		"transpose":         "graph.Builder.Transpose",
		"where":             "graph.Builder.Select",
		"zeros":             "tensor.New",
	}},
	{module: "tensorflow.config", rows: map[string]string{
		"experimental.enable_op_determinism": "not needed: the same seed gives the same bits; see lince.Options.Seed",
		"experimental.set_memory_growth":     noDevices,
		"list_physical_devices":              noDevices,

		"threading.set_intra_op_parallelism_threads": "lince.Options.Threads",
	}},
	{module: "tensorflow.distribute", rows: map[string]string{
		"MirroredStrategy": noDevices,
		"TPUStrategy":      noDevices,
	}},
	{module: "tensorflow.io", rows: map[string]string{
		"TFRecordWriter":       "not there: lince does not write TFRecord files",
		"parse_single_example": "not there: lince does not read TFRecord files; implement data.Dataset",
		"read_file":            "os.ReadFile",
	}},
	{module: "tensorflow.lite", rows: map[string]string{
		"Interpreter":     "lince.Model.Predict, of a model that lince.Open read",
		"TFLiteConverter": "lince.Model.Export with a file that ends in .tflite: float32, without quantization",
	}},
	{module: "tensorflow.math", rows: map[string]string{
		"confusion_matrix": "report.Classify: report.Classification.Confusion",
	}},
	{module: "tensorflow.nn", rows: map[string]string{
		"relu":    "graph.Builder.ReLU, layer.ReLU",
		"sigmoid": "graph.Builder.Sigmoid, layer.Sigmoid",
		"softmax": "graph.Builder.Softmax, layer.Softmax; a model without it: lince.Model.GivesLogits",

		"sparse_softmax_cross_entropy_with_logits": "loss.SparseCategoricalCrossentropy with FromLogits",
	}},
	{module: "tensorflow.random", rows: map[string]string{
		"normal":   streams,
		"set_seed": "lince.Options.Seed for the model, data.TensorOptions.Seed or data.ImageOptions.Seed for the data",
		"uniform":  streams,
	}},
	{module: "tensorflow.saved_model", rows: map[string]string{
		"load": "not there: the error of lince.Open has the lines of Python that convert the folder to .keras or ONNX",
		"save": noFormat,
	}},
	{module: "tensorflow.summary", rows: map[string]string{
		"create_file_writer": "callback.TensorBoard",
		"image":              "callback.TensorBoard.FirstBatch, callback.TensorBoard.Mistakes",
		"scalar":             "callback.Logs.Set in a callback before callback.TensorBoard",
	}},
	{module: "tensorflow.train", rows: map[string]string{
		"Checkpoint":        "callback.BackupAndRestore",
		"CheckpointManager": "callback.BackupAndRestore, callback.ModelCheckpoint",
		"latest_checkpoint": "not needed: lince.Model.Fit with callback.BackupAndRestore finds its checkpoint",
	}},
	{module: "tensorflow_datasets", rows: map[string]string{
		"load": noDownload,
	}},
	{module: "tensorflow_hub", rows: map[string]string{
		"KerasLayer": "not there: it runs a SavedModel of TensorFlow. Convert it to ONNX with tf2onnx and use lince.Open, or use a network of zoo.Networks",
	}},
	{module: "tensorflowjs", rows: map[string]string{
		"converters.save_keras_model": noFormat,
	}},
	{module: "keras_tuner", rows: map[string]string{
		"BayesianOptimization": noTuner,
		"Hyperband":            noTuner,
		"RandomSearch":         noTuner,
	}},
	{module: "keras.wrappers.scikit_learn", rows: map[string]string{
		"KerasClassifier": sklearnKeras,
		"KerasRegressor":  sklearnKeras,
	}},
	{module: "sklearn.calibration", rows: map[string]string{
		"CalibrationDisplay": "report.Reliability",
		"calibration_curve":  "report.Calibrate: report.Calibration.Bins",
	}},
	{module: "sklearn.metrics", rows: map[string]string{
		"ConfusionMatrixDisplay":          "report.Confusion",
		"accuracy_score":                  "report.Classification.Accuracy",
		"auc":                             "report.Thresholds.AUC; in training: metric.AUC",
		"classification_report":           "report.Classify: report.Classification.String",
		"confusion_matrix":                "report.Classify: report.Classification.Confusion",
		"f1_score":                        "report.Scores.F1; in training: metric.F1Score",
		"log_loss":                        "report.Calibrate: report.Calibration.LogLoss",
		"mean_squared_error":              "metric.MeanSquaredError",
		"precision_recall_curve":          thresholds,
		"precision_recall_fscore_support": "report.Classification.PerClass",
		"precision_score":                 "report.Scores.Precision; in training: metric.Precision",
		"recall_score":                    "report.Scores.Recall; in training: metric.Recall",
		"roc_auc_score":                   "report.Thresholds.AUC; in training: metric.AUC",
		"roc_curve":                       thresholds,
	}},
	{module: "sklearn.model_selection", rows: map[string]string{
		"GridSearchCV":           noTuner,
		"GroupShuffleSplit":      "data.SplitOptions.Groups, with data.TrainTestSplit; on the command line: lince train --group",
		"KFold":                  noFolds,
		"StratifiedGroupKFold":   "data.StratifiedGroupKFold; on the command line: lince train --folds --group",
		"StratifiedKFold":        "data.StratifiedKFold, data.Table.StratifiedKFold; on the command line: lince train --folds",
		"StratifiedShuffleSplit": "data.SplitOptions.Stratify, with data.TrainTestSplit",
		"cross_val_score":        noFolds,
		"train_test_split":       "data.Table.TrainTestSplit, data.TrainTestSplit",
	}},
	{module: "sklearn.preprocessing", rows: map[string]string{
		"LabelBinarizer": noLabels,
		"LabelEncoder":   noLabels,
		"MinMaxScaler":   noScaling,
		"OneHotEncoder":  noLabels,
		"StandardScaler": noScaling,
	}},
	{module: "sklearn.utils", rows: map[string]string{
		"class_weight.compute_class_weight":  "data.Flow.BalancedClassWeight, for lince.FitOptions.ClassWeight",
		"class_weight.compute_sample_weight": "data.ImageOptions.Weights, of the weights of data.Flow.BalancedClassWeight",
		"shuffle":                            "not needed: data.Images and data.Tensors shuffle the rows",
	}},
	{module: "numpy", rows: map[string]string{
		"argmax":             "lince.Classification.Class, from lince.Model.Classify",
		"array":              goSlices,
		"concatenate":        goSlices,
		"expand_dims":        "not needed: lince.Model.ClassifyImage takes one image",
		"mean":               "not there for tensors: a loop over tensor.Tensor.Float32s",
		"random.permutation": "rand.Perm",
		"stack":              goSlices,
		"unique":             "data.Table.Classes, data.Table.Counts",
		"zeros":              "tensor.New",
		"load":               "npy.ReadFile; .npz: npy.ReadArchive",
		"random.seed":        "lince.Options.Seed, data.SplitOptions.RandomState",
		"save":               "npy.Write",
		"savez":              "npy.WriteArchive",
	}},
	{module: "pandas", rows: map[string]string{
		"DataFrame":           "data.Table; of rows in memory: data.NewTable",
		"DataFrame.apply":     "a loop over data.Table.All, then data.NewTable",
		"DataFrame.iloc":      "data.Table.Row, data.Table.Take",
		"DataFrame.iterrows":  "data.Table.All",
		"DataFrame.sample":    "data.Table.Take of rand.Perm; data.Images shuffles the rows of each epoch without it",
		"DataFrame.to_csv":    "data.Table.WriteCSV",
		"Series.value_counts": "data.Table.Counts",
		"concat":              "data.Concat",
		"read_csv":            "data.Open of a CSV file",
	}},
	{module: "seaborn", rows: map[string]string{
		"heatmap": "report.Confusion",
	}},
	{module: "matplotlib.pyplot", rows: map[string]string{
		"imshow":  "report.Gallery; in the terminal: picture.Terminal",
		"plot":    "report.Curves of the history that lince.Model.Fit returns",
		"figure":  "not needed: a function of package report writes a whole image",
		"savefig": "report.Curves, which writes a PNG",
		"show":    "not there: the functions of package report write PNG files",
		"subplot": "report.Gallery",
	}},
	{module: "PIL.Image", rows: map[string]string{
		"open": "picture.Load, picture.Decode",
	}},
	{module: "cv2", rows: map[string]string{
		"cvtColor": "picture.Decode with another picture.ColorMode; preprocess.BGR",
		"imread":   "picture.Load, picture.Decode",
		"resize":   "picture.Resize, preprocess.Resize",
	}},
}
