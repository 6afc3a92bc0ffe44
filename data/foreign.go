package data

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// foreignKind is a kind of file with data that lince does not read.
type foreignKind struct {
	name       string
	magic      string // "" if it is known by its extension only
	extensions []string
	// remedy says what to do with a file. %[1]s is its name, quoted for a command line, and %[2]s is its name without the extension.
	remedy string
	// many says it for a folder of such files, %[1]s. "" is remedy with the name FILE.
	many string
}

// Commands are one line each: an error is printed with its lines indented, and Python does not take an indented line from the quotes of a shell.

// toBytes is Python's way to make the pixels of arrays of images x and labels y bytes: of flat images, of values from 0 to 1, of images along the last axis, and of one-hot labels.
const toBytes = `; x, y = numpy.asarray(x), numpy.asarray(y); y = y.argmax(1) if y.ndim == 2 and min(y.shape) > 1 else y.ravel(); x = x if len(x) == len(y) else numpy.moveaxis(x, -1, 0); ` +
	`n = round(x[0].size ** .5); x = x.reshape(-1, n, n) if x.ndim == 2 else x[..., 0] if x.shape[-1] == 1 else x; x = (x * 255 if x.dtype.kind == "f" and x.max() <= 1 else x).astype("uint8")`

// writeImages is Python's way to write arrays of images x and labels y as files.
const writeImages = `; [(d.mkdir(parents=True, exist_ok=True), Image.fromarray(a).save(d / f"{i}.png")) for i, (a, c) in enumerate(zip(x, y)) for d in [pathlib.Path("images", str(c))]]`

// saveImages ends a command that has x and y.
const saveImages = toBytes + writeImages + `' %[1]s
lince data images`

// toFiles introduces the commands. with says what to change in them.
func toFiles(with string) string {
	return "write its images as files, in a folder for each class, for example with Python" + with + ":\n"
}

// matLabels is for a file with labels alone, such as that of Oxford's flowers.
const matLabels = `If it has only the labels of images in files, write a table, for example with the names of its array and of the images as here:
python3 -c 'import scipy.io, sys; y = scipy.io.loadmat(sys.argv[1])["labels"].ravel(); print("filename,category"); [print(f"image_{i:05}.jpg,{c}") for i, c in enumerate(y, 1)]' %[1]s > labels.csv
lince data labels.csv --images FOLDER`

// fromDisk writes a dataset that Hugging Face's datasets have saved as Parquet files.
const fromDisk = `mkdir -p parquet && python3 -c 'import datasets, sys; d = datasets.load_from_disk(sys.argv[1]); [v.to_parquet(f"parquet/{k}.parquet") for k, v in (d.items() if hasattr(d, "items") else [("train", d)])]' %[1]s`

