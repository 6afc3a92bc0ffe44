package cli

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFolds checks that cross-validation trains each fold once, that its results do not depend on the number of threads, and that it can be resumed.
func TestFolds(t *testing.T) {
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=30", "--model", network("two.json"), "--epochs", "2", "--batch", "6", "--folds", "3", "--out", out}, more...)
	}
	o := succeed(t, args("whole")...)
	contains(t, "the output", o.stdout, "Fold 1 of 3 (its output is in "+filepath.Join("whole", "fold-1", logName)+")\n  20 training and 10 validation images, ", "Fold 3 of 3", "Cross-validation: the best epochs of 3 folds", "fold  best epoch  val accuracy  val loss", "Files in whole:")
	if n := strings.Count(o.stdout, "\n"); n > 25 {
		t.Errorf("the output has %d lines, want two for each fold, and the results:\n%s", n, o.stdout)
	}
	contains(t, "the log of a fold", read(t, "whole", "fold-2", logName), "Epoch 1/", "macro avg", "Files in ")
	r := decode[record](t, read(t, "whole", "run.json"))
	if r.Status != finished || r.Folds == nil || len(r.Folds.Results) != 3 {
		t.Fatalf("run.json has %s, %+v", r.Status, r.Folds)
	}
	sum, tested := 0., map[string]bool{}
	for i, f := range r.Folds.Results {
		one := decode[record](t, read(t, filepath.Join("whole", "fold-"+strconv.Itoa(i+1)), "run.json"))
		if f.Fold != i+1 || f.Epoch != *one.BestEpoch || *f.Values["val_loss"] != one.History.Values("val_loss")[f.Epoch] {
			t.Errorf("fold %d is %+v", i+1, f)
		}
		sum += *f.Values["val_loss"]
	}
	if d := *r.Folds.Mean["val_loss"] - sum/3; math.Abs(d) > 1e-12 || *r.Folds.Std["val_loss"] <= 0 {
		t.Errorf("the mean is %v, want %v; the standard deviation is %v", *r.Folds.Mean["val_loss"], sum/3, *r.Folds.Std["val_loss"])
	}
	table, err := csv.NewReader(strings.NewReader(read(t, "whole", "folds.csv"))).ReadAll()
	if err != nil || len(table) != 6 || strings.Join(table[0], " ") != "fold best_epoch val_accuracy val_loss" || table[4][0] != "mean" || table[5][0] != "std" {
		t.Errorf("folds.csv is %q, %v", table, err)
	}
	predictions, err := csv.NewReader(strings.NewReader(read(t, "whole", "predictions.csv"))).ReadAll()
	if err != nil || len(predictions) != 31 {
		t.Fatalf("predictions.csv has %d rows, %v", len(predictions), err)
	}
	for _, p := range predictions[1:] {
		tested[p[0]] = true
	}
	if len(tested) != 30 {
		t.Errorf("predictions.csv has %d different images", len(tested))
	}

	// A run of one fold is that of all folds.
	succeed(t, args("one", "--fold", "2", "-q", "--threads", "1")...)
	sameTree(t, without(snapshot(t, filepath.Join("whole", "fold-2")), "run.json", logName, pageName), without(snapshot(t, "one"), "run.json", logName, pageName))

	// A run whose second fold was interrupted, as far as files tell, is resumed, also if other files of a fold are left.
	succeed(t, args("cut", "-q")...)
	for _, name := range []string{"fold-2", "fold-3/run.json", "folds.csv", "predictions.csv"} {
		if err := os.RemoveAll(filepath.Join("cut", name)); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Replace(read(t, "cut", "run.json"), `"status": "finished"`, `"status": "interrupted"`, 1)
	if err := os.WriteFile(filepath.Join("cut", "run.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	o = succeed(t, "train", "--resume", "cut", "--threads", "2", "--cache", "0")
	if strings.Contains(o.stdout, "Fold 1 of 3") || !strings.Contains(o.stdout, "Fold 2 of 3") {
		t.Errorf("the resumed run prints\n%s", o.stdout)
	}
	for _, name := range []string{"folds.csv", "predictions.csv", "fold-3/model.keras"} {
		if read(t, "cut", name) != read(t, "whole", name) {
			t.Errorf("%s differs after the run was resumed", name)
		}
	}
	if again := decode[record](t, read(t, "cut", "fold-2", "run.json")); again.Threads != 2 || again.Settings["cache"] != "0 B" {
		t.Errorf("the resumed fold has %d threads, and the cache %v", again.Threads, again.Settings["cache"])
	}
	for flags, want := range map[string]string{
		"--folds 1":                 "--folds must be at least 2",
		"--fold 1":                  "--fold is for --folds",
		"--folds 3 --fold 4":        "--fold must be from 1 to 3",
		"--folds 3 --test-size .5":  "--folds and --test-size cannot be combined",
		"--folds 3 --lr-find":       "--lr-find and --folds cannot be combined",
		"--resume whole --epochs 5": "remove --epochs",
	} {
		a := strings.Fields(flags)
		if !slices.Contains(a, "--resume") {
			a = append(a, "demo:cats-and-dogs?n=30")
		}
		if o := run(t, append([]string{"train"}, a...)...); o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit code %d, %s", flags, o.code, o.stderr)
		}
	}
	if o := run(t, "train", "demo:cats-and-dogs?n=8", "--model", network("two.json"), "--folds", "5", "--out", "few"); o.code != exitFailure || !strings.Contains(o.stderr, "fewer than the 5 folds") {
		t.Errorf("with few images: exit code %d, %s", o.code, o.stderr)
	}
}

// TestFoldsWithoutEpochs checks the table if the time of a fold was over in its first epoch: it has no values, and there are no means.
func TestFoldsWithoutEpochs(t *testing.T) {
	f := &recordFolds{Folds: 2, Results: []foldResult{{Fold: 1, Epoch: -1}, {Fold: 2, Epoch: 3, Values: map[string]*float64{"val_loss": new(.5)}}}}
	f.summarize()
	if got := fmt.Sprint(f.rows(fourDigits)); got != "[[fold best_epoch val_loss] [1  nan] [2 3 0.5000] [mean  nan] [std  nan]]" {
		t.Errorf("the table is %s", got)
	}
}

// TestMix checks --mixup and --cutout: they change the training, and not by the number of threads.
func TestMix(t *testing.T) {
	plots(t)
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "--batch", "6", "-q", "--out", out}, more...)
	}
	models := map[string]string{}
	for out, more := range map[string][]string{"plain": nil, "mix": {"--mixup", ".4"}, "cut": {"--cutout"}, "both": {"--mixup", ".4", "--cutout", "--threads", "2"}, "again": {"--mixup", ".4", "--cutout", "--threads", "1"}} {
		succeed(t, args(out, more...)...)
		models[out] = read(t, out, "model.keras")
	}
	if models["both"] != models["again"] {
		t.Error("the model depends on the number of threads")
	}
	if models["plain"] == models["mix"] || models["plain"] == models["cut"] || models["mix"] == models["both"] || read(t, "plain", "batch.png") == read(t, "cut", "batch.png") {
		t.Error("a flag has no effect")
	}
	for _, c := range [][]string{{"--mixup", "0", "--mixup must be greater than 0"}, {"--mixup", ".2", "--model=" + network("sparse.json"), "class indices, which cannot be mixed"}} {
		if o := run(t, args("bad", c[:len(c)-1]...)...); o.code != exitUsage || !strings.Contains(o.stderr, c[len(c)-1]) {
			t.Errorf("%v: exit code %d, %s", c, o.code, o.stderr)
		}
	}
}

