package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// TopK takes the K largest elements along the last dimension, or the K smallest with Smallest. Results: the elements, the
// largest or smallest first, and their indices, an Int32 each. Of equal elements the one with the lower index comes first. NaN
// counts as larger than any number.
type TopK struct {
	K        int
	Smallest bool
}

// Name implements Op.
func (TopK) Name() string { return "TopK" }

// Infer implements Op.
func (o TopK) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 || in[0].DType == tensor.Bool {
		return nil, fmt.Errorf("operand is %v, want numbers of at least 1 dimension", in[0])
	}
	s := in[0].Shape.Clone()
	last := len(s) - 1
	if o.K < 0 || s[last] != tensor.Unknown && o.K > s[last] {
		return nil, fmt.Errorf("got K %d, want 0 to %d, the size of the last dimension of %v", o.K, s[last], s)
	}
	s[last] = o.K
	return []Type{{in[0].DType, s}, {tensor.Int32, s}}, nil
}
