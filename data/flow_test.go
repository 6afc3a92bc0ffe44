package data

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	encodejpeg "image/jpeg"
	encodepng "image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/tensor"
)

func open(t *testing.T, name string, o OpenOptions) *Table {
	t.Helper()
	tab, err := Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

func images(t *testing.T, tab *Table, o ImageOptions) *Flow {
	t.Helper()
	f, err := Images(tab, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// copies returns copies of an epoch's batches.
func copies(t *testing.T, d Dataset, epoch, step int) []Batch {
	t.Helper()
	var all []Batch
	for b, err := range d.Batches(t.Context(), epoch, step) {
		if err != nil {
			t.Fatal(err)
		}
		c := Batch{X: b.X.Clone(), Index: slices.Clone(b.Index)}
		if b.Y != nil {
			c.Y = b.Y.Clone()
		}
		if b.Weights != nil {
			c.Weights = b.Weights.Clone()
		}
		all = append(all, c)
	}
	return all
}

func sameBatches(a, b []Batch) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d batches", len(a), len(b))
	}
	for i := range a {
		for _, p := range [][2]*tensor.Tensor{{a[i].X, b[i].X}, {a[i].Y, b[i].Y}, {a[i].Weights, b[i].Weights}} {
			if (p[0] == nil) != (p[1] == nil) || p[0] != nil && string(p[0].Raw()) != string(p[1].Raw()) {
				return fmt.Errorf("batch %d differs", i)
			}
		}
		if !slices.Equal(a[i].Index, b[i].Index) {
			return fmt.Errorf("batch %d has the rows %v and %v", i, a[i].Index, b[i].Index)
		}
	}
	return nil
}

// The golden batches are those of the real flow_from_dataframe.
func TestFlowIsKeras(t *testing.T) {
	var cases []struct {
		Name     string
		Found    string
		Warnings []string
		Files    []string
		Classes  []string
		Steps    int
		Step     int
		Batches  []struct {
			Shape  []int
			X, Y   []float32
			YShape []int `json:"y_shape"`
		}
	}
	b, err := os.ReadFile("testdata/flow.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	split := augment.Generator{Rescale: 1. / 255, ValidationSplit: .35}
	small := [2]int{8, 6}
	options := map[string]ImageOptions{
		"tutorial":   {TargetSize: [2]int{12, 10}, Seed: 42, Augment: augment.Tutorial()},
		"default":    {Seed: 1},
		"validation": {TargetSize: small, Seed: 42, Augment: split, Subset: Validation, NoShuffle: true},
		"training":   {TargetSize: small, Seed: 42, Augment: split, Subset: Training, ClassMode: Sparse},
		"binary":     {TargetSize: small, Seed: 42, Classes: []string{"dog", "cat"}, ClassMode: Binary, ColorMode: picture.Grayscale},
		"none":       {TargetSize: small, Seed: 42, Augment: augment.Generator{VerticalFlip: true}, ClassMode: NoTargets, Interpolation: picture.Bilinear},
		"input":      {TargetSize: small, Seed: 42, ClassMode: Input, ColorMode: picture.RGBA},
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			o, ok := options[c.Name]
			if !ok {
				t.Fatal("no such case here")
			}
			o.BatchSize = 4
			tab := open(t, "testdata/images/labels.csv", OpenOptions{})
			f := images(t, tab, o)
			if got := slices.Concat(tab.Warnings(), f.Warnings()); !slices.Equal(got, c.Warnings) {
				t.Errorf("warnings %q, Keras has %q", got, c.Warnings)
			}
			if f.Found() != c.Found || f.Steps() != c.Steps || !slices.Equal(f.Classes(), c.Classes) {
				t.Errorf("%q %d steps %q, Keras has %q %d %q", f.Found(), f.Steps(), f.Classes(), c.Found, c.Steps, c.Classes)
			}
			for i, r := range f.Table().All() {
				if r.Filename != c.Files[i] {
					t.Errorf("row %d is %s, Keras has %s", i, r.Filename, c.Files[i])
				}
			}
			x, y := f.Spec()
			for epoch := range len(c.Batches) / c.Steps {
				for i, got := range copies(t, f, epoch, 0) {
					want := c.Batches[epoch*c.Steps+i]
					if !slices.Equal(got.X.Shape(), want.Shape) || !x.Fits(got.X.Shape()) {
						t.Fatalf("shape %v, Keras has %v; announced as %v", got.X.Shape(), want.Shape, x)
					}
					for k, w := range want.X {
						if g := got.X.Float32s()[k*c.Step]; math.Abs(float64(g-w)) > 1e-4 {
							t.Fatalf("epoch %d batch %d value %d: %v, Keras has %v", epoch, i, k*c.Step, g, w)
						}
					}
					switch {
					case o.ClassMode == NoTargets:
						if got.Y != nil || y != nil {
							t.Error("there are targets")
						}
					case o.ClassMode == Input:
						if string(got.Y.Raw()) != string(got.X.Raw()) {
							t.Error("targets are not the inputs")
						}
					case !slices.Equal(got.Y.Shape(), want.YShape) || !y.Fits(got.Y.Shape()) || !slices.Equal(got.Y.Float32s(), want.Y):
						t.Fatalf("targets %v %v, Keras has %v %v; announced as %v", got.Y.Shape(), got.Y.Float32s(), want.YShape, want.Y, y)
					}
				}
			}
		})
	}
}

