package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// faulty returns the files of a folder with a duplicate, a conflict, an empty file and a leak.
func faulty(t *testing.T) map[string][]byte {
	p := pngs(t, 26)
	files := map[string][]byte{"set/test/cat/cat.12.png": p["cat.12.png"], "set/test/dog/dog.12.png": p["dog.12.png"]}
	for name, content := range p {
		if !strings.Contains(name, ".12.") {
			files["set/train/"+name[:3]+"/"+name] = content
		}
	}
	files["set/train/cat/copy.png"] = p["cat.0.png"]
	files["set/train/cat/=x\x1b.png"] = p["dog.1.png"]
	files["set/train/dog/empty.png"] = nil
	files["set/test/dog/leak.png"] = p["dog.2.png"]
	return files
}

// TestCheck checks the text, the files, the JSON and the exit code of lince check.
func TestCheck(t *testing.T) {
	plots(t)
	workIn(t)
	put(t, ".", faulty(t))
	o := run(t, "check", "set", "--out", "report", "--strict")
	if o.code != exitFailure {
		t.Errorf("--strict exits with %d: %+v", o.code, o)
	}
	contains(t, "lince check", o.stdout, "Empty files (empty): 1\n", "dog/empty.png: 0 bytes", "(conflict): 1\n", "(leak): 1\n  dog/dog.2.png, test/dog/leak.png: the same content",
		"(duplicate): 1\n", `cat/=x\x1b.png`, "faults in 30 images, those of test included.")
	if strings.Contains(o.stdout, "\x1b") {
		t.Error("a name reaches the terminal unescaped")
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, "report/findings.csv"))).ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "finding,kind,filename,category,part,detail" || strings.Join(rows[1], ",") != "1,empty,dog/empty.png,dog,,0 bytes" {
		t.Errorf("findings.csv is %q, %v", rows, err)
	}
	for _, name := range []string{"conflict.png", "leak.png", "duplicate.png"} {
		if info, err := os.Stat(filepath.Join("report", name)); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat("report/empty.png"); err == nil {
		t.Error("there is a plot of empty files")
	}
	if o := run(t, "check", "set", "--out", "report"); o.code != exitUsage {
		t.Errorf("an existing report gives %+v", o)
	}
	j := decode[struct {
		Images   int
		Parts    []string
		Kinds    []struct{ Kind string }
		Findings []struct {
			Kind   string
			Images []struct{ Filename, Part string }
		}
	}](t, succeed(t, "check", "set", "--json", "--kinds", "leak").stdout)
	if j.Images != 30 || len(j.Kinds) != 1 || len(j.Findings) != 1 || j.Findings[0].Images[1].Part != "test" {
		t.Errorf("the JSON is %+v", j)
	}
	if o := run(t, "check", "set", "--kinds="); o.code != exitUsage || !strings.Contains(o.stderr, "--kinds: needs a kind; the kinds are empty") {
		t.Errorf("--kinds=: %d, %s", o.code, o.stderr)
	}
	contains(t, "some kinds", succeed(t, "check", "set", "--kinds", "spelling,empty").stdout, "None of the kinds spelling.\n", "1 fault of the kinds searched (empty, spelling) in 30 images")
	contains(t, "sound data", succeed(t, "check", "demo:cats-and-dogs?n=20", "--strict").stdout, "No faults in 20 images.")
}

