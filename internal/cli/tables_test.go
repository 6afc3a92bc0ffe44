package cli

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/escape"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
)

// tableOf returns a table of the images that put makes of pngs(t, n), with a label for each.
func tableOf(n int, header string, row func(i int, name string) string) string {
	lines := []string{header}
	for i := range n {
		name := fmt.Sprintf("%s.%d.png", []string{"cat", "dog"}[i%2], i/2)
		lines = append(lines, row(i, name))
	}
	return strings.Join(lines, "\n") + "\n"
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFewImages checks that the advice for a class with two images, which are on one side of the split, helps. TestRareClasses has one image.
func TestFewImages(t *testing.T) {
	workIn(t)
	images := pngs(t, 60)
	for name := range images {
		if strings.HasPrefix(name, "dog.") && name != "dog.0.png" && name != "dog.1.png" {
			delete(images, name)
		}
	}
	put(t, "set", images)
	train := []string{"train", "set", "--model", network("two.json"), "--epochs", "1", "-q", "--seed", "1", "--out"}
	contains(t, "the warnings", succeed(t, append(train, "r")...).stderr,
		"no validation image is of the class dog; the validation says nothing about it: use --stratify or more images", "consider --class-weight balanced and --stratify")
	if said := succeed(t, append(train, "heeded", "--stratify", "--class-weight", "balanced")...).stderr; strings.Contains(said, "image is of the class") || strings.Contains(said, "favor large classes") {
		t.Errorf("the advice does not help: %s", said)
	}
	put(t, "small", pngs(t, 8)) // of both classes
	o := succeed(t, "train", "small", "--model", network("two.json"), "--epochs", "1", "-q", "--out", "small-run")
	contains(t, "the warnings", o.stderr, "classes with few images: cat: 4 images, fewer than 10; 1 more such finding; lince check small lists them")
}

// TestFewOfEach checks the advice for fewer validation images than classes: it names the --test-size with which --stratify is possible.
func TestFewOfEach(t *testing.T) {
	workIn(t)
	images := pngs(t, 30)
	set := map[string][]byte{}
	for i, class := range []string{"ant", "bee", "cat", "dog", "emu"} {
		for k := range 3 {
			set[fmt.Sprintf("%s/%d.png", class, k)] = images[fmt.Sprintf("cat.%d.png", 3*i+k)]
		}
	}
	put(t, "set", set)
	train := []string{"train", "set", "--size", "16", "--limit-batches", "1", "--epochs", "1", "-q", "--seed", "1", "--out"}
	contains(t, "the warnings", succeed(t, append(train, "r")...).stderr, "use --stratify --test-size 5 or more images")
	if said := succeed(t, append(train, "heeded", "--stratify", "--test-size", "5")...).stderr; strings.Contains(said, "image is of the class") {
		t.Errorf("the advice does not help: %s", said)
	}
	if o := run(t, append(train, "refused", "--stratify")...); o.code != exitFailure || !strings.Contains(o.stderr, "choose a larger test size (--test-size 5)") {
		t.Errorf("--stratify alone: %d, %s", o.code, o.stderr)
	}
}

// TestEqualImages checks files with the same bytes in two classes, which stay on one side of the split.
func TestEqualImages(t *testing.T) {
	workIn(t)
	images := pngs(t, 24)
	put(t, "set", images)
	copies := map[string][]byte{}
	for i := range 4 {
		copies[fmt.Sprintf("dog.9%d.png", i)] = images[fmt.Sprintf("cat.%d.png", i)]
	}
	put(t, "set", copies)
	for _, args := range [][]string{{"data", "set"}, {"train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r"}} {
		contains(t, args[0]+": the warnings", succeed(t, args...).stderr, "the same image in two classes: cat.0.png, dog.90.png: the same content; 3 more such findings; lince check set lists them")
	}
	r := decode[record](t, read(t, "r", "run.json"))
	if d := r.Data.Duplicates; d == nil || d.Groups != 4 || d.Images != 8 || d.TwoClasses != 4 || r.Data.Training+r.Data.Validation != 28 || max(r.Data.Training-21, 21-r.Data.Training) > d.Moved {
		t.Errorf("run.json has %+v, %d and %d", d, r.Data.Training, r.Data.Validation)
	}
	files := map[string]bool{}
	for _, line := range strings.Split(read(t, "r", "predictions.csv"), "\n") {
		name, _, _ := strings.Cut(line, ",")
		files[name] = true
	}
	for i := range 4 {
		if files[fmt.Sprintf("cat.%d.png", i)] != files[fmt.Sprintf("dog.9%d.png", i)] {
			t.Errorf("the copies of image %d are on two sides", i)
		}
	}
}

// TestDoubledImages checks that validation keeps its share of a dataset in which each image has a duplicate.
func TestDoubledImages(t *testing.T) {
	workIn(t)
	images := pngs(t, 40)
	put(t, "set/a", images)
	put(t, "set/b", images)
	o := succeed(t, "train", "set", "--label", "/([a-z]+)[.]", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	contains(t, "the output", o.stdout, "Moved to the other side of the split, so that images with the same content are on one side: ")
	if d := decode[record](t, read(t, "r", "run.json")).Data; d.Training+d.Validation != 80 || d.Validation < 10 || d.Validation > 30 || d.Validation%2 != 0 || d.Duplicates.Groups != 40 {
		t.Errorf("run.json has %d and %d images", d.Training, d.Validation)
	}
}

// TestVariants checks that variants of training images among the validation images are found: the same names in other folders.
func TestVariants(t *testing.T) {
	workIn(t)
	set := map[string][]byte{}
	for name, b := range pngs(t, 24) {
		class, number, _ := strings.Cut(name, ".")
		set["color/"+class+"/"+number] = b
		set["gray/"+class+"/"+number] = append(slices.Clone(b), 0)
	}
	put(t, "set", set)
	const part, leak = "for the inner ones, use --part color, or --label", "validation images are probably variants of training images, which have the same name in another folder, such as "
	train := []string{"train", "set", "--model", network("two.json"), "--epochs", "1"}
	for out, c := range map[string]struct {
		more       []string
		part, leak bool
	}{
		"outer": {part: true},
		"inner": {more: []string{"--label", "^[^/]+/([^/]+)/"}, leak: true},
		"part":  {more: []string{"--part", "color"}},
	} {
		said := succeed(t, slices.Concat(train, c.more, []string{"--out", out})...).stderr
		if strings.Contains(said, part) != c.part || strings.Contains(said, leak) != c.leak {
			t.Errorf("%s: %s", out, said)
		}
	}
}

// TestStrictTables checks that what is left out of a table is counted in the output, in --json and in run.json, and that --strict refuses it.
func TestStrictTables(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 16))
	writeFile(t, "t.csv", tableOf(16, "filename,category", func(i int, name string) string {
		switch i {
		case 3:
			return name + ","
		case 4:
			return "no" + name + ",cat"
		}
		return name + "," + name[:3]
	})+"cat.0.png,cat\n")
	arguments := []string{"t.csv", "--images", "set"}
	o := succeed(t, append([]string{"data", "--json"}, arguments...)...)
	r := decode[struct {
		Rows, Dropped int
		Ignored       []badFile
	}](t, o.stdout)
	if r.Rows != 14 || r.Dropped != 3 || len(r.Ignored) != 3 {
		t.Errorf("data says %+v", r)
	}
	train := append([]string{"train", "--model", network("two.json"), "--epochs", "1"}, arguments...)
	o = run(t, append(train, "--strict")...)
	if o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the message", o.stderr, "3 files or rows are left out", "line 5: the label is missing", "line 6", "names the file of line 2 again")
	succeed(t, append(train, "--out", "r")...)
	if d := decode[record](t, read(t, "r", "run.json")).Data; d.Dropped != 3 || len(d.Ignored) != 3 {
		t.Errorf("run.json has %+v", d)
	}
	o = succeed(t, "evaluate", filepath.Join("r", "best.keras"), "t.csv", "--images", "set", "--json")
	if e := decode[evaluation](t, o.stdout); e.Dropped != 3 || len(e.Ignored) != 3 {
		t.Errorf("evaluate says %+v", e)
	}
	if o = run(t, "evaluate", filepath.Join("r", "best.keras"), "t.csv", "--images", "set", "--strict"); o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}

	// Classes that the model does not have.
	o = succeed(t, "evaluate", filepath.Join("r", "best.keras"), "set", "--rename", "dog=Dog", "--json")
	contains(t, "the warnings", o.stderr, "8 of 16 images are of classes that the model does not have", "Dog: 8 images; did you mean dog? (--rename Dog=dog)")
	if e := decode[evaluation](t, o.stdout); len(e.UnknownClasses) != 1 || e.UnknownClasses[0] != (unknownCount{"Dog", 8, "dog"}) {
		t.Errorf("evaluate says %+v", e.UnknownClasses)
	}
	if o = run(t, "evaluate", filepath.Join("r", "best.keras"), "set", "--rename", "dog=Dog", "--strict"); o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}

	// --csv -.
	o = succeed(t, "predict", filepath.Join("r", "best.keras"), "set", "--csv", "-")
	if lines := strings.Split(o.stdout, "\n"); len(lines) != 18 || !strings.HasPrefix(lines[0], "filename,category,predicted,") {
		t.Errorf("predict --csv - writes %.300s", o.stdout)
	}
	if _, err := os.Stat("-"); err == nil {
		t.Error("predict --csv - makes a file")
	}
	if o = run(t, "predict", filepath.Join("r", "best.keras"), "set", "--csv", "-", "--json"); o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
}

