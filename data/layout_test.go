package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// files makes a folder of images from names. A name that ends in a slash is a folder. Equal base names have equal contents.
func files(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		p := filepath.Join(dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(n, "/") {
			if err := os.MkdirAll(p, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(p, append(png(t), filepath.Base(n)...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// under returns names with a prefix each.
func under(prefix string, names ...string) []string {
	var all []string
	for _, n := range names {
		all = append(all, prefix+n)
	}
	return all
}

// many returns the names of n images, with zeros, with a prefix each.
func many(prefix string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s%02d.png", prefix, i))
	}
	return all
}

// labeledNames returns the rows of the images of many with a label.
func labeledNames(prefix string, n int, label string) string {
	return strings.Join(many(prefix, n), "="+label+" ") + "=" + label
}

func passedOf(tab *Table) string {
	var all []string
	for _, p := range tab.Passed() {
		all = append(all, p.String())
	}
	return strings.Join(all, "\n")
}

// partsOf returns the parts of a table, with the numbers of their images and of those with labels.
func partsOf(t testing.TB, tab *Table) string {
	t.Helper()
	var parts []string
	for _, name := range tab.Parts() {
		p, err := tab.Part(name)
		if err != nil {
			t.Fatal(err)
		}
		labeled := p.Filter(func(r Row) bool { return r.Label != "" }).Len()
		parts = append(parts, fmt.Sprintf("%s=%d/%d", name, p.Len(), labeled))
	}
	return strings.Join(parts, " ")
}

// TestLayouts opens folders, and zip and tar archives of the same files, as datasets have them.
func TestLayouts(t *testing.T) {
	two := []string{"cats/1.png", "cats/2.png", "dogs/3.png", "dogs/4.png"}
	const labels = "cats/1.png=cats cats/2.png=cats dogs/3.png=dogs dogs/4.png=dogs"
	for _, c := range []struct {
		name       string
		files      []string
		o          OpenOptions
		want       string // rows
		parts      string
		held       string
		validation string
		passed     string // part of what is passed over
		warning    string // part of the warnings
	}{
		{name: "nested twice", files: slices.Concat(under("training_set/training_set/", two...), under("test_set/test_set/", "cats/5.png", "dogs/6.png"), []string{"single_prediction/cat_or_dog_1.png"}),
			want: labels, parts: "single_prediction=1/0 test_set=2/2 training_set=4/4", held: "training_set"},
		{name: "parts inside a folder beside another one", files: slices.Concat(under("a-master/a-master/images/TRAIN/", two...), under("a-master/a-master/images/TEST/", "cats/5.png", "dogs/6.png"), under("b-master/", two...)),
			want:    "a-master/a-master/images/TEST/cats/5.png=a-master a-master/a-master/images/TEST/dogs/6.png=a-master a-master/a-master/images/TRAIN/cats/1.png=a-master a-master/a-master/images/TRAIN/cats/2.png=a-master a-master/a-master/images/TRAIN/dogs/3.png=a-master a-master/a-master/images/TRAIN/dogs/4.png=a-master b-master/cats/1.png=b-master b-master/cats/2.png=b-master b-master/dogs/3.png=b-master b-master/dogs/4.png=b-master",
			warning: "The folder a-master is probably no class: it has the parts TEST, TRAIN, each with the folders of classes; "},
		{name: "capitals", files: slices.Concat(under("Training/", two...), under("Testing/", "cats/5.png", "dogs/6.png")),
			want: labels, parts: "Testing=2/2 Training=4/4", held: "Training"},
		{name: "prefixed", files: slices.Concat(under("archive/seg_train/seg_train/", two...), under("archive/seg_test/seg_test/", "cats/5.png"), []string{"archive/seg_pred/seg_pred/9.png"}),
			want: labels, parts: "seg_pred=1/0 seg_test=1/1 seg_train=4/4", held: "seg_train"},
		{name: "years", files: slices.Concat(under("train2017/", two...), under("val2017/", "cats/5.png", "dogs/6.png")),
			want: labels, parts: "train2017=4/4 val2017=2/2", held: "train2017", validation: "val2017"},
		{name: "images between", files: slices.Concat(under("train/images/", two...), under("valid/images/", "cats/5.png", "dogs/6.png")),
			want: labels, parts: "train=4/4 valid=2/2", held: "train", validation: "valid"},
		{name: "copy of itself", files: slices.Concat(under("x/train/", two...), under("x/x/train/", two...), under("x/val/", "cats/5.png"), under("x/x/val/", "cats/5.png"), []string{"x/__MACOSX/x/._train"}),
			want: labels, parts: "train=4/4 val=1/1", held: "train", validation: "val", passed: "5 images in copies of the data, such as x/x/train/cats/1.png"},
		{name: "copy of a class", files: append(under("cats/", two[:2]...), two...), want: labels, passed: "2 images in copies of the data"},
		{name: "no copy", files: []string{"cats/1.png", "cats/persian/2.png", "dogs/1.png"}, want: "cats/1.png=cats cats/persian/2.png=cats dogs/1.png=dogs"},
		{name: "parts in classes", files: []string{"cats/train/1.png", "cats/val/2.png", "dogs/train/3.png", "dogs/val/4.png"},
			want: "cats/train/1.png=cats dogs/train/3.png=dogs", parts: "train=2/2 val=2/2", held: "train", validation: "val"},
		{name: "other folders beside parts", files: slices.Concat(under("train/", two...), under("val/", two...), []string{"examples/1.png"}),
			want: labels, parts: "train=4/4 val=4/4", held: "train", validation: "val", passed: "1 image in a folder that is neither a class nor a part: examples/1.png"},
		{name: "a folder of symbols beside parts", files: slices.Concat(under("gt/Train/", two...), []string{"gt/Test/5.png", "gt/Test/6.png", "gt/Meta/0.png", "gt/Meta/1.png"}),
			want: labels, parts: "Test=2/0 Train=4/4", held: "Train", passed: "2 images in folders that are neither classes nor parts, such as gt/Meta/0.png"},
		{name: "classes of vehicles and a test", files: []string{"train/steam/1.png", "train/tram/2.png", "bus/3.png", "car/4.png", "car/5.png", "test/6.png"},
			want: "bus/3.png=bus car/4.png=car car/5.png=car test/6.png=test train/steam/1.png=train train/tram/2.png=train", warning: "look like parts of the data"},
		{name: "a repository", files: slices.Concat(many("repo/data/train/cats/", 12), many("repo/data/train/dogs/", 12), many("repo/data/val/cats/", 5), many("repo/data/val/dogs/", 5), []string{"repo/docs/img/logo.png", "repo/fig.png"}),
			o: OpenOptions{Part: "val"}, want: labeledNames("cats/", 5, "cats") + " " + labeledNames("dogs/", 5, "dogs"), parts: "train=24/24 val=10/10", held: "val", validation: "val"},
		{name: "the images of the pages of a repository", files: slices.Concat(many("repo/data/train/cats/", 12), many("repo/data/train/dogs/", 12), many("repo/data/val/cats/", 5), many("repo/data/val/dogs/", 5), []string{"repo/docs/img/logo.png", "repo/fig.png"}),
			o: OpenOptions{Part: "docs", LabelRule: Unlabeled}, want: "logo.png=", parts: "train=24/0 val=10/0", validation: "val"},
		{name: "a folder with the classes of a repository", files: slices.Concat(many("repo/dataset/cats/", 12), many("repo/dataset/dogs/", 12), []string{"repo/docs/img/logo.png"}),
			want:    labeledNames("dataset/cats/", 12, "dataset") + " " + labeledNames("dataset/dogs/", 12, "dataset") + " docs/img/logo.png=docs",
			warning: "Nearly all images are in the folder dataset, which has the folders cats, dogs. If these are the classes, use --part dataset."},
		{name: "first letters", files: []string{"a/abbey/1.png", "a/airport/outdoor/2.png", "b/beach/3.png"}, want: "a/abbey/1.png=a a/airport/outdoor/2.png=a b/beach/3.png=b",
			warning: "The classes a, b are the first letters of the folders in them, such as a/abbey, which are probably the classes; for these, use --label '^[^/]+/(.+)/[^/]+$'."},
		{name: "classes named as parts", files: []string{"train/1.png", "bus/2.png", "car/3.png"}, want: "bus/2.png=bus car/3.png=car train/1.png=train"},
		{name: "parts without one for training", files: slices.Concat(under("test/", two...), under("val/", two...)),
			want: "test/cats/1.png=test test/cats/2.png=test test/dogs/3.png=test test/dogs/4.png=test val/cats/1.png=val val/cats/2.png=val val/dogs/3.png=val val/dogs/4.png=val", warning: "The folders test, val look like parts"},
		{name: "folds with parts", files: []string{"fold_1/train/cats/1.png", "fold_1/train/dogs/2.png", "fold_1/val/cats/3.png", "fold_2/train/cats/4.png", "fold_2/train/dogs/5.png", "fold_2/val/dogs/6.png"},
			want: "fold_1/train/cats/1.png=cats fold_1/train/dogs/2.png=dogs fold_2/train/cats/4.png=cats fold_2/train/dogs/5.png=dogs", parts: "train=4/4 val=2/2", held: "train", validation: "val", warning: "The folders fold_1, fold_2 look like"},
		{name: "years with the same folder", files: []string{"2023/images/cats/1.png", "2023/images/dogs/2.png", "2024/images/cats/3.png"},
			want: "2023/images/cats/1.png=cats 2023/images/dogs/2.png=dogs 2024/images/cats/3.png=cats", warning: "The folders 2023, 2024 look like"},
		{name: "the same inner folders", files: []string{"ann/cats/1.png", "ann/dogs/2.png", "bob/cats/3.png", "bob/dogs/4.png"},
			want: "ann/cats/1.png=ann ann/dogs/2.png=ann bob/cats/3.png=bob bob/dogs/4.png=bob", warning: `Each of the folders ann, bob has the same folders cats, dogs. The classes are the outer folders; for the inner ones, use --label '^[^/]+/([^/]+)/', or --part ann for the images of one of these folders.`},
		{name: "variants", files: []string{"color/cats/1.png", "color/dogs/2.png", "gray/cats/1.png", "gray/dogs/2.png"},
			want: "color/cats/1.png=color color/dogs/2.png=color gray/cats/1.png=gray gray/dogs/2.png=gray", warning: `for the inner ones, use --part color, or --label '^[^/]+/([^/]+)/' for the images of all of these folders.`},
		{name: "mostly the same inner folders", files: []string{"10253/0/1.png", "10253/1/2.png", "10254/0/3.png", "10254/1/4.png", "10255/1/5.png"},
			want:    "10253/0/1.png=10253 10253/1/2.png=10253 10254/0/3.png=10254 10254/1/4.png=10254 10255/1/5.png=10255",
			warning: `have folders of the same names, 0, 1. The classes are the outer folders; for the inner ones, use --label '^[^/]+/([^/]+)/'`},
		{name: "the same folders further inside", files: []string{"ann/a/cats/1.png", "ann/b/dogs/2.png", "bob/c/cats/3.png", "bob/d/dogs/4.png"},
			want: "ann/a/cats/1.png=ann ann/b/dogs/2.png=ann bob/c/cats/3.png=bob bob/d/dogs/4.png=bob", warning: `--label '^(?:[^/]+/){2}([^/]+)/'`},
		{name: "years and cameras", files: []string{"2023/camA/cats/1.png", "2023/camA/cats/2.png", "2024/camB/dogs/3.png"},
			want:    "2023/camA/cats/1.png=cats 2023/camA/cats/2.png=cats 2024/camB/dogs/3.png=dogs",
			warning: "The folders 2023, 2024, camA, camB look like dates, cameras, parts of a download or similar, not like classes. The classes are the folders inside them: cats, dogs. For the outer ones, use --label folder."},
		{name: "years, as chosen", files: []string{"2023/cats/1.png", "2024/dogs/3.png"}, o: OpenOptions{LabelRule: Folder}, want: "2023/cats/1.png=2023 2024/dogs/3.png=2024", warning: "look like dates, cameras, parts of a download or similar."},
		{name: "dates in parts", files: []string{"train/2023-05-01/cats/1.png", "train/2023-05-02/dogs/2.png", "val/2024-01-07/cats/3.png", "val/2024-01-07/dogs/4.png"},
			want: "2023-05-01/cats/1.png=cats 2023-05-02/dogs/2.png=dogs", parts: "train=2/2 val=2/2", held: "train", validation: "val", warning: "The folders 2023-05-01, 2023-05-02 look like dates"},
		{name: "patients and series", files: []string{"Patient 001/series_2/benign/1.png", "Patient 002/series_1/malignant/3.png", "Patient 002/series_1/benign/5.png"},
			want:    "Patient 001/series_2/benign/1.png=benign Patient 002/series_1/benign/5.png=benign Patient 002/series_1/malignant/3.png=malignant",
			warning: "The classes are the folders inside them: benign, malignant"},
		{name: "folders of a camera in each class", files: []string{"cats/100CANON/1.png", "cats/101CANON/2.png", "dogs/100CANON/3.png", "dogs/101CANON/4.png"},
			want: "cats/100CANON/1.png=cats cats/101CANON/2.png=cats dogs/100CANON/3.png=dogs dogs/101CANON/4.png=dogs"},
		{name: "years without classes", files: []string{"2023/cat.1.png", "2023/dog.2.png", "2024/cat.3.png", "2024/dog.4.png"},
			want:    "2023/cat.1.png=2023 2023/dog.2.png=2023 2024/cat.3.png=2024 2024/dog.4.png=2024",
			warning: "The classes 2023, 2024 look like dates, cameras, parts of a download or similar; --label prefix would give 2 classes, such as cat."},
		{name: "Google Takeout", files: []string{"Photos from 2018/1.png", "Photos from 2019/2.png"}, want: "Photos from 2018/1.png=Photos from 2018 Photos from 2019/2.png=Photos from 2019",
			warning: "The classes Photos from 2018, Photos from 2019 look like dates"},
		{name: "Google Takeout with classes", files: []string{"Fotos von 2018/cats/1.png", "Fotos von 2019/dogs/2.png", "Fotos von 2019/cats/3.png"}, want: "Fotos von 2018/cats/1.png=cats Fotos von 2019/cats/3.png=cats Fotos von 2019/dogs/2.png=dogs",
			warning: "The folders Fotos von 2018, Fotos von 2019 look like dates"},
		{name: "months", files: []string{"May 2019/1.png", "june_2019/2.png"}, want: "May 2019/1.png=May 2019 june_2019/2.png=june_2019", warning: "look like dates"},
		{name: "other cameras", files: []string{"100EOS5D/1.png", "101_PANA/2.png"}, want: "100EOS5D/1.png=100EOS5D 101_PANA/2.png=101_PANA", warning: "look like dates, cameras"},
		{name: "no months", files: []string{"Marlin 2004/1.png", "photos/2.png"}, want: "Marlin 2004/1.png=Marlin 2004 photos/2.png=photos"},
		{name: "numbers", files: []string{"1/a/1.png", "2/b/2.png", "5/c/3.png"}, want: "1/a/1.png=1 2/b/2.png=2 5/c/3.png=5"},
		{name: "a class among years", files: []string{"1990/a/1.png", "2000/b/2.png", "antique/c/3.png"}, want: "1990/a/1.png=1990 2000/b/2.png=2000 antique/c/3.png=antique"},
		{name: "Spanish parts", files: slices.Concat(under("entrenamiento/", two...), under("validaci\u00f3n/", two...), under("prueba/", "cats/5.png")),
			want: labels, parts: "entrenamiento=4/4 prueba=1/1 validaci\u00f3n=4/4", held: "entrenamiento", validation: "validaci\u00f3n"},
		{name: "Portuguese and Italian parts", files: slices.Concat(under("set/dados_treino/", two...), under("set/dados_teste/", "cats/5.png")),
			want: labels, parts: "dados_teste=1/1 dados_treino=4/4", held: "dados_treino"},
		{name: "Chinese parts", files: slices.Concat(under("训练集/", two...), under("验证集/", two...)), want: labels, parts: "训练集=4/4 验证集=4/4", held: "训练集", validation: "验证集"},
		{name: "part by its meaning", files: slices.Concat(under("Train/", two...), under("Validation_set/", "cats/5.png", "dogs/6.png")), o: OpenOptions{Part: "val"},
			want: "cats/5.png=cats dogs/6.png=dogs", parts: "Train=4/4 Validation_set=2/2", held: "Validation_set", validation: "Validation_set"},
		{name: "hidden", files: append(slices.Clone(two), ".ipynb_checkpoints/1-checkpoint.png", "cats/.ipynb_checkpoints/1.png", "cats/@eaDir/1.png/SYNO.png", "$RECYCLE.BIN/7.png", "dogs/._4.png"),
			want: labels, passed: "5 files that are hidden or belong to other programs"},
		{name: "empty class", files: append(slices.Clone(two), "emus/"), want: labels, passed: "1 folder without images, which is no class: emus"},
		{name: "other files", files: append(slices.Clone(two), "readme.txt", "cats/a.txt", "labels.csv", "cats/IMG.HEIC"), want: labels,
			passed: "3 files that are not images (2 .txt, 1 .csv), such as cats/a.txt\n1 image of a format that lince does not read (1 HEIC): cats/IMG.HEIC"},
		{name: "other names", files: []string{"cats/a.jfif", "cats/b.jpe", "cats/c.mpo", "cats/d", "cats/e.png_large", "cats/f.png.", "cats/g.0", "dogs/1.png", "dogs/a.png~"},
			want:   "cats/a.jfif=cats cats/b.jpe=cats cats/c.mpo=cats cats/d=cats cats/e.png_large=cats cats/f.png.=cats cats/g.0=cats dogs/1.png=dogs",
			passed: "1 file that is not an image (1 .png~): dogs/a.png~"},
		{name: "underscores", files: []string{"Abyssinian_1.png", "Abyssinian_2.png", "great_dane_7.png"}, want: "Abyssinian_1.png=Abyssinian Abyssinian_2.png=Abyssinian great_dane_7.png=great_dane"},
		{name: "pattern", files: []string{"a/cat-1.png", "b/dog-1.png", "b/x.png"}, o: OpenOptions{LabelPattern: regexp.MustCompile(`/([a-z]+)-\d+\.png$`)},
			want: "a/cat-1.png=cat b/dog-1.png=dog", warning: "Dropped 1 of the 3 images"},
		{name: "pattern as fastai has it", files: []string{"pug_1.png", "beagle_1.png"}, o: OpenOptions{LabelPattern: regexp.MustCompile(`/([^/]+)_\d+.png$`)}, want: "beagle_1.png=beagle pug_1.png=pug"},
		{name: "one known class", files: []string{"dogs/1.png", "dogs/2.png"}, o: OpenOptions{Classes: []string{"cats", "dogs"}}, want: "dogs/1.png=dogs dogs/2.png=dogs"},
		{name: "one known class with folders", files: []string{"dogs/a/1.png", "dogs/b/2.png"}, o: OpenOptions{Classes: []string{"cats", "dogs"}}, want: "dogs/a/1.png=dogs dogs/b/2.png=dogs"},
		{name: "known classes far inside", files: []string{"2023/05/1/a/b/cats/1.png", "2024/06/2/a/b/dogs/4.png"}, o: OpenOptions{Classes: []string{"cats", "dogs"}},
			want: "2023/05/1/a/b/cats/1.png=cats 2024/06/2/a/b/dogs/4.png=dogs"},
		{name: "known classes inside", files: []string{"2023/cats/1.png", "2024/dogs/4.png"}, o: OpenOptions{Classes: []string{"cats", "dogs"}}, want: "2023/cats/1.png=cats 2024/dogs/4.png=dogs"},
	} {
		dir := files(t, c.files...)
		for kind, source := range map[string]string{"folder": dir, "zip": zipOf(t, dir), "tar": tarOf(t, dir, false), "tar.gz": tarOf(t, dir, true)} {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				tab := open(t, source, c.o)
				if got := list1(tab); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if got := partsOf(t, tab); got != c.parts || tab.HeldPart() != c.held || tab.ValidationPart() != c.validation {
					t.Errorf("parts %q, held %q, validation %q; want %q, %q, %q", got, tab.HeldPart(), tab.ValidationPart(), c.parts, c.held, c.validation)
				}
				if got := passedOf(tab); !strings.Contains(got, c.passed) || c.passed == "" && got != "" {
					t.Errorf("passed over: %s\nwant %s", got, c.passed)
				}
				if w := strings.Join(tab.Warnings(), "\n"); !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
					t.Errorf("warnings %q, want %q", w, c.warning)
				}
				if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
					t.Error(bad, err)
				}
			})
		}
	}
}

// zipOf returns a zip archive of a folder, with entries for its folders.
func zipOf(t testing.TB, dir string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file1(t, "set.zip", b.Bytes())
}

func tarOf(t testing.TB, dir string, compress bool) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !compress {
		return file1(t, "set.tar", b.Bytes())
	}
	return file1(t, "set.tar.gz", gzipped1(t, b.Bytes()))
}

