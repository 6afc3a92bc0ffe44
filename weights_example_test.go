package lince_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// A body with trained weights gets another classifier: the layers with the same names are loaded.
func ExampleModel_LoadWeights() {
	dir, err := os.MkdirTemp("", "lince")
	if err != nil {
		log.Fatal(err)
	}
	classifier := func(classes int, name string) *lince.Model {
		m, err := lince.Sequential(
			layer.Input{Shape: []int{16, 16, 3}},
			layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Name: "conv"},
			layer.GlobalAveragePool2D{},
			layer.Dense{Units: classes, Activation: layer.Softmax, Name: name},
		)
		if err != nil {
			log.Fatal(err)
		}
		return m
	}
	path := filepath.Join(dir, "animals.h5")
	if err := classifier(10, "animals").SaveWeights(path); err != nil {
		log.Fatal(err)
	}

	m := classifier(2, "cat_or_dog")
	report, err := m.LoadWeights(path, lince.WeightsOptions{ByName: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report)
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 variables loaded, 2 skipped (cat_or_dog/kernel, cat_or_dog/bias), 2 unused in the file (animals/sequential/animals/kernel, animals/sequential/animals/bias)
}

// The state dict of a PyTorch network is loaded into the same network of Keras' layers. The modules are matched by their kinds, shapes and
// order; Names decides where that is not enough.
func ExampleModel_LoadWeights_pyTorch() {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{8, 8, 3}},
		layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, NoBias: true},
		layer.BatchNormalization{},
		layer.PReLU{SharedAxes: []int{1, 2}},
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, DepthMultiplier: 2},
		layer.GroupNormalization{Groups: 3, Epsilon: new(1e-5)},
		layer.ReLU,
		layer.Conv2DTranspose{Filters: 4, Kernel: layer.Size{2, 2}, Strides: layer.Size{2, 2}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Groups: 2},
		layer.Flatten{},
		layer.BatchNormalization{},
		layer.Dense{Units: 10},
		layer.LayerNormalization{Epsilon: new(1e-5)},
		layer.Tanh,
		layer.Dense{Units: 10, Name: "hidden"},
		layer.Dense{Units: 3},
	)
	if err != nil {
		log.Fatal(err)
	}
	report, err := m.LoadWeights("testdata/torch/chain.pth", lince.WeightsOptions{Names: map[string]string{"hidden": "classifier.5"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range report.Loaded[:4] {
		fmt.Println(w.Variable, "<-", w.Source)
	}
	// Output:
	// hidden/kernel <- classifier.5.weight
	// hidden/bias <- classifier.5.bias
	// conv2d/kernel <- features.0.weight
	// batch_normalization/gamma <- features.1.weight
}