// TestSplitColumn trains on the parts of a table.
func TestSplitColumn(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 16))
	writeFile(t, "t.csv", tableOf(16, "filename,category,split", func(i int, name string) string {
		part := "train"
		if i >= 10 {
			part = "Valid"
		}
		if i >= 14 {
			part = "test"
		}
		return name + "," + name[:3] + "," + part
	}))
	o := succeed(t, "train", "t.csv", "--images", "set", "--split", "split", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	contains(t, "the output", o.stdout, "Part test: not used; 2 images")
	if d := decode[record](t, read(t, "r", "run.json")).Data; d.Training != 10 || d.Validation != 4 {
		t.Errorf("%d and %d images", d.Training, d.Validation)
	}
	names := []string{}
	for _, line := range strings.Split(strings.TrimSpace(read(t, "r", "predictions.csv")), "\n")[1:] {
		name, _, _ := strings.Cut(line, ",")
		names = append(names, name)
	}
	if want := []string{"cat.5.png", "dog.5.png", "cat.6.png", "dog.6.png"}; !slices.Equal(names, want) {
		t.Errorf("validation has %v, want %v", names, want)
	}
	o = succeed(t, "evaluate", filepath.Join("r", "best.keras"), "t.csv", "--images", "set", "--split", "split", "--part", "test", "--json")
	if e := decode[evaluation](t, o.stdout); e.Images != 2 {
		t.Errorf("evaluate says %+v", e)
	}
}

