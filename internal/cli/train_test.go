package cli

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestRun checks the files and the output of a training.
func TestRun(t *testing.T) {
	plots(t)
	workIn(t)
	put(t, ".", map[string][]byte{"cats.zip": kaggle(t, 24)})
	o := succeed(t, "train", "cats.zip", "--model", network("two.json"), "--epochs", "3", "--rename", "cat=gato,dog=perro", "--profile")
	contains(t, "the output", o.stdout,
		"Reading cats.zip", "Checking images  24/24", "Found 24 validated image filenames belonging to 2 classes.", "gato   12", "perro  12",
		"Training:   Found 18 validated image filenames belonging to 2 classes.", "Validation: Found 6 validated image filenames belonging to 2 classes.",
		"conv2d (Conv2D)", "Epoch 1/3", "Epoch 3/3", "2/2 - ", " - val_loss: ", "precision    recall", "Files in "+filepath.Join("runs", "train-1"))
	if o.stderr != "" {
		t.Errorf("standard error has %q", o.stderr)
	}
	folder := filepath.Join("runs", "train-1")
	for _, f := range runFiles {
		_, err := os.Stat(filepath.Join(folder, f.name))
		want := f.name != "unreadable.csv" && f.name != checkpointName && f.name != boardName && f.name != lrPlot
		if want != (err == nil) {
			t.Errorf("%s: %v", f.name, err)
		}
		if want != strings.Contains(o.stdout, "  "+f.name) {
			t.Errorf("the output names %s: %v", f.name, !want)
		}
	}
	// The format is that of Keras' CSVLogger.
	history, err := csv.NewReader(strings.NewReader(read(t, folder, "history.csv"))).ReadAll()
	if err != nil || len(history) != 4 || strings.Join(history[0], ",") != "epoch,accuracy,loss,val_accuracy,val_loss" || history[1][0] != "0" || history[3][0] != "2" {
		t.Errorf("history.csv is %q, %v", history, err)
	}
	predictions, err := csv.NewReader(strings.NewReader(read(t, folder, "predictions.csv"))).ReadAll()
	if err != nil || len(predictions) != 7 || strings.Join(predictions[0], ",") != "filename,category,predicted,gato,perro" {
		t.Fatalf("predictions.csv is %q, %v", predictions, err)
	}
	right := 0
	for _, p := range predictions[1:] {
		if p[1] == p[2] {
			right++
		}
	}
	for _, name := range []string{"curves.png", "batch.png", "confusion.png", "mistakes.png"} {
		if !strings.HasPrefix(read(t, folder, name), "\x89PNG") {
			t.Errorf("%s is not a PNG", name)
		}
	}
	checkRecord(t, folder, right)
	profile := read(t, folder, "profile.txt")
	contains(t, "profile.txt", profile, "wait for data", "training, batch ", "validation, batch ", "FusedConv2D (", "estimated speedup by number of threads")
	contains(t, "the output", o.stdout, profile)
	if events := decode[[]map[string]any](t, read(t, folder, "trace.json")); len(events) < 100 {
		t.Errorf("trace.json has %d events", len(events))
	}
	// The next run gets another folder. It continues with the model of this one.
	o = succeed(t, "train", "cats.zip", "--model", filepath.Join(folder, "model.keras"), "--epochs", "1", "--rename", "dog=perro,cat=gato", "--lr", ".0005", "--json")
	again := ended(t, o.stdout)
	if _, err := os.Stat(filepath.Join("runs", "train-2", "model.keras")); err != nil {
		t.Error(err)
	}
	if again.Model.LearningRate != .0005 || again.Model.Optimizer != "RMSprop" {
		t.Errorf("continued with %+v", again.Model)
	}
	o = succeed(t, "summary", filepath.Join("runs", "train-2", "model.keras"))
	contains(t, "the summary", o.stdout, "conv2d (Conv2D)", "(None, 10, 10, 4)", "Optimizer params")
}