var foreignKinds = []foreignKind{
	{"an Arrow file", "ARROW1", []string{"feather"}, `write it as a Parquet file: python3 -c 'import pandas, sys; pandas.read_feather(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`, ""},
	{"an Arrow file", "", []string{"arrow"}, `write it as a Parquet file: python3 -c 'import datasets, sys; datasets.Dataset.from_file(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`,
		"if it is a dataset that was written by save_to_disk of Hugging Face's datasets, write it as Parquet files, and open their folder: " + fromDisk + " && lince data parquet"},
	{"an HDF5 file", "\x89HDF\r\n\x1a\n", []string{"h5", "hdf5", "hdf"}, toFiles(`, with the names of its arrays in the place of X and Y`) + `python3 -c 'import h5py, numpy, pathlib, sys; from PIL import Image; f = h5py.File(sys.argv[1]); x, y = f["X"], f["Y"]` + saveImages, ""},
	{"a MATLAB file", "MATLAB 5.0 MAT-file", []string{"mat"}, toFiles(`, with the names of its arrays in the place of X and y`) + `python3 -c 'import numpy, scipy.io, pathlib, sys; from PIL import Image; f = scipy.io.loadmat(sys.argv[1]); x, y = f["X"], f["y"]` + saveImages + "\n" + matLabels, ""},
	{"a NumPy array", "\x93NUMPY", []string{"npy"}, toFiles(`; if no LABELS.npy is there, the class is the name of the file`) + `python3 -c 'import numpy, pathlib, sys; from PIL import Image; p = pathlib.Path("LABELS.npy"); x = numpy.load(sys.argv[1]); y = numpy.load(p) if p.exists() else [pathlib.Path(sys.argv[1]).stem] * len(x)` + saveImages, ""},
	{"an archive of NumPy arrays", "", []string{"npz"}, "lince reads one with the arrays x_train, y_train, x_test and y_test; of others, " + toFiles(`, with the names of its arrays in the place of X and Y`) + `python3 -c 'import numpy, pathlib, sys; from PIL import Image; f = numpy.load(sys.argv[1]); x, y = f["X"], f["Y"]` + saveImages, ""},
	{"a file of TFRecords", "", []string{"tfrecord", "tfrecords", "tfrec"}, toFiles(`, with the name of the feature that has the labels`) + `python3 -c 'import tensorflow as tf, pathlib, sys; [(d.mkdir(parents=True, exist_ok=True), (d / f"{i}.jpg").write_bytes(f["image/encoded"].bytes_list.value[0])) ` +
		`for i, r in enumerate(tf.data.TFRecordDataset(sys.argv[1:])) for f in [tf.train.Example.FromString(r.numpy()).features.feature] for d in [pathlib.Path("images", str(f["image/class/label"].int64_list.value[0]))]]' %[1]s
lince data images`, ""},
	{"a pickle of Python", "", []string{"pkl", "pickle"}, `lince does not run what is in pickles; if it is a table, write it as a Parquet file: python3 -c 'import pandas, sys; pandas.read_pickle(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`, ""},
	{"an SQLite database", "SQLite format 3\x00", []string{"sqlite", "sqlite3", "db"}, `write its table as CSV: sqlite3 -header -csv %[1]s "select * from TABLE" > %[2]s.csv`, ""},
	{"an LMDB database", "", []string{"mdb", "lmdb"}, "write its images as files, in a folder for each class, with the program that made it", ""},
	{"a file of MXNet's RecordIO", "", []string{"rec"}, "write its images as files, in a folder for each class, for example with mxnet.recordio.MXIndexedRecordIO and unpack_img", ""},
	{"an ORC file", "ORC", []string{"orc"}, `write it as a Parquet file: python3 -c 'import pandas, sys; pandas.read_orc(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`, ""},
	{"an Avro file", "Obj\x01", []string{"avro"}, "write it as a Parquet or CSV file", ""},
	{"a file of R", "", []string{"rds", "rda", "rdata"}, "write its table as CSV in R: write.csv(TABLE, \"TABLE.csv\", row.names = FALSE)", ""},
	{"a web page", "", []string{"html", "htm"}, `if it has a table, write that as CSV: python3 -c 'import pandas, sys; pandas.read_html(sys.argv[1])[0].to_csv(sys.argv[2], index=False)' %[1]s %[2]s.csv; else download the data again`, ""},
	{"a list of MXNet or of another program, without names of columns", "", []string{"lst"}, `add the names to a file with another ending: (printf 'number\tcategory\tfilename\n'; cat %[1]s) > %[2]s.tsv`, ""},
}

// foreignKindOf returns the kind of a file by its first bytes, or else by its extension; nil if it is none of these.
func foreignKindOf(name string, head []byte) *foreignKind {
	for i, k := range foreignKinds {
		if k.magic != "" && bytes.HasPrefix(head, []byte(k.magic)) {
			return &foreignKinds[i]
		}
	}
	ext := extension(name)
	ext, _, _ = strings.Cut(ext, "-") // x.tfrecord-00000-of-00010
	for i, k := range foreignKinds {
		if slices.Contains(k.extensions, ext) {
			return &foreignKinds[i]
		}
	}
	return nil
}

// advice says what to do with a file.
func (k *foreignKind) advice(name string) string {
	base := filepath.Base(name)
	return k.fill(k.remedy, shell.Quote(base), shell.Quote(strings.TrimSuffix(base, filepath.Ext(base))))
}

// adviceForMany says what to do with a folder of such files.
func (k *foreignKind) adviceForMany(folder, ext string) string {
	if k.many != "" {
		return k.fill(k.many, shell.Quote(folder), "")
	}
	return fmt.Sprintf("the files %s are of the kind %q: ", ext, k.name) + k.fill(k.remedy, "FILE"+ext, "FILE")
}

func (k *foreignKind) fill(text, file, stem string) string {
	return strings.NewReplacer("%[1]s", file, "%[2]s", stem).Replace(text)
}

// foreignError returns an error for a file of one of the kinds, nil if it is none of them.
func foreignError(name string, head []byte) error {
	if k := foreignKindOf(name, head); k != nil {
		return fmt.Errorf("%s: is %s, which lince does not read; %s", name, k.name, k.advice(name))
	}
	return nil
}