// TestFlowIsDeterministic checks that the bits do not depend on the number of workers, the cache or the first step.
func TestFlowIsDeterministic(t *testing.T) {
	tab := open(t, "testdata/images", OpenOptions{})
	tab = Concat(tab, tab, tab)
	o := ImageOptions{TargetSize: [2]int{16, 16}, BatchSize: 4, Augment: augment.Tutorial(), Seed: 7, Weights: make([]float32, 30)}
	for i := range o.Weights {
		o.Weights[i] = float32(i)
	}
	o.Workers = 1
	f := images(t, tab, o)
	epochs := [][]Batch{copies(t, f, 0, 0), copies(t, f, 1, 0)}
	if sameBatches(epochs[0], epochs[1]) == nil {
		t.Error("two epochs are the same")
	}
	for _, b := range epochs[0] {
		for i, row := range b.Index {
			if b.Weights.Float32s()[i] != float32(row) {
				t.Errorf("row %d weighs %v", row, b.Weights.Float32s()[i])
			}
		}
	}
	for _, workers := range []int{1, 2, 7} {
		for _, cache := range []int64{0, 16 * 16 * 3 * 29, 16 * 16 * 3 * 30} {
			o.Workers, o.Cache = workers, NewCache(cache)
			g := images(t, tab, o)
			if want := cache == g.DecodedBytes(); g.KeepsDecoded() != want {
				t.Errorf("a cache of %d bytes for %d: KeepsDecoded is %v", cache, g.DecodedBytes(), !want)
			}
			for epoch := range 2 {
				if err := sameBatches(epochs[epoch], copies(t, g, epoch, 0)); err != nil {
					t.Errorf("%d workers, cache %d, epoch %d: %v", workers, cache, epoch, err)
				}
			}
			if err := sameBatches(epochs[1][3:], copies(t, g, 1, 3)); err != nil {
				t.Errorf("from step 3: %v", err)
			}
			if g.Fingerprint() != f.Fingerprint() {
				t.Error("workers or cache change the fingerprint")
			}
		}
	}
	o.Seed = 8
	if images(t, tab, o).Fingerprint() == f.Fingerprint() {
		t.Error("the seed does not change the fingerprint")
	}
	if n := len(copies(t, f, 0, f.Steps())); n != 0 {
		t.Errorf("%d batches after the last", n)
	}
}

// TestFlowStops checks that leaving the loop early leaves no goroutine behind. synctest would report one.
func TestFlowStops(t *testing.T) { synctest.Test(t, flowStops) }

func flowStops(t *testing.T) {
	tab := open(t, "testdata/images", OpenOptions{})
	f := images(t, tab, ImageOptions{TargetSize: [2]int{8, 8}, BatchSize: 2, Workers: 3})
	for _, err := range f.Batches(t.Context(), 0, 0) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range f.Batches(ctx, 0, 0) {
		if last = err; err == nil {
			n++
		}
		if n == 3 {
			cancel()
		}
	}
	if n != 3 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d batches, then %v", n, last)
	}
	for b, err := range f.Batches(ctx, 0, 0) {
		if b.X != nil || !errors.Is(err, context.Canceled) {
			t.Error(b, err)
		}
	}
}