// TestTTA checks that --tta averages probabilities, and not by the number of threads.
func TestTTA(t *testing.T) {
	workIn(t)
	model, data := filepath.Join(trained(t), "model.keras"), "demo:cats-and-dogs?n=20"
	predict := func(more ...string) string {
		return succeed(t, append([]string{"predict", model, data, "--json", "-q"}, more...)...).stdout
	}
	type result struct {
		TTA         int
		Predictions []struct{ Probabilities map[string]float64 }
	}
	one, two := decode[result](t, predict()), decode[result](t, predict("--tta", "2", "--tta-augment", "vflip"))
	if one.TTA != 0 || two.TTA != 2 {
		t.Errorf("the JSON has tta %d and %d", one.TTA, two.TTA)
	}
	changed := 0
	for i, p := range two.Predictions {
		if math.Abs(p.Probabilities["cat"]+p.Probabilities["dog"]-1) > 1e-6 {
			t.Errorf("image %d has %v", i, p.Probabilities)
		}
		if p.Probabilities["cat"] != one.Predictions[i].Probabilities["cat"] {
			changed++
		}
	}
	if changed < 4 || changed > 16 { // half of the images are flipped
		t.Errorf("%d of 20 images have other probabilities", changed)
	}
	if predict("--tta", "3", "--threads", "1") != predict("--tta", "3", "--threads", "2") {
		t.Error("the predictions depend on the number of threads")
	}
	e := decode[evaluation](t, succeed(t, "evaluate", model, data, "--tta", "3", "--out", "out", "--json", "-q").stdout)
	if e.TTA != 3 || e.Classification == nil {
		t.Errorf("evaluate gives %+v", e)
	}
	for _, c := range [][]string{{"--tta", "-1", "--tta"}, {"--tta", "1001", "--tta must be at most 1000"}, {"--tta", "0", "--tta-augment", "hflip", "--tta-augment is for --tta"}, {"--tta", "2", "--tta-augment", "rescale=2", "are not augmentation"}, {"--tta", "2", "--tta-augment", "spin=1", "--tta-augment"}} {
		c[1] = "--tta=" + c[1]
		if o := run(t, append([]string{"predict", model, data}, c[1:len(c)-1]...)...); o.code != exitUsage || !strings.Contains(o.stderr, c[len(c)-1]) {
			t.Errorf("%v: exit code %d, %s", c, o.code, o.stderr)
		}
	}
}

// TestLRFind checks that --lr-find writes its plot and trains nothing.
func TestLRFind(t *testing.T) {
	plots(t)
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--batch", "20", "--schedule", "cosine", "--lr-find", "--out"}
	o := succeed(t, append(args, "out")...)
	contains(t, "the output", o.stdout, filepath.Join("out", lrPlot), "Nothing was trained.")
	contains(t, "the output without --out", succeed(t, args[:len(args)-1]...).stdout, filepath.Join("runs", "lr-find-1", lrPlot))
	if files := snapshot(t, "out"); len(files) != 1 || !strings.HasPrefix(files[lrPlot], "\x89PNG") {
		t.Errorf("the folder has %d files", len(files))
	}
	e := decode[lrEvent](t, succeed(t, append(args, "json", "--json", "-q")...).stdout)
	if e.Event != "lr_find" || len(e.Rates) < 10 || len(e.Rates) != len(e.Losses) || len(e.Rates) != len(e.Initial) || e.Rates[0] != 1e-6 {
		t.Errorf("the JSON is %+v", e)
	}
}
