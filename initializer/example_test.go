package initializer_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// The limit of GlorotUniform depends on the shape of the kernel.
func ExampleGlorotUniform() {
	kernel := tensor.New(tensor.Float32, 3, 3, 64, 32) // of a convolution
	in, out := initializer.Fans(kernel.Shape())
	limit := math.Sqrt(6 / float64(in+out))
	fmt.Printf("fan_in %d, fan_out %d, limit %.4f\n", in, out, limit)

	initializer.GlorotUniform{}.Initialize(kernel, 1)
	values := kernel.Float32s()
	fmt.Printf("from %.4f to %.4f\n", slices.Min(values), slices.Max(values))
	// Output:
	// fan_in 576, fan_out 288, limit 0.0833
	// from -0.0833 to 0.0833
}

// HeNormal is VarianceScaling with the scale 2.
func ExampleVarianceScaling() {
	he, scaled := tensor.New(tensor.Float32, 100, 5000), tensor.New(tensor.Float32, 100, 5000)
	initializer.HeNormal{}.Initialize(he, 1)
	initializer.VarianceScaling{Scale: 2}.Initialize(scaled, 1)
	fmt.Println(slices.Equal(he.Float32s(), scaled.Float32s()))

	sum := 0.
	for _, w := range he.Float32s() {
		sum += float64(w) * float64(w)
	}
	fmt.Printf("variance %.3f, 2/fan_in %.3f\n", sum/float64(he.Len()), 2./100)
	// Output:
	// true
	// variance 0.020, 2/fan_in 0.020
}

// A short name is accepted as a class.
func ExampleDecode() {
	i, err := initializer.Decode("random_normal", map[string]any{"stddev": 0.1})
	fmt.Printf("%+v %v\n", i, err)
	_, err = initializer.Decode("random_normal", map[string]any{"stddev": -1, "sigma": 1})
	fmt.Println(err)
	// Output:
	// {Mean:0 Stddev:0.1 Seed:<nil>} <nil>
	// initializer RandomNormal: stddev is -1, want a number greater than 0
	// initializer RandomNormal: unknown key "sigma"
}
