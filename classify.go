package lince

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Label is what a model takes an example for.
type Label struct {
	Row           int       // the data set's (data.Batch.Index), or the tensor's
	Class         int       // the most probable one, the first of equals
	Name          string    // its name in Model.Classes, or its number
	Probabilities []float32 // of each class
}

// Classify yields what the model takes a data set's examples for, in the order of its
// batches. The model's outputs must be (batch, classes), or (batch, 1), where the output
// is the probability of the second of two classes.
//
// Outputs that are logits are made probabilities by a softmax, one output by a sigmoid:
// those of a last layer without activation, where the model was compiled with such a
// loss (FromLogits), or not compiled. An error ends the sequence.
func (m *Model) Classify(ctx context.Context, ds data.Dataset) iter.Seq2[Label, error] {
	return func(yield func(Label, error) bool) {
		for p, err := range m.Predictions(ctx, ds) {
			var labels []Label
			if err == nil {
				labels, err = m.labels(p.Output)
			}
			if err != nil {
				yield(Label{}, err)
				return
			}
			for i, l := range labels {
				l.Row = p.Index[i]
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

// ClassifyBatch returns what the model takes a tensor of examples for, as Classify does.
// Any number of goroutines may call it.
func (m *Model) ClassifyBatch(x *tensor.Tensor) ([]Label, error) {
	y, err := m.PredictBatch(x)
	if err != nil {
		return nil, err
	}
	return m.labels(y)
}

// labels reads outputs.
func (m *Model) labels(y *tensor.Tensor) ([]Label, error) {
	if len(y.Shape()) != 2 || y.DType() != tensor.Float32 {
		return nil, fmt.Errorf("classifying: the model gives %v, want float32 (batch, classes)", y)
	}
	if err := m.checkExtra(); err != nil {
		return nil, fmt.Errorf("classifying: %w", err)
	}
	logits := m.GivesLogits()
	labels := make([]Label, y.Shape()[0])
	for i := range labels {
		l := Label{Row: i, Probabilities: slices.Clone(y.Row(i).Float32s())}
		p := l.Probabilities
		if len(p) == 1 {
			if logits {
				p[0] = float32(1 / (1 + math.Exp(-float64(p[0]))))
			}
			l.Probabilities = []float32{1 - p[0], p[0]}
		} else if logits {
			softmax(p)
		}
		for c, p := range l.Probabilities {
			if p > l.Probabilities[l.Class] {
				l.Class = c
			}
		}
		l.Name = strconv.Itoa(l.Class)
		if m.Classes != nil {
			l.Name = m.Classes[l.Class]
		}
		labels[i] = l
	}
	return labels, nil
}

// GivesLogits says whether the outputs are numbers of which a softmax, or of one output a
// sigmoid, makes probabilities: the last layer has no activation, and the model is compiled
// with a loss that knows (FromLogits), or not compiled.
func (m *Model) GivesLogits() bool {
	if f, known := m.finalActivation(m.outputs[0]); !known || f != layer.Linear {
		return false
	}
	if m.compiled == nil {
		return true
	}
	for _, o := range m.compiled.objectives {
		if o.output == 0 && o.Loss != nil {
			return o.Loss.Takes().Logits
		}
	}
	return true
}

// softmax replaces logits by their softmax.
func softmax(p []float32) {
	top, sum := slices.Max(p), 0.
	for _, x := range p {
		sum += math.Exp(float64(x - top))
	}
	for i, x := range p {
		p[i] = float32(math.Exp(float64(x-top)) / sum)
	}
}
