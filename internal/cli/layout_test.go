package cli

import (
	"archive/zip"
	"bytes"
	bits "encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
)

// layout returns n images of cats and n of dogs in folders with the given names.
func layout(t *testing.T, prefix string, n int, cats, dogs string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, b := range pngs(t, 2*n) {
		folder := cats
		if strings.HasPrefix(name, "dog") {
			folder = dogs
		}
		out[prefix+folder+"/"+name] = b
	}
	return out
}

// runRecord returns run.json of the run in the folder r.
func runRecord(t *testing.T) record {
	t.Helper()
	return decode[record](t, read(t, "r", "run.json"))
}

// TestUnknownClasses evaluates a model on images of classes that it does not know.
func TestUnknownClasses(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", layout(t, "set/", 4, "cat", "Dogs"))
	put(t, ".", layout(t, "set/", 1, "ants", "ants"))
	o := succeed(t, "evaluate", model, "set", "--json")
	contains(t, "the warning", o.stderr, "6 of 10 images are of classes that the model does not have", "Dogs: 4 images; did you mean dog? (--rename Dogs=dog)", "ants: 2 images")
	got := decode[evaluation](t, o.stdout)
	if want := []unknownCount{{"Dogs", 4, "dog"}, {"ants", 2, "cat"}}; got.Images != 4 || len(got.UnknownClasses) != 2 || got.UnknownClasses[0] != want[0] || got.UnknownClasses[1].Class != "ants" {
		t.Errorf("%d images, %+v", got.Images, got.UnknownClasses)
	}
	if o := run(t, "evaluate", model, "set", "--strict"); o.code == exitOK || !strings.Contains(o.stderr, "Dogs: 4 images") {
		t.Errorf("--strict: %d, %s", o.code, o.stderr)
	}
	if got := decode[evaluation](t, succeed(t, "evaluate", model, "set", "--rename", "Dogs=dog,ants=cat", "--strict", "--json").stdout); got.Images != 10 || len(got.UnknownClasses) != 0 {
		t.Errorf("%d images, %+v", got.Images, got.UnknownClasses)
	}
}

// TestNearClass finds the class of a model that a class of other data means.
func TestNearClass(t *testing.T) {
	for _, c := range []struct{ name, classes, want string }{
		{"0", "00000 00001", "00000"},
		{"2.0", "1 2 20", "2"},
		{"Faces easy", "Faces Faces_easy", "Faces_easy"},
		{"sea-horse", "SeaHorse", "SeaHorse"},
		{"Chihuahua", "n02085620-Chihuahua n02085782-Japanese_spaniel", "n02085620-Chihuahua"},
		{"japanese spaniel", "n02085620-Chihuahua n02085782-Japanese_spaniel", "n02085782-Japanese_spaniel"},
		{"001.Black_footed_Albatross", "Black-footed-Albatross", "Black-footed-Albatross"},
		{"adenocarcinoma", "adenocarcinoma_left.lower.lobe normal", "adenocarcinoma_left.lower.lobe"},
		{"Normal (healthy)", "normal tumor", "normal"},
		{"water", "water_bottle water_glass", ""},
		{"AB", "A-B A_B", ""},
		{"3", "4 5", ""},
		{"++", "-- **", ""},
	} {
		if got := nearClass(c.name, strings.Fields(c.classes)); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.name, c.classes, got, c.want)
		}
	}
}

