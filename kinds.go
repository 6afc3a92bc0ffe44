package lince

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/shell"
)

// FileKind is a kind of model file. FileKinds lists all kinds that lince recognizes.
type FileKind struct {
	// Name identifies the kind, such as "keras", "h5" or "onnx".
	Name string
	// Title names the kind in messages, with its article: "a TensorFlow Lite model".
	Title string
	// Suffixes are the suffixes of the names of such files, in lowercase, the usual one first. Open ignores them: the
	// content of a file decides its kind.
	Suffixes []string
	// Opens reports whether Open reads such files as models.
	Opens bool
	// Saves reports whether Save writes such files.
	Saves bool
	// Exports reports whether Export writes such files.
	Exports bool
	// Tensors reports whether OpenTensors reads such files.
	Tensors bool
	// Refusal is the reason why Open does not read such files, with the command or the lines of Python that convert
	// them. It is empty if Opens is true.
	Refusal string
}

// FileKinds returns all kinds of model files that lince recognizes.
func FileKinds() []FileKind {
	var list []FileKind
	for _, k := range kinds() {
		list = append(list, k.public("FILE"))
	}
	return list
}

// FileKindOf returns the kind of the file or folder at path. The content decides it, not the name. FileKindOf returns an error
// if there is no such kind in FileKinds.
func FileKindOf(path string) (FileKind, error) {
	k, err := kindAt(path)
	if err != nil {
		return FileKind{}, fmt.Errorf("%s: %w", path, err)
	}
	return k.public(path), nil
}

func kindAt(path string) (*kind, error) {
	f, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	return sniff(f)
}

// source is a file that a model is read from, or a folder.
type source struct {
	r      io.ReaderAt // nil for a folder
	size   int64
	path   string // the file's name; "" if the bytes are in memory
	folder *kind  // the kind of a folder, nil for a file
}

// openSource opens a file, or a folder that is of a kind.
func openSource(path string) (source, error) {
	if k := folderKind(path); k != nil {
		return source{path: path, folder: k}, nil
	}
	f, size, err := openRegular(path)
	return source{r: f, size: size, path: path}, err
}

// close closes the file of openSource.
func (f source) close() {
	if c, ok := f.r.(io.Closer); ok {
		_ = c.Close() // only read
	}
}

// name returns the file's name for the commands in a refusal.
func (f source) name() string {
	if f.path == "" {
		return "FILE"
	}
	return f.path
}

// kind is a row of the table of kinds. Nil functions are for what lince does not do with the kind.
type kind struct {
	name     string
	title    string
	suffixes []string
	// is reports whether a file is of this kind. head holds its first bytes, at most sniffSize.
	is func(f source, head []byte) bool
	// folder reports whether a folder is of this kind. has reports whether it has a file or a folder.
	folder func(has func(name string) bool) bool
	// open makes a model of a file. The network, the weights, or what the file refers to may be invalid.
	open func(o Options, f source) (*Model, error)
	// save writes what Save writes to a file of this kind.
	save func(w io.Writer, m *Model, f *keras.File) error
	// export writes the file that Export writes.
	export func(m *Model, path string, o ExportOptions) error
	// weights plans the loading of weights from a file of this kind, and saveWeights writes what SaveWeights writes.
	weights     func(m *Model, f source, o WeightsOptions) (*weightPlan, error)
	saveWeights func(w io.Writer, m *Model, f *keras.File) error
	// tensors lists the tensors in a file of weights.
	tensors func(f source) ([]namedTensor, error)
	// named means that WeightsOptions.Names has a meaning.
	named bool
	// refusal says why open is nil, and how to convert the file. FILE stands for its path, STEM for its
	// path without the suffix, and NAME for its name without the suffix.
	refusal string
	// inside says which model a file of this kind contains, and how to unpack it. It is "" if there is none.
	inside func(f source) string
	// inFolder says that the file belongs to the folder that it is in. If that is of a kind, too, its refusal is used.
	inFolder bool
}