// TestSiblingTables checks that tables for validation and testing beside that of the training images are named.
func TestSiblingTables(t *testing.T) {
	workIn(t)
	put(t, "set/train", pngs(t, 16))
	put(t, "set/valid", pngs(t, 6))
	for part, n := range map[string]int{"train": 16, "valid": 6, "test": 4} {
		if err := os.MkdirAll(filepath.Join("set", part), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join("set", part, "_classes.csv"), tableOf(n, "filename, cat, dog", func(i int, name string) string { return fmt.Sprintf("%s, %d, %d", name, 1-i%2, i%2) }))
	}
	table, valid := filepath.Join("set", "train", "_classes.csv"), filepath.Join("set", "valid", "_classes.csv")
	o := succeed(t, "data", table, "--category", "cat,dog")
	contains(t, "the output", o.stdout, valid+", a table of validation images, by its name; lince train uses it with --validation "+valid, "a table of test images")
	train := []string{"train", table, "--category", "cat,dog", "--model", network("two.json"), "--epochs", "1", "--overwrite", "--out", "r"}
	o = succeed(t, train...)
	contains(t, "the warnings", o.stderr, valid+" is a table of validation images, by its name, and is not used", "To use it: --validation "+valid)
	contains(t, "the output", o.stdout, "a table of test images, by its name, for lince evaluate")
	if o = succeed(t, append(train, "--validation", valid)...); strings.Contains(o.stderr, "is not used") {
		t.Errorf("the warnings %s", o.stderr)
	}
	if d := decode[record](t, read(t, "r", "run.json")).Data; d.Training != 16 || d.Validation != 6 {
		t.Errorf("%d and %d images", d.Training, d.Validation)
	}
	if o = succeed(t, append(train, "--test-size", ".5")...); strings.Contains(o.stderr, "is not used") {
		t.Errorf("the warnings %s", o.stderr)
	}
}