// TestNoKnownClass evaluates a model on images whose classes have other names.
func TestNoKnownClass(t *testing.T) {
	workIn(t)
	put(t, ".", layout(t, "set/", 6, "00000", "00001"))
	put(t, ".", map[string][]byte{"set/t.csv": []byte("filename,category,name\n00000/cat.0.png,0,a\n00001/dog.0.png,1,b\n"), "set/u.csv": []byte("filename,category\n00000/cat.0.png,x\n00001/dog.0.png,y\n"),
		"set/v.csv": []byte("filename,category\n00000/cat.0.png,0\n00000/cat.1.png,x\n00001/dog.0.png,y\n")})
	succeed(t, "train", "set", "--size", "16", "--epochs", "1", "--out", "r", "-q")
	o := run(t, "evaluate", "r/best.keras", "set/t.csv")
	_, command, _ := strings.Cut(o.stderr, "if these are the same classes by other names: ")
	command, _, _ = strings.Cut(command, ";")
	if command != "--rename 0=00000,1=00001" || !strings.Contains(o.stderr, "name it with --category") {
		t.Error(o.stderr)
	}
	if got := decode[evaluation](t, succeed(t, append([]string{"evaluate", "r/best.keras", "set/t.csv", "--json"}, strings.Fields(command)...)...).stdout); got.Images != 2 {
		t.Errorf("%d images", got.Images)
	}
	for file, classes := range map[string]string{"set/u.csv": "x, y", "set/v.csv": "0, x, y"} { // similar names of a third of the images are no proposal
		if o := run(t, "evaluate", "r/best.keras", file); !strings.Contains(o.stderr, "("+classes+") is a class of the model (00000, 00001); rename them with --rename;") {
			t.Error(o.stderr)
		}
	}
}

// TestOneClass evaluates a model on the folder of a single class.
func TestOneClass(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", layout(t, "only/", 4, "../rest", "dog"))
	for _, source := range []string{"only", "only/dog"} {
		got := decode[evaluation](t, succeed(t, "evaluate", model, source, "--json", "-q").stdout)
		if got.Images != 4 || got.Classification.PerClass[1].Support != 4 {
			t.Errorf("%s: %d images, %+v", source, got.Images, got.Classification)
		}
	}
}

