package data

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/testenv"
)

// entryOf is an entry of an archive to write.
type entryOf struct {
	name    string
	content []byte
	store   bool
	change  func(*zip.FileHeader)
}

func archive(t testing.TB, entries ...entryOf) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zipZstd, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.store {
			h.Method = zip.Store
		}
		if e.change != nil {
			e.change(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file1(t testing.TB, name string, content []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func png(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/images/cat.2.png")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tree(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, n := range names {
		p := filepath.Join(dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, append(png(t), byte(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func list1(tab *Table) string {
	var all []string
	for _, r := range tab.All() {
		all = append(all, r.Filename+"="+r.Label)
	}
	return strings.Join(all, " ")
}

func TestSources(t *testing.T) {
	p := png(t)
	flat := []string{"dog.1.png", "cat.10.png", "cat.2.PNG", "readme.txt", "._cat.2.png"}
	folders := []string{"set/dogs/b.png", "set/cats/c.d.png", "set/cats/deep/a.png"}
	zipped := func(names ...string) []byte {
		var e []entryOf
		for _, n := range names {
			e = append(e, entryOf{name: n, content: p})
		}
		return archive(t, e...)
	}
	kaggle := func(store bool) []byte {
		return archive(t, entryOf{name: "test1.zip", content: zipped("test1/1.png", "test1/2.png"), store: store},
			entryOf{name: "train.zip", content: zipped("train/dog.0.png", "train/cat.0.png"), store: store},
			entryOf{name: "sampleSubmission.csv", content: []byte("id,label\n")})
	}
	for _, c := range []struct {
		name  string
		path  string
		o     OpenOptions
		want  string
		found string
	}{
		{name: "folder of files", path: tree(t, flat...), want: "cat.10.png=cat cat.2.PNG=cat dog.1.png=dog", found: "Found 3 validated image filenames belonging to 2 classes."},
		{name: "folder a class", path: tree(t, folders...), want: "cats/c.d.png=cats cats/deep/a.png=cats dogs/b.png=dogs", found: "Found 3 images belonging to 2 classes."},
		{name: "folder a class, by prefix", path: tree(t, folders...), o: OpenOptions{LabelRule: Prefix}, want: "cats/c.d.png=c"},
		{name: "one folder, by folder", path: tree(t, "cats/a.png", "cats/b.png"), o: OpenOptions{LabelRule: Folder}, want: "cats/a.png=cats cats/b.png=cats"},
		{name: "no labels", path: tree(t, "b.png", "a.png"), o: OpenOptions{LabelRule: Unlabeled}, want: "a.png= b.png=", found: "Found 2 validated image filenames."},
		{name: "parts of folders", path: tree(t, "all/train/cats/1.png", "all/train/dogs/1.png", "all/validation/cats/2.png"), want: "cats/1.png=cats dogs/1.png=dogs"},
		{name: "the other part", path: tree(t, "all/train/cats/1.png", "all/train/dogs/1.png", "all/validation/cats/2.png", "all/validation/dogs/2.png"), o: OpenOptions{Part: "validation"}, want: "cats/2.png=cats dogs/2.png=dogs"},
		{name: "part by its whole name", path: tree(t, "all/train/cats/1.png", "all/train/dogs/1.png"), o: OpenOptions{Part: "all/train"}, want: "cats/1.png=cats dogs/1.png=dogs"},
		{name: "flat zip", path: file1(t, "a.zip", zipped(flat...)), want: "cat.10.png=cat cat.2.PNG=cat dog.1.png=dog"},
		{name: "zip of another name", path: file1(t, "a.data", zipped(flat...)), want: "cat.10.png=cat cat.2.PNG=cat dog.1.png=dog"},
		{name: "zip of folders", path: file1(t, "a.zip", zipped(folders...)), want: "cats/c.d.png=cats cats/deep/a.png=cats dogs/b.png=dogs"},
		{name: "backslashes", path: file1(t, "a.zip", zipped(`cats\1.png`, `dogs\1.png`, "__MACOSX/x.png")), want: "cats/1.png=cats dogs/1.png=dogs"},
		{name: "nested, stored", path: file1(t, "a.zip", kaggle(true)), want: "cat.0.png=cat dog.0.png=dog"},
		{name: "nested, deflated", path: file1(t, "a.zip", kaggle(false)), want: "cat.0.png=cat dog.0.png=dog"},
		{name: "nested and flat", path: file1(t, "a.zip", archive(t, entryOf{name: "x/train.zip", content: zipped("dog.0.png", "cat.0.png"), store: true})), want: "cat.0.png=cat dog.0.png=dog"},
		{name: "nested test part", path: file1(t, "a.zip", kaggle(true)), o: OpenOptions{Part: "test1", LabelRule: Unlabeled}, want: "1.png= 2.png="},
		{name: "one image", path: file1(t, "a.png", p), o: OpenOptions{LabelRule: Unlabeled}, want: "a.png="},
		{name: "demo", path: "demo:cats-and-dogs?n=3&seed=5", want: "cat.0.png=cat cat.1.png=cat dog.0.png=dog"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := open(t, c.path, c.o)
			if got := list1(tab); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.found != "" && tab.Found() != c.found {
				t.Error(tab.Found())
			}
			if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
				t.Error(bad, err)
			}
		})
	}
}

func TestParts(t *testing.T) {
	tab := open(t, tree(t, "train/cat.0.png", "train/dog.0.png", "train/x.png", "test1/1.png"), OpenOptions{})
	if list1(tab) != "cat.0.png=cat dog.0.png=dog" || !slices.Equal(tab.Parts(), []string{"test1", "train"}) {
		t.Error(list1(tab), tab.Parts())
	}
	if w := tab.Warnings(); len(w) != 1 || !strings.Contains(w[0], "1 of the 3 images") || len(tab.Ignored()) != 1 || tab.Ignored()[0].Filename != "x.png" {
		t.Error(w, tab.Ignored())
	}
	test, err := tab.Part("test1")
	if err != nil || list1(test) != "1.png=" {
		t.Error(test, err)
	}
	if _, err := tab.Part("test2"); err == nil || !strings.Contains(err.Error(), "it has test1, train") {
		t.Error(err)
	}
}

func TestCSV(t *testing.T) {
	dir := tree(t, "one.png", "sub/two.png", "3.jpg")
	csv := func(text string) string {
		p := filepath.Join(dir, "labels.csv")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	name := csv("\ufefffilename,n,class\nsub/two.png,1,dog\ngone.png,2,cat\none.png,3,\"cat, big\"\n3.jpg,4,\nnotes.txt,5,cat\n" + filepath.Join(dir, "one.png") + ",6,\"cat, big\"\n")
	tab := open(t, name, OpenOptions{})
	if got, want := list1(tab), "sub/two.png=dog one.png=cat, big"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if w := tab.Warnings(); len(w) != 3 || !strings.Contains(w[0], "Dropped 1 of the 6 rows, which have no label") ||
		w[1] != `Found 2 invalid image filename(s) in x_col="filename". These filename(s) will be ignored.` {
		t.Errorf("%q", w)
	}
	if g := tab.Ignored(); len(g) != 4 || !strings.Contains(g[1].Err.Error(), "line 3: there is no file") {
		t.Error(g)
	}
	if got := list1(open(t, name, OpenOptions{LabelRule: Unlabeled})); !strings.Contains(got, "3.jpg=") || strings.Contains(got, "dog") {
		t.Error(got)
	}

	// The images in an archive.
	z := file1(t, "a.zip", archive(t, entryOf{name: "train/one.png", content: png(t)}, entryOf{name: "train/sub/two.png", content: png(t)}, entryOf{name: "test/one.png", content: append(png(t), 0)}))
	csv("filename,category\nsub/two.png,dog\ntrain/one.png,cat\none.png,cat\n")
	tab = open(t, name, OpenOptions{Images: z})
	if got := list1(tab); got != "sub/two.png=dog train/one.png=cat" || !strings.Contains(tab.Ignored()[0].Err.Error(), "several files") {
		t.Error(got, tab.Ignored())
	}
}

// bomb is an entry that claims to be small and unpacks to n zeros.
func bomb(t testing.TB, n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	var packed bytes.Buffer
	c, err := flate.NewWriter(&packed, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateRaw(&zip.FileHeader{Name: "cat.0.png", Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBadSources(t *testing.T) {
	p := png(t)
	good := archive(t, entryOf{name: "cat.0.png", content: p}, entryOf{name: "dog.0.png", content: p})
	dir := tree(t, "cat.0.png")
	csvs := 0
	csv := func(text string) string {
		csvs++
		f := filepath.Join(dir, fmt.Sprintf("%d.csv", csvs))
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	over := bytes.Clone(good)
	if i := bytes.LastIndex(over, []byte("PK\x01\x02")); i > 0 {
		copy(over[i+20:], []byte{255, 255, 255, 127}) // compressed size
	}
	for _, c := range []struct {
		name string
		path string
		o    OpenOptions
		want string
	}{
		{"missing file", filepath.Join(dir, "gone.zip"), OpenOptions{}, "gone.zip: no such file or folder"},
		{"not a zip", file1(t, "a.zip", []byte("<html>Not found")), OpenOptions{}, "is not a zip or tar archive (it looks like text/html)"},
		{"empty", file1(t, "a.zip", nil), OpenOptions{}, "it is empty"},
		{"truncated zip", file1(t, "a.zip", good[:len(good)-30]), OpenOptions{}, "is truncated or damaged"},
		{"nested is no zip", file1(t, "a.zip", archive(t, entryOf{name: "train.zip", content: []byte("text"), store: true})), OpenOptions{}, "a.zip: train.zip: is not a zip or tar archive (it looks like text/plain)"},
		{"nested is truncated", file1(t, "a.zip", archive(t, entryOf{name: "train.zip", content: good[:100], store: true})), OpenOptions{}, "a.zip: train.zip: is truncated"},
		{"dot dot", file1(t, "a.zip", archive(t, entryOf{name: `x\..\..\cat.1.png`, content: p})), OpenOptions{}, "it has 1 entry whose name is absolute or points outside the archive: x/../../cat.1.png"},
		{"nested dot dot", file1(t, "a.zip", archive(t, entryOf{name: "train.zip", store: true, content: archive(t, entryOf{name: "../cat.0.png", content: p})})), OpenOptions{}, "points outside the archive: ../cat.0.png; unpack the archive, and open the folder"},
		{"only a symbolic link", file1(t, "a.zip", archive(t, entryOf{name: "cat.1.png", content: []byte("/etc/passwd"), change: func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }})), OpenOptions{}, "it has 1 link that is not followed: cat.1.png"},
		{"overlapping entries", file1(t, "a.zip", over), OpenOptions{}, "claim more bytes"},
		{"encrypted", file1(t, "a.zip", archive(t, entryOf{name: "cat.0.png", content: p, change: func(h *zip.FileHeader) { h.Flags |= 1 }})), OpenOptions{}, "1 that cannot be used, the first: cat.0.png: is encrypted"},
		{"no images", file1(t, "a.zip", archive(t, entryOf{name: "a.txt", content: p})), OpenOptions{}, "has no images that lince can read; it has 1 file that is not an image (1 .txt): a.txt"},
		{"empty folder", t.TempDir(), OpenOptions{}, "has no images"},
		{"labels that do not fit", tree(t, "test1/1.png", "test1/2.png"), OpenOptions{}, "none of the 2 images has a label"},
		{"no folders", file1(t, "cat.1.png", p), OpenOptions{LabelRule: Folder}, "none of the 1 images has a label: the rule is the folder"},
		{"no such part", tree(t, "train/cat.0.png", "test/1.png"), OpenOptions{Part: "dev"}, "folders test, train"},
		{"truncated tar.gz", file1(t, "a.tar.gz", []byte("\x1f\x8b\x08\x00")), OpenOptions{}, "a.tar.gz: is truncated"},
		{"7z", file1(t, "a.7z", []byte("7z\xbc\xaf\x27\x1c")), OpenOptions{}, "unpack it (7z x a.7z), and open the folder"},
		{"text", file1(t, "a.txt", []byte("hello")), OpenOptions{}, "is neither a folder, a zip or tar archive"},
		{"CSV without the column", csv("name,category\ncat.0.png,cat\n"), OpenOptions{}, `has no column "filename" for the file names; its columns are name, category`},
		{"CSV without a category", csv("filename,kind\ncat.0.png,cat\n"), OpenOptions{}, `has no column "category"`},
		{"CSV without rows", csv("filename,category\n"), OpenOptions{}, "no rows"},
		{"empty CSV", csv(""), OpenOptions{}, "is empty"},
		{"CSV of missing files", csv("filename,category\nx.png,cat\ny.png,cat\n"), OpenOptions{}, "none of its 2 rows can be used; the first, x.png: line 2: there is no file"},
		{"CSV of images elsewhere", csv("filename,category\nx.png,cat\n"), OpenOptions{}, "name their folder (Images, --images)"},
		{"CSV without a header", csv("cat.0.png,cat\n"), OpenOptions{}, "the first line is cat.0.png, cat, which looks like a row"},
		{"CSV with a quote that stays open", csv("filename,category\n\"cat.0.png,cat\n"), OpenOptions{}, "line 2: a quote opens in this record and is never closed"},
		{"ragged CSV", csv("filename,category\ncat.0.png\n"), OpenOptions{}, "line 2: the label is missing"},
		{"CSV and a rule", csv("filename,category\ncat.0.png,cat\n"), OpenOptions{LabelRule: Prefix}, "come from the table's category column"},
		{"CSV and a part", csv("filename,category\ncat.0.png,cat\n"), OpenOptions{Part: "x"}, "part"},
		{"options for a CSV file, with the demo", "demo:cats-and-dogs?n=4", OpenOptions{Images: dir, FilenameColumn: "file", LabelColumn: "kind"},
			"is not a CSV file; remove the options for CSV files: Images (--images), FilenameColumn (--filename), LabelColumn (--category)"},
		{"CSV of an image", csv("filename,category\ncat.0.png,cat\n"), OpenOptions{Images: filepath.Join(dir, "cat.0.png")}, "is not a folder, an archive, shards or a Parquet file"},
		{"no such rule", dir, OpenOptions{LabelRule: 9}, "unknown label rule 9"},
		{"no such demo", "demo:horses", OpenOptions{}, "demo:cats-and-dogs"},
		{"demo of one", "demo:cats-and-dogs?n=1", OpenOptions{}, "from 2 to"},
		{"demo with a slip", "demo:cats-and-dogs?m=1", OpenOptions{}, `unknown setting "m"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := Open(t.Context(), c.path, c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v\nwant %q", tab, err, c.want)
			}
		})
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "gone"), OpenOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, dir, OpenOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBadEntries opens archives whose entries can be listed but not read.
func TestBadEntries(t *testing.T) {
	damaged := archive(t, entryOf{name: "cat.0.png", content: png(t), store: true}, entryOf{name: "dog.0.png", content: png(t)})
	damaged[60]++
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"checksum", damaged, "is damaged (wrong checksum)"},
		{"bomb", bomb(t, 4<<20), "differs from the archive's directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := open(t, file1(t, "a.zip", c.content), OpenOptions{})
			_, bad, _ := tab.Check(t.Context(), CheckOptions{})
			if len(bad) != 1 || !strings.Contains(bad[0].Err.Error(), c.want) {
				t.Errorf("%v, want %q", bad, c.want)
			}
		})
	}
}

func TestClaimsAreBounded(t *testing.T) {
	f := &zip.File{FileHeader: zip.FileHeader{Name: "cat.0.png", Method: zip.Deflate, CompressedSize64: 1 << 10, UncompressedSize64: 1 << 40}}
	if _, err := (zipFile{f, "a.zip"}).read(nil); err == nil || !strings.Contains(err.Error(), "claim to unpack to") {
		t.Error(err)
	}
	a := &archiveReader{l: &listing{name: "a.zip"}, left: 64 << 20}
	if _, _, err := a.unnest(nil, f, "a.zip: train.zip"); err == nil || !strings.Contains(err.Error(), "unpack the outer archive") {
		t.Error(err)
	}
	const allowed = "more memory than its size allows (16 times its bytes plus 64 MiB)"
	for want, c := range map[string]struct{ source, file, what string }{
		"a.tgz: needs " + allowed + ": unpack it, and open the folder":                                                      {"a.tgz", "a.tgz", "a.tgz"},
		"a.zip: b.zip: the archives inside a.zip need " + allowed + ": unpack the outer archive, and open the folder":       {"a.zip", "a.zip", "a.zip: b.zip"},
		"set/a.tgz: the archives in set need " + allowed + ": unpack them, move them out of the folder, and open it":        {"set", "set/a.tgz", "set/a.tgz"},
		"set/a.zip: b.zip: the archives in set need " + allowed + ": unpack them, move them out of the folder, and open it": {"set", "set/a.zip", "set/a.zip: b.zip"},
	} {
		a := &archiveReader{l: &listing{name: c.source}, file: c.file}
		if err := a.take(1, c.what); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Kaggle's own archive, read in place.
func TestDogsVsCats(t *testing.T) {
	tab := open(t, testenv.Data(t, "dogs-vs-cats.zip"), OpenOptions{})
	if got := tab.Found(); got != "Found 12500 validated image filenames belonging to 2 classes." {
		t.Error(got)
	}
	if got, want := tab.Head(3), "     filename category\n0   cat.0.jpg      cat\n1   cat.1.jpg      cat\n2  cat.10.jpg      cat"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	test, err := tab.Part("test1")
	if err != nil || test.Len() != 500 || test.Row(0).Filename != "1.jpg" || test.Row(0).Label != "" {
		t.Error(test.Len(), err)
	}
	b, err := tab.Row(0).Bytes()
	if err != nil || !bytes.HasPrefix(b, []byte("\xff\xd8\xff")) {
		t.Error(err)
	}
}

// TestOddArchiveNames opens archives whose names have any characters inside others.
func TestOddArchiveNames(t *testing.T) {
	inner := archive(t, entryOf{name: "cats/1.png", content: png(t)})
	for _, name := range []string{"a\nb.zip", "a\n1.zip", "\n.zip", "\xff.zip", "1.zip", "(2).zip", "part3.zip"} {
		tab := open(t, file1(t, "set.zip", archive(t, entryOf{name: name, content: inner, store: true}, entryOf{name: "x" + name, content: inner})), OpenOptions{LabelRule: Unlabeled})
		if tab.Len() != 2 {
			t.Errorf("%q: %d images", name, tab.Len())
		}
	}
}

// FuzzArchive lists archives of all kinds.
func FuzzArchive(f *testing.F) {
	p := png(f)
	inner := archive(f, entryOf{name: "train/cat.0.png", content: p})
	f.Add(archive(f, entryOf{name: "cat.0.png", content: p}, entryOf{name: "dog.0.png", content: p, store: true}))
	f.Add(archive(f, entryOf{name: "train.zip", content: inner, store: true}))
	f.Add(archive(f, entryOf{name: "train.zip", content: inner}))
	for _, compress := range []bool{false, true} {
		b, err := os.ReadFile(tarOf(f, files(f, "cats/1.png", "dogs/2"), compress))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &listing{name: "a.zip"}
		a := &archiveReader{l: l, rep: &reading{ctx: t.Context()}, left: 64<<20 + 16*int64(len(b))}
		l.closers = append(l.closers, &a.spool)
		defer l.Close()
		if err := a.list(bytes.NewReader(b), int64(len(b)), "a.zip", "", "", 0); err != nil {
			return
		}
		tab, err := newTable(l, OpenOptions{})
		if err != nil {
			return
		}
		for _, r := range tab.All() {
			if strings.Contains(r.Filename, "..") && slices.Contains(strings.Split(r.Filename, "/"), "..") {
				t.Errorf("the name %q", r.Filename)
			}
			if b, err := r.Bytes(); err == nil && len(b) > bounded.MaxFile {
				t.Errorf("%d bytes", len(b))
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("filename,category\ncat.0.png,cat\n\"a\"\"b.png\",dog\n")
	f.Add("\ufeffclass,filename\r\ncat,cat.0.png\r\n")
	f.Add("a;filename;label\r\n1;CAT.0;x|y\r\n2;dog\\cat.0.png;'z'\r3;\"q")
	dir := tree(f, "cat.0.png", "a/b.png")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := openCSV(file1(t, "a.csv", []byte(text)), OpenOptions{Images: dir}, &reading{ctx: t.Context()})
		if err == nil && tab.Len() == 0 {
			t.Error("a table without rows")
		}
	})
}

// TestNumbersInNames refuses numbers in the names of files and folders with the two commands that learn them.
func TestNumbersInNames(t *testing.T) {
	pattern := regexp.MustCompile(`^([0-9]+)_`)
	for _, c := range []struct {
		files string
		o     OpenOptions
		want  []string // "DIR" is the folder
	}{
		{"25_a.png 30_b.png", OpenOptions{LabelPattern: pattern}, []string{"remove the options for CSV files: Task (--task)", "(25 for 25_a.png)", "lince data DIR --label '^([0-9]+)_' --csv t.csv", "lince train t.csv --images DIR --task regress"}},
		{"25_a.png 30_b.png", OpenOptions{}, []string{"lince data DIR --label underscore --csv t.csv"}},
		{"25-a.png 30-b.png", OpenOptions{}, []string{`lince data DIR --label '^(?:.*/)?(-?\d+(?:\.\d+)?)[_-]' --csv t.csv`}},
		{"age25_a.png age30_b.png", OpenOptions{}, []string{"(25 for age25_a.png)"}},
		{"x_25.png x_30.png", OpenOptions{}, []string{"(25 for x_25.png)"}},
		{"25/a.png 30/b.png", OpenOptions{}, []string{"(25 for 25/a.png)", "lince data DIR --label folder --csv t.csv", "lince train t.csv --images DIR --task regress"}},
		{"25/a.png 30/b.png", OpenOptions{LabelRule: Folder}, []string{"lince data DIR --label folder --csv t.csv"}},
		{"train/25/a.png train/30/b.png val/25/c.png", OpenOptions{}, []string{"lince data DIR --label folder --csv t.csv"}},
		{"train/25/a.png train/30/b.png val/25/c.png val/30/d.png", OpenOptions{Part: "val"}, []string{"--label folder --csv t.csv --part val"}},
		{"25.a.png 30.b.png", OpenOptions{LabelRule: Prefix}, []string{"lince data DIR --label prefix --csv t.csv"}},
		{"young/a.png old/b.png", OpenOptions{LabelRule: Folder}, []string{`--label gives old/b.png the label "old": use a regular expression whose group is the number, or a table`}},
		{"young/a.png old/b.png", OpenOptions{}, []string{"the numbers are in a table of file names and numbers, or --label names a regular expression"}},
	} {
		c.o.Task = Regress
		dir := files(t, strings.Fields(c.files)...)
		_, err := Open(t.Context(), dir, c.o)
		for _, want := range c.want {
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), dir, "DIR"), want) {
				t.Errorf("%s: %v, want %s", c.files, err, want)
			}
		}
	}
}

// TestTooManyClasses doubts a rule that gives most images a separate class.
func TestTooManyClasses(t *testing.T) {
	var prefix, number, folders, underscore, fine []string
	for i := range 12 {
		prefix = append(prefix, fmt.Sprintf("%s_%d.x.png", []string{"cat", "dog"}[i%2], i))
		number = append(number, fmt.Sprintf("%s%d.x.png", []string{"cat", "dog"}[i%2], i))
		folders = append(folders, fmt.Sprintf("id%d/%s.0.png", i, []string{"cat", "dog"}[i%2]))
		underscore = append(underscore, fmt.Sprintf("img%d_%d.png", i, i))
		fine = append(fine, fmt.Sprintf("%s/%d.png", []string{"cat", "dog"}[i%2], i))
	}
	for _, c := range []struct {
		files []string
		o     OpenOptions
		want  string
	}{
		{files: prefix, want: "The 12 images have 12 classes, so most classes have one image: the rule is the name up to the first dot, as in cat.0.jpg, and cat_0.x.png has the label cat_0; --label underscore would give 2 classes, such as cat."},
		{files: number, o: OpenOptions{LabelPattern: regexp.MustCompile(`^(\w+)\.`)}, want: `the group of the pattern "^(\\w+)\\.", and cat0.x.png has the label cat0; --label '^(?:.*/)?([^/0-9]*[^/0-9 ._-])[ ._-]*[0-9]' would give 2 classes, such as cat.`},
		{files: folders, want: "id0/cat.0.png has the label id0; --label prefix would give 2 classes, such as cat."},
		{files: underscore, want: "img0_0.png has the label img0. If these are not the classes"},
		{files: fine},
		{files: prefix[:7]},
	} {
		tab := open(t, files(t, c.files...), c.o)
		if got := strings.Join(tab.Warnings(), "\n"); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "so most classes have one image") {
			t.Errorf("%s: warnings %q, want %q", c.files[0], got, c.want)
		}
	}
}

// TestSpoolNote names what each command unpacks again, if it is much.
func TestSpoolNote(t *testing.T) {
	for size, want := range map[int64]string{0: "", 1<<30 - 1: "", 12_340_000_000: "12.3 GB were unpacked"} {
		if got := (&spool{size: size}).note(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%d: %s", size, got)
		}
	}
}