// tarWith returns a tar archive of images with the given names. A name with > and a target is a hard link.
func tarWith(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range names {
		if name, target, ok := strings.Cut(n, ">"); ok {
			if err := w.WriteHeader(&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: n, Mode: 0o600, Size: int64(len(png(t)))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(png(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstd1(t testing.TB, content []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(content, nil)
}

func gzipped1(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLabelProposals checks that the error of images without labels names a setting that gives some.
func TestLabelProposals(t *testing.T) {
	for _, c := range []struct {
		files []string
		o     OpenOptions
		want  string
	}{
		{files: []string{"cat1.png", "cat2.png", "dog1.png", "dog2.png"}, want: `--label '^(?:.*/)?(.*?)[ _-]*\(?\d+\)?(?:\.\w+)?$' would give 2 classes, such as cat`},
		{files: []string{"cat (1).png", "cat (2).png", "dog (1).png", "dog (2).png"}, want: "would give 2 classes, such as cat"},
		{files: []string{"dogs/1.png", "dogs/2.png"}, want: "if dogs is the class of all of them, use --label folder"},
		{files: []string{"0000_cat.png", "0001_dog.png", "0002_cat.png", "0003_dog.png"}, want: `--label '^(?:.*/)?[^/]*[0-9][ _-]+([^/0-9.]+)\.\w+$' would give 2 classes, such as cat`},
		{files: []string{"IMG_20240101_cat.png", "IMG_20240101_dog.png", "IMG_20240102_cat.png", "IMG_20240102_dog.png"}, want: "would give 2 classes, such as cat"},
		{files: []string{"set/a1.png", "set/b2.png"}, want: "if the class is elsewhere in the names, use --label with a regular expression with one group"},
		{files: []string{"cat_a.png", "cat_b.png", "dog_a.png", "dog_b.png"}, want: "--label underscore would give 2 classes"},
		{files: []string{"a/1.png", "b/2.png", "a/3.png", "b/4.png"}, o: OpenOptions{LabelRule: Prefix}, want: "--label folder would give 2 classes"},
		{files: []string{"IMG_1.png", "DSC_2.png"}, want: "use --label folder"},
		{files: []string{"A_test.png", "B_test.png", "del_test.png"}, o: OpenOptions{Classes: []string{"A", "B", "C", "del"}}, want: "; --label underscore gives 3 of the 3 images a class of the model: A_test.png has the label A"},
		{files: []string{"train/a/1.png", "train/b/2.png", "test/a_test.png", "test/b_test.png"}, o: OpenOptions{Classes: []string{"a", "b"}, Part: "test"}, want: "--label underscore gives 2 of the 2 images a class of the model"},
		{files: []string{"train/a/1.png", "train/b/2.png", "test/3.png", "test/4.png"}, o: OpenOptions{Classes: []string{"a", "b"}, Part: "test"}, want: "so they can only be predicted"},
		{files: []string{"a_test_x.png", "b_test_x.png", "b-3.png"}, o: OpenOptions{Classes: []string{"a", "b"}}, want: `--label '^(?:.*/)?([^/_.-]+)[_.-]' gives 3 of the 3 images`},
		{files: []string{"a1.png", "b 2.png"}, o: OpenOptions{Classes: []string{"a", "b"}}, want: `--label '^(?:.*/)?(.*?)[ _-]*\(?\d+\)?(?:\.\w+)?$' gives 2 of the 2 images`},
		{files: []string{"x/a/1.png", "x/b/2.png"}, o: OpenOptions{Classes: []string{"a", "b"}, LabelRule: Prefix}, want: "--label folder gives 2 of the 2 images"},
		{files: []string{"x/a/1.png", "y/b/2.png"}, o: OpenOptions{Classes: []string{"a", "b"}, LabelRule: Prefix}, want: `--label '^[^/]+/([^/]+)/' gives 2 of the 2 images`},
		{files: []string{"c_test.png", "d_test.png"}, o: OpenOptions{Classes: []string{"a", "b"}}, want: "--label"},
	} {
		_, err := Open(t.Context(), files(t, c.files...), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q", c.files, err, c.want)
		}
	}
	for _, c := range []struct{ files, want string }{
		{"cats/a_1.png dogs/b_2.png", "No label is a class of the model (the rule is the folder, as in cats/1.jpg); --label underscore gives 2 of the 2 images a class of the model: cats/a_1.png has the label a."},
		{"pug.a_1.png pug.b_2.png", ""},
		{"a/1.png z/2.png", ""},
		{"c/1.png d/2.png", ""},
	} {
		tab := open(t, files(t, strings.Fields(c.files)...), OpenOptions{Classes: []string{"a", "b"}})
		if got := strings.Join(tab.Warnings(), "\n"); got != c.want {
			t.Errorf("%s: the warnings %q, want %q", c.files, got, c.want)
		}
	}
	for pattern, want := range map[string]string{`(a`: "not a regular expression", `abc`: "has 0 groups", `(a)(b)`: "has 2 groups"} {
		if _, err := ParseLabelPattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, err, want)
		}
	}
	if _, err := Open(t.Context(), files(t, "a.png"), OpenOptions{LabelRule: Folder, LabelPattern: regexp.MustCompile("(a)")}); err == nil || !strings.Contains(err.Error(), "both set") {
		t.Error(err)
	}
}

// TestArchives opens archives in the forms in which people have them.
func TestArchives(t *testing.T) {
	p := png(t)
	cats := []entryOf{{name: "cats/1.png", content: p}, {name: "dogs/2.png", content: p}}
	const labels = "cats/1.png=cats dogs/2.png=dogs"
	set := archive(t, cats...)
	classes := archive(t, entryOf{name: "cats.zip", content: archive(t, entryOf{name: "1.png", content: p})}, entryOf{name: "dogs.zip", content: archive(t, entryOf{name: "2.png", content: p}), store: true})
	deep := classes
	for i := range 5 {
		deep = archive(t, entryOf{name: fmt.Sprintf("%d/level%d.zip", i, i), content: deep, store: i%2 == 0})
	}
	tarred, err := os.ReadFile(tarOf(t, files(t, "cats/1.png", "dogs/2.png"), false))
	if err != nil {
		t.Fatal(err)
	}
	unicode := func(name string) func(h *zip.FileHeader) {
		return func(h *zip.FileHeader) {
			h.NonUTF8 = true
			field := binary.LittleEndian.AppendUint32([]byte{1}, crc32.ChecksumIEEE([]byte(h.Name)))
			h.Extra = append(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, 0x7075), uint16(len(field)+len(name))), append(field, name...)...)
		}
	}
	joined := slices.Concat(tarred, make([]byte, 9<<10), tarWith(t, "owls/3.png"))
	zstandard := func(h *zip.FileHeader) { h.Method = zipZstd }
	old := func(h *zip.FileHeader) { h.NonUTF8 = true }
	for _, c := range []struct {
		name, path, want, passed, warning string
	}{
		{name: "after other bytes", path: file1(t, "a.zip", append([]byte("#!/bin/sh\necho hi\n"), set...)), want: labels},
		{name: "self-extracting", path: file1(t, "a.exe", append([]byte("MZ\x90\x00"), set...)), want: labels},
		{name: "with a link", path: file1(t, "a.zip", archive(t, append(cats, entryOf{name: "README", content: []byte("/etc/passwd"), change: func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }})...)),
			want: labels, passed: "1 link that is not followed: README"},
		{name: "names that point outside", path: file1(t, "a.zip", archive(t, append(slices.Clone(cats), entryOf{name: "../x/3.png", content: p}, entryOf{name: `c\..\..\4.png`, content: p}, entryOf{name: "/5.png", content: p},
			entryOf{name: `C:\6.png`, content: p}, entryOf{name: "//host/7.png", content: p}, entryOf{name: "8\x00.png", content: p})...)), want: labels, passed: "6 entries whose names are absolute or point outside the archive, such as ../x/3.png"},
		{name: "names that point outside, tar", path: file1(t, "a.tar", tarWith(t, "cats/1.png", "dogs/2.png", "../x/3.png", "/tmp/4.png", "cats/../../5.png")), want: labels, passed: "3 entries whose names are absolute or point outside the archive, such as ../x/3.png"},
		{name: "names that point outside, in a zip", path: file1(t, "a.zip", archive(t, entryOf{name: "x.tar", content: tarWith(t, "cats/1.png", "dogs/2.png", "../3.png")})), want: labels, passed: "1 entry whose name is absolute or points outside the archive: ../3.png"},
		{name: "hard links", path: file1(t, "a.tar", tarWith(t, "cats/1.png", "dogs/2.png", "dogs/3.png>dogs/2.png", "./dogs/4.png>./dogs/3.png", "dogs/5.png>none.png")),
			want: labels + " dogs/3.png=dogs dogs/4.png=dogs", passed: "1 link that is not followed: dogs/5.png"},
		{name: "joined tar archives", path: file1(t, "a.tar", joined), want: labels + " owls/3.png=owls"},
		{name: "joined tar archives, compressed", path: file1(t, "a.tar.gz", append(gzipped1(t, joined), gzipped1(t, tarWith(t, "owls/4.png"))...)), want: labels + " owls/3.png=owls owls/4.png=owls"},
		{name: "tar.zst", path: file1(t, "a.tar.zst", zstd1(t, tarred)), want: labels},
		{name: "tar.zst after a frame that is skipped", path: file1(t, "a.tzst", append([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00hi"), zstd1(t, tarred)...)), want: labels},
		{name: "tar.zst in zip", path: file1(t, "a.zip", archive(t, entryOf{name: "set.tar.zst", content: zstd1(t, tarred), store: true})), want: labels},
		{name: "zip in gzip", path: file1(t, "a.zip.gz", gzipped1(t, set)), want: labels},
		{name: "zip with Zstandard", path: file1(t, "a.zip", archive(t, entryOf{name: "cats/1.png", content: p, change: zstandard}, entryOf{name: "dogs/2.png", content: p, change: zstandard})), want: labels},
		{name: "a zip for each class", path: file1(t, "a.zip", classes), want: labels},
		{name: "seven levels", path: file1(t, "a.zip", deep), want: labels},
		{name: "tar in zip", path: file1(t, "a.zip", archive(t, entryOf{name: "x/set.tar", content: tarred, store: true})), want: labels},
		{name: "tar.gz in zip", path: file1(t, "a.zip", archive(t, entryOf{name: "set.tar.gz", content: gzipped1(t, tarred)})), want: labels},
		{name: "tar.gz of another name", path: file1(t, "a.data", gzipped1(t, tarred)), want: labels},
		{name: "folder of archives", path: filepath.Dir(file1(t, "set.zip", set)), want: labels},
		{name: "names in UTF-8 without the flag", path: file1(t, "a.zip", archive(t, entryOf{name: "gatos_ñ/1.png", content: p, change: old}, entryOf{name: "b/1.png", content: p})), want: "b/1.png=b gatos_ñ/1.png=gatos_ñ"},
		{name: "names in code page 437", path: file1(t, "a.zip", archive(t, entryOf{name: "ni\xa4os/1.png", content: p, change: old}, entryOf{name: "b/1.png", content: p})),
			want: "b/1.png=b niños/1.png=niños", warning: "1 names are not in UTF-8"},
		{name: "names in the field for Unicode", path: file1(t, "a.zip", archive(t, entryOf{name: "ni?os/1.png", content: p, change: unicode("niños/1.png")}, entryOf{name: "b/1.png", content: p})),
			want: "b/1.png=b niños/1.png=niños"},
		{name: "damaged archive beside a good one", path: file1(t, "a.zip", archive(t, append(cats, entryOf{name: "more.zip", content: []byte("PK\x03\x04")})...)), want: labels, warning: "a.zip: more.zip: is truncated or damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := open(t, c.path, OpenOptions{})
			if got := list1(tab); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := passedOf(tab); got != c.passed {
				t.Errorf("passed over: %s\nwant %s", got, c.passed)
			}
			if w := strings.Join(tab.Warnings(), "\n"); !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
				t.Errorf("warnings %q, want %q", w, c.warning)
			}
			if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
				t.Error(bad, err)
			}
		})
	}
}

// TestArchiveErrors checks that archives that lince does not read are named, with what to do.
func TestArchiveErrors(t *testing.T) {
	p := png(t)
	set := archive(t, entryOf{name: "cats/1.png", content: p}, entryOf{name: "dogs/2.png", content: p})
	split := bytes.Clone(set)
	copy(split[len(split)-22+4:], []byte{2, 0, 2, 0})
	method := func(m uint16) []byte {
		b := archive(t, entryOf{name: "cats/1.png", content: p})
		for _, mark := range []string{"PK\x01\x02", "PK\x03\x04"} {
			at := bytes.Index(b, []byte(mark)) + map[string]int{"PK\x01\x02": 10, "PK\x03\x04": 8}[mark]
			binary.LittleEndian.PutUint16(b[at:], m)
		}
		return b
	}
	quine := archive(t, entryOf{name: "a.png", content: p})
	for range maxDepth + 2 {
		quine = archive(t, entryOf{name: "x.zip", content: quine, store: true})
	}
	zeros := archive(t, entryOf{name: "a.png", content: make([]byte, 50<<20)})
	bombs := archive(t, entryOf{name: "0.zip", content: zeros}, entryOf{name: "1.zip", content: archive(t, entryOf{name: "a.txt", content: make([]byte, 60<<20), store: true})},
		entryOf{name: "2.zip", content: archive(t, entryOf{name: "b.txt", content: make([]byte, 60<<20), store: true})})
	for _, c := range []struct{ name, path, want string }{
		{"split zip", file1(t, "a.zip", split), "is the last of the 3 files of a split archive; join them first (zip -s 0"},
		{"piece of a split zip", file1(t, "a.z01", append([]byte("PK\x07\x08"), make([]byte, 90)...)), "a piece of a split zip archive"},
		{"piece of a split file", file1(t, "a.zip.001", set[:60]), "its name is that of a piece of a split file: join the pieces in their order (cat a.zip.* > a.zip)"},
		{"second piece of a split file", file1(t, "a.zip.002", set[60:120]), "join the pieces in their order (cat a.zip.* > a.zip)"},
		{"piece of a split tar", file1(t, "a b.tar.aa", tarWith(t, "cats/1.png", "dogs/3.png")[:700]), "join the pieces in their order (cat 'a b.tar.'* > 'a b.tar')"},
		{"piece of a split tar.gz", file1(t, "a.tgz.part1", gzipped1(t, tarWith(t, "cats/1.png", "dogs/3.png"))[:200]), "join the pieces in their order (cat a.tgz.* > a.tgz)"},
		{"piece of any file", file1(t, "a.001", set[60:120]), "join the pieces (cat FILE.* > whole.zip)"},
		{"folder of pieces", filepath.Dir(file1(t, "a.zip.002", set[60:120])), "join the pieces in their order (cat a.zip.* > a.zip)"},
		{"LZMA", file1(t, "a.zip", method(14)), "compressed by the method 14 (LZMA); lince reads only the methods store, deflate, Deflate64, bzip2 and Zstandard"},
		{"too deep", file1(t, "a.zip", quine), "at most 16 are supported"},
		{"budget", file1(t, "a.zip", bombs), "need more memory than its size allows"},
		{"gzip of an image", file1(t, "a.png.gz", gzipped1(t, p)), "is compressed, and does not hold an archive"},
		{"xz", file1(t, "a.tar.xz", []byte("\xfd7zXZ\x00")), "a.tar.xz: is an xz file, which lince does not read; unpack it (tar -xf a.tar.xz), and open the folder"},
		{"xz of one file", file1(t, "my set.xz", []byte("\xfd7zXZ\x00")), `unpack it (xz -d 'my set.xz')`},
		{"7z", file1(t, "a.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04")), "is a 7z archive, which lince does not read; unpack it (7z x a.7z)"},
		{"7z with another name", file1(t, "a.zip", []byte("7z\xbc\xaf\x27\x1c\x00\x04")), "is a 7z archive, which lince does not read; unpack it (7z x a.zip)"},
		{"RAR", file1(t, "a.rar", []byte("Rar!\x1a\x07\x01\x00")), "is a RAR archive, which lince does not read; unpack it (unrar x a.rar)"},
		{"LZ4", file1(t, "a.tar.lz4", []byte("\x04\x22\x4d\x18")), "unpack it (tar -I lz4 -xf a.tar.lz4)"},
		{"cabinet", file1(t, "a.cab", []byte("MSCF\x00\x00")), "a cabinet archive"},
		{"disk image", file1(t, "a.iso", make([]byte, 900)), "is a disk image, which lince does not read; unpack it (7z x a.iso)"},
		{"zstd of an image", file1(t, "a.png.zst", zstd1(t, p)), "is compressed, and does not hold an archive (it looks like image/png)"},
		{"zstd that is truncated", file1(t, "a.tar.zst", zstd1(t, set)[:50]), "a.tar.zst: is truncated"},
		{"zstd that claims memory", file1(t, "a.tar.zst", []byte("\x28\xb5\x2f\xfd\x00\xa8\x40\x00\x00hello")), "a.tar.zst: is compressed by Zstandard with a window of 2048 MiB, and lince reads one of at most 128 MiB; unpack it (zstd -d --long=31 a.tar.zst), and use the file that results"},
		{"zstd that claims more than zstd reads", file1(t, "a.tar.zst", []byte("\x28\xb5\x2f\xfd\x00\xb0\x40\x00\x00hello")), "damaged or forged; download it again"},
		{"not an archive", file1(t, "a.tar.zst", []byte("hello")), "is not a zip or tar archive (it looks like text/plain); download it again"},
		{"folder of archives", files(t, "cats.rar", "dogs.rar"), "it has 2 files that are not images (2 .rar), such as cats.rar; unpack the archives (unrar x FILE.rar)"},
		{"pointer of Git LFS", file1(t, "a.zip", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")), "a.zip: is a pointer of Git LFS, not the file itself; run git lfs pull in its folder"},
		{"JSON text", file1(t, "a.tar.gz", []byte(`{"message":"404 Not Found"}`)), `it is JSON text, probably the error of a download: {"message":"404 Not Found"}); download it again`},
		{"bytes after a tar", file1(t, "a.tar", append(tarWith(t, "cats/1.png"), "the end"...)), "has 7 bytes after the end of the tar archive (from byte 2048 on) that are not another tar archive; they are not read"},
		{"truncated tar with one class", file1(t, "a.tar", tarWith(t, "cats/1.png", "cats/2.png", "dogs/3.png")[:2*1024+1024-300]), "use --label with a regular expression with one group; besides, 2 cannot be used, the first: dogs/3.png is truncated: the archive ends within it"},
		{"raw photo", file1(t, "a b.nef", []byte("MM\x00*\x00\x00\x00\x08")), `it is a camera raw file, which lince does not read: convert it to JPEG, for example with rawpy in Python: python3 -c 'import pathlib, rawpy, sys; from PIL import Image; p = pathlib.Path(sys.argv[1]); Image.fromarray(rawpy.imread(str(p)).postprocess(use_camera_wb=True)).save(p.with_suffix(".jpg"))' 'a b.nef'`},
		{"folder of raw photos", files(t, "cats/IMG_1.NEF", "dogs/IMG_2.NEF"), `for p in pathlib.Path(".").rglob("*.NEF")]`},
		{"HEIC", file1(t, "a.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")), "it is a HEIC file, which lince does not read: convert it to JPEG, for example with ImageMagick: magick a.heic a.jpg"},
		{"microscope", file1(t, "s 0.czi", []byte("ZISRAWFILE\x00\x00\x00\x00\x00\x00")), "it is a microscope (CZI) file, which lince does not read: convert it to PNG, for example with Bio-Formats: bfconvert -series 0 -z 0 -timepoint 0 -channel 0 's 0.czi' 's 0.czi'.png"},
		{"slide", file1(t, "a.svs", []byte("II*\x00\x08\x00\x00\x00")), "convert it to PNG, for example with vips, which cuts it into tiles: vips dzsave a.svs a.svs-tiles --depth one --tile-size 512 --suffix .png"},
		{"folder of a microscope", files(t, "normal/s0.czi", "tumor/s0.nd2"), `it has 2 images of formats that lince does not read (1 microscope (CZI), 1 microscope (ND2)), such as normal/s0.czi; convert them to PNG, for example with Bio-Formats: find . -name '*.czi' -exec sh -c 'bfconvert -series 0 -z 0 -timepoint 0 -channel 0 "$1" "$1.png"' sh {} \;`},
		{"folder of slides", files(t, "normal/s0.NDPI"), `find . -name '*.NDPI' -exec`},
		{"folder of scans", files(t, "normal/s0.nii.gz"), `it has 1 image of a format that lince does not read (1 medical scan (NIfTI)): normal/s0.nii.gz; convert them to PNG, for example with SimpleITK in Python: python3 -c`},
		{"folder of HEIC", files(t, "cats/IMG_1.HEIC", "dogs/IMG_2.HEIC", "cats/a.txt"), "it has 1 file that is not an image (1 .txt): cats/a.txt; 2 images of a format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := Open(t.Context(), c.path, OpenOptions{})
			want := strings.Replace(c.want, "2 images of a format", "2 images of formats that lince does not read (2 HEIC), such as cats/IMG_1.HEIC; convert them to JPEG", 1)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, %v\nwant %q", tab, err, want)
			}
		})
	}
}

// TestUnreadableFolder checks that a folder without permission is counted, and does not end the listing.
func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read all folders")
	}
	dir := files(t, "cats/1.png", "dogs/2.png", "emus/3.png", "lost+found/")
	for _, n := range []string{"emus", "lost+found"} {
		p := filepath.Join(dir, n)
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(p, 0o700) })
	}
	tab := open(t, dir, OpenOptions{})
	if got := passedOf(tab); list1(tab) != "cats/1.png=cats dogs/2.png=dogs" || !strings.Contains(got, "1 folder that cannot be read: emus") || strings.Contains(got, "without images") {
		t.Error(list1(tab), got)
	}
}

