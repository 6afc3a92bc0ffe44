"""Writes internal/graphtest/testdata/names.json: the public names of Keras that docs/keras.md translates.

Run with the packages of requirements.txt:  python internal/golden/names.py
"""

import importlib
import importlib.util
import inspect
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
from keras.src.legacy.preprocessing import image as legacy

OUT = pathlib.Path(__file__).resolve().parents[2] / "internal" / "graphtest" / "testdata" / "names.json"

MODULES = [
    "activations", "applications", "applications.imagenet_utils", "callbacks", "constraints", "datasets", "initializers", "layers", "losses",
    "metrics", "mixed_precision", "models", "optimizers", "optimizers.schedules", "preprocessing.image", "regularizers", "saving", "utils",
]
# Names of Keras 2 and tf.keras that scripts still use.
OLD = {
    "keras.Model": ["fit_generator", "evaluate_generator", "predict_generator", "predict_classes", "predict_proba"],
    "keras.utils": ["multi_gpu_model", "np_utils", "OrderedEnqueuer", "GeneratorEnqueuer", "HDF5Matrix", "CustomObjectScope", "text_dataset_from_directory"],
    "keras.layers": ["CuDNNGRU", "CuDNNLSTM", "DenseFeatures", "LocallyConnected1D", "LocallyConnected2D", "MaxoutDense", "Merge", "ThresholdedReLU"],
    "keras.losses": ["Reduction", "cosine_proximity", "kullback_leibler_divergence", "logcosh"],
    "keras.metrics": ["cosine_proximity", "fbeta_score"],
    "keras.callbacks": ["BaseLogger", "experimental.BackupAndRestore", "experimental.LearningRateScheduler"],
    "keras.models": ["model_from_config", "model_from_yaml"],
}
# Attributes that instances have.
INSTANCES = {
    "keras.Model": ["history", "input", "input_names", "name", "optimizer", "output", "output_names", "stop_training", "to_yaml"],
    "keras.layers.Layer": ["name", "kernel", "bias", "input_shape", "output_shape", "activation"],
    "keras.callbacks.History": ["epoch", "history", "params"],
}
# Keyword arguments that are not in the signature.
KEYWORDS = {
    "keras.Model.export": ["opset_version"],
    "keras.Model.load_weights": ["by_name"],
}
# Other libraries, as image scripts use them. The names are checked if the library is installed.
OTHERS = {
    "tensorflow": [
        "GradientTape", "Tensor", "Variable", "abs", "argmax", "cast", "clip_by_value", "concat", "constant", "convert_to_tensor", "equal",
        "expand_dims", "function", "matmul", "newaxis", "one_hot", "ones", "py_function", "reduce_max", "reduce_mean", "reduce_sum", "reshape",
        "shape", "squeeze", "stack", "transpose", "where", "zeros",
    ],
    "tensorflow.config": ["experimental.set_memory_growth", "experimental.enable_op_determinism", "list_physical_devices", "threading.set_intra_op_parallelism_threads"],
    "tensorflow.data": ["AUTOTUNE", "Dataset", "experimental.cardinality", "TFRecordDataset"],
    "tensorflow.data.Dataset": [
        "as_numpy_iterator", "batch", "cache", "concatenate", "enumerate", "filter", "from_generator", "from_tensor_slices", "interleave",
        "list_files", "map", "padded_batch", "prefetch", "repeat", "save", "shuffle", "skip", "take", "unbatch", "zip",
    ],
    "tensorflow.distribute": ["MirroredStrategy", "TPUStrategy"],
    "tensorflow.image": [
        "adjust_brightness", "adjust_contrast", "central_crop", "convert_image_dtype", "decode_image", "decode_jpeg", "decode_png",
        "flip_left_right", "grayscale_to_rgb", "random_brightness", "random_contrast", "random_crop", "random_flip_left_right",
        "random_flip_up_down", "random_hue", "random_saturation", "resize", "resize_with_crop_or_pad", "resize_with_pad", "rgb_to_grayscale", "rot90",
    ],
    "tensorflow.io": ["read_file", "parse_single_example", "TFRecordWriter"],
    "tensorflow.lite": ["Interpreter", "TFLiteConverter"],
    "tensorflow.math": ["confusion_matrix"],
    "tensorflow.nn": ["relu", "sigmoid", "softmax", "sparse_softmax_cross_entropy_with_logits"],
    "tensorflow.random": ["normal", "set_seed", "uniform"],
    "tensorflow.saved_model": ["load", "save"],
    "tensorflow.summary": ["create_file_writer", "image", "scalar"],
    "tensorflow.train": ["Checkpoint", "CheckpointManager", "latest_checkpoint"],
    "tensorflow_datasets": ["load"],
    "tensorflow_hub": ["KerasLayer"],
    "tensorflowjs": ["converters.save_keras_model"],
    "keras_tuner": ["BayesianOptimization", "Hyperband", "RandomSearch"],
    "sklearn.calibration": ["CalibrationDisplay", "calibration_curve"],
    "sklearn.metrics": [
        "ConfusionMatrixDisplay", "accuracy_score", "auc", "classification_report", "confusion_matrix", "f1_score", "log_loss",
        "mean_squared_error", "precision_recall_curve", "precision_recall_fscore_support", "precision_score", "recall_score", "roc_auc_score", "roc_curve",
    ],
    "sklearn.model_selection": ["GridSearchCV", "GroupShuffleSplit", "KFold", "StratifiedGroupKFold", "StratifiedKFold", "StratifiedShuffleSplit", "cross_val_score", "train_test_split"],
    "sklearn.preprocessing": ["LabelBinarizer", "LabelEncoder", "MinMaxScaler", "OneHotEncoder", "StandardScaler"],
    "sklearn.utils": ["class_weight.compute_class_weight", "class_weight.compute_sample_weight", "shuffle"],
    "numpy": ["argmax", "array", "concatenate", "expand_dims", "load", "mean", "random.permutation", "random.seed", "save", "savez", "stack", "unique", "zeros"],
    "matplotlib.pyplot": ["figure", "imshow", "plot", "savefig", "show", "subplot"],
    "pandas": ["DataFrame", "DataFrame.apply", "DataFrame.iloc", "DataFrame.iterrows", "DataFrame.sample", "DataFrame.to_csv", "Series.value_counts", "concat", "read_csv"],
    "seaborn": ["heatmap"],
    "PIL.Image": ["open"],
    "cv2": ["cvtColor", "imread", "resize"],
    "keras.wrappers.scikit_learn": ["KerasClassifier", "KerasRegressor"],
    "keras.layers.experimental.preprocessing": [
        "CenterCrop", "Normalization", "RandomContrast", "RandomCrop", "RandomFlip", "RandomHeight", "RandomRotation", "RandomTranslation",
        "RandomWidth", "RandomZoom", "Rescaling", "Resizing",
    ],
    "keras.preprocessing": ["image_dataset_from_directory", "sequence.pad_sequences", "text.Tokenizer"],
    "keras.optimizers (old arguments)": ["decay", "epsilon=None", "lr"],
    "keras.experimental": ["CosineDecay", "LinearModel"],
}
# The functions of keras.backend that scripts of Keras 2 use in losses, metrics and layers.
BACKEND = [
    "abs", "argmax", "batch_dot", "batch_flatten", "binary_crossentropy", "cast", "categorical_crossentropy", "clip", "concatenate", "count_params",
    "dot", "equal", "eval", "exp", "expand_dims", "flatten", "function", "get_session", "get_value", "gradients", "greater", "int_shape", "l2_normalize",
    "learning_phase", "log", "max", "maximum", "mean", "min", "minimum", "ndim", "one_hot", "ones_like", "permute_dimensions", "placeholder", "pow",
    "random_normal", "reshape", "round", "set_image_dim_ordering", "set_learning_phase", "set_session", "set_value", "shape", "sigmoid", "softmax",
    "sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "std", "stack", "stop_gradient", "sum", "switch", "tanh", "tf", "transpose", "update", "var",
    "variable", "zeros_like",
]
# The arguments of classes whose constructors have them by name. All other classes have their arguments in the tables of docs/keras.md.
CONSTRUCTORS = [
    "callbacks.BackupAndRestore", "callbacks.CSVLogger", "callbacks.EarlyStopping", "callbacks.LambdaCallback", "callbacks.LearningRateScheduler",
    "callbacks.ModelCheckpoint", "callbacks.ReduceLROnPlateau", "callbacks.RemoteMonitor", "callbacks.SwapEMAWeights", "callbacks.TensorBoard",
    "callbacks.TerminateOnNaN",
]