// checkRecord checks the run.json of TestRun, whose validation has right correct predictions.
func checkRecord(t *testing.T, folder string, right int) {
	t.Helper()
	r := decode[record](t, read(t, folder, "run.json"))
	if r.Epochs != 3 || len(r.EpochTimes) != 3 || r.Status != finished || r.Results == nil || r.Results.Accuracy != float64(right)/6 || len(r.Data.Fingerprint) != 64 ||
		r.Data.Training != 18 || r.Data.Validation != 6 || r.Data.Counts["gato"] != 12 || r.Model.Optimizer != "RMSprop" || r.Model.LearningRate != .001 ||
		r.Versions.Backend == "" || r.Model.Size != "12x12" || r.Settings["seed"] != 42.0 || len(r.History.Epochs) != 3 {
		t.Errorf("run.json has %+v; %d predictions are right", r, right)
	}
	// run.json has all flags.
	var c commands
	parser, err := kong.New(&c, helpVars())
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Children {
		if node.Name != "train" {
			continue
		}
		for _, f := range node.Flags {
			if _, ok := r.Settings[strings.ReplaceAll(f.Name, "-", "_")]; !ok {
				t.Errorf("run.json does not have --%s", f.Name)
			}
		}
	}
}

// TestContinue checks that training a saved model further keeps its optimizer's state and its
// order of classes: one epoch and another are the same as two.
func TestContinue(t *testing.T) {
	long(t)
	workIn(t)
	args := func(out, model, epochs string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=12", "--model", model, "--epochs", epochs, "--out", out, "-q", "--no-augment", "--batch", "9"}, more...)
	}
	succeed(t, args("a", network("two.json"), "1", "--optimizer", "adam", "--lr", ".01")...)
	succeed(t, args("b", "a/model.keras", "1")...)
	succeed(t, args("c", network("two.json"), "2", "--optimizer", "adam", "--lr", ".01")...)
	b, c := decode[record](t, read(t, "b", "run.json")), decode[record](t, read(t, "c", "run.json"))
	if b.Model.Optimizer != "Adam" || b.Model.LearningRate != .01 {
		t.Errorf("continued with %+v", b.Model)
	}
	// An epoch is one batch, whose order changes only the rounding of sums.
	got, want := b.History.Values("val_loss")[0], c.History.Values("val_loss")[1]
	if d := got - want; d > 1e-5 || d < -1e-5 {
		t.Errorf("after one epoch and another val_loss is %v, after two %v", got, want)
	}
	succeed(t, args("d", "a/model.keras", "1", "--optimizer", "sgd")...)
	if d := decode[record](t, read(t, "d", "run.json")); d.Model.Optimizer != "SGD" || d.Model.LearningRate != .01 {
		t.Errorf("--optimizer sgd trained with %+v", d.Model)
	}
}

// TestNetworks trains, evaluates and predicts with networks that have one sigmoid unit, three
// classes, grayscale images, or class indices as targets.
func TestNetworks(t *testing.T) {
	long(t)
	workIn(t)
	p := pngs(t, 12)
	put(t, ".", map[string][]byte{
		"three/cat/a.png": p["cat.0.png"], "three/cat/b.png": p["cat.1.png"], "three/cat/c.png": p["cat.2.png"],
		"three/dog/a.png": p["dog.0.png"], "three/dog/b.png": p["dog.1.png"], "three/dog/c.png": p["dog.2.png"],
		"three/emu/a.png": p["cat.3.png"], "three/emu/b.png": p["dog.3.png"], "three/emu/c.png": p["dog.4.png"],
	})
	for _, c := range []struct {
		model, data, loss, color string
		classes                  []string
	}{
		{"binary.json", "demo:cats-and-dogs?n=12", "BinaryCrossentropy", "rgb", []string{"cat", "dog"}},
		{"grayscale.json", "demo:cats-and-dogs?n=12", "CategoricalCrossentropy", "grayscale", []string{"cat", "dog"}},
		{"sparse.json", "demo:cats-and-dogs?n=12", "SparseCategoricalCrossentropy", "rgb", []string{"cat", "dog"}},
		{"three.json", "three", "CategoricalCrossentropy", "rgb", []string{"cat", "dog", "emu"}},
	} {
		t.Run(c.model, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "out")
			r := ended(t, succeed(t, "train", c.data, "--model", network(c.model), "--epochs", "2", "--out", out, "--json", "--stratify").stdout)
			if r.Model.Loss != c.loss || r.Model.ColorMode != c.color || !slices.Equal(r.Model.Classes, c.classes) {
				t.Errorf("trained %+v", r.Model)
			}
			e := decode[evaluation](t, succeed(t, "evaluate", filepath.Join(out, "model.keras"), c.data, "--json").stdout)
			if a, _ := e.Values["accuracy"].(float64); a < e.Classification.Accuracy-1e-6 || a > e.Classification.Accuracy+1e-6 {
				t.Errorf("the model's accuracy is %v, that of its predictions %v", a, e.Classification.Accuracy)
			}
			if !slices.Equal(e.Classification.Classes, c.classes) {
				t.Errorf("evaluated %v", e.Classification.Classes)
			}
			o := succeed(t, "predict", filepath.Join(out, "best.keras"), c.data, "--json")
			for _, p := range decode[predictions](t, o.stdout).Predictions {
				sum := float32(0)
				for _, v := range p.Probabilities {
					sum += v
				}
				if len(p.Probabilities) != len(c.classes) || sum < .999 || sum > 1.001 {
					t.Errorf("predicted %+v", p)
				}
			}
		})
	}
}