// TestFolderLinks checks that links to files and folders are followed, without end, and that those to nothing are counted.
func TestFolderLinks(t *testing.T) {
	for name, c := range map[string]struct {
		source  string // "" is set
		files   []string
		links   [][2]string // target and name
		want    string
		passed  string
		warning string
		ignored string
	}{
		"files":                 {links: [][2]string{{"1.png", "set/cats/3.png"}, {"gone.png", "set/dogs/4.png"}}, want: "cats/1.png=cats cats/3.png=cats dogs/2.png=dogs", ignored: "dogs/4.png", warning: "Left out dogs/4.png: is a link to a missing file: no such file or"},
		"classes":               {links: [][2]string{{"../disk/emus", "set/emus"}}, want: "cats/1.png=cats dogs/2.png=dogs emus/5.png=emus"},
		"links to links":        {links: [][2]string{{"../disk/far", "set/emus"}, {"emus", "disk/far"}}, want: "cats/1.png=cats dogs/2.png=dogs emus/5.png=emus"},
		"links in links":        {links: [][2]string{{"../disk", "set/fish"}, {"../other", "disk/koi"}}, files: []string{"other/7.png"}, want: "cats/1.png=cats dogs/2.png=dogs fish/emus/5.png=fish fish/koi/7.png=fish"},
		"the folder above":      {links: [][2]string{{"..", "set/cats/up"}, {"../..", "set/cats/out"}, {".", "set/cats/self"}}, want: "cats/1.png=cats dogs/2.png=dogs", passed: "3 links to folders that they are in, which are not followed, such as cats/out"},
		"a cycle of links":      {links: [][2]string{{"../disk", "set/fish"}, {"../set/cats", "disk/a"}, {"../../disk", "set/cats/b"}}, passed: "2 links to folders that they are in", warning: "images are listed twice"},
		"a link to itself":      {links: [][2]string{{"loop", "set/loop"}}, want: "cats/1.png=cats dogs/2.png=dogs", passed: "1 link that is not followed: loop"},
		"twice":                 {links: [][2]string{{"../cats", "set/dogs/more"}}, want: "cats/1.png=cats dogs/2.png=dogs dogs/more/1.png=dogs", warning: "1 images are listed twice, because links lead to their folders, such as dogs/more/1.png"},
		"hidden":                {links: [][2]string{{"../disk", "set/.cache"}}, want: "cats/1.png=cats dogs/2.png=dogs", passed: "1 file that is hidden"},
		"parts":                 {source: "x", files: []string{"x/note.txt", "y/cats/1.png", "y/dogs/2.png"}, links: [][2]string{{"../y", "x/train"}, {"../y", "x/val"}}, want: "cats/1.png=cats dogs/2.png=dogs", warning: "2 images are listed twice, because links lead to their folders, such as val/dogs/2.png", passed: "not an image"},
		"folder without images": {files: []string{"disk/empty/"}, links: [][2]string{{"../disk/empty", "set/yaks"}}, want: "cats/1.png=cats dogs/2.png=dogs", passed: "1 folder without images, which is no class: yaks"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := files(t, append(c.files, "set/cats/1.png", "set/dogs/2.png", "disk/emus/5.png")...)
			for _, l := range c.links {
				if err := os.Symlink(filepath.FromSlash(l[0]), filepath.Join(dir, l[1])); err != nil {
					t.Skip(err)
				}
			}
			t.Chdir(dir)
			set := cmp.Or(c.source, "set")
			for _, source := range []string{set, filepath.Join(dir, set)} {
				tab := open(t, source, OpenOptions{})
				if got := list1(tab); got != c.want && c.want != "" {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if got := passedOf(tab); !strings.Contains(got, c.passed) || c.passed == "" && got != "" {
					t.Errorf("passed over: %s\nwant %s", got, c.passed)
				}
				if w := strings.Join(tab.Warnings(), "\n"); !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
					t.Errorf("warnings %q, want %q", w, c.warning)
				}
				if g := tab.Ignored(); c.ignored != "" && (len(g) != 1 || g[0].Filename != c.ignored) {
					t.Error(g)
				}
				if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
					t.Error(bad, err)
				}
			}
		})
	}
}