def public(names):
    return sorted(n for n in names if not n.startswith("_"))


def methods(cls, *, but=()):
    return public({n for n, f in inspect.getmembers(cls) if callable(f) or isinstance(f, property)} - set(but))


def arguments(f):
    return [p for p in inspect.signature(f).parameters if p not in ("self", "args", "kwargs")]


def main():
    out = {}
    for m in MODULES:
        module = keras
        for part in m.split("."):
            module = getattr(module, part)
        out["keras." + m] = public(n for n in dir(module) if not inspect.ismodule(getattr(module, n)) or m in ("applications", "datasets"))
    # The names that a string can have, as in compile(loss="mse").
    for m in ["constraints", "initializers", "losses", "metrics", "optimizers", "regularizers"]:
        strings = [n for n in map(str, vars(importlib.import_module("keras.src." + m))["ALL_OBJECTS_DICT"]) if n not in out["keras." + m]]
        out["keras." + m + " (strings)"] = public(strings)
    out["keras.metrics (strings)"] = sorted([*out["keras.metrics (strings)"], "acc", "ce", "crossentropy"])
    layer = methods(keras.layers.Layer)
    out["keras.Model"] = sorted(set(methods(keras.Model)) - set(layer))
    out["keras.Sequential"] = sorted(set(methods(keras.Sequential)) - set(methods(keras.Model)))
    out["keras.layers.Layer"] = [n for n in layer if not n.startswith(("stateless_", "symbolic_"))]
    for name in ["compile", "fit", "evaluate", "predict", "summary", "save", "save_weights", "load_weights", "export", "train_on_batch", "get_layer"]:
        out["keras.Model." + name] = arguments(getattr(keras.Model, name))
    out["keras.models.load_model"] = arguments(keras.models.load_model)
    generator = legacy.ImageDataGenerator
    out["keras.preprocessing.image"] += ["ImageDataGenerator", "DirectoryIterator"] + public(n for n in dir(legacy) if n.startswith(("apply_", "random_")))
    out["keras.preprocessing.image.ImageDataGenerator"] = arguments(generator.__init__) + methods(generator)
    for name in ["flow", "flow_from_directory", "flow_from_dataframe"]:
        out["keras.preprocessing.image.ImageDataGenerator." + name] = arguments(getattr(generator, name))
    out["keras.preprocessing.image.DirectoryIterator"] = ["class_indices", "classes", "filenames", "image_shape", "n", "next", "num_classes", "reset", "samples"]
    out["keras.utils.image_dataset_from_directory"] = arguments(keras.utils.image_dataset_from_directory) + ["class_names"]
    out["keras.utils.plot_model"] = arguments(keras.utils.plot_model)
    out["keras.utils.to_categorical"] = arguments(keras.utils.to_categorical)
    for name in CONSTRUCTORS:
        module, cls = name.split(".")
        out["keras." + name] = arguments(getattr(getattr(keras, module), cls).__init__)
    out["keras.callbacks.Callback"] = methods(keras.callbacks.Callback)
    out["keras.optimizers.Optimizer"] = [n for n in methods(keras.optimizers.Optimizer) if not n.startswith("stateless_")]
    out["keras.metrics.Metric"] = [n for n in methods(keras.metrics.Metric) if not n.startswith("stateless_")]
    out["keras.applications.ResNet50"] = arguments(keras.applications.ResNet50)
    out["keras.applications.imagenet_utils.preprocess_input"] = arguments(keras.applications.imagenet_utils.preprocess_input)
    out["keras.random"] = public(dir(keras.random))
    out["keras.config"] = public(dir(keras.config))
    out["keras.backend"] = sorted({*public(dir(keras.backend)), *BACKEND})
    out["keras.ops"] = public(n for n in dir(keras.ops) if not inspect.ismodule(getattr(keras.ops, n)))
    out["keras"] = public(n for n in dir(keras) if not inspect.ismodule(getattr(keras, n)))
    for m, names in OTHERS.items():
        check(m, names)
        out[m] = sorted(names)
    for extra in (OLD, INSTANCES):
        for m, names in extra.items():
            out[m] = sorted({*out.get(m, []), *names})
    for m, names in KEYWORDS.items():
        out[m] += names
    out = {m: list(dict.fromkeys(names)) for m, names in out.items()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(out, indent=1) + "\n")


def check(module, names):
    """Checks that an installed library has the names."""
    root = module.split(".")[0]
    if root == "keras" or importlib.util.find_spec(root) is None:
        return
    for name in names:
        at, path = importlib.import_module(root), root
        for part in f"{module}.{name}".split(".")[1:]:
            path += "." + part
            if not hasattr(at, part):
                importlib.import_module(path)
            at = getattr(at, part)


main()
