package hdf5_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

// Write a file with a dataset and an attribute, and read it.
func Example() {
	var tree hdf5.Tree
	dense := tree.Group("layers/dense")
	dense.Attr("activation", hdf5.String("relu"))
	dense.Dataset("kernel", tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	var file bytes.Buffer
	if _, err := tree.WriteTo(&file); err != nil {
		log.Fatal(err)
	}

	f, err := hdf5.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		log.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		log.Fatal(err)
	}
	kernel, err := root.Dataset("layers/dense/kernel")
	if err != nil {
		log.Fatal(err)
	}
	values, err := kernel.Read()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kernel.Path(), values, values.Float32s())

	group, err := root.Group("layers/dense")
	if err != nil {
		log.Fatal(err)
	}
	activation, err := group.Attr("activation")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(activation.ScalarText())
	// Output:
	// /layers/dense/kernel float32 (2, 3) [1 2 3 4 5 6]
	// relu <nil>
}