// kinds is the table of kinds. The first row whose is or folder is true applies. Kinds with a signature come first, then
// archives and text, then protocol buffers, which have no signature, and last what only its name tells.
func kinds() []*kind {
	return []*kind{
		{
			name: "keras", title: "a Keras model", suffixes: []string{".keras"},
			is:     isKeras,
			folder: keras.IsFolder,
			open:   openKeras,
			save:   func(w io.Writer, _ *Model, f *keras.File) error { return keras.Write(w, f) },

			weights: weightsOfKeras,
		},
		{
			name: "h5", title: "a Keras model in HDF5", suffixes: []string{".h5", ".hdf5"},
			is:   isKerasHDF5,
			open: openH5,
			save: saveH5,

			weights:     weightsOfLegacy,
			saveWeights: writeLegacyWeights,
		},
		{
			name: "tflite", title: "a TensorFlow Lite model", suffixes: []string{".tflite"},
			is:     func(_ source, head []byte) bool { return at(head, 4, "TFL3") },
			open:   openTFLite,
			export: (*Model).exportTFLite,
		},
		{
			name: "weights.h5", title: "a file of Keras weights", suffixes: []string{".weights.h5"},
			is:      isKerasWeights,
			refusal: needsNetwork,

			weights:     weightsOfH5,
			tensors:     tensorsOfH5,
			saveWeights: writeKerasWeights,
		},
		{
			name: "legacy-weights", title: "a file of Keras 2 weights", suffixes: []string{".h5", ".hdf5"},
			is:      isLegacyWeights,
			refusal: needsNetwork,

			weights: weightsOfLegacy,
			tensors: tensorsOfLegacy,
		},
		{
			name: "safetensors", title: "a safetensors file", suffixes: []string{".safetensors"},
			is: isSafetensors,

			open:        openSafetensors,
			save:        writeSafetensors,
			weights:     weightsOfSafetensors,
			tensors:     tensorsOfSafetensors,
			saveWeights: writeSafetensorsWeights,
			named:       true,
		},
		{
			name: "torchscript", title: "a TorchScript model", suffixes: []string{".pt", ".torchscript"},
			is: isTorchScript,
			refusal: `convert it with Python (the shape is that of the model's input):
import torch
torch.onnx.export(torch.jit.load("FILE").eval(), torch.zeros(1, 3, 224, 224), "NAME.onnx", dynamo=False)`,
		},
		{
			name: "torch-export", title: "a program of torch.export", suffixes: []string{".pt2"},
			is: isTorchExport,
			refusal: `convert it with Python:
import torch
torch.onnx.export(torch.export.load("FILE"), f="NAME.onnx", dynamo=True)`,
		},
		{
			name: "torch", title: "a PyTorch file", suffixes: []string{".pth", ".pt", ".bin"},
			is: isTorch,

			open:    openTorch,
			weights: weightsOfTorch,
			tensors: torchTensors,
			named:   true,
		},
		{
			name: "npz", title: "an archive of NumPy arrays, not a model", suffixes: []string{".npz"},
			is: isNPZ,
			refusal: `set the network's weights from it with Python:
model.set_weights(list(numpy.load("FILE").values())) # with the arrays in the order of model.get_weights()
model.save("NAME.keras")`,
		},
		{
			name: "hdf5", title: "an HDF5 file that is not Keras'", suffixes: []string{".h5", ".hdf5"},
			is:      func(f source, head []byte) bool { return hdf5Start(f) },
			refusal: "want one that model.save wrote; it has neither a model_config nor layers",
		},
		{
			name: "gguf", title: "a GGUF language model", suffixes: []string{".gguf"},
			is:      func(_ source, head []byte) bool { return at(head, 0, "GGUF") },
			refusal: "lince runs models of images; llama.cpp runs such files",
		},
		{
			name: "ort", title: "a model in ONNX Runtime's own format", suffixes: []string{".ort"},
			is:      func(_ source, head []byte) bool { return at(head, 4, "ORTM") },
			refusal: "use the .onnx file that it was made from",
		},
		{
			name: "executorch", title: "an ExecuTorch program", suffixes: []string{".pte"},
			is:      func(_ source, head []byte) bool { return at(head, 4, "ET12") },
			refusal: "export the PyTorch model to ONNX with torch.onnx.export",
		},
		{
			name: "mxnet", title: "a file of MXNet weights", suffixes: []string{".params"},
			is: func(_ source, head []byte) bool { return at(head, 0, "\x12\x01\x00\x00\x00\x00\x00\x00") },
			refusal: `convert it with Python (the shape is that of the model's input):
import mxnet, numpy
mxnet.onnx.export_model("NAME-symbol.json", "FILE", [(1, 3, 224, 224)], numpy.float32, "NAME.onnx")`,
		},
		{
			name: "keras-pickle", title: "a pickled Keras model", suffixes: []string{".pkl", ".pickle", ".joblib"},
			is: isKerasPickle,
			refusal: `reading it would run code that it contains. If the file is your own, convert it with Python:
python -c 'import pickle; pickle.load(open("FILE", "rb")).save("NAME.keras")'`,
		},
		{
			name: "pickle", title: "a Python pickle", suffixes: []string{".pkl", ".pickle", ".joblib"},
			is:      isPickle,
			refusal: "reading it would run code that it contains; load it in the program that wrote it, and save the model as .keras or ONNX",
		},
		{
			name: "gzip", title: "a compressed file (gzip)", suffixes: []string{".gz", ".tgz"},
			is:      func(_ source, head []byte) bool { return at(head, 0, "\x1f\x8b") },
			inside:  insideGzip,
			refusal: "unpack it and open the model inside",
		},
		{
			name: "tar", title: "a tar archive", suffixes: []string{".tar"},
			is:      func(_ source, head []byte) bool { return at(head, 257, "ustar") },
			inside:  insideTar,
			refusal: "unpack it and open the model inside",
		},
		{
			name: "packed", title: "a compressed file (bzip2, xz, zstd, 7z, rar or another)", suffixes: []string{".bz2", ".xz", ".zst", ".7z", ".rar"},
			is:      isPacked,
			refusal: "unpack it and open the model inside",
		},
		{
			name: "zip", title: "a zip archive other than a .keras file", suffixes: []string{".zip"},
			is:      func(_ source, head []byte) bool { return isZip(head) },
			inside:  insideZip,
			refusal: "a .keras file has the members config.json and model.weights.h5; if this archive contains a model file, unpack it",
		},
		{
			name: "lfs", title: "a Git LFS pointer, not the model", suffixes: nil,
			is:      func(_ source, head []byte) bool { return at(head, 0, "version https://git-lfs.github.com/spec/") },
			refusal: "run git lfs pull in its repository, or download the file itself",
		},
		{
			name: "html", title: "a web page, not a model", suffixes: []string{".html"},
			is:      isHTML,
			refusal: "the download was redirected to a page; download the file again",
		},
		{
			name: "tfjs", title: "a TensorFlow.js model", suffixes: []string{".json"},
			is:      isTensorFlowJS,
			refusal: "convert it (pip install tensorflowjs):\ntensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras FILE NAME.h5",
		},
		{
			name: "mxnet-symbol", title: "an MXNet network", suffixes: []string{".json"},
			is: isMXNetSymbol,
			refusal: `convert it and its .params file with Python (the shape is that of the model's input):
import mxnet, numpy
mxnet.onnx.export_model("FILE", "NAME-0000.params", [(1, 3, 224, 224)], numpy.float32, "NAME.onnx")`,
		},
		{
			name: "weights.json", title: "a map of sharded Keras weights", suffixes: []string{".weights.json"},
			is:      isShardMap,
			refusal: needsNetwork,

			weights: weightsOfShards,
			tensors: tensorsOfShards,
		},
		{
			name: "json", title: "a Keras network in JSON", suffixes: []string{".json"},
			is:   isKerasJSON,
			open: openJSON,
		},
		{
			name: "yaml", title: "a Keras network in YAML", suffixes: []string{".yaml", ".yml"},
			is: isKerasYAML,
			refusal: `convert it with Python and a Keras before 2.6:
model = keras.models.model_from_yaml(open("FILE").read())
open("NAME.json", "w").write(model.to_json())`,
		},
		{
			name: "openvino", title: "an OpenVINO model", suffixes: []string{".xml"},
			is:      isOpenVINO,
			refusal: "OpenVINO does not convert it back; export the model that it was made from as .keras or ONNX",
		},
		{
			name: "darknet", title: "a Darknet network", suffixes: []string{".cfg"},
			is:      isDarknet,
			refusal: "convert it and its .weights file with convert.py of github.com/qqwweee/keras-yolo3:\npython convert.py FILE NAME.weights NAME.h5",
		},
		{
			name: "prototxt", title: "a Caffe network", suffixes: []string{".prototxt"},
			is:      isPrototxt,
			refusal: caffe,
		},
		{
			name: "keras-savedmodel", title: "a TensorFlow SavedModel of Keras", suffixes: nil,
			folder: func(has func(string) bool) bool { return has(savedModelFile) && has("keras_metadata.pb") },
			refusal: `convert it with Python (pip install tf_keras):
import tf_keras
tf_keras.models.load_model("FILE").save("NAME.keras")`,
		},
		{
			name: "savedmodel", title: "a TensorFlow SavedModel", suffixes: nil,
			folder:  func(has func(string) bool) bool { return has(savedModelFile) },
			refusal: "save the model that it was exported from with model.save(\"NAME.keras\"), or convert it to ONNX (pip install tf2onnx):\npython -m tf2onnx.convert --saved-model FILE --output NAME.onnx",
		},
		{
			name: "savedmodel-graph", title: "the graph of a TensorFlow SavedModel", suffixes: []string{".pb"},
			is: isSavedModel, inFolder: true,
			refusal: "a SavedModel is a folder with saved_model.pb and the folder variables; give the path of that folder",
		},
		{
			name: "mlpackage", title: "a Core ML model", suffixes: []string{".mlpackage"},
			folder:  func(has func(string) bool) bool { return has("Manifest.json") && has("Data") },
			refusal: coreML,
		},
		{
			name: "onnx", title: "an ONNX model", suffixes: []string{".onnx"},
			is:     isONNX,
			open:   openONNX,
			export: (*Model).exportONNX,
		},
		{
			name: "coreml", title: "a Core ML model", suffixes: []string{".mlmodel"},
			is:      isCoreML,
			refusal: coreML,
		},
		{
			name: "paddle", title: "a PaddlePaddle program", suffixes: []string{".pdmodel"},
			is:      isPaddle,
			refusal: "convert it and its .pdiparams file (pip install paddle2onnx):\npaddle2onnx --model_dir . --model_filename FILE --params_filename NAME.pdiparams --save_file NAME.onnx",
		},
		{
			name: "caffe", title: "a Caffe model", suffixes: []string{".caffemodel"},
			is:      isCaffe,
			refusal: caffe,
		},
		{
			name: "tensorflow", title: "a frozen TensorFlow graph", suffixes: []string{".pb"},
			is:      isGraphDef,
			refusal: "convert it (pip install tf2onnx) with the names of its inputs and outputs:\npython -m tf2onnx.convert --graphdef FILE --inputs input:0 --outputs output:0 --output NAME.onnx",
		},
		{
			name: "checkpoint", title: "a TensorFlow checkpoint", suffixes: []string{".ckpt.index", ".index", ".meta"},
			is:      isCheckpoint,
			refusal: checkpoints,
		},
		{
			name: "checkpoint-data", title: "the data of a TensorFlow checkpoint", suffixes: []string{".ckpt"},
			is:      func(f source, _ []byte) bool { return checkpointData.MatchString(f.path) },
			refusal: checkpoints,
		},
		{
			name: "darknet-weights", title: "a file of Darknet weights", suffixes: []string{".weights"},
			is:      isDarknetWeights,
			refusal: "convert it and its .cfg file with convert.py of github.com/qqwweee/keras-yolo3:\npython convert.py NAME.cfg FILE NAME.h5",
		},
	}
}

