package lince

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// drawn returns a table of drawn cats and dogs, and the bytes of each image.
func drawn(t testing.TB, n int) (*data.Table, [][]byte) {
	t.Helper()
	table, err := data.Open(context.Background(), fmt.Sprintf("demo:cats-and-dogs?n=%d", n), data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	var files [][]byte
	for _, r := range table.All() {
		files = append(files, must(r.Bytes()))
	}
	return table, files
}

// imageModel returns a compiled model for RGB images of 12x10 and two classes.
func imageModel(t testing.TB) *Model {
	t.Helper()
	m := must(on(3).Sequential(
		layer.Input{Shape: []int{12, 10, 3}},
		layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	))
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	return m
}

// collect returns what Classify yields, in the order of the rows.
func collect(t testing.TB, m *Model, ds data.Dataset) []Classification {
	t.Helper()
	var list []Classification
	for c, err := range m.Classify(context.Background(), ds) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Classification) int { return a.Row - b.Row })
	return list
}

// Fit takes classes and preprocessing from the dataset, the file keeps them, and the bytes of an image then give the
// same bits as the dataset.
func TestFitNotesPreprocessing(t *testing.T) {
	table, files := drawn(t, 6)
	moves := augment.Generator{HorizontalFlip: true, RotationRange: 9}
	plain := preprocess.Steps{preprocess.Decode{}, preprocess.Resize{Height: 12, Width: 10}, preprocess.Rescale{Scale: 1. / 255}}
	crop := preprocess.Steps{
		preprocess.Decode{}, preprocess.Resize{ShortSide: 14, Interpolation: picture.Bilinear}, preprocess.CenterCrop{Height: 12, Width: 10},
		preprocess.Input{Mode: preprocess.Torch},
	}
	rescale := moves
	rescale.Rescale = 1. / 255
	for name, c := range map[string]struct {
		train data.ImageOptions
		want  Preprocessing
	}{
		"options": {data.ImageOptions{TargetSize: [2]int{12, 10}, Augment: rescale}, plain},
		"steps":   {data.ImageOptions{Preprocessing: crop, Augment: moves}, crop},
	} {
		m := imageModel(t)
		fit(t, m, must(data.Images(table, c.train)), FitOptions{})
		if !slices.Equal(m.Classes, []string{"cat", "dog"}) || !reflect.DeepEqual(m.Preprocessing, c.want) {
			t.Errorf("%s: noted %q and %+v, want %+v", name, m.Classes, m.Preprocessing, c.want)
		}
		path := filepath.Join(t.TempDir(), "m.keras")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		got := must(on(1).Open(path))
		if !slices.Equal(got.Classes, m.Classes) || !reflect.DeepEqual(got.Preprocessing, c.want) {
			t.Errorf("%s: the file has %q and %+v", name, got.Classes, got.Preprocessing)
		}
		want := collect(t, m, must(data.Images(table, data.ImageOptions{Preprocessing: c.want, NoShuffle: true, BatchSize: 4})))
		all := must(got.ClassifyImages(t.Context(), files...))
		if !reflect.DeepEqual(all, want) {
			t.Errorf("%s: files are %v, the dataset %v", name, all, want)
		}
		for i, file := range files {
			one := must(got.ClassifyImage(t.Context(), file))
			one.Row = i
			if !reflect.DeepEqual(one, want[i]) {
				t.Errorf("%s: file %d is %v, want %v", name, i, one, want[i])
			}
			decoded := must(got.ClassifyDecoded(t.Context(), must(png.Decode(bytes.NewReader(file)))))
			decoded[0].Row = i
			if !reflect.DeepEqual(decoded[0], want[i]) {
				t.Errorf("%s: image %d is %v, want %v", name, i, decoded[0], want[i])
			}
		}
		// What the model has is not changed.
		m.Classes = []string{"gato", "perro"}
		fit(t, m, must(data.Images(table, data.ImageOptions{TargetSize: [2]int{12, 10}})), FitOptions{})
		if m.Classes[0] != "gato" || !reflect.DeepEqual(m.Preprocessing, c.want) {
			t.Errorf("%s: training again changed it to %q, %+v", name, m.Classes, m.Preprocessing)
		}
	}
	// What does not fit is ignored.
	m := imageModel(t)
	g := augment.Generator{SamplewiseCenter: true}
	fit(t, m, must(data.Images(table, data.ImageOptions{TargetSize: [2]int{12, 10}, Augment: g})), FitOptions{})
	if m.Preprocessing != nil {
		t.Errorf("noted %+v", m.Preprocessing)
	}
	m = smallModel(t, 1)
	fit(t, m, barsData(6, 3, 1), FitOptions{})
	if m.Classes != nil || m.Preprocessing != nil {
		t.Errorf("of arrays it noted %q, %+v", m.Classes, m.Preprocessing)
	}
}

