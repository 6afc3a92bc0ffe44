package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
)

// scene draws an image of colored waves. Different seeds give different images.
func scene(seed, h, w int) picture.Image {
	img := picture.Image{H: h, W: w, C: 3, Pix: make([]uint8, 3*h*w)}
	state := uint64(seed)*2654435761 + 12345
	next := func() float64 {
		state = state*6364136223846793005 + 1442695040888963407
		return float64(state>>40) / (1 << 24)
	}
	type wave struct{ fx, fy, phase float64 }
	var waves []wave
	for range 14 {
		waves = append(waves, wave{24 * (next() - .5), 24 * (next() - .5), 2 * math.Pi * next()})
	}
	for y := range h {
		for x := range w {
			for c := range 3 {
				v := 0.
				for i, wv := range waves {
					v += math.Sin(2*math.Pi*(wv.fx*float64(x)/float64(w)+wv.fy*float64(y)/float64(h))+wv.phase+float64(c*i)) * 22
				}
				img.Pix[3*(y*w+x)+c] = uint8(min(max(128+v, 0), 255))
			}
		}
	}
	return img
}

func encoded(t *testing.T, img picture.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, standard(img)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sound returns a folder of images without faults: two classes of 12, and a part for the test.
func sound(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	for i := range 12 {
		for c, class := range []string{"cat", "dog"} {
			name := string(rune('a' + i))
			files["train/"+class+"/"+name+".png"] = encoded(t, scene(10*i+c, 60, 80))
			if i < 2 {
				files["test/"+class+"/"+name+".png"] = encoded(t, scene(10*i+c+500, 60, 80))
			}
		}
	}
	return files
}

func folder(t *testing.T, files map[string][]byte) *data.Table {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	table, err := data.Open(t.Context(), dir, data.OpenOptions{LabelRule: data.Folder})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// kindCase is a fault: changed files, and the finding.
type kindCase struct {
	kind    string
	change  func(t *testing.T, files map[string][]byte)
	images  string
	classes string
	drop    int // the number of rows to leave out
	detail  string
}

// kindCases has a fault of each kind.
var kindCases = []kindCase{
	{"empty", func(_ *testing.T, f map[string][]byte) { f["train/cat/x.png"] = nil }, "cat/x.png", "", 1, "0 bytes"},
	{"corrupt", func(_ *testing.T, f map[string][]byte) { f["train/cat/a.png"] = f["train/cat/a.png"][:200] }, "cat/a.png", "", 1, "truncated PNG"},
	{"lost", func(_ *testing.T, f map[string][]byte) {
		for i := range 11 {
			f["train/emu/"+string(rune('a'+i))+".png"] = []byte("<html>" + string(rune('a'+i)))
		}
	}, "", "emu", 0, "11 images, none of which can be decoded"},
	{"conflict", func(_ *testing.T, f map[string][]byte) { f["train/dog/x.png"] = f["train/cat/a.png"] }, "cat/a.png dog/x.png", "cat dog", 2, "the same content"},
	{"leak", func(_ *testing.T, f map[string][]byte) { f["test/dog/x.png"] = f["train/dog/a.png"] }, "dog/a.png test/dog/x.png", "", 1, "the same content"},
	{"duplicate", func(_ *testing.T, f map[string][]byte) { f["train/dog/x.png"] = f["train/dog/a.png"] }, "dog/a.png dog/x.png", "", 1, "the same content"},
	{"near-duplicate", func(t *testing.T, f map[string][]byte) { f["train/dog/x.png"] = encoded(t, scene(1, 90, 120)) }, "dog/x.png dog/a.png", "", 1, "similarity"},
	{"blank", func(t *testing.T, f map[string][]byte) {
		f["train/dog/x.png"] = encoded(t, leveled(scene(999, 60, 80), 0, 77))
	}, "dog/x.png", "", 1, "77 of 255"},
	{"dark", func(t *testing.T, f map[string][]byte) {
		f["train/dog/x.png"] = encoded(t, leveled(scene(999, 60, 80), .2, 0))
	}, "dog/x.png", "", 1, "darker than"},
	{"bright", func(t *testing.T, f map[string][]byte) {
		f["train/dog/x.png"] = encoded(t, leveled(scene(999, 60, 80), .2, 204))
	}, "dog/x.png", "", 1, "brighter than"},
	{"blurred", func(t *testing.T, f map[string][]byte) { f["train/dog/x.png"] = encoded(t, scene(998, 256, 256)) }, "dog/x.png", "", 1, "blur effect"},
	{"tiny", func(t *testing.T, f map[string][]byte) { f["train/dog/x.png"] = encoded(t, scene(999, 18, 24)) }, "dog/x.png", "", 1, "24x18 pixels; the shorter side is usually 60"},
	{"shape", func(t *testing.T, f map[string][]byte) { f["train/dog/x.png"] = encoded(t, scene(999, 32, 120)) }, "dog/x.png", "", 1, "the width is 3.8 times the height, usually 1.3"},
	{"turned", func(t *testing.T, f map[string][]byte) {
		p := planter{t: t}
		f["train/dog/x.jpg"] = withOrientation(p.encode(scene(999, 60, 80), 95), 6)
	}, "dog/x.jpg", "", 0, "orientation 6: rotate it by 90° clockwise"},
	{"misnamed", func(t *testing.T, f map[string][]byte) { f["train/dog/x.JPG"] = encoded(t, scene(999, 60, 80)) }, "dog/x.JPG", "", 0, "is a PNG file; rename it to .png"},
	{"unicode", func(t *testing.T, f map[string][]byte) {
		f["train/dog/caf\u00e9.png"], f["train/dog/cafe\u0301.png"] = encoded(t, scene(999, 60, 80)), encoded(t, scene(998, 60, 80))
	}, "dog/cafe\u0301.png dog/caf\u00e9.png", "", 0, `the files "dog/cafe\u0301.png" and "dog/caf\u00e9.png"`},
	{"spelling", func(t *testing.T, f map[string][]byte) {
		for i := range 10 {
			f["train/Cats/"+string(rune('a'+i))+".png"] = encoded(t, scene(2000+i, 60, 80))
		}
	}, "", "cat Cats", 0, `"cat" has 12 images, "Cats" has 10 images; to join them: --rename Cats=cat`},
	{"few", func(t *testing.T, f map[string][]byte) { f["train/emu/x.png"] = encoded(t, scene(999, 60, 80)) }, "", "emu", 0, "1 image; the classes have 8 on average"},
	{"giveaway", func(t *testing.T, f map[string][]byte) {
		for i := range 24 {
			f["train/cat/x"+string(rune('a'+i))+".png"] = encoded(t, scene(3000+i, 60, 80))
			f["train/dog/x"+string(rune('a'+i))+".png"] = encoded(t, scene(4000+i, 60, 70))
		}
	}, "", "cat dog", 0, "the width tells cat from dog with an accuracy of 8"},
}

// TestSpellings has copies of an image in three spellings of a class: they are duplicates, and no conflict. A copy in another class is one.
func TestSpellings(t *testing.T) {
	files := sound(t)
	for i := range 10 {
		name := string(rune('a'+i)) + ".png"
		files["train/Cats/"+name], files["train/CAT/"+name] = encoded(t, scene(2000+i, 60, 80)), encoded(t, scene(2100+i, 60, 80))
	}
	files["train/Cats/x.png"], files["train/CAT/y.png"] = files["train/cat/a.png"], files["train/cat/a.png"]
	files["train/dog/z.png"] = files["train/Cats/b.png"]
	r, err := Run(t.Context(), folder(t, files), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		var names []string
		for _, i := range f.Images {
			names = append(names, i.Name())
		}
		got = append(got, fmt.Sprintf("%s %v %v %d", f.Kind, names, f.Classes, len(f.Drop)))
	}
	want := []string{"conflict [Cats/b.png dog/z.png] [cat dog] 2", "duplicate [CAT/y.png Cats/x.png cat/a.png] [] 2", "spelling [] [cat CAT Cats] 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if of := r.Of("spelling"); len(of) == 1 && !strings.HasSuffix(of[0].Detail, "to join them: --rename CAT=cat,Cats=cat") {
		t.Errorf("the finding says %s", of[0].Detail)
	}
}

// TestKinds plants a fault of each kind in a sound folder, and expects it and no other.
func TestKinds(t *testing.T) {
	r, err := Run(t.Context(), folder(t, sound(t)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) > 0 || r.Images != 28 || !slices.Equal(r.Parts, []string{"test"}) {
		t.Fatalf("a sound folder gives %+v", r)
	}
	for _, k := range Kinds() {
		if !k.Model && !slices.ContainsFunc(kindCases, func(c kindCase) bool { return c.kind == k.Name }) {
			t.Errorf("the kind %s has no case", k.Name)
		}
		if k.Title == "" || !strings.HasSuffix(k.Advice, ".") || k.Useless && !k.Drops {
			t.Errorf("the kind is %+v", k)
		}
	}
	for _, c := range kindCases {
		if c.kind == "unicode" && runtime.GOOS == "darwin" {
			continue // both names are one file there
		}
		files := sound(t)
		c.change(t, files)
		r, err := Run(t.Context(), folder(t, files), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		var others []Finding
		for _, f := range r.Findings {
			if f.Kind != c.kind && (c.kind != "lost" || f.Kind != "corrupt") {
				others = append(others, f)
			}
		}
		found := r.Of(c.kind)
		if c.kind == "giveaway" { // the ratio of width to height and the file size differ too
			found = found[:min(1, len(found))]
		}
		if len(found) != 1 || len(others) > 0 {
			t.Errorf("%s: found %+v, and others: %+v", c.kind, found, others)
			continue
		}
		f := found[0]
		var have []string
		for _, i := range f.Images {
			have = append(have, i.Name())
		}
		if strings.Join(have, " ") != c.images || strings.Join(f.Classes, " ") != c.classes || !strings.Contains(f.Detail, c.detail) || len(f.Drop) != c.drop {
			t.Errorf("%s: images %v, classes %v, %d rows to drop, %q; want %q, %q, %d, %q", c.kind, have, f.Classes, len(f.Drop), f.Detail, c.images, c.classes, c.drop, c.detail)
		}
	}
}

// TestUnicodeFolders checks that two forms of a folder's name are one fault, also if the folders have files of the same name.
func TestUnicodeFolders(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("both names are one folder there")
	}
	files := sound(t)
	for i := range 12 {
		name := string(rune('a'+i)) + ".png"
		files["train/caf\u00e9/"+name], files["train/cafe\u0301/"+name] = encoded(t, scene(5000+i, 60, 80)), encoded(t, scene(6000+i, 60, 80))
	}
	r, err := Run(t.Context(), folder(t, files), Options{Kinds: []string{"unicode", "spelling"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `the folders "cafe\u0301/" and "caf\u00e9/"`
	if len(r.Findings) != 1 || r.Findings[0].Detail != want || len(r.Findings[0].Images) != 2 {
		t.Errorf("got %+v, want one finding: %s", r.Findings, want)
	}
}

// TestOptions checks the choice of kinds, threads and cancellation.
func TestOptions(t *testing.T) {
	files := sound(t)
	files["train/dog/x.png"], files["train/cat/x.png"], files["train/cat/y.png"] = files["train/dog/a.png"], nil, encoded(t, scene(0, 30, 40))
	table := folder(t, files)
	all, err := Run(t.Context(), table, Options{Workers: 1})
	if err != nil || len(all.Findings) != 3 {
		t.Fatalf("got %+v, %v", all, err)
	}
	last := 0
	same, err := Run(t.Context(), table, Options{Workers: 7, Progress: func(done, total int) {
		if last++; done != last || total != 31 {
			t.Errorf("progress %d of %d after %d", done, total, last-1)
		}
	}})
	if err != nil || !reflect.DeepEqual(all, same) || last != 31 {
		t.Errorf("7 workers give %+v, %v", same, err)
	}
	if r, err := Run(t.Context(), table, Options{Kinds: []string{"empty"}}); err != nil || len(r.Findings) != 1 || Rows(r.Findings) != 1 {
		t.Errorf("the kind empty gives %+v, %v", r, err)
	}
	if _, err := Run(t.Context(), table, Options{Kinds: []string{"emty"}}); err == nil || !strings.Contains(err.Error(), `unknown kind "emty"`) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, table, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled check gives %v", err)
	}
	if err := os.Remove(table.Row(0).Where()); err != nil {
		t.Fatal(err)
	}
	var gone *data.AccessError
	if _, err := Run(t.Context(), table, Options{}); !errors.As(err, &gone) {
		t.Errorf("a removed file gives %v", err)
	}
}

// TestParts checks a table against images of another source, and against a part of its source, with images that both have.
func TestParts(t *testing.T) {
	files := sound(t)
	files["test/dog/x.png"] = files["train/cat/a.png"]
	table := folder(t, files)
	other := folder(t, map[string][]byte{"cat/1.png": files["train/dog/b.png"], "dog/2.png": files["train/dog/c.png"], "dog/3.png": files["test/dog/a.png"]})
	test, err := table.Part("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		parts  []Part
		images int
		names  string // of parts
		want   string
	}{
		{nil, 29, "test", "conflict cat/a.png test/dog/x.png, leak cat/a.png test/dog/x.png"},
		{[]Part{{"other", other}}, 32, "test other", "conflict cat/a.png test/dog/x.png, conflict dog/b.png other/cat/1.png, leak test/dog/a.png other/dog/3.png, " +
			"leak cat/a.png test/dog/x.png, leak dog/b.png other/cat/1.png, leak dog/c.png other/dog/2.png"},
		{[]Part{{"test", test}}, 29, "test", "conflict cat/a.png test/dog/x.png, leak cat/a.png test/dog/x.png"},
		{[]Part{{"again", table}}, 53, "test again", "conflict"},
	} {
		r, err := Run(t.Context(), table, Options{Kinds: []string{"conflict", "leak"}, Parts: c.parts})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range r.Findings {
			text := f.Kind
			for _, i := range f.Images {
				text += " " + i.Name()
			}
			found = append(found, text)
		}
		got := strings.Join(found, ", ")
		if c.want == "conflict" { // each of the 24 images has itself as a copy, and one of them one of another class
			if len(r.Of("conflict")) != 1 || len(r.Of("leak")) != 24 {
				t.Errorf("the table as a part of itself gives %s", got)
			}
		} else if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if r.Images != c.images || strings.Join(r.Parts, " ") != c.names {
			t.Errorf("%d images of the parts %v, want %d and %s", r.Images, r.Parts, c.images, c.names)
		}
	}
}

// TestQuick expects the faults that need no decoded image, from the checksums of Table.Check.
func TestQuick(t *testing.T) {
	files := sound(t)
	files["train/dog/x.png"], files["train/cat/y.png"] = files["train/dog/a.png"], files["train/dog/b.png"]
	files["train/emu/z.png"] = encoded(t, scene(999, 60, 80))
	table, _, err := folder(t, files).Check(t.Context(), data.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Quick(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Kind)
	}
	if !slices.Equal(got, []string{"conflict", "duplicate", "few"}) {
		t.Errorf("got %+v", r.Findings)
	}
}

// TestSpelling checks which names are one class.
func TestSpelling(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"cat", "Cat", true}, {"cat", "cats", true}, {"black cat", "black_cats", true}, {"puppy", "puppies", true}, {"fox", "foxes", true},
		{"class1", "class2", false}, {"-1", "1", false}, {"1.5", "15", false}, {"１", "1", true}, {"1", "11", false}, {"as", "a", false}, {"glass", "glas", false}, {"cat", "rat", false}, {"gas", "ga", false}, {"bus", "buses", true},
		{"cat_1", "cat_2", false}, {"cat_1", "Cat-1", true}, {"cat 1", "cat1", true}, {"T-Shirt", "tshirts", true}, {"house", "houses", true}, {"horse", "Horses", true}, {"movie", "movies", true}, {"pie", "pies", true},
		{"axe", "axes", true}, {"shoe", "shoes", true}, {"potato", "potatoes", true}, {"cafe", "cave", false}, {"dense", "dens", false}, {"lapse", "laps", false}, {"tie", "ties", true},
	} {
		if got := plain(c.a) == plain(c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
	for _, c := range []struct {
		a, b string
		typo bool
	}{
		{"tiger", "tigre", true}, {"tiger", "tier", true}, {"tiger", "timer", true}, {"tiger", "tiger", false}, {"cat", "rat", false}, {"tiger", "lion", false}, {"row12", "row13", false},
	} {
		if got := typo(c.a, c.b); got != c.typo {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

// TestLabels checks confident learning on a small example by hand.
func TestLabels(t *testing.T) {
	files := map[string][]byte{}
	for _, n := range []string{"cat/a", "cat/b", "cat/c", "cat/d", "dog/a", "dog/b", "dog/c", "dog/d"} {
		files[n+".png"] = encoded(t, scene(len(files), 10, 10))
	}
	table := folder(t, files)
	// The thresholds are the means of the class on its images: .7 for cats and about .64 for dogs.
	p := [][]float32{{.9, .1}, {.9, .1}, {.8, .2}, {.2, .8}, {.1, .9}, {.2, .8}, {.4, .6}, {.75, .25}}
	found, err := Labels(table, []string{"cat", "dog"}, p, LabelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.Images[0].Filename)
	}
	if !slices.Equal(got, []string{"cat/d.png", "dog/d.png"}) || found[0].Detail != "labeled cat; the model predicts dog with 80.00%, cat with 20.00%" || !slices.Equal(found[0].Drop, []int{3}) {
		t.Errorf("got %v: %+v", got, found)
	}
	if found, err = Labels(table, []string{"cat", "dog"}, p, LabelOptions{Confidence: .78}); err != nil || len(found) != 1 {
		t.Errorf("with a confidence of .78: %+v, %v", found, err)
	}
	p[3] = nil
	if found, err = Labels(table, []string{"cat", "dog"}, p, LabelOptions{}); err != nil || slices.ContainsFunc(found, func(f Finding) bool { return f.Drop[0] == 3 }) {
		t.Errorf("an image without a prediction: %+v, %v", found, err)
	}
	if _, err := Labels(table, []string{"cat", "emu"}, p, LabelOptions{}); err == nil || !strings.Contains(err.Error(), `"dog"`) {
		t.Errorf("got %v", err)
	}
	if _, err := Labels(table, []string{"cat", "dog"}, p[1:], LabelOptions{}); err == nil {
		t.Error("too few rows give no error")
	}
}

// TestLabelsOfConflicts expects no finding of a wrong label for images that are in two classes, nor for their copies.
func TestLabelsOfConflicts(t *testing.T) {
	files := sound(t)
	files["train/dog/x.png"] = files["train/cat/a.png"]                           // the same content in the other class
	files["train/cat/y.png"] = files["train/cat/a.png"]                           // a copy of it
	files["train/cat/z.png"] = encoded(t, resized(t, scene(10, 60, 80), 90, 120)) // cat/b, enlarged,
	files["train/dog/z.png"] = files["train/cat/z.png"]                           // in both classes
	files["test/dog/v.png"] = files["train/cat/c.png"]                            // in the other class of another part
	table := folder(t, files)
	p := make([][]float32, table.Len())
	wrong := []string{"cat/a.png", "cat/b.png", "cat/c.png", "cat/d.png", "cat/y.png", "cat/z.png", "dog/e.png", "dog/x.png", "dog/z.png"}
	for i, r := range table.All() {
		p[i] = []float32{.1, .9}
		if (r.Label == "cat") != slices.Contains(wrong, r.Filename) {
			p[i] = []float32{.9, .1}
		}
	}
	labels, err := Labels(table, []string{"cat", "dog"}, p, LabelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kinds []string
		want  []string
	}{
		{nil, []string{"cat/d.png", "dog/e.png"}},
		{[]string{"duplicate"}, wrong}, // no search for conflicts, so nothing else reports these images
	} {
		r, err := Run(t.Context(), table, Options{Kinds: c.kinds})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.With(labels).Of("label") {
			got = append(got, f.Images[0].Filename)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("kinds %v: found %v, want %v", c.kinds, got, c.want)
		}
	}
}