// Refusals of several rows.
const (
	needsNetwork = "it has no network; load the weights into one with Model.LoadWeights, or on the command line:\nlince convert FILE NAME.keras --network NETWORK"
	coreML       = "Core ML does not convert it back; export the model that it was made from as .keras or ONNX"
	caffe        = "save the model as .keras or ONNX; MMdnn converts the two files of a Caffe model (pip install mmdnn):\nmmconvert -sf caffe -in NAME.prototxt -iw NAME.caffemodel -df onnx -om NAME.onnx"
	checkpoints  = `it has no network; load it into its network with Python (pip install tf_keras):
model = ... # the network, built by the program that trained it
model.load_weights("STEM").expect_partial()
model.save("NAME.keras")`
)

func (k *kind) public(path string) FileKind {
	return FileKind{
		Name: k.name, Title: k.title, Suffixes: slices.Clone(k.suffixes), Refusal: k.refusalFor(path),
		Opens: k.open != nil, Saves: k.save != nil, Exports: k.export != nil, Tensors: k.tensors != nil,
	}
}

// refusalFor returns the refusal for a file with this name.
func (k *kind) refusalFor(path string) string {
	if k.open != nil {
		return ""
	}
	if dir := filepath.Dir(path); k.inFolder {
		for _, whole := range kinds() {
			if whole.folder != nil && whole.folder(inFolder(dir)) {
				return whole.refusalFor(dir)
			}
		}
	}
	stem := checkpointData.ReplaceAllString(path, "")
	for _, suffix := range k.suffixes {
		if n := len(path) - len(suffix); n > 0 && strings.EqualFold(path[n:], suffix) {
			stem = path[:n]
			break
		}
	}
	names := strings.NewReplacer("FILE", path, "STEM", stem, "NAME", filepath.Base(stem))
	return nameWord.ReplaceAllStringFunc(k.refusal, func(word string) string {
		if text, ok := strings.CutPrefix(word, `"`); ok {
			return pythonString(names.Replace(strings.TrimSuffix(text, `"`)))
		}
		return shell.Quote(names.Replace(word))
	})
}