// TestOwnValidation trains with validation images that are not split from the others.
func TestOwnValidation(t *testing.T) {
	workIn(t)
	put(t, ".", layout(t, "set/train/", 8, "cats", "dogs"))
	put(t, ".", layout(t, "set/Validation/", 3, "cats", "dogs"))
	put(t, ".", layout(t, "set/test/", 2, "cats", "dogs"))
	put(t, ".", layout(t, "more/", 1, "cats", "Dogs"))
	train := func(args ...string) outcome {
		return run(t, append([]string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--overwrite", "--out", "r"}, args...)...)
	}
	for _, c := range []struct {
		args              []string
		training, val     int
		validation, parts string
		says              []string
	}{
		{nil, 16, 6, "Validation", "Validation:validation test:none train:training", []string{"Part train: 16 images for training", "Part Validation: 6 images for validation", "Part test: not used; 4 images, for lince evaluate with --part test"}},
		{[]string{"--test-size", ".25"}, 12, 4, "", "Validation:none test:none train:training", []string{"Part Validation: not used"}},
		{[]string{"--validation", "test"}, 16, 4, "test", "Validation:none test:validation train:training", nil},
		{[]string{"--validation", "more"}, 16, 1, "more", "Validation:none test:none train:training", []string{"Validation images: more", "Dogs: 1 image; did you mean dogs?"}},
		{[]string{"--validation", "more", "--rename", "Dogs=dogs"}, 16, 2, "more", "Validation:none test:none train:training", nil},
	} {
		o := train(c.args...)
		if o.code != exitOK {
			t.Errorf("%q: %s", c.args, o.stderr)
			continue
		}
		d := runRecord(t).Data
		var parts []string
		for _, p := range d.Parts {
			parts = append(parts, p.Name+":"+p.Use)
		}
		if got := strings.Join(parts, " "); d.Training != c.training || d.Validation != c.val || d.ValidationSource != c.validation || got != c.parts || (d.ValidationFingerprint == "") != (c.validation == "") {
			t.Errorf("%q: %+v", c.args, d)
		}
		contains(t, strings.Join(c.args, " "), o.stdout+o.stderr, c.says...)
	}
	o := succeed(t, "evaluate", "r/model.keras", "set", "--json")
	contains(t, "the warning", o.stderr, "only the part train of set is used (16 images); to use another one (Validation, test), choose it with --part")
	if got := decode[evaluation](t, o.stdout); got.Part != "train" || got.Images != 16 {
		t.Errorf("%+v", got)
	}
	contains(t, "the warning", succeed(t, "predict", "r/model.keras", "set").stderr, "only the part train of set is used")
	if o := succeed(t, "evaluate", "r/model.keras", "set", "--part", "TEST", "--json"); strings.Contains(o.stderr, "warning") || decode[evaluation](t, o.stdout).Part != "test" {
		t.Error(o.stderr)
	}
	for want, args := range map[string][]string{
		"remove --test-size":            {"--validation", "more", "--test-size", ".5"},
		"remove --stratify":             {"--validation", "more", "--stratify"},
		"these are the training images": {"--validation", "train"},
		"no such file or folder":        {"--validation", "gone"},
		"Dogs: 1 image":                 {"--validation", "more", "--strict"},
		`no class "Cats" to rename`:     {"--validation", "more", "--rename", "Cats=cats"},
	} {
		if o := train(args...); o.code == exitOK || !strings.Contains(o.stderr, want) {
			t.Errorf("%q: %d, %s", args, o.code, o.stderr)
		}
	}
}

// TestCountsOfWhatIsLeftOut checks that files that are passed over are counted in every output.
func TestCountsOfWhatIsLeftOut(t *testing.T) {
	workIn(t)
	all := layout(t, "set/", 6, "cat", "dog")
	all["set/.ipynb_checkpoints/x.png"], all["set/cat/a.txt"], all["set/cat/b.HEIC"] = jpg(t), []byte("a"), []byte("b")
	put(t, ".", all)
	if err := os.Mkdir("set/emu", 0o700); err != nil {
		t.Fatal(err)
	}
	says := []string{"ot used: 1 file that is not an image (1 .txt): cat/a.txt", "ot used: 1 image of a format that lince does not read (1 HEIC): cat/b.HEIC",
		"ot used: 1 file that is hidden", "ot used: 1 folder without images, which is no class: emu"}
	model := filepath.Join(trained(t), "model.keras")
	contains(t, "data", succeed(t, "data", "set").stdout, says...)
	contains(t, "evaluate", succeed(t, "evaluate", model, "set").stderr, says...)
	o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	contains(t, "train", o.stdout+o.stderr, says...)
	contains(t, "the warning of train", o.stderr, "lince: warning: not used: 1 image of a format")
	contains(t, "predict", succeed(t, "predict", model, "set").stderr, says[:3]...)
	lists := map[string][]passedOver{"train": runRecord(t).Data.PassedOver}
	for _, args := range [][]string{{"data", "set"}, {"evaluate", model, "set"}, {"predict", model, "set"}} {
		lists[args[0]] = decode[struct {
			PassedOver []passedOver `json:"passed_over"`
		}](t, succeed(t, append(args, "--json", "-q")...).stdout).PassedOver
	}
	for command, list := range lists {
		counts := map[string]int{}
		for _, p := range list {
			counts[p.Reason] = p.Count
		}
		if want := 4; command == "predict" && len(counts) != want-1 || command != "predict" && len(counts) != want || counts["file that is not an image"] != 1 {
			t.Errorf("%s: %+v", command, list)
		}
	}
	for _, args := range [][]string{{"evaluate", model, "set"}, {"train", "set", "--out", "strict"}, {"predict", model, "set"}} {
		if o := run(t, append(args, "--strict")...); o.code == exitOK || !strings.Contains(o.stderr, "with --strict, every image must be usable; not used: 1 image of a format") {
			t.Errorf("%s --strict: %d, %s", args, o.code, o.stderr)
		}
	}
}

// turnedJPEG returns an image of 60x100 pixels with an EXIF orientation.
func turnedJPEG(t *testing.T, orientation byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 100, 60)), nil); err != nil {
		t.Fatal(err)
	}
	plain := b.Bytes()
	exif := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), orientation, 0, 0, 0, 0, 0, 0, 0)
	segment := bits.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append([]byte{0xff, 0xd8}, append(segment, exif...)...), plain[2:]...)
}