// TestPredictTables predicts the images of tables, with the flags of lince data.
func TestPredictTables(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 8))
	put(t, "more", pngs(t, 2))
	writeFile(t, "t.csv", tableOf(6, "bild;art;teil", func(i int, name string) string {
		return fmt.Sprintf("%s;\xfc;%s", name, []string{"train", "test"}[i/4])
	}))
	succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	model := filepath.Join("r", "model.keras")
	for _, c := range []struct {
		arguments string
		want      int // predictions
	}{
		{"t.csv --images set --filename bild", 6},
		{"t.csv --images set --filename bild --encoding latin-1", 6},
		{"t.csv --images set --filename bild --split teil --part test", 2},
		{"t.csv more --images set --filename bild", 8},
		{"more t.csv --images set --filename bild", 8},
	} {
		o := succeed(t, append([]string{"predict", model, "--json"}, strings.Fields(c.arguments)...)...)
		if got := len(decode[struct{ Predictions []any }](t, o.stdout).Predictions); got != c.want {
			t.Errorf("%s: %d predictions, want %d", c.arguments, got, c.want)
		}
	}
	for arguments, want := range map[string]string{
		"t.csv --images set":             `has no column "filename" for the file names; its columns are bild, art, teil`,
		"set --filename bild":            "is not a CSV file; remove the options for CSV files: --filename",
		"t.csv --encoding martian":       `--encoding: unknown encoding "martian"`,
		"t.csv --filename bild --part x": "a part (\"x\") cannot be chosen from a table without a column for it",
	} {
		o := run(t, append([]string{"predict", model}, strings.Fields(arguments)...)...)
		if o.code == 0 {
			t.Errorf("%s succeeds", arguments)
		}
		contains(t, arguments, o.stderr, want)
	}
}