// Predictions for more images than a batch are in order.
func TestClassifyManyImages(t *testing.T) {
	_, files := drawn(t, 2*data.DefaultBatchSize+5)
	m := imageModel(t)
	m.Preprocessing = Preprocessing{preprocess.Resize{Height: 12, Width: 10}, preprocess.Rescale{Scale: 1. / 255}}
	all := must(m.ClassifyImages(t.Context(), files...))
	if len(all) != len(files) {
		t.Fatalf("%d files give %d predictions", len(files), len(all))
	}
	for i, c := range all {
		one := must(m.ClassifyImage(t.Context(), files[i]))
		if one.Row = i; !reflect.DeepEqual(one, c) {
			t.Errorf("file %d is %v, alone %v", i, c, one)
		}
	}
	if none, err := m.ClassifyImages(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("no files give %v, %v", none, err)
	}
}

// TestLoadImages expects images of different sizes to be loaded one by one.
func TestLoadImages(t *testing.T) {
	p := must(Preprocessing{preprocess.Resize{ShortSide: 4}}.Compile())
	shapes := [][2]int{{8, 8}, {16, 8}, {8, 24}}
	got, errs := loadImages(t.Context(), p, 0, len(shapes), func(w *imageWorker, i int) error {
		return w.convert(image.NewGray(image.Rect(0, 0, shapes[i][1], shapes[i][0])))
	})
	for i, want := range []tensor.Shape{{1, 4, 4, 3}, {1, 8, 4, 3}, {1, 4, 12, 3}} {
		if errs[i] != nil || !got[i].Shape().Equal(want) {
			t.Errorf("got %v, %v, want %v", got[i], errs[i], want)
		}
	}
	if n := imagesAtOnce(p); n < 1 {
		t.Errorf("%d at once", n)
	}
	large := must(Preprocessing{preprocess.Resize{Height: 8192, Width: 8192}}.Compile())
	if n := imagesAtOnce(large); n != 1 {
		t.Errorf("%d of the largest at once", n)
	}
}

// A model for images of any size takes each image in its own size.
func TestClassifyAnySize(t *testing.T) {
	m := must(on(2).Sequential(
		layer.Input{Shape: []int{tensor.Unknown, tensor.Unknown, 3}},
		layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.GlobalAveragePool2D{},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	))
	m.Preprocessing = Preprocessing{preprocess.Resize{ShortSide: 6}, preprocess.Rescale{Scale: 1. / 255}}
	var pictures []image.Image
	for i := range 5 {
		g := image.NewGray(image.Rect(0, 0, 8+3*i, 8+i))
		for j := range g.Pix {
			g.Pix[j] = byte(j * (i + 3))
		}
		pictures = append(pictures, g)
	}
	all := must(m.ClassifyDecoded(t.Context(), pictures...))
	for i, p := range pictures {
		one := must(m.ClassifyDecoded(t.Context(), p))[0]
		if one.Row = i; !reflect.DeepEqual(one, all[i]) {
			t.Errorf("image %d is %v, alone %v", i, all[i], one)
		}
	}
	if all[0].Probability == all[4].Probability {
		t.Error("all are alike")
	}
}

