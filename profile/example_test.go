package profile_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// The time that training takes, by phase and by kernel.
func Example() {
	ds, err := data.Tensors(tensor.New(tensor.Float32, 8, 2), tensor.New(tensor.Float32, 8, 1), data.TensorOptions{BatchSize: 4})
	if err != nil {
		log.Fatal(err)
	}
	model, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 1, Activation: layer.Sigmoid})
	if err != nil {
		log.Fatal(err)
	}
	if err := model.Compile(lince.CompileOptions{Loss: loss.BinaryCrossentropy{}}); err != nil {
		log.Fatal(err)
	}
	p := &profile.Profile{}
	if _, err := model.Fit(context.Background(), ds, lince.FitOptions{Epochs: 3, Profile: p, Verbose: lince.Silent}); err != nil {
		log.Fatal(err)
	}
	for _, phase := range p.Phases() {
		fmt.Println(phase.Count, "times:", phase.Name)
	}
	fmt.Println("first plan:", p.Rows()[0].Plan)
	if err := p.WriteTable(io.Discard); err != nil { // or os.Stdout
		log.Fatal(err)
	}
	// Output:
	// 9 times: wait for data
	// 6 times: training steps
	// 3 times: epoch
	// first plan: training, batch 4
}
