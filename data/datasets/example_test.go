package datasets_test

import (
	"fmt"

	"github.com/lince-ml/lince/data/datasets"
)

// (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data(), of a file with a few of the images.
func ExampleLoadMNIST() {
	d, err := datasets.LoadMNIST("testdata/mnist.npz")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.XTrain, d.YTrain)
	fmt.Println(d.XTest, d.YTest)
	// Output:
	// uint8 (11, 28, 28) uint8 (11,)
	// uint8 (4, 28, 28) uint8 (4,)
}