// nameWord matches the names in a refusal: in strings of Python, and in words of a command line.
var nameWord = regexp.MustCompile(`"[^"\n]*\b(?:FILE|STEM|NAME)\b[^"\n]*"|[^\s"]*\b(?:FILE|STEM|NAME)\b[^\s"]*`)

// pythonString returns a string of Python that names a file. It has no ', so it may stand in a command line between these.
func pythonString(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && n == 1: // as os.fsdecode does
			fmt.Fprintf(&b, `\udc%02x`, name[i])
		case r == '\'':
			b.WriteString(`\x27`)
		default:
			quoted := strconv.Quote(name[i : i+n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return `"` + b.String() + `"`
}

// errNotOpened returns the error of Open for a file of a kind that it does not read.
func (k *kind) errNotOpened(f source) error {
	if k.inside != nil {
		if text := k.inside(f); text != "" {
			return fmt.Errorf("is %s; %s", k.title, text)
		}
	}
	return fmt.Errorf("is %s; %s", k.title, k.refusalFor(f.name()))
}

// sniff returns the kind of a file.
func sniff(f source) (*kind, error) {
	if f.folder != nil {
		return f.folder, nil
	}
	head := make([]byte, min(f.size, sniffSize))
	if _, err := f.r.ReadAt(head, 0); err != nil && (len(head) > 0 || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	for _, k := range kinds() {
		if k.is != nil && k.is(f, head) {
			return k, nil
		}
	}
	begins := head[:min(len(head), 16)]
	if len(begins) == 0 {
		return nil, errors.New("is empty: it has 0 bytes; copy or download it again")
	}
	return nil, fmt.Errorf("is no model file that lince knows: it begins with %q; want %s", begins, strings.Join(readable(), ", "))
}

// readable lists what Open reads.
func readable() (list []string) {
	for _, k := range kinds() {
		if k.open != nil {
			list = append(list, fmt.Sprintf("%s (%s)", k.title, k.suffixes[0]))
		}
	}
	return list
}

// folderKind returns the kind of a folder with a model, nil if path is no such folder.
func folderKind(path string) *kind {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil
	}
	for _, k := range kinds() {
		if k.folder != nil && k.folder(inFolder(path)) {
			return k
		}
	}
	return nil
}

// kindFor returns the kind that a file's name asks for: the one with the longest suffix that the name ends in. It is nil
// if there is none.
func kindFor(path string) *kind {
	var best *kind
	length := 0
	for _, k := range kinds() {
		for _, s := range k.suffixes {
			if n := len(path) - len(s); len(s) > length && n >= 0 && strings.EqualFold(path[n:], s) {
				best, length = k, len(s)
			}
		}
	}
	return best
}

// saves lists the suffixes of the files that Save writes.
func saves() string {
	return strings.Join(suffixesOf(func(k *kind) bool { return k.save != nil }), " or ")
}
