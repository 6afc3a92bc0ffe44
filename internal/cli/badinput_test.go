package cli

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// TestBadInput checks mistakes of users and corrupt files: each must give its exit code and a
// message that contains the wanted texts, and must leave the working folder unchanged.
func TestBadInput(t *testing.T) {
	images := pngs(t, 8)
	model := []byte(read(t, trained(t), "model.keras"))
	two := network("two.json")
	train := func(args ...string) []string { return append([]string{"train"}, args...) }
	small := func(args ...string) []string { return train(append(args, "--model", two, "--epochs", "1")...) }
	only := func(n int, prefix string) map[string][]byte {
		m := map[string][]byte{}
		for name, b := range images {
			if strings.HasPrefix(name, prefix) && len(m) < n {
				m[name] = b
			}
		}
		return m
	}
	in := func(dir string, files map[string][]byte) map[string][]byte {
		m := map[string][]byte{}
		for name, b := range files {
			m[dir+"/"+name] = b
		}
		return m
	}
	set := in("set", images)
	with := func(more map[string][]byte) map[string][]byte {
		m := maps.Clone(set)
		maps.Copy(m, more)
		return m
	}
	whole := zipped(t, "", images)

	for _, c := range []struct {
		name  string
		files map[string][]byte
		args  []string
		code  int
		want  []string
	}{
		// Sources.
		{"missing file", nil, train("nope.zip"), 1, []string{"nope.zip", "no such file or folder"}},
		{"not a zip", map[string][]byte{"x.zip": []byte("<html>sign in first</html>")}, train("x.zip"), 1,
			[]string{"x.zip", "is not a zip or tar archive", "looks like text/html", "download it again"}},
		{"empty zip file", map[string][]byte{"x.zip": {}}, train("x.zip"), 1, []string{"x.zip", "is not a zip or tar archive", "it is empty"}},
		{"truncated zip", map[string][]byte{"x.zip": whole[:len(whole)*2/3]}, train("x.zip"), 1, []string{"x.zip", "truncated or damaged", "download it again"}},
		{"zip without images", map[string][]byte{"x.zip": zipped(t, "", map[string][]byte{"a.txt": {1}})}, train("x.zip"), 1,
			[]string{"x.zip", "has no images", "names must end in"}},
		{"nested file that is not a zip", map[string][]byte{"x.zip": zipped(t, "", map[string][]byte{"train.zip": []byte("no")})}, train("x.zip"), 1,
			[]string{"x.zip: train.zip", "is not a zip or tar archive"}},
		{"nested zip cut short", map[string][]byte{"x.zip": zipped(t, "", map[string][]byte{"train.zip": whole[:len(whole)/2]})}, train("x.zip"), 1,
			[]string{"x.zip: train.zip", "truncated"}},
		{"entry with ..", map[string][]byte{"x.zip": zipped(t, "../", images)}, train("x.zip"), 1,
			[]string{"x.zip", "8 entries whose names are absolute or point outside the archive", "../cat.0.png", "unpack the archive"}},
		{"a folder without images", map[string][]byte{"set/a.txt": {1}}, train("set"), 1, []string{"set", "has no images", "1 file that is not an image"}},
		{"some other file", map[string][]byte{"x.tar.gz": {0x1f, 0x8b, 8}}, train("x.tar.gz"), 1, []string{"x.tar.gz", "is truncated"}},
		{"unknown demo", nil, train("demo:cats"), 1, []string{"demo:cats"}},
		{"no such part", set, train("set", "--part", "train"), 1, []string{"set", `"train"`, "has no images"}},

		// Images.
		{"every image unreadable", map[string][]byte{"set/cat.0.jpg": {}, "set/dog.0.jpg": []byte("no"), "set/dog.1.jpg": jpg(t)[:200]}, small("set"), 1,
			[]string{"set", "none of the 3 images can be read", "cat.0.jpg", "dog.0.jpg", "dog.1.jpg"}},
		{"many images unreadable", map[string][]byte{"set/cat.0.png": {}, "set/cat.1.png": {}, "set/cat.2.png": {}, "set/cat.3.png": {}, "set/cat.4.png": {}, "set/dog.0.png": {}, "set/dog.1.png": {}},
			small("set"), 1, []string{"none of the 7 images", "cat.4.png", "... and 2 more"}},
		{"strict", with(map[string][]byte{"set/cat.90.jpg": {}}), small("set", "--strict"), 1, []string{"1 image cannot be read", "cat.90.jpg", "remove --strict"}},
		{"one class left", map[string][]byte{"set/cat.0.png": images["cat.0.png"], "set/dog.0.png": {}}, small("set"), 1, []string{"set", "one class", "cat"}},

		// Labels.
		{"one class", in("set", only(9, "cat")), small("set"), 1, []string{"set", "one class", `"cat"`, "two or more"}},
		{"labels do not fit", map[string][]byte{"x.zip": zipped(t, "test1/", map[string][]byte{"1.png": images["cat.0.png"]})}, small("x.zip"), 1,
			[]string{"x.zip", "none of the 1 images has a label", "1.png", "cat.0.jpg", "folder", "--label folder"}},
		{"no labels at all", set, small("set", "--label", "none"), 1, []string{"set", "has no label", "every image needs one"}},
		{"unknown rule", set, small("set", "--label", "folders"), 2, []string{"--label", "folders", "prefix (cat.0.jpg)"}},
		{"rename nothing", set, small("set", "--rename", "bird=emu"), 2, []string{"--rename", `"bird"`, "the classes are cat, dog"}},
		{"csv without the column", map[string][]byte{"t.csv": []byte("name,kind\na.png,cat\n")}, small("t.csv"), 1,
			[]string{"t.csv", `no column "filename"`, "name, kind"}},
		{"csv without its column", with(map[string][]byte{"t.csv": []byte("filename,kind\ncat.0.png,cat\n")}), small("t.csv", "--category", "class"), 1,
			[]string{"t.csv", `no column "class"`, "filename, kind"}},
		{"csv of missing files", map[string][]byte{"t.csv": []byte("filename,category\na.png,cat\nb.png,dog\n")}, small("t.csv"), 1,
			[]string{"t.csv", "none of its 2 rows", "a.png", "line 2", "there is no file"}},
		{"flags for a csv, with a folder", set, small("set", "--images", "set", "--filename", "name", "--category", "kind"), 1,
			[]string{"set: is not a CSV file", "remove", "--images, --filename, --category"}},
		{"a flag for a csv, with a zip", map[string][]byte{"x.zip": whole}, []string{"data", "x.zip", "--category", "kind"}, 1,
			[]string{"x.zip: is not a CSV file", "remove", "--category"}},
		{"a flag for a csv, with the demo", map[string][]byte{"m.keras": model}, []string{"evaluate", "m.keras", "demo:cats-and-dogs?n=4", "--filename", "name"}, 1,
			[]string{"demo:cats-and-dogs?n=4: is not a CSV file", "remove", "--filename"}},
		{"empty csv", map[string][]byte{"t.csv": {}}, small("t.csv"), 1, []string{"t.csv", "is empty", "filename,category"}},

		// Settings.
		{"size 0x0", set, train("set", "--size", "0x0"), 2, []string{"--size", "0x0", "from 1 to"}},
		{"size in words", set, train("set", "--size", "big"), 2, []string{"--size", `"big"`, "128x128"}},
		{"size too small", set, train("set", "--size", "5x5"), 1, []string{"--size 5x5", "layer 3 (Conv2D conv2d_1)", "1x1", "padding same"}},
		{"size of another model", set, small("set", "--size", "20x20"), 2, []string{"--size 20x20", "two.json", "12x12", "remove --size"}},
		{"epochs 0, batch 0, limit -1", set, train("set", "--epochs", "0", "--batch", "0", "--limit=-1", "--lr=0", "--test-size", "0"), 2,
			[]string{"--epochs must be at least 1, got 0", "--batch must be at least 1, got 0", "--limit must be at least 0, got -1", "--lr must be greater than 0, got 0",
				"--test-size must be a fraction between 0 and 1, or a number of images, got 0"}},
		{"all for validation", set, small("set", "--test-size", "8"), 1, []string{"8"}},
		{"more than all for validation", set, small("set", "--test-size", "9"), 1, []string{"9"}},
		{"augment", set, train("set", "--augment", "rotaton=15,zoom=x"), 2, []string{"--augment", `"rotaton"`, "did you mean rotation?", "zoom", `"x"`}},
		{"normalization in augment", set, train("set", "--augment", "zca"), 2, []string{"--augment zca", "normalization", "rotation"}},
		{"augment and not", set, train("set", "--augment", "hflip", "--no-augment"), 2, []string{"--augment and --no-augment"}},
		{"optimizer", set, train("set", "--optimizer", "adm"), 2, []string{"--optimizer", `"adm"`, "did you mean adam?"}},
		{"rates", set, train("set", "--lr", "0", "--weight-decay=-1", "--clipnorm", "0", "--ema", "1", "--warmup=-1", "--dropout", "1", "--label-smoothing", "1"), 2,
			[]string{"--lr must be greater than 0", "--weight-decay must be at least 0, got -1", "--clipnorm must be greater than 0", "--ema must be greater than 0 and less than 1, got 1",
				"--warmup must be a number of epochs, at least 0", "--dropout must be at least 0 and less than 1, got 1", "--label-smoothing must be at least 0 and less than 1, got 1"}},
		{"schedule", set, train("set", "--schedule", "cosin"), 2, []string{"--schedule", `"cosin"`, "did you mean cosine?"}},
		{"schedule by its name in Keras", set, train("set", "--schedule", "ExponentialDecay"), 2, []string{"--schedule", "did you mean exponential?"}},
		{"warmup without a schedule for it", set, train("set", "--schedule", "step", "--warmup", "1"), 2, []string{"--warmup", "step has no warmup", "cosine"}},
		{"warmup of all epochs", set, small("set", "--warmup", "1"), 2, []string{"--warmup must be less than the number of epochs, 1, got 1"}},
		{"warmup of all steps", set, small("set", "--warmup", ".7"), 2, []string{"--warmup 0.7 takes all 1 step of the run"}},
		{"schedule of too few steps", set, small("set", "--schedule", "step"), 2, []string{"--schedule step needs at least 4 steps, the run has 1"}},
		{"patience of no schedule", set, train("set", "--lr-patience", "2"), 2, []string{"--lr-patience is for --schedule plateau"}},
		{"metrics", set, train("set", "--metrics", "recal,auc,auc"), 2, []string{"--metrics", `"recal"`, "did you mean recall?", "auc twice"}},
		{"loss", set, train("set", "--loss", "dise"), 2, []string{"--loss", `"dise"`, "did you mean dice?"}},
		{"monitor", set, small("set", "--monitor", "val_auc"), 2, []string{"--monitor", `"val_auc"`, "accuracy, loss, val_accuracy, val_loss", "--metrics accuracy,auc"}},
		{"monitor as in Keras 1", set, small("set", "--monitor", "val_acc"), 2, []string{"did you mean val_accuracy?"}},
		{"monitor of a vector", set, small("set", "--metrics", "f1_score", "--monitor", "val_f1_score"), 2, []string{"--monitor val_f1_score", "vector of 2 numbers"}},
		{"metric of class indices", set, small("set", "--loss", "sparse_categorical_crossentropy", "--metrics", "precision"), 1, []string{"metric precision", "class indices"}},
		{"label smoothing without it", set, small("set", "--loss", "categorical_hinge", "--label-smoothing", ".1"), 2, []string{"--label-smoothing", "CategoricalHinge", "--loss categorical_crossentropy"}},
		{"dropout in a file", set, small("set", "--dropout", ".3"), 2, []string{"--dropout is for the network cnn", "two.json"}},
		{"TensorBoard below a file", with(map[string][]byte{"file": {1}}), small("set", "--tensorboard=file/logs"), 1, []string{"--tensorboard: cannot make the folder file/logs"}},
		{"out has TensorBoard's files", with(map[string][]byte{"out/tensorboard/train/x": {1}}), small("set", "--out", "out"), 2, []string{"out", "tensorboard", "--overwrite"}},
		{"class weights", set, train("set", "--class-weight", "cat=x,dog"), 2, []string{"--class-weight must be", "got cat=x", `"dog" has no =`, "balanced"}},
		{"two class weights", set, train("set", "--class-weight", "cat=2,cat=3"), 2, []string{"--class-weight has two weights for the class cat"}},
		{"class weight of an unknown class", set, small("set", "--class-weight", "cta=2"), 2, []string{"--class-weight", `"cta"`, "did you mean cat?"}},
		{"flag", set, train("set", "--epocs", "1"), 2, []string{"--epocs", `did you mean "--epochs"?`, "lince train --help"}},
		{"seed", set, train("set", "--seed=-1"), 2, []string{`--seed: must be an integer from 0 to 4294967295, got "-1"`}},
		{"rename without a new name", set, train("set", "--rename", "cat"), 2, []string{`--rename: must be OLD=NEW`, `"cat" has no =; in a name, write a comma as \,`}},
		{"shell", nil, []string{"completion", "tcsh"}, 2, []string{`must be one of "bash","zsh","fish", got "tcsh"`}},
		{"command", set, []string{"trian", "set"}, 2, []string{"trian", `did you mean "train"?`}},
		{"no data", nil, train(), 2, []string{"<data>", "lince train --help"}},

		// The folder for the files.
		{"out is a file", with(map[string][]byte{"out": {1}}), small("set", "--out", "out"), 1, []string{"out", "is a file, want a folder", "--out"}},
		{"out below a file", with(map[string][]byte{"out": {1}}), small("set", "--out", "out/a/b"), 1, []string{"cannot write to the output folder out", "--out"}},
		{"runs is a file", with(map[string][]byte{"runs": {1}}), small("set"), 1, []string{"runs", "is a file, want a folder", "--out"}},
		{"out has a run", with(map[string][]byte{"out/model.keras": {1}}), small("set", "--out", "out"), 2, []string{"out", "model.keras", "--overwrite"}},
		{"out has a run, and bad data", map[string][]byte{"out/model.keras": {1}, "out/run.json": {2}, "set/cat.0.png": {}}, small("set", "--out", "out", "--overwrite"), 1,
			[]string{"set", "one class"}},
		{"out has results", with(map[string][]byte{"out/predictions.csv": {1}, "m.keras": model}), []string{"evaluate", "m.keras", "set", "--out", "out"}, 2,
			[]string{"out", "predictions.csv", "--overwrite"}},

		// Models.
		{"missing model", set, train("set", "--model", "nope.keras"), 1, []string{"--model nope.keras", "no such file", "want cnn", ".keras"}},
		{"model is a folder", set, train("set", "--model", "set"), 1, []string{"set", "is a folder, want a model file"}},
		{"model cut short", with(map[string][]byte{"m.keras": model[:len(model)/2]}), []string{"predict", "m.keras", "set"}, 1, []string{"m.keras", "zip"}},
		{"model is text", with(map[string][]byte{"m.keras": []byte("hello")}), []string{"evaluate", "m.keras", "set"}, 1, []string{"m.keras", "is no model file that lince knows", `begins with "hello"`}},
		{"plot of another format", nil, []string{"summary", "--plot", "m.pdf"}, 2, []string{"--plot must name a file that ends in .svg or .png", `"m.pdf"`}},
		{"plot in a folder that is not there", nil, []string{"summary", "--plot", "no/m.svg"}, 1, []string{"--plot: cannot write no/m.svg", "there is no folder no"}},
		{"model without config", map[string][]byte{"m.keras": rezip(t, model, "config.json", nil)}, []string{"summary", "m.keras"}, 1, []string{"m.keras", "config.json"}},
		{"model without weights", map[string][]byte{"m.keras": rezip(t, model, "model.weights.h5", nil)}, []string{"summary", "m.keras"}, 1, []string{"m.keras", "model.weights.h5"}},
		{"weights are text", map[string][]byte{"m.keras": rezip(t, model, "model.weights.h5", func(string) string { return "no" })}, []string{"summary", "m.keras"}, 1,
			[]string{"m.keras", "HDF5"}},
		{"weights of another shape", map[string][]byte{"m.keras": rezip(t, model, "config.json", func(s string) string {
			return strings.Replace(s, `"filters": 4`, `"filters": 5`, 1)
		})}, []string{"summary", "m.keras"}, 1, []string{"m.keras", "conv2d", "4", "5"}},
		{"unknown layer", map[string][]byte{"m.keras": rezip(t, model, "config.json", func(s string) string {
			return strings.ReplaceAll(s, `"Flatten"`, `"Flaten"`)
		})}, []string{"summary", "m.keras"}, 1, []string{"m.keras", "Flaten", "did you mean Flatten?"}},
		{"layer of no sane size", map[string][]byte{"m.keras": rezip(t, model, "config.json", func(s string) string {
			return strings.Replace(s, `"units": 2`, `"units": 2000000000000`, 1)
		})}, []string{"summary", "m.keras"}, 1, []string{"m.keras", "dense", "2000000000000"}},
		{"config is no JSON", map[string][]byte{"m.json": []byte("{")}, train("demo:cats-and-dogs?n=8", "--model", "m.json"), 1, []string{"m.json", "JSON"}},
		{"model of three classes", set, train("set", "--model", network("three.json")), 1, []string{"three.json", "3 classes", "the data have 2: cat, dog"}},
		{"model of numbers", with(map[string][]byte{"m.json": jsonOf(t, layer.Input{Shape: []int{10}}, layer.Dense{Units: 2})}), train("set", "--model", "m.json"), 1,
			[]string{"m.json", "(None, 10)", "(None, height, width, channels)"}},
		{"model of two channels", with(map[string][]byte{"m.json": jsonOf(t, layer.Input{Shape: []int{8, 8, 2}}, layer.Flatten{}, layer.Dense{Units: 2})}), train("set", "--model", "m.json"), 1,
			[]string{"m.json", "2 channels, want 1, 3 or 4"}},
		{"model whose output is an image", with(map[string][]byte{"m.json": jsonOf(t, layer.Input{Shape: []int{8, 8, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}})}), train("set", "--model", "m.json"), 1,
			[]string{"m.json", "(None, 6, 6, 2)", "(None, classes)"}},
		{"model of images of any size", with(map[string][]byte{"m.json": jsonOf(t, layer.Input{Shape: []int{-1, -1, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}})}), train("set", "--model", "m.json"), 1,
			[]string{"m.json", "leaves the size of images open", "--size 224x224"}},
		{"evaluated on other classes", with(map[string][]byte{"m.keras": model}), []string{"evaluate", "m.keras", "set", "--rename", "cat=gato,dog=perro"}, 1,
			[]string{"cat, dog", "gato, perro", "--rename"}},

		// Prediction.
		{"predict several mistakes", map[string][]byte{"m.keras": model, "a.txt": {1}}, []string{"predict", "m.keras", "nope.png", "a.txt"}, 1,
			[]string{"nope.png", "no such file", "a.txt", "is neither"}},
		{"predict what cannot be read", map[string][]byte{"m.keras": model, "a.png": {1}}, []string{"predict", "m.keras", "a.png"}, 1,
			[]string{"the only image cannot be read", "a.png"}},
		{"predict strictly", with(map[string][]byte{"m.keras": model, "set/cat.90.jpg": {1}}), []string{"predict", "m.keras", "set", "--strict"}, 1, []string{"cat.90.jpg"}},
		{"predictions cannot be written", with(map[string][]byte{"m.keras": model}), []string{"predict", "m.keras", "set", "--csv", "m.keras/p.csv"}, 1, []string{"m.keras/p.csv"}},
		{"rescale", with(map[string][]byte{"m.keras": model}), []string{"predict", "m.keras", "set", "--rescale", "x"}, 2, []string{"--rescale must be a factor", "1/255", "got x"}},
		{"too many names", with(map[string][]byte{"m.keras": model}), []string{"predict", "m.keras", "set", "--classes", "a,b,c"}, 2, []string{"--classes has 3 names", "m.keras", "2 classes"}},
		{"predict nothing", map[string][]byte{"m.keras": model}, []string{"predict", "m.keras"}, 2, []string{"<images>"}},

		// show and data.
		{"show nothing", nil, []string{"show", "a.png"}, 1, []string{"a.png", "no such file"}},
		{"show text", map[string][]byte{"a.jpg": []byte("hello")}, []string{"show", "a.jpg"}, 1, []string{"a.jpg"}},
		{"show a forged header", map[string][]byte{"a.jpg": forgedJPEG(t)}, []string{"show", "a.jpg"}, 1, []string{"a.jpg"}},
		{"show a folder", set, []string{"show", "set"}, 1, []string{"set: is a folder, want an image file"}},
		{"two results on one output", set, []string{"data", "set", "--csv", "-", "--json"}, 2, []string{"--csv -", "--json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := workIn(t)
			put(t, dir, c.files)
			before := snapshot(t, dir)
			o := run(t, c.args...)
			if o.code != c.code {
				t.Errorf("exit code %d, want %d", o.code, c.code)
			}
			contains(t, "the message", o.stderr, c.want...)
			contains(t, "the message", o.stderr, "lince: error: ")
			if strings.Contains(o.stderr, "goroutine ") {
				t.Errorf("a panic:\n%s", o.stderr)
			}
			sameTree(t, before, snapshot(t, dir))
		})
	}
}

