package data

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeignFiles opens files of kinds that lince names and does not read.
func TestForeignFiles(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.feather", "ARROW1\x00\x00", "is an Arrow file, which lince does not read; write it as a Parquet file: python3 -c 'import pandas"},
		{"my data.arrow", "\xff\xff\xff\xff", "to_parquet(sys.argv[2])' 'my data.arrow' 'my data'.parquet"},
		{"x.h5", "\x89HDF\r\n\x1a\n", `f = h5py.File(sys.argv[1]); x, y = f["X"], f["Y"]`},
		{"train2019.json", `{"info": {}, "images": [{"id": 0, "file_name": "a.jpg"`, "is a file in the form of COCO, which lince does not read; write a table of its labels"},
		{"via.json", `{"a.jpg99": {"filename": "a.jpg", "file_attributes": {"kind": "cat"}}}`, "is an export of the VGG Image Annotator"},
		{"x.ndjson", `{"data_row": {"external_id": "a.jpg"}, "projects": {}}`, "is an export of Labelbox"},
		{"annotations.xml", `<?xml version="1.0"?><annotations><version>1.1</version><image id="0" name="a.jpg">`, "is an export of CVAT"},
		{"labels.json", `{"a.jpg": "cat", "b.jpg": "dog"}`, "is a JSON object of file names and labels"},
		{"project-1.json", `[{"id":1,"annotations":[{"id":1,"result":[{"value":{"choices":["cats"]}`, "is an export of Label Studio"},
		{"error.json", `{"error": "not found"}`, "probably the error of a download"},
		{"noname", "SQLite format 3\x00", "is an SQLite database, which lince does not read; write its table as CSV"},
		{"t.mat", "MATLAB 5.0 MAT-file, Platform", "scipy.io.loadmat"},
		{"imagelabels.mat", "MATLAB 5.0 MAT-file, Platform", "imagelabels.mat > labels.csv"},
		{"t.npy", "\x93NUMPY\x01\x00", "numpy.load"},
		{"t.tfrecord-00000-of-00002", strings.Repeat("\x00", 40), "tf.train.Example"},
		{"t.pkl", "\x80\x04", "lince does not run what is in pickles"},
		{"t.html", "<table>", "pandas.read_html"},
		{"mx.lst", "0\t1\ta.jpg\n", `(printf 'number\tcategory\tfilename\n'; cat mx.lst) > mx.tsv`},
		{"app.manifest", "<?xml version=\"1.0\"?><assembly/>", "line 1: is not a JSON object"},
		{"t.csv.xz", "\xfd7zXZ\x00", "unpack it (xz -d t.csv.xz), and open t.csv"},
		{"t.tar.xz", "\xfd7zXZ\x00", "unpack it (tar -xf t.tar.xz), and open the folder"},
		{"train-images-idx3-ubyte.gz", zippedText(t, "\x00\x00\x08\x03"), "open the folder with all four of them"},
		{"t.parquet.gz", zippedText(t, "PAR1"), "is compressed, and does not hold an archive"},
		{"t.npy.gz", zippedText(t, "\x93NUMPY\x01\x00"), "is compressed, and holds a NumPy array, which lince does not read; unpack it first (gunzip -k t.npy.gz), and then write its images as files, in a folder for each class, for example with Python; if no LABELS.npy is there"},
		{"my t.npy.zst", string(zstd1(t, []byte("\x93NUMPY\x01\x00"))), "unpack it first (unzstd 'my t.npy.zst'), and then"},
		{"t.pkl.gz", zippedText(t, "\x80\x04"), "holds a pickle of Python, which lince does not read"},
		{"t.idx.gz", zippedText(t, "\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00"), "is an IDX file, one of the files of a dataset like MNIST, and has arrays of images or of labels alone; for IDX files, open the folder with all four of them"},
	} {
		if _, err := Open(t.Context(), file1(t, c.name, []byte(c.content)), OpenOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct{ files, want string }{
		{"dataset_dict.json train/data-00000-of-00001.arrow train/state.json", `datasets.load_from_disk(sys.argv[1])`},
		{"a.tfrecord b.tfrecord", "the files .tfrecord are of the kind \"a file of TFRecords\": write its images as files"},
		{"a.tfrecord-00000-of-00001", "tf.train.Example"},
		{"a.npy", "numpy.load"},
	} {
		dir := t.TempDir()
		for n := range strings.FieldsSeq(c.files) {
			file := filepath.Join(dir, n)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("xxxx"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(t.Context(), dir, OpenOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.files, err, c.want)
		}
	}
}

// TestOneLineCommands checks that each command in the advice can be copied from a message whose lines are indented: Python does not take an indented line after the first one.
func TestOneLineCommands(t *testing.T) {
	for _, k := range foreignKinds {
		for _, text := range []string{k.advice("x." + k.extensions[0]), k.adviceForMany("folder", "."+k.extensions[0])} {
			for line := range strings.SplitSeq(text, "\n") {
				if _, script, ok := strings.Cut(line, "python3 -c '"); ok && !strings.Contains(script, "'") {
					t.Errorf("%s: a script of several lines: %q", k.name, text)
				}
			}
		}
	}
	for _, e := range labelExports {
		if text := e.toTable("x.json"); strings.Count(text, "\n") != 2 || strings.Contains(e.load+e.rows, "'") {
			t.Errorf("%s: %q", e.name, text)
		}
	}
	_, err := Open(t.Context(), file1(t, "t.csv", []byte("emotion, Usage, pixels\n3, Training, "+strings.Repeat("7 ", 64)+"\n")), OpenOptions{})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "skipinitialspace=True") {
		t.Errorf("a table with pixels: %v", err)
	}
}

// TestPixelTables opens tables with the pixels of images.
func TestPixelTables(t *testing.T) {
	row := func(n int) string { return strings.TrimSuffix(strings.Repeat("7,", n), ",") }
	names := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprint("pixel", i))
		}
		return strings.Join(list, ",")
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"label," + names(784) + "\n3," + row(784), []string{"has the pixels of images, 784 numbers in a row, and no names of files", `y = t.pop("label"); x = t.to_numpy("uint8").reshape(-1, 28, 28)`, "lince data images"}},
		{names(784) + "\n" + row(784), []string{`y = [""] * len(t); x =`, "reshape(-1, 28, 28)", "lince predict MODEL images"}},
		{names(300) + ",label,age\n" + row(300) + ",cat,-1", []string{`y = t.pop("label"); t.pop("age"); x =`, "reshape(-1, 10, 10, 3)"}},
		{row(785) + "\n" + row(785), []string{"read_csv(sys.argv[1], skipinitialspace=True, header=None); y = t.pop(0)", "reshape(-1, 28, 28)"}},
		{"digit," + names(70) + "\n9," + row(70), []string{"HEIGHT, WIDTH"}},
		{"emotion,pixels,Usage\n3," + strings.ReplaceAll(row(2304), ",", " ") + ",Training", []string{`in the column "pixels", 2304 numbers in a row`, `y = t["Usage"].replace({"PublicTest": "val", "PrivateTest": "test"}) + "/" + t["emotion"].astype(str)`, "reshape(48, 48)"}},
		{"a,b,c\n1,2,3", []string{`has no column "filename"`}},
		{"filename,class," + names(100) + "\nx.png,cat," + row(100), []string{"there is no file"}},
	} {
		_, err := Open(t.Context(), file1(t, "t.csv", []byte(c.text+"\n")), OpenOptions{})
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%.30s: %v, want %q", c.text, err, w)
			}
		}
	}
}

