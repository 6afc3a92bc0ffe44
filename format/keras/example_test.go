package keras_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/tensor"
)

// Write the weights of a Dense layer as a .weights.h5 file, and read it.
func ExampleWriteWeights() {
	path := keras.LayerPaths([]string{"Dense"})[0]
	weights := keras.Weights{{Path: path, Vars: []*tensor.Tensor{
		tensor.Of([]float32{1, 2, 3, 4}, 2, 2), // kernel
		tensor.Of([]float32{0, 0}, 2),          // bias
	}}}
	var file bytes.Buffer
	if err := keras.WriteWeights(&file, weights); err != nil {
		log.Fatal(err)
	}

	weights, err := keras.ReadWeights(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range weights {
		fmt.Println(e.Path, e.Vars)
	}
	// Output: layers/dense [float32 (2, 2) float32 (2,)]
}

// The paths depend on the classes of the layers, and not on their names.
func ExampleLayerPaths() {
	for _, path := range keras.LayerPaths([]string{"Conv2D", "MaxPooling2D", "Conv2D", "Dense"}) {
		fmt.Println(path)
	}
	// Output:
	// layers/conv2d
	// layers/max_pooling2d
	// layers/conv2d_1
	// layers/dense
}

// ReadNetwork reads a model's config from Keras' model.to_json().
func ExampleReadNetwork() {
	n, err := keras.ReadNetwork([]byte(`{"class_name": "Sequential", "config": {"name": "tiny", "layers": [
		{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4], "name": "x"}},
		{"module": "keras.layers", "class_name": "Dense", "config": {"units": 2, "name": "dense"}}]}}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range n.Layers {
		fmt.Println(l.Class, l.Name, string(l.Config))
	}
	// Output:
	// InputLayer x {"batch_shape": [null, 4], "name": "x"}
	// Dense dense {"units": 2, "name": "dense"}
}
