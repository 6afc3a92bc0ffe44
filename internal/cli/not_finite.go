package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/tensor"
)

// outputNotFinite is the error of an example whose outputs, such as "features", are NaN or infinite. It says which numbers are the first that are.
func (e *env) outputNotFinite(m *lince.Model, f data.Dataset, row int, outputs string) error {
	name := fmt.Sprintf("example %d", row)
	if f, ok := f.(*data.Flow); ok {
		name = f.Table().Row(row).Filename
	}
	err := fmt.Errorf("the %s of %s are NaN or infinite", outputs, name)
	if why := e.whyNotFinite(m, f, row); why != "" {
		return fmt.Errorf("%w: %s; check the model's weights, and --rescale", err, why)
	}
	return err
}

// whyNotFinite says which of the numbers that a model computes for a row of a dataset are the first that are NaN or infinite, "" if that is not known. A negative
// row is the first.
func (e *env) whyNotFinite(m *lince.Model, f data.Dataset, row int) string {
	for b, err := range f.Batches(e.ctx, 0, 0) {
		if err != nil || b.X == nil {
			return ""
		}
		at := max(0, slices.Index(b.Index, row))
		if row >= 0 && (at >= len(b.Index) || b.Index[at] != row) {
			continue
		}
		one := tensor.New(b.X.DType(), append(tensor.Shape{1}, b.X.Shape()[1:]...)...)
		copy(one.Raw(), b.X.Row(at).Raw())
		why, err := m.FirstNotFinite(one)
		if err != nil {
			return ""
		}
		return why
	}
	return ""
}

// explained returns the error of predictions with the cause of an output that is NaN.
func (e *env) explained(m *lince.Model, f data.Dataset, err error) error {
	var nan *lince.NotFiniteOutputError
	if !errors.As(err, &nan) {
		return err
	}
	return e.outputNotFinite(m, f, nan.Row, "outputs")
}

// notFiniteRow returns the first row of the outputs of a batch that has numbers that are NaN or infinite, or -1.
func notFiniteRow(p lince.Prediction) int {
	for i, row := range p.Index {
		if slices.ContainsFunc(p.Output.Row(i).Float32s(), func(v float32) bool { return v-v != 0 }) {
			return row
		}
	}
	return -1
}