// TestClean trains on what lince clean keeps.
func TestClean(t *testing.T) {
	workIn(t)
	files := faulty(t)
	put(t, ".", files)
	o := succeed(t, "clean", "set", "--out", "keep.csv")
	contains(t, "lince clean", o.stdout, "Wrote 22 of 27 images to keep.csv. To train on them: lince train keep.csv --images "+filepath.Join("set", "train"))
	kept := read(t, "keep.csv")
	for _, gone := range []string{"empty", "=x", "dog.1.png", "dog.2.png"} {
		if strings.Contains(kept, gone) {
			t.Errorf("keep.csv has %s:\n%s", gone, kept)
		}
	}
	contains(t, "the table", succeed(t, "data", "keep.csv", "--images", "set/train").stdout, "Found 22")
	for name, content := range files {
		if read(t, name) != string(content) {
			t.Errorf("%s has changed", name)
		}
	}
	if o := run(t, "clean", "set", "--out", "keep.csv"); o.code != exitUsage {
		t.Errorf("an existing file gives %+v", o)
	}
	if got := succeed(t, "clean", "set", "--out", "-", "--drop", "empty", "-q").stdout; strings.Count(got, "\n") != 27 {
		t.Errorf("without the empty file: %s", got)
	}
	for _, args := range [][]string{
		{"--drop", "turned"}, {"--drop", "emty"}, {"--drop", "label"}, {"--model", "x.keras"}, {"--folds", "1", "--model", "x"}, {"--confidence", "2"},
	} {
		if o := run(t, append([]string{"clean", "set", "--out", "k.csv"}, args...)...); o.code != exitUsage {
			t.Errorf("lince clean %v: %+v", args, o)
		}
	}
}

// TestCleanMissingWords checks that a class whose name is a word for a missing value survives the table that lince clean writes, and lince evaluate, whose model has it.
func TestCleanMissingWords(t *testing.T) {
	workIn(t)
	put(t, ".", layout(t, "set/", 6, "None", "Scratch"))
	contains(t, "the output", succeed(t, "clean", "set", "--out", "k.csv").stdout, "To train on them: lince train k.csv --images set --keep-na\n")
	contains(t, "the table", succeed(t, "data", "k.csv", "--images", "set", "--keep-na").stdout, "Found 12")
	succeed(t, "train", "set", "--size", "16", "--epochs", "1", "--out", "r", "-q")
	if got := decode[evaluation](t, succeed(t, "evaluate", "r/best.keras", "k.csv", "--images", "set", "--json", "-q").stdout); got.Images != 12 {
		t.Errorf("%d images, want 12", got.Images)
	}
}

// TestCleanKeepsParts checks that the rows of other parts stay in the new table, with the column of the parts.
func TestCleanKeepsParts(t *testing.T) {
	workIn(t)
	put(t, "img", pngs(t, 4))
	put(t, "img", map[string][]byte{"empty.png": nil})
	names := sorted(pngs(t, 4))
	put(t, ".", map[string][]byte{"t.csv": []byte(fmt.Sprintf("filename,category,set\n%s,cat,train\n%s,dog,test\nempty.png,cat,train\n%s,cat,test\n%s,dog,train\n", names[0], names[2], names[1], names[3]))})
	o := succeed(t, "clean", "t.csv", "--images", "img", "--split", "set", "--out", "k.csv")
	contains(t, "the output", o.stdout, "The column set is kept, and so are all 2 rows of the other parts.", "lince train k.csv --images img --split set")
	if want := fmt.Sprintf("filename,category,set\n%s,cat,train\n%s,dog,train\n%s,dog,test\n%s,cat,test\n", names[0], names[3], names[2], names[1]); read(t, "k.csv") != want {
		t.Errorf("k.csv is %s, want %s", read(t, "k.csv"), want)
	}
	contains(t, "the table", succeed(t, "data", "k.csv", "--images", "img", "--split", "set").stdout, "test: 2 images", "train: 2 images, shown above")
}

