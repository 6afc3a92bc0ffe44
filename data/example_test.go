package data_test

import (
	"context"
	"fmt"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/tensor"
)

// The steps of the cats-and-dogs tutorial: list the images, split them, and make augmented batches.
func Example() {
	ctx := context.Background()
	table, err := data.Open(ctx, "demo:cats-and-dogs?n=40", data.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer table.Close()
	fmt.Println(table.Head(3))
	fmt.Println(table.Counts())

	train, test, err := table.TrainTestSplit(data.SplitOptions{TestSize: .25, RandomState: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	flow, err := data.Images(train, data.ImageOptions{TargetSize: [2]int{32, 32}, BatchSize: 12, Augment: augment.Tutorial()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(flow.Found(), test.Len(), "are for the test.")
	for batch, err := range flow.Batches(ctx, 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.X.Shape(), batch.Y.Shape())
	}
	// Output:
	//      filename category
	// 0   cat.0.png      cat
	// 1   cat.1.png      cat
	// 2  cat.10.png      cat
	// category
	// cat    20
	// dog    20
	// Name: count, dtype: int64
	// Found 30 validated image filenames belonging to 2 classes. 10 are for the test.
	// (12, 32, 32, 3) (12, 2)
	// (12, 32, 32, 3) (12, 2)
	// (6, 32, 32, 3) (6, 2)
}

// Five examples with two features each, in batches of two, without shuffling.
func ExampleTensors() {
	x := tensor.Of([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 2)
	y := tensor.Of([]float32{0, 1, 0, 1, 0}, 5)
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 2, NoShuffle: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ds.Len(), "examples in", ds.Steps(), "steps")
	for batch, err := range ds.Batches(context.Background(), 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Index, batch.X.Shape(), batch.X.Float32s(), batch.Y.Float32s())
	}
	// Output:
	// 5 examples in 3 steps
	// [0 1] (2, 2) [0 1 2 3] [0 1]
	// [2 3] (2, 2) [4 5 6 7] [0 1]
	// [4] (1, 2) [8 9] [0]
}

// The result equals train_test_split(range(10), test_size=3, random_state=42) of scikit-learn.
func ExampleTrainTestSplit() {
	train, test, err := data.TrainTestSplit(10, data.SplitOptions{TestSize: 3, RandomState: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train, test)
	// Output: [0 7 2 9 4 3 6] [8 1 5]
}

// A stratified split has each class in the same proportion on both sides.
func ExampleTable_TrainTestSplit() {
	table, err := data.Open(context.Background(), "demo:cats-and-dogs?n=40", data.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer table.Close()
	train, test, err := table.TrainTestSplit(data.SplitOptions{TestSize: .2, RandomState: 1, Stratify: table.Labels()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Counts())
	fmt.Println(test.Counts())
	// Output:
	// category
	// cat    16
	// dog    16
	// Name: count, dtype: int64
	// category
	// dog    4
	// cat    4
	// Name: count, dtype: int64
}

// keras.utils.image_dataset_from_directory("testdata/directory", validation_split=0.2, subset="both", seed=42,
// image_size=(32, 32)).
func ExampleImageDatasetsFromDirectory() {
	train, validation, err := data.ImageDatasetsFromDirectory(context.Background(), "testdata/directory", data.DirectoryOptions{
		ValidationSplit: .2, Seed: 42, ImageSize: [2]int{32, 32},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Found())
	fmt.Println(validation.Found())
	x, y := train.Spec()
	fmt.Println(x, y, train.Classes())
	// Output:
	// Found 17 files belonging to 5 classes.
	// Using 14 files for training.
	// Using 3 files for validation.
	// (None, 32, 32, 3) (None,) [cat cat-2 dog empty gray]
}

// Augmented batches of images in memory, as ImageDataGenerator(rotation_range=15).flow(x, y, batch_size=2) makes them.
func ExampleImageTensors() {
	x := tensor.New(tensor.Uint8, 5, 28, 28, 1)
	y := tensor.Of([]uint8{7, 2, 1, 0, 4}, 5)
	ds, err := data.ImageTensors(x, y, data.ImageTensorOptions{BatchSize: 2, Augment: augment.Generator{RotationRange: 15}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range ds.Batches(context.Background(), 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.X, batch.Y)
	}
	// Output:
	// float32 (2, 28, 28, 1) uint8 (2,)
	// float32 (2, 28, 28, 1) uint8 (2,)
	// float32 (1, 28, 28, 1) uint8 (1,)
}

// Labels smoothed by 0.1, as a function of each batch.
func ExampleMap() {
	x := tensor.Of([]float32{1, 2, 3, 4}, 4, 1)
	y := tensor.Of([]float32{0, 1, 1, 0}, 4)
	ds, err := data.Tensors(x, y, data.TensorOptions{NoShuffle: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	smooth, err := data.Map(ds, func(b data.Batch, _, _ int) (data.Batch, error) {
		for i, v := range b.Y.Float32s() {
			b.Y.Float32s()[i] = v*.9 + .05
		}
		return b, nil
	}, data.MapOptions{Name: "smooth 0.1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range smooth.Batches(context.Background(), 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Y.Float32s())
	}
	// Output: [0.05 0.95 0.95 0.05]
}