// TestExif turns images by their orientation.
func TestExif(t *testing.T) {
	workIn(t)
	all := layout(t, "set/", 4, "cat", "dog")
	all["set/cat/turned.jpg"], all["set/dog/upright.jpg"] = turnedJPEG(t, 6), turnedJPEG(t, 1)
	put(t, ".", all)
	shape := func(args ...string) [3]int {
		return decode[struct{ Shape [3]int }](t, succeed(t, append([]string{"show", "set/cat/turned.jpg", "--json"}, args...)...).stdout).Shape
	}
	if plain, turned := shape(), shape("--exif"); plain[0] != turned[1] || plain[1] != turned[0] || plain[0] == plain[1] {
		t.Errorf("%v, turned %v", plain, turned)
	}
	contains(t, "data", succeed(t, "data", "set").stdout, "1 image has an EXIF orientation, which is ignored, as in Keras")
	if o := succeed(t, "data", "set", "--json", "-q"); decode[struct {
		N int `json:"exif_turned"`
	}](t, o.stdout).N != 1 {
		t.Error(o.stdout)
	}
	for _, flag := range []bool{false, true} {
		args := []string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--overwrite", "--out", "r"}
		says := "which is ignored"
		if flag {
			args, says = append(args, "--exif"), "will be turned"
		}
		contains(t, "train", succeed(t, args...).stdout, "1 image has an EXIF orientation", says)
		m, err := lince.Open("r/model.keras")
		if err != nil {
			t.Fatal(err)
		}
		if d := m.Preprocessing[0].(preprocess.Decode); d.Orient != flag {
			t.Errorf("%v: %+v", flag, m.Preprocessing)
		}
		if n := runRecord(t).Data.Turned; n != 1 {
			t.Errorf("run.json counts %d", n)
		}
	}
	// The model of the last training turns images; a training that continues from it does, too.
	contains(t, "a later training", succeed(t, "train", "set", "--model", "r/model.keras", "--epochs", "1", "--out", "on").stdout, "1 image has an EXIF orientation and will be turned")
}

// TestRareClasses warns of classes without images in a split, and of very different sizes.
func TestRareClasses(t *testing.T) {
	plots(t)
	workIn(t)
	all := map[string][]byte{}
	for name, b := range layout(t, "set/", 24, "cat", "dog") {
		if !strings.Contains(name, "/dog/") || strings.HasSuffix(name, "dog.0.png") {
			all[name] = b
		}
	}
	put(t, ".", all)
	warned := map[string]bool{}
	for seed := range 6 {
		o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--overwrite", "--out", "r", "-q", "--seed", fmt.Sprint(seed))
		for _, text := range []string{"no validation image is of the class dog", "no training image is of the class dog", "the class cat has 18 training images and dog has 1"} {
			warned[text] = warned[text] || strings.Contains(o.stderr, text)
		}
		if !strings.Contains(o.stderr, "image is of the class dog") || strings.Contains(o.stderr, "--stratify") { // which refuses a class with one image
			t.Errorf("seed %d: %s", seed, o.stderr)
		}
	}
	if len(warned) != 3 || !warned["no validation image is of the class dog"] {
		t.Error(warned)
	}
	if got := classList([]string{"a\nb"}) + classList([]string{"c", "d\ne"}); strings.Contains(got, "\n") {
		t.Errorf("the names of classes are printed as they are: %q", got)
	}
}

// TestLabelPattern labels images by a regular expression.
func TestLabelPattern(t *testing.T) {
	workIn(t)
	all := map[string][]byte{}
	for name, b := range pngs(t, 8) {
		all["pets/"+strings.Replace(strings.Replace(name, "cat.", "cat-a-", 1), "dog.", "dog-a-", 1)] = b
	}
	put(t, ".", all)
	o := succeed(t, "data", "pets", "--label", `^([a-z]+)-`, "--json", "-q")
	if got := decode[struct {
		Rule   string
		Counts map[string]int
	}](t, o.stdout); got.Rule != "pattern" || got.Counts["cat"] != 4 || got.Counts["dog"] != 4 {
		t.Errorf("%+v", got)
	}
	for label, want := range map[string]string{`(a)(b)`: "has 2 groups", `(`: "not a regular expression", "names": "or a regular expression with one group"} {
		if o := run(t, "data", "pets", "--label", label); o.code == exitOK || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: %s", label, o.stderr)
		}
	}
}