// TestMultiLabel trains, evaluates and uses a model of images with several labels.
func TestMultiLabel(t *testing.T) {
	plots(t)
	long(t)
	workIn(t)
	put(t, "set", pngs(t, 32))
	writeFile(t, "t.csv", tableOf(32, "filename,category", func(i int, name string) string {
		labels := name[:3]
		if i%3 == 0 {
			labels += "|third"
		}
		return name + "," + labels
	}))
	data := []string{"t.csv", "--images", "set", "--task", "multilabel"}
	if o := run(t, "train", "t.csv", "--images", "set"); o.code != exitFailure || !strings.Contains(o.stderr, "set the task to multilabel") {
		t.Errorf("without --task: %s", o.stderr)
	}
	o := succeed(t, append([]string{"train", "--size", "16x16", "--epochs", "2", "--optimizer", "adam", "--lr", ".001", "--out", "r"}, data...)...)
	contains(t, "the output", o.stdout, "micro avg", "samples avg", "The threshold with the highest F1 score")
	r := decode[record](t, read(t, "r", "run.json"))
	if r.Model.Loss != "BinaryCrossentropy" || !slices.Equal(r.Model.Metrics, []string{"binary_accuracy"}) || r.Results != nil || r.MultiLabel == nil || len(r.MultiLabel.PerClass) != 3 {
		t.Errorf("run.json has %s, %v, %+v", r.Model.Loss, r.Model.Metrics, r.MultiLabel)
	}
	model := filepath.Join("r", "best.keras")
	m, err := lince.Options{}.Open(model)
	if err != nil || !m.MultiLabel {
		t.Fatalf("the model is not one of several labels: %v", err)
	}
	o = succeed(t, append([]string{"evaluate", model, "--out", "e", "--threshold", "0", "--json"}, data[:3]...)...) // the model has the task
	var e struct {
		MultiLabel struct {
			PerClass []struct {
				Recall  float64
				Support int
			} `json:"per_class"`
		}
		Classification *struct{}
	}
	if err := json.Unmarshal([]byte(o.stdout), &e); err != nil {
		t.Fatal(err)
	}
	if l := e.MultiLabel.PerClass; len(l) != 3 || l[0].Support != 16 || l[2].Support != 11 || l[2].Recall != 1 || e.Classification != nil {
		t.Errorf("evaluate says %+v", e)
	}
	contains(t, "predictions.csv", read(t, "e", "predictions.csv"), "cat.0.png,cat|third,cat|dog|third,")
	for _, dir := range []string{"r", "e"} {
		contains(t, "the page in "+dir, html.UnescapeString(read(t, dir, pageName)), "all classes right", "Mean of the classes", "Best threshold", "All decisions: ECE", "Wrongly predicted classes")
	}
	writeFile(t, "other.csv", tableOf(32, "filename,category", func(i int, name string) string { return name + "," + name[:3] + "|Dogs" }))
	o = succeed(t, "evaluate", model, "other.csv", "--images", "set")
	contains(t, "the warnings", o.stderr, "no image of the data has these labels of the model: third;", "the images have labels that the model does not have:", "Dogs: 32 images; did you mean dog?", "These labels are left out")
	put(t, ".", map[string][]byte{"photo.jpg": pngs(t, 1)["cat.0.png"]})
	answer := decode[struct {
		Predictions []struct{ Probabilities map[string]float64 }
	}](t, succeed(t, "predict", model, "photo.jpg", "--json").stdout).Predictions[0].Probabilities
	runSnippets(t, read(t, "r", pageName), func(what, printed string) {
		var want []string
		for _, class := range m.Classes {
			if p := answer[class]; p >= .5 {
				want = append(want, fmt.Sprintf("%s: %.1f %%", class, 100*p))
			}
		}
		if printed != strings.Join(want, "\n") {
			t.Errorf("%s prints %q, want %q", what, printed, want)
		}
	})
	o = succeed(t, "predict", model, "set", "--threshold", "0")
	contains(t, "the predictions", o.stdout, "cat.0.png", "third ", ", dog ")
	o = succeed(t, "predict", model, "set", "--threshold", "1")
	contains(t, "the predictions", o.stdout, "none")
	contains(t, "the JSON without labels", succeed(t, "predict", model, "photo.jpg", "--threshold", "1", "--json").stdout, `"labels": []`)
	o = run(t, "evaluate", model, "set")
	if o.code != exitUsage || !strings.Contains(o.stderr, "set --task multilabel") {
		t.Errorf("single labels: %s", o.stderr)
	}
	for want, args := range map[string][]string{
		"--class-weight is for images with one class": {"--class-weight", "balanced"},
		"--calibration is for images with one class":  {"--calibration"},
		"--model auto is for images with one class":   {"--model", "auto"},
		"was trained for one class in each image":     {"--model", "one.keras"},
	} {
		one, err := lince.Sequential(layer.Input{Shape: []int{12, 12, 3}}, layer.Flatten{}, layer.Dense{Units: 3, Activation: layer.Softmax})
		if err != nil {
			t.Fatal(err)
		}
		if err := one.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		if err := one.Save("one.keras"); err != nil {
			t.Fatal(err)
		}
		if o := run(t, slices.Concat([]string{"train", "--epochs", "1"}, data, args)...); o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: %s", args, o.stderr)
		}
	}
	if o := run(t, "train", "t.csv", "--images", "set", "--task", "regress"); o.code != exitFailure {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// TestHostileTables checks that texts in an untrusted table reach neither the terminal nor a spreadsheet unchanged, and that messages are short.
func TestHostileTables(t *testing.T) {
	workIn(t)
	put(t, ".", pngs(t, 8))
	writeFile(t, "escape.csv", "fil\x1b]0;PWN\aename,cat\x1b[31megory\na.jpg,b\n")
	writeFile(t, "formula.csv", tableOf(8, "filename,category", func(i int, name string) string { return name + "," + []string{"=1+1", "@x"}[i%2] }))
	writeFile(t, "labels.csv", tableOf(8, "filename,category", func(i int, name string) string { return name + ",\x1b[31m" + name[:3] + "\u202e" }))
	writeFile(t, "long.csv", strings.Repeat("x,", 5_000_000)+"\n")
	for _, args := range [][]string{{"data", "escape.csv"}, {"data", "labels.csv"}, {"data", "long.csv"}, {"data", "labels.csv", "--category", "\x1b[31m"}} {
		o := run(t, args...)
		for _, text := range []string{o.stdout, o.stderr} {
			if i := strings.IndexFunc(text, escape.IsHidden); i >= 0 || len(text) > 5000 {
				t.Errorf("%v: %d bytes: %.200q", args, len(text), text)
			}
		}
	}
	succeed(t, "train", "formula.csv", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	if p := read(t, "r", "predictions.csv"); !strings.HasPrefix(p, "filename,category,predicted,'=1+1,'@x\n") || strings.Contains(p, ",=1+1") {
		t.Errorf("predictions.csv has %s", p)
	}
	if o := run(t, "data", "formula.csv", "--encoding", "cp12"); o.code != exitUsage || !strings.Contains(o.stderr, `--encoding: unknown encoding "cp12"; want one of utf-8,`) {
		t.Errorf("an unknown encoding: %+v", o)
	}
	o := succeed(t, "data", "formula.csv", "--csv", "-", "--encoding", "latin-1")
	contains(t, "the table", o.stdout, "cat.0.png,'=1+1\n")
	writeFile(t, "again.csv", o.stdout)
	o = succeed(t, "data", "again.csv", "--csv", "-", "--raw-csv")
	contains(t, "the table", o.stdout, "cat.0.png,=1+1\n")
}

// TestVersionsTogether keeps the versions that Roboflow makes of an image on one side of the split, with a line, and the sides have the usual sizes.
func TestVersionsTogether(t *testing.T) {
	workIn(t)
	files := map[string][]byte{}
	images := pngs(t, 60)
	for i, name := range slices.Sorted(maps.Keys(images)) { // in groups of three
		files[fmt.Sprintf("set/%c/IMG_%d_png.rf.%032x.png", 'a'+i/3%2, i/3, i)] = images[name]
	}
	put(t, ".", files)
	for k, flags := range [][]string{nil, {"--stratify"}, {"--no-precheck"}} {
		out := fmt.Sprint("r", k)
		o := succeed(t, append([]string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--out", out}, flags...)...)
		contains(t, out, o.stdout, "60 images are versions of 20 by their names, such as a/IMG_0_png.rf.", ": those of each are on one side of the split")
		r := decode[record](t, read(t, out, "run.json"))
		if v := r.Data.Versions; v == nil || v.Groups != 20 || v.Images != 60 || v.Moved == 0 {
			t.Errorf("%s: %+v", out, v)
		}
		if r.Data.Validation < 6 || r.Data.Validation%3 != 0 || r.Data.Training+r.Data.Validation != 60 {
			t.Errorf("%s: %d and %d images", out, r.Data.Training, r.Data.Validation)
		}
		seen := map[string]int{}
		for _, line := range rowsOf(t, read(t, out, "predictions.csv"))[1:] {
			name, _, _ := strings.Cut(line[0], ".rf.")
			seen[name]++
		}
		for name, n := range seen {
			if n != 3 {
				t.Errorf("%s: %d of 3 versions of %s are in the validation", out, n, name)
			}
		}
	}
}

// TestLabelOfAllImages checks the warning about a label that each image has.
func TestLabelOfAllImages(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 8))
	writeFile(t, "t.csv", tableOf(8, "filename,category", func(i int, name string) string { return name + []string{",pet|cat", ",pet"}[i%2] }))
	const warning = "all 8 images have the class pet, so a model learns nothing from it"
	contains(t, "the warnings", succeed(t, "data", "t.csv", "--images", "set", "--task", "multilabel").stderr, warning)
	o := succeed(t, "train", "t.csv", "--images", "set", "--task", "multilabel", "--validation", "t.csv", "--size", "16", "--limit-batches", "1", "--epochs", "1", "-q", "--out", "out")
	contains(t, "the warnings", o.stderr, warning)
}

// TestListsOfParts trains on a part of a dataset that a list names, as Food-101 has it, and takes a list for --validation.
func TestListsOfParts(t *testing.T) {
	workIn(t)
	images := map[string][]byte{}
	list := map[bool]string{}
	for i, name := range slices.Sorted(maps.Keys(pngs(t, 16))) {
		inside := name[:3] + "/" + name
		images["set/images/"+inside] = pngs(t, 16)[name]
		list[i%4 == 0] += strings.TrimSuffix(inside, ".png") + "\n"
	}
	put(t, ".", images)
	put(t, "set/meta", map[string][]byte{"train.txt": []byte(list[false]), "test.txt": []byte(list[true])})
	small := []string{"--size", "16", "--epochs", "1", "--limit-batches", "1", "--seed", "1"}
	o := succeed(t, append([]string{"train", "set", "--out", "a"}, small...)...)
	contains(t, "the output", o.stdout+o.stderr, "The parts are from meta/test.txt, meta/train.txt: train has 12 images, test has 4 images.", "Part test: not used; 4 images, for lince evaluate with --part test.")
	contains(t, "the evaluation", succeed(t, "evaluate", filepath.Join("a", "best.keras"), "set", "--part", "test", "--out", "e").stdout, "4")
	o = succeed(t, append([]string{"train", "set/images", "--validation", "set/meta/test.txt", "--out", "b"}, small...)...)
	contains(t, "the output", o.stdout+o.stderr, "The images of set/meta/test.txt are in set/images.", "The table has no labels; they are from the names of the images (the rule is the folder, as in cats/1.jpg).", "images with the same bytes are in both")
	if r := decode[record](t, read(t, "b", "run.json")); r.Data.ValidationSource != "set/meta/test.txt" {
		t.Errorf("the validation images are %q", r.Data.ValidationSource)
	}
	o = succeed(t, append([]string{"train", "set/meta/train.txt", "--images", "set/images", "--validation", "set/meta/test.txt", "--out", "c"}, small...)...)
	if said := o.stdout + o.stderr; strings.Contains(said, "same bytes") {
		t.Errorf("the lists of both parts: %s", said)
	}
}
