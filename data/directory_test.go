package data

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/tensor"
)

// goldenStep is STEP of internal/golden/directory.py.
const goldenStep = 5

type goldenBatch struct {
	Shape   []int
	X, Y    []float64
	YShape  []int  `json:"y_shape"`
	YType   string `json:"y_type"`
	Weights []float64
}

type goldenIterator struct {
	Name, Found string
	Files       []string
	Steps       int
	Batches     []goldenBatch
}

// goldenDirectory holds the results of real Keras: image_dataset_from_directory, flow_from_directory and flow.
type goldenDirectory struct {
	Dataset []struct {
		Name, Found string
		Datasets    []struct {
			Files, Classes []string
			Steps          int
			Batches        []goldenBatch
		}
	}
	Directory, Flow []goldenIterator
}

func readGoldenDirectory(t *testing.T) (g goldenDirectory) {
	t.Helper()
	b, err := os.ReadFile("testdata/directory.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// compare compares a batch with Keras'. Values of X may differ by bound.
func (want goldenBatch) compare(t *testing.T, got Batch, f *Flow, bound float64) {
	t.Helper()
	x, y := f.Spec()
	if !slices.Equal(got.X.Shape(), want.Shape) || !x.Fits(got.X.Shape()) {
		t.Fatalf("shape %v, Keras has %v; announced as %v", got.X.Shape(), want.Shape, x)
	}
	for k, w := range want.X {
		if g := got.X.Float32s()[k*goldenStep]; !(math.Abs(float64(g)-w) <= bound) {
			t.Fatalf("value %d of rows %v: %v, Keras has %v", k*goldenStep, got.Index, g, w)
		}
	}
	if want.Y == nil {
		if got.Y != nil || y != nil {
			t.Error("there are targets")
		}
	} else {
		values, err := numbersOf(got.Y)
		if err != nil {
			t.Fatal(err)
		}
		if got.Y.DType().String() != want.YType || !slices.Equal(got.Y.Shape(), want.YShape) || !y.Fits(got.Y.Shape()) || !slices.Equal(values, want.Y) {
			t.Fatalf("targets %v %v, Keras has %s %v %v; announced as %v", got.Y, values, want.YType, want.YShape, want.Y, y)
		}
	}
	if (want.Weights == nil) != (got.Weights == nil) {
		t.Fatalf("weights %v, Keras has %v", got.Weights, want.Weights)
	}
	for i, w := range want.Weights {
		if g := got.Weights.Float32s()[i]; float64(g) != w {
			t.Errorf("weight %d: %v, Keras has %v", i, g, w)
		}
	}
}

func filenames(f *Flow) []string {
	var names []string
	for _, r := range f.Table().All() {
		names = append(names, r.Filename)
	}
	return names
}

// The golden values are those of the real image_dataset_from_directory.
func TestImageDatasetIsKeras(t *testing.T) {
	given := make([]int, 17)
	for i := range given {
		given[i] = i * 7 % 3
	}
	options := map[string]DirectoryOptions{
		"shuffled":           {Seed: 1},
		"sorted":             {NoShuffle: true},
		"categorical":        {NoShuffle: true, LabelMode: CategoricalLabels, CropToAspectRatio: true},
		"binary":             {NoShuffle: true, LabelMode: BinaryLabels, ClassNames: []string{"dog", "cat"}, PadToAspectRatio: true, ImageSize: [2]int{9, 16}},
		"padded":             {NoShuffle: true, ClassNames: []string{"cat"}, PadToAspectRatio: true, ImageSize: [2]int{11, 7}},
		"cropped":            {NoShuffle: true, ClassNames: []string{"cat"}, CropToAspectRatio: true, ImageSize: [2]int{11, 7}},
		"none":               {NoShuffle: true, LabelMode: NoLabels},
		"unlabeled":          {Seed: 3, LabelMode: NoLabels},
		"given":              {NoShuffle: true, Labels: given},
		"given and shuffled": {Seed: 4, Labels: given},
		"gray":               {NoShuffle: true, ClassNames: []string{"gray"}, ColorMode: picture.Grayscale},
		"rgba":               {NoShuffle: true, ClassNames: []string{"gray", "empty"}, ColorMode: picture.RGBA, Interpolation: "bilinear"},
		"training":           {Seed: 7, ValidationSplit: .4, Subset: Training},
		"validation":         {Seed: 7, ValidationSplit: .4, Subset: Validation},
		"both":               {Seed: 7, ValidationSplit: .4},
		"both sorted":        {NoShuffle: true, ValidationSplit: .3},
	}
	for _, c := range readGoldenDirectory(t).Dataset {
		t.Run(c.Name, func(t *testing.T) {
			o, ok := options[c.Name]
			if !ok {
				t.Fatal("no such case here")
			}
			o.BatchSize = 4
			if o.ImageSize == [2]int{} {
				o.ImageSize = [2]int{8, 6}
			}
			var flows []*Flow
			var found []string
			if strings.HasPrefix(c.Name, "both") {
				train, validation, err := ImageDatasetsFromDirectory(t.Context(), "testdata/directory", o)
				if err != nil {
					t.Fatal(err)
				}
				flows = []*Flow{train, validation}
				found = []string{train.Found(), validation.Found()}
			} else {
				f, err := ImageDatasetFromDirectory(t.Context(), "testdata/directory", o)
				if err != nil {
					t.Fatal(err)
				}
				flows, found = []*Flow{f}, []string{f.Found()}
			}
			if got := strings.Join(found, "\n"); got != c.Found {
				t.Errorf("%q, Keras has %q", got, c.Found)
			}
			for i, f := range flows {
				want := c.Datasets[i]
				if !slices.Equal(filenames(f), want.Files) {
					t.Fatalf("files %q, Keras has %q", filenames(f), want.Files)
				}
				if f.Steps() != want.Steps || !slices.Equal(f.Classes(), want.Classes) {
					t.Errorf("%d steps %q, Keras has %d %q", f.Steps(), f.Classes(), want.Steps, want.Classes)
				}
				for k, got := range copies(t, f, 0, 0) {
					if want.Batches != nil {
						want.Batches[k].compare(t, got, f, 3e-5)
					}
				}
			}
			// In shuffled epochs, labels must stay with their files.
			if o.LabelMode == IntLabels && o.Labels == nil {
				for _, b := range copies(t, flows[0], 1, 0) {
					for k, row := range b.Index {
						if got, want := flows[0].Classes()[tensor.Values[int32](b.Y)[k]], flows[0].Table().Row(row).Label; got != want {
							t.Errorf("row %d has the class %q, want %q", row, got, want)
						}
					}
				}
			}
		})
	}
}

// The steps that a model stores must give the images of the dataset.
func TestImageDatasetPreprocessing(t *testing.T) {
	for _, o := range []DirectoryOptions{{}, {CropToAspectRatio: true}, {PadToAspectRatio: true}} {
		o.ImageSize, o.NoShuffle, o.LabelMode, o.BatchSize = [2]int{12, 5}, true, NoLabels, 1
		f, err := ImageDatasetFromDirectory(t.Context(), "testdata/directory", o)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Preprocessing().Compile()
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range copies(t, f, 0, 0) {
			file, err := f.Table().Row(i).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			x, _, _, err := new(picture.Decoder).AppendFloat32(nil, file, p.Options())
			if err != nil {
				t.Fatal(err)
			}
			if p.Apply(x); !slices.Equal(x, b.X.Float32s()) {
				t.Errorf("%+v: image %d differs", o, i)
			}
		}
	}
}

func TestImageDatasetRefuses(t *testing.T) {
	one := t.TempDir()
	if err := os.MkdirAll(filepath.Join(one, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir   string
		o     DirectoryOptions
		wants []string
	}{
		{"testdata/directory", DirectoryOptions{Subset: Training}, []string{"ValidationSplit is 0"}},
		{"testdata/directory", DirectoryOptions{ValidationSplit: .5}, []string{"ImageDatasetsFromDirectory"}},
		{"testdata/directory", DirectoryOptions{ValidationSplit: .01, Subset: Training}, []string{"too few"}},
		{"testdata/directory", DirectoryOptions{ValidationSplit: 1, Subset: 5, Interpolation: "lanczos3", LabelMode: 9, CropToAspectRatio: true, PadToAspectRatio: true},
			[]string{"between 0 and 1", "unknown subset 5", `"lanczos3" of TensorFlow is not supported yet`, "unknown label mode 9", "only one of them"}},
		{"testdata/directory", DirectoryOptions{Interpolation: "cubic"}, []string{`unknown interpolation "cubic"`}},
		{"testdata/directory", DirectoryOptions{LabelMode: BinaryLabels}, []string{"want 2 classes", "cat, cat-2, dog, empty, gray"}},
		{"testdata/directory", DirectoryOptions{ClassNames: []string{"cat", "cow"}}, []string{`no folder "cow"`, "cat-2"}},
		{"testdata/directory", DirectoryOptions{ClassNames: []string{"cat", "cat"}}, []string{"twice"}},
		{"testdata/directory", DirectoryOptions{ClassNames: []string{"cat"}, LabelMode: NoLabels}, []string{"ClassNames"}},
		{"testdata/directory", DirectoryOptions{Labels: []int{0, 1}}, []string{"2 labels for 17 files"}},
		{"testdata/directory", DirectoryOptions{Labels: []int{0, 3, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}, []string{"without gaps"}},
		{"testdata/directory", DirectoryOptions{BatchSize: -1}, []string{"batch size is -1"}},
		{"testdata/flow.json", DirectoryOptions{}, []string{"is not a folder"}},
		{"testdata/none", DirectoryOptions{}, []string{"no such file"}},
		{one, DirectoryOptions{}, []string{"no images", ".png"}},
	} {
		f, err := ImageDatasetFromDirectory(t.Context(), c.dir, c.o)
		if err == nil {
			t.Errorf("%+v: no error, but %s", c.o, f.Found())
			continue
		}
		for _, want := range c.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v; want %q", c.o, err, want)
			}
		}
	}
	if _, _, err := ImageDatasetsFromDirectory(t.Context(), "testdata/directory", DirectoryOptions{}); err == nil {
		t.Error("both subsets without a split")
	}
	if _, _, err := ImageDatasetsFromDirectory(t.Context(), "testdata/directory", DirectoryOptions{ValidationSplit: .2, Subset: Training}); err == nil {
		t.Error("both subsets of a subset")
	}
	// ClassModes without a name are not for Images.
	if _, err := Images(open(t, "testdata/images", OpenOptions{}), ImageOptions{ClassMode: intLabels}); err == nil {
		t.Error("Images accepts an unnamed class mode")
	}
}

// The golden rows are those of the real flow_from_directory, which divides each class. Open does not list folders
// in folders in Keras' order, and drops folders without images, so only the rows are compared, as sets for training.
func TestSubsetOfEachClassIsKeras(t *testing.T) {
	for _, c := range readGoldenDirectory(t).Directory {
		t.Run(c.Name, func(t *testing.T) {
			o := ImageOptions{TargetSize: [2]int{8, 6}, BatchSize: 4, Seed: 42, Augment: augment.Generator{ValidationSplit: .4}, Subset: Training}
			if c.Name == "validation" {
				o.Subset = Validation
			}
			tab := open(t, "testdata/directory", OpenOptions{}).Filter(func(r Row) bool { return !strings.HasSuffix(r.Filename, ".gif") })
			byClass := images(t, tab, o)
			rows := map[string]int{}
			for _, name := range c.Files {
				label, _, _ := strings.Cut(name, "/")
				rows[label]++
			}
			got := map[string]int{}
			for _, r := range byClass.Table().All() {
				got[r.Label]++
			}
			for label, n := range rows {
				if got[label] != n {
					t.Errorf("%d files of %s, Keras has %d", got[label], label, n)
				}
			}
			for _, label := range []string{"dog", "gray"} { // folders without folders
				of := func(names []string) []string {
					return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, label+"/") })
				}
				if g, w := of(filenames(byClass)), of(c.Files); !slices.Equal(g, w) {
					t.Errorf("files %q, Keras has %q", g, w)
				}
			}
			o.SubsetBy = ByTable
			whole := images(t, tab, o)
			index := make([]string, 0, tab.Len())
			for _, r := range tab.All() {
				index = append(index, r.Filename)
			}
			if want := o.Subset.cut(make([]int, tab.Len()), o.Augment.Split(tab.Len())); whole.Len() != len(want) {
				t.Errorf("ByTable has %d rows, want %d", whole.Len(), len(want))
			}
			if first := index[0]; slices.Contains(filenames(whole), first) != (o.Subset == Validation) {
				t.Errorf("ByTable: %s is in the wrong subset", first)
			}
			o.SubsetBy = 7
			if _, err := Images(tab, o); err == nil {
				t.Error("no error for an unknown SubsetBy")
			}
		})
	}
}

// TestDirectoryLinks checks that links to folders are followed if FollowLinks is set, as with Keras' follow_links.
func TestDirectoryLinks(t *testing.T) {
	dir := files(t, "set/cats/1.png", "set/dogs/2.png", "disk/3.png")
	for _, l := range [][2]string{{"../../disk", "set/cats/more"}, {"..", "set/dogs/up"}} {
		if err := os.Symlink(l[0], filepath.Join(dir, l[1])); err != nil {
			t.Skip(err)
		}
	}
	for follow, want := range map[bool]string{false: "cats/1.png dogs/2.png", true: "cats/1.png cats/more/3.png dogs/2.png"} {
		f, err := ImageDatasetFromDirectory(t.Context(), filepath.Join(dir, "set"), DirectoryOptions{FollowLinks: follow, NoShuffle: true})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range f.Table().All() {
			names = append(names, r.Filename)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("with %v: %s, want %s", follow, got, want)
		}
	}
}