// TestModelBeforeImages checks that an error of the model is reported before the images are read.
func TestModelBeforeImages(t *testing.T) {
	workIn(t)
	model := []byte(read(t, trained(t), "model.keras"))
	put(t, "set", pngs(t, 8))
	files := map[string][]byte{
		"cut.keras":    model[:len(model)/2],
		"text.keras":   []byte("hello"),
		"bare.keras":   rezip(t, model, "model.weights.h5", nil),
		"layer.keras":  rezip(t, model, "config.json", func(s string) string { return strings.ReplaceAll(s, `"Flatten"`, `"Flaten"`) }),
		"text.json":    []byte("{"),
		"list.json":    []byte("[1]"),
		"numbers.json": jsonOf(t, layer.Input{Shape: []int{10}}, layer.Dense{Units: 2}),
	}
	put(t, ".", files)
	for name := range files {
		o := run(t, "train", "set", "--model", name)
		if o.code != exitFailure || !strings.Contains(o.stderr, name) {
			t.Errorf("%s: exit code %d, %s", name, o.code, o.stderr)
		}
		if strings.Contains(o.stdout, "Checking images") {
			t.Errorf("%s: the images were read first", name)
		}
	}
}

// jsonOf returns the architecture of a network as JSON.
func jsonOf(t *testing.T, layers ...layer.Layer) []byte {
	t.Helper()
	m, err := lince.Sequential(layers...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rezip returns an archive with one entry changed, or removed if change is nil.
func rezip(t *testing.T, archive []byte, name string, change func(string) string) []byte {
	t.Helper()
	files := unzipped(t, archive)
	b, ok := files[name]
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	if change == nil {
		delete(files, name)
		return zipped(t, "", files)
	}
	changed := change(string(b))
	if changed == string(b) {
		t.Fatalf("%s was not changed: %s", name, b)
	}
	files[name] = []byte(changed)
	return zipped(t, "", files)
}

// unzipped returns the files in an archive.
func unzipped(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(rc); err != nil {
			t.Fatal(err)
		}
		_ = rc.Close()
	}
	return files
}

// TestUnreadableImages checks that images that cannot be read are counted, listed and skipped.
func TestUnreadableImages(t *testing.T) {
	long(t)
	dir := workIn(t)
	bad := map[string][]byte{
		"cat.90.jpg": {},
		"cat.91.jpg": jpg(t)[:600],
		"dog.92.jpg": []byte("not an image"),
		"dog.93.jpg": forgedJPEG(t),
		"dog.94.jpg": slices.Concat(jpg(t)[:300], make([]byte, 2000)),
	}
	put(t, filepath.Join(dir, "set"), pngs(t, 16))
	put(t, filepath.Join(dir, "set"), bad)
	put(t, filepath.Join(dir, "set"), map[string][]byte{"Thumbs.db": []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ".DS_Store": {0, 0, 0, 1}, "._cat.0.png": {0, 5, 22, 7}})

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o := succeed(t, "data", "set", "--check", "--json")
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("checking 21 small images, one with a forged header, took %d MiB", used>>20)
	}
	if r := decode[struct {
		Rows       int
		Unreadable []badFile
		PassedOver []passedOver `json:"passed_over"`
	}](t, o.stdout); r.Rows != 16 || len(r.Unreadable) != 5 || len(r.PassedOver) != 2 || r.PassedOver[0].Count+r.PassedOver[1].Count != 3 {
		t.Errorf("data says %+v", r)
	}

	o = succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "out")
	contains(t, "the warning", o.stderr, "lince: warning: 5 of 21 images cannot be read and will be skipped", filepath.Join("out", "unreadable.csv"))
	rows, err := csv.NewReader(strings.NewReader(read(t, "out", "unreadable.csv"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("unreadable.csv has %d lines, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if bad[row[0]] == nil || row[1] == "" {
			t.Errorf("unreadable.csv has %q", row)
		}
		contains(t, "the warning", o.stderr, row[0])
	}
	r := decode[record](t, read(t, "out", "run.json"))
	if len(r.Data.Unreadable) != 5 || r.Data.Training != 12 || r.Data.Validation != 4 {
		t.Errorf("run.json has %+v", r.Data)
	}

	if o := run(t, "train", "set", "--model", network("two.json"), "--strict", "--out", "strict"); o.code != exitFailure || !strings.Contains(o.stderr, "5 images cannot be read; remove --strict to skip such files") {
		t.Errorf("--strict: %d, %s", o.code, o.stderr)
	}

	o = succeed(t, "evaluate", filepath.Join("out", "model.keras"), "set", "--out", "judged", "--json")
	contains(t, "the warning", o.stderr, "5 of 21 images cannot be read")
	if e := decode[evaluation](t, o.stdout); e.Images != 16 || len(e.Unreadable) != 5 {
		t.Errorf("evaluate says %+v", e)
	}
	if read(t, "judged", "unreadable.csv") != read(t, "out", "unreadable.csv") {
		t.Error("the lists of evaluate and train differ")
	}

	o = succeed(t, "predict", filepath.Join("out", "model.keras"), "set")
	contains(t, "the warning", o.stderr, "5 of 21 images cannot be read", "cat.90.jpg", "cat.91.jpg", "dog.92.jpg", "dog.93.jpg", "dog.94.jpg")
	if n := strings.Count(o.stdout, "\n"); n != 16 {
		t.Errorf("%d predictions:\n%s", n, o.stdout)
	}
}

// TestPartlyBadSources checks that CSV rows without a file and files without a label are counted
// and skipped.
func TestPartlyBadSources(t *testing.T) {
	long(t)
	dir := workIn(t)
	set := pngs(t, 8)
	put(t, filepath.Join(dir, "set"), set)
	lines := []string{"filename,category"}
	for _, name := range sorted(set) {
		lines = append(lines, name+","+name[:3])
	}
	lines = append(lines, "gone.png,cat", "")
	put(t, filepath.Join(dir, "set"), map[string][]byte{"t.csv": []byte(strings.Join(lines, "\n"))})
	o := succeed(t, "train", "set/t.csv", "--model", network("two.json"), "--epochs", "1", "--out", "a")
	contains(t, "the warning", o.stderr, "lince: warning: ", "1 invalid image filename")
	r := decode[record](t, read(t, "a", "run.json"))
	if len(r.Data.Ignored) != 1 || r.Data.Ignored[0].Filename != "gone.png" {
		t.Errorf("run.json has %+v", r.Data)
	}

	put(t, filepath.Join(dir, "set"), map[string][]byte{"1.png": set["cat.0.png"]})
	o = succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "b")
	contains(t, "the warning", o.stderr, "lince: warning: Dropped 1 of the 9 images, which have no label", "1.png")

	// A class without a readable image does not count.
	put(t, filepath.Join(dir, "set"), map[string][]byte{"emu.0.png": {}})
	for _, model := range []string{"cnn", network("two.json")} {
		args := []string{"train", "set", "--model", model, "--epochs", "1", "--out", "c", "--overwrite", "--json"}
		if model == "cnn" {
			args = append(args, "--size", "16")
		}
		o = succeed(t, args...)
		contains(t, "the warning", o.stderr, "1 of 9 images cannot be read", "emu.0.png")
		if r := ended(t, o.stdout); strings.Join(r.Data.Classes, " ") != "cat dog" || strings.Join(r.Model.Classes, " ") != "cat dog" {
			t.Errorf("the record has %+v, %+v", r.Data, r.Model)
		}
	}
}

// TestFewerThanABatch checks that a training set smaller than a batch is one batch, with a warning.
func TestFewerThanABatch(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "set", pngs(t, 4))
	o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "2")
	contains(t, "the warning", o.stderr, "lince: warning: only 3 images to train on, fewer than the batch size of 15")
	contains(t, "the history", read(t, "runs", "train-1", "history.csv"), "\n0,", "\n1,")
	if _, err := os.Stat("runs/train-1/model.keras"); err != nil {
		t.Error(err)
	}
}
