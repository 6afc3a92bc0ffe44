package zoo_test

import (
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/zoo"
)

// A frozen body with a new classifier on top.
func Example() {
	body, err := zoo.EfficientNetLite0(zoo.Options{NoTop: true, Pooling: zoo.AvgPooling, InputShape: []int{96, 96, 3}})
	if err != nil {
		log.Fatal(err)
	}
	body.SetTrainable(false)
	in := lince.Input(layer.Input{Shape: []int{96, 96, 3}})
	model, err := lince.Functional(in, lince.Apply(body, in).Then(layer.Dropout{Rate: .2}, layer.Dense{Units: 5, Activation: layer.Softmax}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(body.OutputShape(), model.OutputShape())
	// Output: (None, 1280) (None, 5)
}