func TestClassifyImageRefuses(t *testing.T) {
	_, files := drawn(t, 3)
	m := imageModel(t)
	want := func(err error, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("error is %v, want one with %q", err, text)
			}
		}
	}
	_, err := m.ClassifyImage(t.Context(), files[0])
	want(err, "set Model.Preprocessing", "preprocess.Resize", "data.Images")
	m.Preprocessing = Preprocessing{preprocess.Resize{Height: 12, Width: 11}}
	_, err = m.ClassifyImage(t.Context(), files[0])
	want(err, "images of 12x11 with 3 channels, the model takes (None, 12, 10, 3)")
	m.Preprocessing = Preprocessing{preprocess.Decode{ColorMode: picture.RGBA}, preprocess.Resize{Height: 12, Width: 10}}
	_, err = m.ClassifyImage(t.Context(), files[0])
	want(err, "with 4 channels")
	m.Preprocessing = Preprocessing{preprocess.Resize{ShortSide: 12}}
	_, err = m.ClassifyImage(t.Context(), files[0])
	want(err, "images of the file's size")
	m.Preprocessing = Preprocessing{preprocess.Resize{}}
	_, err = m.ClassifyImage(t.Context(), files[0])
	want(err, "preprocessing step 1 (resize)")

	m.Preprocessing = Preprocessing{preprocess.Resize{Height: 12, Width: 10}}
	for text, file := range map[string][]byte{"the file is empty": nil, `not an image: starts with "GET / "`: []byte("GET / "), "PNG": files[0][:40]} {
		_, err = m.ClassifyImage(t.Context(), file)
		want(err, "classifying images: ", text)
	}
	_, err = m.ClassifyImages(t.Context(), []byte("a"), files[0], []byte("b"))
	want(err, "image 0: not an image", "image 2: not an image")
	_, err = m.ClassifyDecoded(t.Context(), nil, image.NewGray(image.Rect(0, 0, 0, 1)))
	want(err, "image 0: the image.Image is nil", "image 1: the image has no pixels")

	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err = m.ClassifyImage(ctx, files[0]); !errors.Is(err, stop) {
		t.Errorf("cancelled, the error is %v", err)
	}
	m.Preprocessing = append(m.Preprocessing, preprocess.Rescale{Scale: 1e38}, preprocess.Rescale{Scale: 1e38})
	_, err = m.ClassifyImage(t.Context(), files[0])
	want(err, "is NaN")
	flat := must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	flat.Preprocessing = Preprocessing{preprocess.Resize{Height: 2, Width: 2}}
	_, err = flat.ClassifyImage(t.Context(), files[0])
	want(err, "the preprocessing makes images, the model takes (None, 4)")
}

// The order of the most probable classes, also if some are equal.
func TestTop(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{1, 1, 1}}, layer.Flatten{},
		layer.Dense{Units: 5, Activation: layer.Softmax, KernelInitializer: initializer.Zeros{}}))
	m.Preprocessing = Preprocessing{preprocess.Decode{ColorMode: picture.Grayscale}, preprocess.Resize{Height: 1, Width: 1}}
	w := m.Weights()
	copy(w[1].Float32s(), []float32{0, 2, 1, 2, 0})
	if err := m.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	classes := func(list []ClassProbability) (s string) {
		for _, c := range list {
			s += fmt.Sprint(c.Class, c.Name, " ")
		}
		return s
	}
	for _, c := range []struct {
		names []string
		k     int
		want  string
	}{{nil, 0, "1 1 3 3 2 2 0 0 4 4 "}, {nil, 1, "1 1 "}, {[]string{"a", "b", "c", "d", "e"}, 3, "1b 3d 2c "}, {nil, 9, "1 1 3 3 2 2 0 0 4 4 "}, {nil, -1, "1 1 3 3 2 2 0 0 4 4 "}} {
		m.Classes = c.names
		got := must(m.ClassifyDecoded(t.Context(), gray))[0]
		top := got.Top(c.k)
		if strings.ReplaceAll(classes(top), " ", "") != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("top %d of %v are %s, want %s", c.k, got.Probabilities, classes(top), c.want)
		}
		if got.Class != top[0].Class || got.Name != top[0].Name || got.Probability != top[0].Probability || got.Probability != got.Probabilities[1] {
			t.Errorf("%v is not the first of %v", got, top)
		}
	}
}

// Any number of goroutines may classify while the model trains, is saved and gets its class names.
func TestClassifyConcurrently(t *testing.T) {
	table, files := drawn(t, 8)
	m := imageModel(t)
	steps := Preprocessing{preprocess.Decode{}, preprocess.Resize{Height: 12, Width: 10}, preprocess.BGR{}}
	train := must(data.Images(table, data.ImageOptions{Preprocessing: steps, BatchSize: 2}))
	fixed := imageModel(t)
	fixed.Preprocessing = steps
	want := must(fixed.ClassifyImages(t.Context(), files...))
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 6 {
				got, err := fixed.ClassifyImage(t.Context(), files[(g+i)%len(files)])
				if got.Row = (g + i) % len(files); err != nil || !reflect.DeepEqual(got, want[got.Row]) {
					t.Errorf("got %v, %v, want %v", got, err, want[got.Row])
				}
				if _, err := m.ClassifyImage(t.Context(), files[i]); err != nil && !strings.Contains(err.Error(), "set Model.Preprocessing") {
					t.Error(err)
				}
				if _, err := m.WriteTo(new(bytes.Buffer)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	fit(t, m, train, FitOptions{Epochs: 2})
	all.Wait()
	if m.Classes == nil || m.Preprocessing == nil {
		t.Error("nothing was noted")
	}
}