// TestClassWeight checks that class weights change the training, and that balanced ones are those
// of scikit-learn.
func TestClassWeight(t *testing.T) {
	long(t)
	workIn(t)
	p := pngs(t, 16)
	for _, name := range []string{"dog.3.png", "dog.4.png", "dog.5.png", "dog.6.png", "dog.7.png"} {
		delete(p, name)
	}
	put(t, "set", p)
	args := func(weight string) []string {
		a := []string{"train", "set", "--model", network("two.json"), "--epochs", "2", "--test-size", "3", "--json", "-q", "--batch", "4", "--stratify"}
		if weight != "" {
			a = append(a, "--class-weight", weight)
		}
		return a
	}
	loss := func(weight string) (float64, map[string]float64) {
		r := decode[record](t, succeed(t, args(weight)...).stdout)
		return r.History.Last("loss"), r.Model.ClassWeight
	}
	plain, none := loss("")
	even, _ := loss("cat=1,dog=1")
	heavy, _ := loss("dog=3")
	_, b := loss("balanced")
	if none != nil || plain != even || plain == heavy {
		t.Errorf("the loss is %v without weights, %v with weights of 1, %v with a weight of 3", plain, even, heavy)
	}
	if b["cat"] != 8./(2*6) || b["dog"] != 8./(2*2) {
		t.Errorf("balanced weights of 6 cats and 2 dogs are %v", b)
	}
}

// TestSources checks that the same images train to the same result from each kind of source.
func TestSources(t *testing.T) {
	long(t)
	workIn(t)
	p := pngs(t, 8)
	table := "name,kind\n"
	for _, name := range sorted(p) {
		table += name + "," + name[:3] + "\n"
		put(t, "folders", map[string][]byte{name[:3] + "/" + name: p[name]})
	}
	put(t, "flat", p)
	put(t, "flat", map[string][]byte{"t.csv": []byte(table)})
	put(t, ".", map[string][]byte{"k.zip": kaggle(t, 8), "p.zip": zipped(t, "", p), "away.csv": []byte(table)})
	columns := []string{"--filename", "name", "--category", "kind"}
	var first record
	for i, args := range [][]string{
		{"flat"},
		{"k.zip"},
		{"k.zip", "--part", "train"},
		{"p.zip", "--label", "prefix"},
		append([]string{"flat/t.csv"}, columns...),
		append([]string{"away.csv", "--images", "p.zip"}, columns...),
		append([]string{"away.csv", "--images", "flat"}, columns...),
		{"folders"}, // other file names give another fingerprint
	} {
		o := succeed(t, append([]string{"train", "--model", network("two.json"), "--epochs", "1", "--batch", "4", "--json", "-q"}, args...)...)
		r := decode[record](t, o.stdout)
		if i == 0 {
			first = r
		}
		if !slices.Equal(r.Data.Classes, []string{"cat", "dog"}) || r.Data.Training != 6 || r.History.Last("val_loss") != first.History.Last("val_loss") ||
			(r.Data.Fingerprint == first.Data.Fingerprint) == (args[0] == "folders") {
			t.Errorf("%v trained on %+v to %v, want %+v and %v", args, r.Data, r.History.Last("val_loss"), first.Data, first.History.Last("val_loss"))
		}
	}
}