// TestManyLinks checks that links that double the paths with each folder do not make a listing without end.
func TestManyLinks(t *testing.T) {
	dir := files(t, "set/cats/1.png", "set/dogs/2.png", "d30/3.png")
	for i := range 30 {
		at := filepath.Join(dir, fmt.Sprint("d", i))
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			if err := os.Symlink(fmt.Sprint("../d", i+1), filepath.Join(at, name)); err != nil {
				t.Skip(err)
			}
		}
	}
	if err := os.Symlink("../d0", filepath.Join(dir, "set", "fish")); err != nil {
		t.Fatal(err)
	}
	tab := open(t, filepath.Join(dir, "set"), OpenOptions{})
	if n := tab.Len(); n < 4 || n > mostRepeats+3 {
		t.Errorf("%d images", n)
	}
	if p := tab.Passed(); len(p) != 1 || !p[0].Loss || !strings.Contains(p[0].Reason, "links that are not followed") {
		t.Error(p)
	}
}

// TestSpool checks that a large archive is unpacked to a file that Close removes.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var s spool
	content := bytes.Repeat([]byte("0123456789abcdef"), spoolMemory/16)
	for i, want := range []int64{spoolMemory, spoolMemory, 16} {
		r, n, err := s.add(bytes.NewReader(content[:want]), 0, 2*spoolMemory)
		if err != nil || n != want {
			t.Fatal(i, n, err)
		}
		var b [16]byte
		if _, err := r.ReadAt(b[:], n-16); err != nil || string(b[:]) != "0123456789abcdef" {
			t.Errorf("%d: %q, %v", i, b, err)
		}
	}
	if s.file == nil {
		t.Error("everything is in memory")
	}
	if _, _, err := s.add(bytes.NewReader(content), 0, 100); err == nil {
		t.Error("more bytes than the limit")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "gone"))
	var full spool
	if _, _, err := full.add(bytes.NewReader(append(content, 0)), 0, 2*spoolMemory); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Error(err)
	}
}
