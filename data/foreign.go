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

// saveImages is Python's way to write arrays of images x and labels y as files.
const saveImages = `
for i, (a, c) in enumerate(zip(x, y)): d = pathlib.Path("images", str(c)); d.mkdir(parents=True, exist_ok=True); Image.fromarray(a).save(d / f"{i}.png")' %[1]s
lince data images`

// toFiles introduces the commands.
const toFiles = "write its images as files, in a folder for each class, for example with Python:\n"

// fromDisk writes a dataset that Hugging Face's datasets have saved as Parquet files.
const fromDisk = `mkdir -p parquet && python3 -c 'import datasets, sys; d = datasets.load_from_disk(sys.argv[1]); [v.to_parquet(f"parquet/{k}.parquet") for k, v in (d.items() if hasattr(d, "items") else [("train", d)])]' %[1]s`

var foreignKinds = []foreignKind{
	{"an Arrow file", "ARROW1", []string{"feather"}, `write it as a Parquet file: python3 -c 'import pandas, sys; pandas.read_feather(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`, ""},
	{"an Arrow file", "", []string{"arrow"}, `write it as a Parquet file: python3 -c 'import datasets, sys; datasets.Dataset.from_file(sys.argv[1]).to_parquet(sys.argv[2])' %[1]s %[2]s.parquet`,
		"if it is a dataset that was written by save_to_disk of Hugging Face's datasets, write it as Parquet files, and open their folder: " + fromDisk + " && lince data parquet"},
	{"an HDF5 file", "\x89HDF\r\n\x1a\n", []string{"h5", "hdf5", "hdf"}, toFiles + `python3 -c 'import h5py, pathlib, sys; from PIL import Image
f = h5py.File(sys.argv[1]); x, y = f["X"], f["Y"]  # the names of its arrays` + saveImages, ""},
	{"a MATLAB file", "MATLAB 5.0 MAT-file", []string{"mat"}, toFiles + `python3 -c 'import scipy.io, pathlib, sys; from PIL import Image
f = scipy.io.loadmat(sys.argv[1]); x, y = f["X"], f["y"].ravel()  # the names of its arrays; x needs the shape (n, height, width, channels)` + saveImages, ""},
	{"a NumPy array", "\x93NUMPY", []string{"npy"}, toFiles + `python3 -c 'import numpy, pathlib, sys; from PIL import Image
x = numpy.load(sys.argv[1]); y = numpy.load("LABELS.npy")` + saveImages, ""},
	{"an archive of NumPy arrays", "", []string{"npz"}, "lince reads one with the arrays x_train, y_train, x_test and y_test; of others, " + toFiles + `python3 -c 'import numpy, pathlib, sys; from PIL import Image
f = numpy.load(sys.argv[1]); x, y = f["X"], f["Y"]  # the names of its arrays, which f.files lists` + saveImages, ""},
	{"a file of TFRecords", "", []string{"tfrecord", "tfrecords", "tfrec"}, toFiles + `python3 -c 'import tensorflow as tf, pathlib, sys
for i, r in enumerate(tf.data.TFRecordDataset(sys.argv[1:])):
  f = tf.train.Example.FromString(r.numpy()).features.feature; c = f["image/class/label"].int64_list.value[0]  # the name of the feature
  d = pathlib.Path("images", str(c)); d.mkdir(parents=True, exist_ok=True); (d / f"{i}.jpg").write_bytes(f["image/encoded"].bytes_list.value[0])' %[1]s
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
	{"a manifest", "", []string{"manifest"}, `if each line is a JSON object, as those of SageMaker are, copy it to %[2]s.jsonl, and name its columns: lince data %[2]s.jsonl --images FOLDER --filename source-ref --category LABELS`, ""},
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