// TestArchiveNames checks that names in an archive do not control the terminal.
func TestArchiveNames(t *testing.T) {
	workIn(t)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range pngs(t, 8) {
		class, _, _ := strings.Cut(name, ".")
		for _, n := range []string{"\x1b[31m" + class + "\nfake/" + name, "\x1b]0;x\x07/.hidden\n/" + name, "other\x1b[0m\nline.txt"} {
			f, err := w.Create(n)
			if err == nil {
				_, err = f.Write(content)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, ".", map[string][]byte{"a.zip": b.Bytes()})
	for _, args := range [][]string{{"data", "a.zip"}, {"train", "a.zip", "--model", network("two.json"), "--epochs", "1", "--out", "r"}} {
		o := succeed(t, args...)
		if all := o.stdout + o.stderr; strings.ContainsAny(all, "\x1b\x07") || strings.Contains(all, "\nfake") || strings.Contains(all, "\nline") {
			t.Errorf("%s: %q", args, all)
		}
	}
}

// TestShowMemory shows a large image of one color, whose file is small. The pixels are in memory once, as bytes.
func TestShowMemory(t *testing.T) {
	workIn(t)
	const side = 3000
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	put(t, ".", map[string][]byte{"plain.png": b.Bytes()})
	b = bytes.Buffer{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	succeed(t, "show", "plain.png", "--no-image")
	runtime.ReadMemStats(&after)
	if got, pixels := after.TotalAlloc-before.TotalAlloc, uint64(3*side*side); got > 3*pixels {
		t.Errorf("%d MiB were allocated for %d MiB of pixels", got>>20, pixels>>20)
	}
}

// TestLostClasses names a class of which no image can be read.
func TestLostClasses(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", layout(t, "set/", 6, "cat", "dog"))
	put(t, ".", map[string][]byte{"set/emu/1.jpg": nil, "set/emu/2.jpg": []byte("<html>Not found")})
	contains(t, "data", succeed(t, "data", "set").stdout, "No image of the class emu (2 images) can be read, so a model cannot learn it.")
	if got := decode[struct {
		Lost []string `json:"lost_classes"`
	}](t, succeed(t, "data", "set", "--check", "--json", "-q").stdout).Lost; len(got) != 1 || got[0] != "emu" {
		t.Errorf("data --json: %v", got)
	}
	const says = "no image of the class emu (2 images) can be read"
	contains(t, "train", succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r").stderr, says+", so all numbers below are without it")
	contains(t, "train without a check", succeed(t, "train", "set", "--model", network("three.json"), "--no-precheck", "--epochs", "1", "--out", "r2").stderr, "no image of the class emu (1 image) can be read, so the model has not learned it")
	contains(t, "evaluate", succeed(t, "evaluate", model, "set").stderr, "emu: 2 images")
	contains(t, "check", succeed(t, "check", "set").stdout, "Classes without an image that can be decoded (lost): 1\n  emu: 2 images, none of which can be decoded")
	for _, args := range [][]string{{"train", "set", "--strict", "--out", "s"}, {"evaluate", model, "set", "--strict"}, {"check", "set", "--strict"}} {
		if o := run(t, args...); o.code == exitOK || args[0] == "train" && !strings.Contains(o.stderr, says) {
			t.Errorf("%v: %d, %s", args, o.code, o.stderr)
		}
	}
}

// TestOwnImages checks that Open knows the names of all images that the commands write.
func TestOwnImages(t *testing.T) {
	workIn(t)
	files := layout(t, "set/", 2, "cat", "dog")
	record, err := os.ReadFile(filepath.Join(trained(t), "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	files["set/r/run.json"] = record
	n := 0
	for _, f := range slices.Concat(runFiles, checkFiles(), tuneFiles, foldFiles) {
		if name := "set/r/" + f.name; strings.HasSuffix(name, ".png") && files[name] == nil {
			files[name] = jpg(t)
			n++
		}
	}
	put(t, ".", files)
	contains(t, "data", succeed(t, "data", "set").stdout, fmt.Sprintf("Not used: %d images that lince has written to folders of results", n), "Found 4 images belonging to 2 classes.")
}
