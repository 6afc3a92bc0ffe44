package zoo

import (
	"crypto/md5" //nolint:gosec // the hash that Keras checks
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// The classes, in the form of imagenet_class_index.json, have the hash that Keras wants of the file that it downloads.
func TestImageNetClasses(t *testing.T) {
	var entries []string
	for i, c := range ImageNetClasses() {
		entries = append(entries, fmt.Sprintf(`"%d": ["%s", "%s"]`, i, c.ID, c.Name))
	}
	text := "{" + strings.Join(entries, ", ") + "}"
	if got := fmt.Sprintf("%x", md5.Sum([]byte(text))); got != "c2c37ea517e94d9795004a39431a14cb" { //nolint:gosec // as above
		t.Errorf("the hash of %d classes is %s", len(entries), got)
	}
}

func TestDecodePredictions(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 1000)
	copy(x.Float32s(), []float32{.1, .5, .1, .2})
	x.Float32s()[1999] = 1
	got, err := DecodePredictions(x, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := "[[{{n01443537 goldfish} 0.5} {{n01491361 tiger_shark} 0.2} {{n01440764 tench} 0.1}]" +
		" [{{n15075141 toilet_tissue} 1} {{n01440764 tench} 0} {{n01443537 goldfish} 0}]]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
	if got, err := DecodePredictions(x, 0); err != nil || len(got[0]) != 5 {
		t.Errorf("got %v (%v), want 5 classes", got, err)
	}
	for want, f := range map[string]func() error{
		"shape (batch, 1000)":  func() error { _, err := DecodePredictions(tensor.New(tensor.Float32, 1, 10), 1); return err },
		"got int32":            func() error { _, err := DecodePredictions(tensor.New(tensor.Int32, 1, 1000), 1); return err },
		"top is 1001, want":    func() error { _, err := DecodePredictions(x, 1001); return err },
		"want from 1 to 1000":  func() error { _, err := DecodePredictions(x, -1); return err },
		"want float32 numbers": func() error { _, err := DecodePredictions(tensor.New(tensor.Float32, 1000), 1); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

// With ImageNet's weights and a classifier, a model has ImageNet's classes. Keras has no hash of MobileNet's files, so any with the right weights is taken.
func TestImageNetModel(t *testing.T) {
	home := t.TempDir()
	t.Setenv("KERAS_HOME", home)
	o := Options{Alpha: .25, InputShape: []int{128, 128, 3}}
	m, err := MobileNet(o)
	if err != nil {
		t.Fatal(err)
	}
	if m.Classes != nil || m.Name() != "mobilenet_0.25_128" {
		t.Errorf("%s has %d classes", m.Name(), len(m.Classes))
	}
	folder := filepath.Join(home, "models")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(filepath.Join(folder, "mobilenet_2_5_128_tf.h5")); err != nil {
		t.Fatal(err)
	}
	o.Weights = ImageNet
	loaded, err := MobileNet(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Classes) != 1000 || loaded.Classes[999] != "toilet_tissue" {
		t.Errorf("%d classes", len(loaded.Classes))
	}
	x := hashed(1, 0, 255, 1, 128, 128, 3)
	y, err := m.PredictBatch(x)
	if err != nil {
		t.Fatal(err)
	}
	same, err := loaded.PredictBatch(x)
	if err != nil || largest(same.Float32s(), y.Float32s()) != 0 {
		t.Errorf("other predictions (%v)", err)
	}
	for want, o := range map[string]Options{
		"mobilenet_2_5_128_tf_no_top.h5": {Alpha: .25, InputShape: o.InputShape, NoTop: true, Weights: ImageNet},
		"mobilenet_1_0_224_tf_no_top.h5": {InputShape: []int{100, 100, 3}, NoTop: true, Weights: ImageNet},
		"no ImageNet weights for these":  {Alpha: .3, Weights: ImageNet},
		"DepthMultiplier is 2":           {DepthMultiplier: 2, Weights: ImageNet},
	} {
		if _, err := MobileNet(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}
