package plot_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/plot"
)

func ExampleModel() {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{28, 28, 1}},
		layer.Flatten{},
		layer.Dense{Units: 10, Activation: layer.Softmax},
	)
	if err != nil {
		log.Fatal(err)
	}
	var svg bytes.Buffer
	if err := plot.Model(context.Background(), &svg, m, plot.SVG, plot.Options{ShowShapes: true, ShowLayerNames: true}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(svg.String(), "Output shape: "), "boxes")
	// Output: 3 boxes
}
