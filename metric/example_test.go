package metric_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Within is a custom metric: the fraction of predictions that are near their targets.
type Within struct {
	// Tolerance is the largest distance that counts. At least 0. The default is 1.
	Tolerance float64 `keras:"tolerance,default=1,min=0"`
	// Name is the key in logs. The default is "within".
	Name string `keras:"name,default=within"`
}

// HigherIsBetter reports that a larger fraction is better.
func (Within) HigherIsBetter() (higher, known bool) { return true, true }

func (m Within) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := metric.Ready(b, m)
	if !ok || !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	distance := b.Abs(b.Sub(yPred, yTrue))
	near := b.Binary(op.LessEqual, distance, b.Constant(yPred.DType, m.Tolerance))
	return metric.Mean(b, near, weights)
}

// A custom metric computes a number for each example; metric.Mean keeps the mean over the epoch.
func ExampleMetric() {
	model, err := lince.Sequential(layer.Input{Shape: []int{1}}, layer.Dense{Units: 1})
	check(err)
	check(model.SetWeights([]*tensor.Tensor{tensor.Of([]float32{1}, 1, 1), tensor.Of([]float32{0}, 1)})) // predicts x
	check(model.Compile(lince.CompileOptions{
		Loss:    loss.MeanSquaredError{},
		Metrics: []metric.Metric{metric.MeanAbsoluteError{}, Within{}, Within{Tolerance: 3, Name: "within_3"}},
	}))
	x, y := tensor.Of([]float32{1, 2, 3, 4}, 4, 1), tensor.Of([]float32{1, 2.5, 5, 9}, 4, 1)
	batch, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 2})
	check(err)
	logs, err := model.Evaluate(context.Background(), batch, lince.EvaluateOptions{Verbose: lince.Silent})
	check(err)
	for _, key := range []string{"mean_absolute_error", "within", "within_3"} {
		value, _ := logs.Get(key)
		fmt.Println(key, value)
	}
	// Output:
	// mean_absolute_error 1.875
	// within 0.5
	// within_3 0.75
}

// Accuracy depends on the shapes of targets and predictions, as in Keras.
func ExampleAccuracy_Resolve() {
	a := metric.Accuracy{}
	fmt.Println(metric.ClassOf(a.Resolve(tensor.Shape{-1, 1}, tensor.Shape{-1, 1})))
	fmt.Println(metric.ClassOf(a.Resolve(tensor.Shape{-1}, tensor.Shape{-1, 10})))
	fmt.Println(metric.ClassOf(a.Resolve(tensor.Shape{-1, 10}, tensor.Shape{-1, 10})))
	// Output:
	// BinaryAccuracy
	// SparseCategoricalAccuracy
	// CategoricalAccuracy
}