// TestPackedTables opens compressed tables.
func TestPackedTables(t *testing.T) {
	text := csvOf("filename,category", ",", "\n", nil)
	zipped := func(entries ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(entries); i += 2 {
			w, err := z.Create(entries[i])
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write([]byte(entries[i+1]))
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	whole := zipped("t.csv", text)
	damaged := []byte(zipped("t.csv", strings.Repeat(text, 100)))
	damaged[60] ^= 0xff
	for _, c := range []tableCase{
		{name: "zip", file: "t.csv.zip", text: whole},
		{name: "zip of macOS", file: "t.CSV.ZIP", text: zipped("t.csv", text, "__MACOSX/._t.csv", "x")},
		{name: "zip with another name inside", file: "t.csv.zip", text: zipped("data/labels.tsv", strings.ReplaceAll(text, ",", "\t"))},
		{name: "zip of JSON lines", file: "t.jsonl.zip", text: zipped("t.jsonl", `{"filename": "cats/cat0.jpg", "category": "x"}`), want: "cats/cat0.jpg=x"},
		{name: "gzip", file: "t.csv.gz", text: zippedText(t, text)},
		{name: "Zstandard", file: "t.csv.zst", text: string(zstd1(t, []byte(text)))},
		{name: "Zstandard with a large window", file: "t.csv.zst", text: "\x28\xb5\x2f\xfd\x00\xa0\x40\x00\x00hello", fail: "t.csv.zst: is compressed by Zstandard with a window of 1024 MiB, and lince reads one of at most 128 MiB; unpack it (zstd -d --long=30 t.csv.zst), and use"},
		{name: "one row again and again", file: "t.csv.gz", text: zippedText(t, "filename,category\n"+strings.Repeat(",x\n", 1_100_000)), fail: "t.csv.gz: has more than"},
		{name: "not compressed", file: "t.csv.gz", text: text, fail: "is not compressed, though its name ends in .gz"},
		{name: "two tables", file: "t.csv.zip", text: zipped("a.csv", text, "b.csv", text), fail: "t.csv.zip: "},
		{name: "damaged", file: "t.csv.zip", text: string(damaged), fail: "t.csv.zip: "},
		{name: "cut", file: "t.csv.zip", text: whole[:len(whole)/2], fail: "t.csv.zip: "},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}