// TestCheckLabels exchanges the labels of two of 40 images of clear colors, and expects that these two are found, and no other: with a model that was trained on
// right labels, and with classifiers for folds on the features of any model.
func TestCheckLabels(t *testing.T) {
	other := filepath.Join(trained(t), "best.keras")
	workIn(t)
	files := map[string][]byte{}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 40 {
		class := []string{"blue", "red"}[i%2]
		img := image.NewRGBA(image.Rect(0, 0, 24, 24))
		for p := range 24 * 24 {
			noise := uint8(random.IntN(90))
			c := color.RGBA{noise, noise, 150 + noise, 255}
			if class == "red" {
				c.R, c.B = c.B, c.R
			}
			img.SetRGBA(p%24, p/24, c)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprintf("right/%s/%02d.png", class, i)] = b.Bytes()
		if i == 6 || i == 9 {
			class = map[string]string{"blue": "red", "red": "blue"}[class]
		}
		files[fmt.Sprintf("wrong/%s/%02d.png", class, i)] = b.Bytes()
	}
	put(t, ".", files)
	succeed(t, "train", "right", "--model", network("two.json"), "--no-augment", "--epochs", "10", "--batch", "4", "--optimizer", "adam", "--out", "run", "-q")
	model := filepath.Join("run", "model.keras")
	for _, c := range []struct {
		set, want string
		args      []string
	}{
		{"wrong", "red/06.png blue/09.png", []string{"--model", model, "--confidence", ".5"}},
		{"right", "", []string{"--model", model, "--confidence", ".5"}},
		{"wrong", "red/06.png blue/09.png", []string{"--model", other, "--folds", "5", "--confidence", ".5"}},
		{"right", "", []string{"--model", other, "--folds", "5", "--confidence", ".5"}},
	} {
		o := succeed(t, append([]string{"check", c.set, "--kinds", "label", "--json"}, c.args...)...)
		j := decode[struct {
			Findings []struct {
				Kind    string
				Classes []string
				Images  []struct {
					Filename string
					Label    string `json:"category"`
				}
			}
		}](t, o.stdout)
		var got []string
		for _, f := range j.Findings {
			if f.Kind != "label" || len(f.Classes) != 2 || f.Classes[0] == f.Classes[1] || len(f.Images) != 1 || f.Images[0].Label != f.Classes[0] {
				t.Errorf("%v: found %+v", c, f)
			}
			got = append(got, f.Images[0].Filename)
		}
		slices.Sort(got)
		want := strings.Fields(c.want)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v: found %v, want %v", c, got, want)
		}
		if !slices.Contains(c.args, "--folds") { // the page of an evaluation lists the same labels
			succeed(t, "evaluate", model, c.set, "--out", c.set+"-judged", "-q")
			_, section, found := strings.Cut(read(t, c.set+"-judged", pageName), "<h3>Labels that are probably wrong</h3>")
			section, _, _ = strings.Cut(section, "<h3>")
			// The page lists labels from a probability of .9, which one of the two has.
			if found != (len(want) > 0) || found && !strings.Contains(section, "red/06.png") {
				t.Errorf("%v: the page has a list of wrong labels: %v, %.500s", c, found, section)
			}
		}
		if slices.Contains(c.args, "--folds") == strings.Contains(o.stderr, "has learned the labels") {
			t.Errorf("%v: warnings %s", c, o.stderr)
		}
	}
	// Images of a class that the model does not know are left out.
	put(t, "wrong", map[string][]byte{"violet/1.png": files["right/red/01.png"]})
	o := succeed(t, "check", "wrong", "--kinds", "label", "--model", model, "--confidence", ".5")
	contains(t, "the warnings", o.stderr, "1 of 41 images are of classes that the model does not have:\n  violet: 1 image")
	contains(t, "the findings", o.stdout, "red/06.png", "blue/09.png")
}

// TestTrainWarnsOfFaults expects a line for each kind.
func TestTrainWarnsOfFaults(t *testing.T) {
	workIn(t)
	files := faulty(t)
	put(t, ".", files)
	o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--quiet")
	contains(t, "warnings", o.stderr, "warning: files with the same content: ", "warning: the same image in two classes: ", "lince check set lists them")
}

// TestSourceCommand repeats the flags of a source in the command that a message proposes.
func TestSourceCommand(t *testing.T) {
	none := sourceFlags{Label: "auto", tableFlags: tableFlags{Task: "auto"}}
	all := sourceFlags{Label: "^(.+)-", fileFlags: fileFlags{Part: "train", Images: "my set", Filename: "id", Split: "fold", Encoding: "gbk", pixelsFlag: pixelsFlag{300}}, Labels: "a,b",
		tableFlags: tableFlags{Task: "multilabel", Separator: "|", KeepNA: true}, Rename: map[string]string{"b": "c", "a": "b"}, Limit: 3}
	for want, got := range map[string]string{
		"lince check 'my set'": none.command("check", "my set"),
		"lince check t.csv --label '^(.+)-' --part train --images 'my set' --filename id --split fold --encoding gbk --category a,b --task multilabel --label-separator '|' --max-pixels 300 --keep-na --rename a=b --rename b=c --limit 3": all.command("check", "t.csv"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
