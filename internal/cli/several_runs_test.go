package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestChangedData checks that a resumed run of several trainings does not compare results on different images.
func TestChangedData(t *testing.T) {
	for name, several := range map[string]struct {
		flags []string
		left  []string // the trainings that are removed, as if the run had been killed before them
	}{
		"folds": {[]string{"--folds", "2"}, []string{"fold-2"}},
		"tune":  {[]string{"--tune", "1ms", "--optimizer", "sgd"}, []string{"trial-3-1", "best"}},
	} {
		t.Run(name, func(t *testing.T) {
			workIn(t)
			put(t, "set", pngs(t, 8))
			succeed(t, append([]string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--batch", "6", "--no-augment", "-q", "--out", "out"}, several.flags...)...)
			r := decode[record](t, read(t, "out", "run.json"))
			if r.Data.Fingerprint == "" {
				t.Error("run.json has no fingerprint of the data")
			}
			if r.Status = interrupted; r.Tune != nil {
				r.Tune.Trials, r.Tune.Best = r.Tune.Trials[:2], nil
			}
			rewrite(t, "out", r)
			for _, dir := range several.left {
				if err := os.RemoveAll(filepath.Join("out", dir)); err != nil {
					t.Fatal(err)
				}
			}
			image := read(t, "set", "cat.0.png")
			for _, c := range []struct {
				change func()
				want   string
			}{
				{func() { _ = os.Remove("set/cat.0.png") }, "they were 8 images, now they are 7"},
				{func() { put(t, "set", map[string][]byte{"cat.0.png": []byte(image), "dog.9.png": []byte(image)}) }, "they were 8 images, now they are 9"},
				{func() {
					_ = os.Remove("set/dog.9.png")
					put(t, "set", map[string][]byte{"cat.0.png": []byte(read(t, "set", "cat.2.png"))})
				}, "their names, labels or contents differ"},
			} {
				c.change()
				o := run(t, "train", "--resume", "out", "-q")
				if o.code != exitFailure || !strings.Contains(o.stderr, c.want) || !strings.Contains(o.stderr, "restore the images, or begin again") {
					t.Errorf("exit code %d, want %q in\n%s", o.code, c.want, o.stderr)
				}
			}
			put(t, "set", map[string][]byte{"cat.0.png": []byte(image)})
			if err := os.Rename("set", "moved"); err != nil { // the data may have another path
				t.Fatal(err)
			}
			succeed(t, "train", "moved", "--resume", "out", "-q")
			if r := decode[record](t, read(t, "out", "run.json")); r.Status != finished {
				t.Errorf("the resumed run is %s", r.Status)
			}
		})
	}
}

// rewrite replaces the run.json of a run.
func rewrite(t *testing.T, dir string, r record) {
	t.Helper()
	var b strings.Builder
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	put(t, dir, map[string][]byte{"run.json": []byte(b.String())})
}

// TestTooFewForFolds checks that a class with fewer images than folds is an error before any image is decoded, which offers nothing to resume and leaves nothing.
func TestTooFewForFolds(t *testing.T) {
	workIn(t)
	files := pngs(t, 12)
	for _, n := range []string{"cat.0.png", "cat.1.png"} {
		files["birds/"+n] = files["cat.0.png"]
	}
	for n, b := range files {
		if class, _, ok := strings.Cut(n, "."); ok && !strings.Contains(n, "/") {
			delete(files, n)
			files[class+"s/"+n] = b
		}
	}
	put(t, "set", files)
	for _, c := range []struct{ flags, want string }{
		{"--folds 5", "fewer than the 5 folds: birds (2 images); use --folds 2, add images, or take this class out"},
		{"--folds 7 --fold 2", "classes have fewer than the 7 folds: cats (6 images), dogs (6 images), birds (2 images); use --folds 2"},
	} {
		o := run(t, append([]string{"train", "set", "--model", network("two.json"), "--out", "out"}, strings.Fields(c.flags)...)...)
		if o.code != exitFailure || !strings.Contains(o.stderr, c.want) || strings.Contains(o.stderr, "resume") {
			t.Errorf("%s: exit code %d, %s", c.flags, o.code, o.stderr)
		}
		if _, err := os.Stat("out"); err == nil {
			t.Error("the output folder is left")
		}
	}
	_ = os.Remove("set/birds/cat.1.png")
	for _, flags := range []string{"--folds 2", "--tune 1ms --test-size 0"} { // errors of the first training
		o := run(t, append([]string{"train", "set", "--model", network("two.json"), "--out", "out"}, strings.Fields(flags)...)...)
		if _, err := os.Stat("out"); o.code == exitOK || strings.Contains(o.stderr, "resume") || err == nil {
			t.Errorf("%s: exit code %d, %s", flags, o.code, o.stderr)
		}
	}
}

// TestMultiLabelFolds checks that images with several labels are divided into folds without regard to the labels: most sets of labels occur once.
func TestMultiLabelFolds(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 6))
	put(t, ".", map[string][]byte{"set.csv": []byte("filename,category\ncat.0.png,a|b\ncat.1.png,a\ncat.2.png,b\ndog.0.png,b|c\ndog.1.png,a|b|c\ndog.2.png,a|c\n")})
	succeed(t, "train", "set.csv", "--images", "set", "--task", "multilabel", "--folds", "3", "--size", "16", "--epochs", "1", "-q", "--out", "out")
	if n := strings.Count(read(t, "out", "predictions.csv"), ".png"); n != 6 {
		t.Errorf("predictions.csv has %d images", n)
	}
}