// TestInTheFolderOfTheData checks that plots of earlier runs below the data's folder are skipped.
func TestInTheFolderOfTheData(t *testing.T) {
	long(t)
	workIn(t)
	p := pngs(t, 8)
	for _, name := range sorted(p) {
		put(t, ".", map[string][]byte{name[:3] + "/" + name: p[name]})
	}
	args := []string{"train", ".", "--model", network("two.json"), "--epochs", "1", "--batch", "4", "--json"}
	one := ended(t, succeed(t, args...).stdout)
	o := succeed(t, args...)
	two := ended(t, o.stdout)
	contains(t, "the output", o.stderr, "Not used: 6 images that lince has written to folders of results, such as "+filepath.ToSlash(filepath.Join("runs", "train-1", "batch.png")))
	if one.Data.Fingerprint != two.Data.Fingerprint || one.Data.Training != two.Data.Training || len(two.Data.Ignored) != 0 || strings.Contains(o.stderr, "no classes") {
		t.Errorf("the second run is of %+v, the first of %+v, with the output %s", two.Data, one.Data, o.stderr)
	}
	// They are no reason for --strict, and no command predicts them.
	put(t, ".", map[string][]byte{"cat/copy.png": p["cat.0.png"], "dog/copy.png": p["cat.0.png"]})
	succeed(t, "check", ".", "--out", "faults")
	succeed(t, "evaluate", "runs/train-1/best.keras", ".", "--out", "evaluated")
	succeed(t, append(args, "--strict")...)
	if got := succeed(t, "predict", "runs/train-1/best.keras", ".", "--csv", "-").stdout; strings.Count(got, "\n") != 11 {
		t.Errorf("it predicts %s", got)
	}
	contains(t, "the table", succeed(t, "data", ".", "--label", "prefix").stdout, "Found 8 validated", "folders of results")
}

// TestPhotos trains on Kaggle's archive, which contains archives.
func TestPhotos(t *testing.T) {
	long(t)
	t.Chdir(packageDir)
	photos := testenv.Data(t, "dogs-vs-cats.zip")
	photos, err := filepath.Abs(photos)
	if err != nil {
		t.Fatal(err)
	}
	workIn(t)
	o := succeed(t, "train", photos, "--limit", "40", "--size", "24", "--epochs", "1", "--out", "out")
	contains(t, "the output", o.stdout, "Reading dogs-vs-cats.zip", "Found 40 validated image filenames belonging to 2 classes.", "cat  20")
	if n := strings.Count(succeed(t, "predict", "out/model.keras", photos, "--part", "test1").stdout, ".jpg"); n != 500 {
		t.Errorf("%d predictions", n)
	}
}

// TestDeterminism checks that the same seed gives the same files with any number of threads, and
// another seed gives others.
func TestDeterminism(t *testing.T) {
	plots(t)
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=40", "--size", "20", "--epochs", "2", "--out", out, "-q"}, more...)
	}
	succeed(t, args("one", "--threads", "1")...)
	succeed(t, args("two", "--threads", "2")...)
	succeed(t, args("other", "--seed", "7")...)
	for _, name := range []string{"model.keras", "best.keras", "history.csv", "predictions.csv", "batch.png", "curves.png", "confusion.png", "mistakes.png"} {
		one := read(t, "one", name)
		if one != read(t, "two", name) {
			t.Errorf("%s differs between one thread and two", name)
		}
		if name != "confusion.png" && one == read(t, "other", name) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

// TestOverwrite checks that --overwrite removes the results of the earlier run.
func TestOverwrite(t *testing.T) {
	long(t)
	dir := workIn(t)
	put(t, ".", map[string][]byte{"out/unreadable.csv": []byte("old"), "out/run.json": []byte("old"), "out/notes.txt": []byte("mine")})
	args := []string{"train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "1", "--out", "out"}
	before := snapshot(t, dir)
	if o := run(t, args...); o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
	sameTree(t, before, snapshot(t, dir))
	succeed(t, append(args, "--overwrite")...)
	after := snapshot(t, dir)
	if after["out/notes.txt"] != "mine" || after["out/run.json"] == "old" || after["out/unreadable.csv"] != "" {
		t.Error("the folder must hold the files of the new run and the user's notes")
	}
}

// TestNaN checks that a training whose loss is not finite saves the model and the record.
func TestNaN(t *testing.T) {
	long(t)
	workIn(t)
	o := run(t, "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "3", "--optimizer", "sgd", "--lr", "1e30", "--out", "out")
	if o.code != exitFailure {
		t.Fatalf("exit code %d\n%s", o.code, o.stderr)
	}
	contains(t, "the message", o.stderr, "the loss is", "epoch 1, step", "lower the learning rate", "are in out")
	if r := decode[record](t, read(t, "out", "run.json")); r.Error == "" || r.Results != nil {
		t.Errorf("run.json has %+v", r)
	}
	succeed(t, "summary", filepath.Join("out", "model.keras"))
}