// damage makes a folder with good and corrupt images.
func damage(t *testing.T, good, bad int) string {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile("testdata/images/cat.2.png")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range good {
		write(fmt.Sprintf("cat.%d.png", i), b)
		write(fmt.Sprintf("dog.%d.png", i), b)
	}
	for i := range bad {
		write(fmt.Sprintf("cat.bad%d.jpg", i), [][]byte{nil, b[:len(b)/2], []byte("This is a text.\n"), {0xff, 0xd8, 0xff}}[i%4])
	}
	return dir
}

func TestCorruptImages(t *testing.T) {
	tab := open(t, damage(t, 5, 4), OpenOptions{})
	if tab.Len() != 14 {
		t.Fatal(tab.Len())
	}
	var told [2]int
	good, bad, err := tab.Check(t.Context(), CheckOptions{Progress: func(done, total int) { told = [2]int{done, total} }})
	if err != nil || good.Len() != 10 || len(bad) != 4 || told != [2]int{14, 14} {
		t.Fatal(good, bad, err, told)
	}
	for i, b := range bad {
		if b.Filename != fmt.Sprintf("cat.bad%d.jpg", i) || !strings.Contains(b.Err.Error(), b.Filename) {
			t.Error(b)
		}
	}

	// Without Check, corrupt images are dropped from their batches, and nothing else changes.
	o := ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 3, Seed: 5, Workers: 2}
	f := images(t, tab, o)
	for epoch := range 2 {
		var rows []int
		for _, b := range copies(t, f, epoch, 0) {
			if n := b.X.Shape()[0]; n != len(b.Index) || n != b.Y.Shape()[0] || n == 0 {
				t.Errorf("a batch of %d images, %d rows and targets %v", n, len(b.Index), b.Y.Shape())
			}
			for i, row := range b.Index {
				rows = append(rows, row)
				if b.Y.Float32s()[2*i+f.ClassIndexes()[row]] != 1 {
					t.Errorf("row %d has the target %v", row, b.Y.Row(i).Float32s())
				}
				if b.X.Row(i).Float32s()[0] != copies(t, f, epoch, 0)[0].X.Float32s()[0] {
					t.Error("pixels are another image's") // all good images are the same
				}
			}
		}
		slices.Sort(rows)
		if len(rows) != 10 || len(slices.Compact(rows)) != 10 {
			t.Errorf("epoch %d has the rows %v", epoch, rows)
		}
		if got := f.Corrupt(); len(got) != 4 || got[2].Filename != "cat.bad2.jpg" {
			t.Errorf("corrupt: %v", got)
		}
	}
	o.Strict = true
	var last error
	for _, err := range images(t, tab, o).Batches(t.Context(), 0, 0) {
		if last != nil {
			t.Error("the sequence continues after an error")
		}
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "cat.bad") {
		t.Errorf("strict: %v", last)
	}
}

func TestNoImageLeft(t *testing.T) {
	tab := open(t, damage(t, 0, 4), OpenOptions{})
	if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err == nil || len(bad) != 4 || !strings.Contains(err.Error(), "none of the 4 images") {
		t.Error(bad, err)
	}
	f := images(t, tab, ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 3})
	var last error
	for b, err := range f.Batches(t.Context(), 0, 0) {
		if last = err; err == nil {
			t.Error(b)
		}
	}
	if last == nil || !strings.Contains(last.Error(), "none of the 4 images") {
		t.Error(last)
	}
}

