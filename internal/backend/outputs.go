package backend

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// Outputs returns tensors for a graph's outputs for inputs. It fails if they need more memory than the process can have.
func Outputs(g *graph.Graph, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(g.Outputs))
	var special *graph.Graph // the graph for inputs of these shapes
	total := 0
	for i, o := range g.Outputs {
		shape := o.Value.Shape.Clone()
		if len(shape) > 0 && shape[0] == tensor.Unknown {
			shape[0] = in[0].Shape()[0]
		}
		if !shape.Known() {
			if special == nil {
				shapes := make([]tensor.Shape, len(in))
				for j, x := range in {
					shapes[j] = x.Shape()
				}
				var err error
				if special, err = g.Specialize(shapes); err != nil {
					return nil, err
				}
			}
			shape = special.Outputs[i].Value.Shape
		}
		n, err := shape.CheckedElements()
		if total += n * o.Value.DType.Size(); err != nil {
			total = -1
		}
		if err := offheap.Check(total); err != nil {
			return nil, fmt.Errorf("the outputs: %w; use smaller batches or images", err)
		}
		out[i] = tensor.New(o.Value.DType, shape...)
	}
	return out, nil
}
