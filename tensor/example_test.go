package tensor_test

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

func ExampleOf() {
	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x, x.Len())
	fmt.Println(x.Row(1).Float32s())
	fmt.Println(x.Reshape(3, 2).Shape())
	fmt.Println(tensor.Shape{tensor.Unknown, 3}.Fits(x.Shape()))
	// Output:
	// float32 (2, 3) 6
	// [4 5 6]
	// (3, 2)
	// true
}