func TestImageOptionsErrors(t *testing.T) {
	tab := open(t, "testdata/images", OpenOptions{})
	unlabeled := open(t, "testdata/images", OpenOptions{LabelRule: Unlabeled})
	for _, c := range []struct {
		tab  *Table
		o    ImageOptions
		want string
	}{
		{nil, ImageOptions{}, "the table is nil"},
		{tab, ImageOptions{TargetSize: [2]int{0, 4}}, "target size is 0x4"},
		{tab, ImageOptions{TargetSize: [2]int{1 << 40, 1 << 40}}, "at most"},
		{tab, ImageOptions{BatchSize: -1}, "batch size is -1"},
		{tab, ImageOptions{BatchSize: -1, Workers: -2}, "workers is -2"},
		{tab, ImageOptions{Weights: []float32{1}}, "want 10 weights, one for each row, got 1"},
		{tab, ImageOptions{Subset: Training}, "ValidationSplit"},
		{tab, ImageOptions{ClassMode: Binary}, "want 2 classes for the class mode binary, got 3: bird, cat, dog"},
		{tab, ImageOptions{ClassMode: Raw}, `"bird" is not a number`},
		{tab, ImageOptions{ClassMode: 99}, "class mode 99"},
		{tab, ImageOptions{Classes: []string{"horse"}}, "none of the 10 rows is in the chosen classes"},
		{tab, ImageOptions{Augment: augment.Generator{RotationRange: math.NaN()}}, "RotationRange"},
		{tab, ImageOptions{Augment: augment.Generator{FeaturewiseCenter: true}}, "Fit"},
		{unlabeled, ImageOptions{}, "has no label"},
	} {
		if _, err := Images(c.tab, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
}

func TestRaw(t *testing.T) {
	dir := damage(t, 2, 0)
	csv := filepath.Join(dir, "ages.csv")
	if err := os.WriteFile(csv, []byte("file,age\ncat.1.png,1.5\ndog.0.png,-2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := images(t, open(t, csv, OpenOptions{FilenameColumn: "file", LabelColumn: "age"}), ImageOptions{ClassMode: Raw, NoShuffle: true, TargetSize: [2]int{4, 4}})
	b := copies(t, f, 0, 0)
	if len(b) != 1 || !slices.Equal(b[0].Y.Float32s(), []float32{1.5, -2}) || f.Found() != "Found 2 validated image filenames." {
		t.Error(b, f.Found())
	}
}

func TestFlowImages(t *testing.T) {
	tab := open(t, "testdata/images", OpenOptions{})
	size := [2]int{6, 5}
	g := augment.Generator{FeaturewiseCenter: true}
	statistics, err := g.Fit(images(t, tab, ImageOptions{TargetSize: size, BatchSize: 3}).Images(t.Context()), 6, 5, 3, augment.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := images(t, tab, ImageOptions{TargetSize: size, Augment: g, Statistics: statistics})
	for c := range 3 {
		var sum float64
		x := copies(t, f, 0, 0)[0].X.Float32s()
		for i := c; i < len(x); i += 3 {
			sum += float64(x[i])
		}
		if mean := sum / float64(len(x)/3); math.Abs(mean) > 1e-3 {
			t.Errorf("channel %d has the mean %v", c, mean)
		}
	}
}

// TestFlowFindings counts the images that lose values, each once, also after others of the same worker that were decoded in another way.
func TestFlowFindings(t *testing.T) {
	deep := file1(t, "deep.png", deepPNG(t, 200, 300, 400))
	var b bytes.Buffer
	if err := encodejpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	jpeg := file1(t, "a.jpg", b.Bytes())
	table := &Table{src: &source{rule: Unlabeled}, rows: []Row{{"deep.png", "", diskFile(deep)}, {"a.jpg", "", diskFile(jpeg)}, {"b.jpg", "", diskFile(jpeg)}}}
	for _, cache := range []*Cache{nil, NewCache(1 << 20)} {
		f := images(t, table, ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 2, NoShuffle: true, ClassMode: NoTargets, Workers: 1, Cache: cache})
		for epoch := range 2 {
			for _, err := range f.Batches(t.Context(), epoch, 0) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got, want := f.Findings(), (Findings{Deep: Levels{Images: 1, Pixels: 3, Lost: 2, Least: 200, Most: 400}}); got != want {
				t.Errorf("epoch %d: %+v, want %+v", epoch, got, want)
			}
		}
	}
}

// deepPNG returns an image of one row with 16 bits of gray per pixel.
func deepPNG(t *testing.T, values ...uint16) []byte {
	t.Helper()
	m := image.NewGray16(image.Rect(0, 0, len(values), 1))
	for i, v := range values {
		m.SetGray16(i, 0, color.Gray16{Y: v})
	}
	var b bytes.Buffer
	if err := encodepng.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
