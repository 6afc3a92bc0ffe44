package cli

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// exampleFlags choose the inputs on which the predictions of two models are compared.
type exampleFlags struct {
	Data  path     `group:"data" placeholder:"IMAGES" predictor:"data" help:"Compare predictions on these images (a folder, a zip archive or a CSV file) instead of noise."`
	Limit int      `group:"data" default:"32" help:"Number of images of --data."`
	Seed  uint32   `group:"data" default:"0" help:"Seed of the noise."`
	Shape []string `group:"data" sep:"none" placeholder:"NAME=SIZES" help:"Shape of an input for the noise, such as x=1x224x224x3, or 1x224x224x3 for the only input."`
}

func (f exampleFlags) mistakes() error {
	var err error
	if f.Data != "" && len(f.Shape) > 0 {
		err = errors.New("--shape is for noise; remove it, or --data")
	}
	return errors.Join(atLeast(bound{"--limit", f.Limit, 1}), err)
}

// noisyExamples is the number of examples of noise for a model with a free batch size. Two show a mistake in the batch size.
const noisyExamples = 2

// examples returns a batch for a model, and describes it.
func (f exampleFlags) examples(e *env, m *lince.Model) (in map[string]*tensor.Tensor, what string, err error) {
	if f.Data != "" {
		return f.images(e, m)
	}
	n := inference.Of(m)
	shapes, err := shapesFor(n, "--shape", f.Shape)
	if err != nil {
		return nil, "", err
	}
	for _, p := range n.Inputs() {
		if shapes[p.Name] == nil && len(p.Shape) > 0 && p.Shape[0] == tensor.Unknown && p.Shape[1:].Known() {
			shapes[p.Name] = p.Shape.Clone()
			shapes[p.Name][0] = noisyExamples
		}
	}
	in, err = inference.Noise(n.Inputs(), f.Seed, shapes)
	if err != nil {
		return nil, "", usageError{err}
	}
	return in, "noise", nil
}

func (f exampleFlags) images(e *env, m *lince.Model) (map[string]*tensor.Tensor, string, error) {
	t, err := e.read(string(f.Data), data.OpenOptions{LabelRule: data.Unlabeled})
	if err != nil {
		return nil, "", fmt.Errorf("--data: %w", err)
	}
	defer t.Close()
	t = t.Limit(f.Limit)
	if err := oneImage(m); err != nil {
		return nil, "", fmt.Errorf("--data: %w", err)
	}
	o, err := imageOptions(m, t.Len(), 0)
	if err != nil {
		return nil, "", fmt.Errorf("--data: %w", err)
	}
	o.ClassMode = data.NoTargets
	flow, err := data.Images(t, o)
	if err != nil {
		return nil, "", fmt.Errorf("--data: %w", err)
	}
	for b, err := range flow.Batches(e.ctx, 0, 0) {
		if err != nil {
			return nil, "", fmt.Errorf("--data: %w", err)
		}
		if n := b.X.Shape()[0]; n > 0 {
			return map[string]*tensor.Tensor{m.InputNames()[0]: b.X.Clone()}, count(n, "image"), nil
		}
	}
	return nil, "", fmt.Errorf("--data: %w", noneReadable(flow.Corrupt()))
}

// outputDifference is how much an output of one model differs from that of another.
type outputDifference struct {
	Output string          `json:"output"`
	Scale  *float64        `json:"largest_value"` // the largest absolute value of the output, null if it is not finite
	Values *differenceInfo `json:"difference"`
	Beyond bool            `json:"beyond_tolerance"`
}

// compareOutputs compares the outputs of two models. A difference counts if it is larger than tolerance times the largest
// value of the output, or tolerance if all values are below 1.
func compareOutputs(names []string, got, want []*tensor.Tensor, tolerance float64) ([]outputDifference, error) {
	if len(got) != len(want) {
		return nil, fmt.Errorf("there are %d outputs, want %d", len(got), len(want))
	}
	list := make([]outputDifference, len(want))
	for i := range want {
		s := inference.StatsOf(want[i])
		scale := max(math.Abs(s.Min), math.Abs(s.Max))
		most := tolerance
		if finite(scale) {
			most *= max(scale, 1)
		}
		d, err := inference.Compare(got[i], want[i], inference.Tolerance{Absolute: most})
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", names[i], err)
		}
		list[i] = outputDifference{names[i], finiteOrNil([]float64{scale})[0], newDifference(d), d.Beyond > 0}
	}
	return list, nil
}

// largest returns the largest difference, and whether one is beyond the tolerance.
func largest(list []outputDifference) (most float64, beyond bool) {
	for _, d := range list {
		most, beyond = max(most, d.Values.Difference.Max), beyond || d.Beyond
	}
	return most, beyond
}
