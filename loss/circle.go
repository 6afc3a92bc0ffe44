package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Circle draws the embeddings of a class together and pushes those of different classes apart (keras.losses.Circle). For
// embeddings p of length 1 and their classes, with distances d[i,j] = max(1 - p[i]*p[j], 0), m = Margin and g = Gamma:
//
//	P[i] = ln(sum over j of the class of i of exp(-g * max(m + d[i,j], 0) * (m - d[i,j])))
//	N[i] = ln(sum over j of other classes of exp(g * max(1 + m - d[i,j], 0) * (1 - m - d[i,j])))
//	loss[i] = ln(1 + exp(P[i] + N[i]))
//
// A loss that is 0, such as that of an example without another example of its class in the batch, does not count in the
// mean.
//
// Targets: (batch,) or (batch, 1), class indices.
// Predictions: (batch, n), of length 1: normalize them in the last layer.
// Result: (batch,).
//
// Build reports an error if a field is out of range or the shapes do not match.
//
// Source: Sun et al., 2020 (arXiv:2002.10857).
type Circle struct {
	// Gamma is the scale factor of the distances. Greater than 0. The default is 80.
	Gamma float64 `keras:"gamma,default=80,above=0"`
	// Margin is the relaxation m. The default, nil, is 0.4.
	Margin *float64 `keras:"margin,default=0.4"`
	// KeepDiagonal counts the pair of an embedding with itself. The default is false.
	KeepDiagonal bool `keras:"remove_diagonal,inverted"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "circle".
	Name string `keras:"name,default=circle"`
}

// Target implements Loss. Targets are class indices: Int32, (batch,).
func (Circle) Target(output op.Type) op.Type { return sparse(output) }

// Takes implements Loss. It returns Numbers.
func (Circle) Takes() Predictions { return Predictions{} }

// far stands for the logarithm of 0: the distance of a pair that does not count.
const far = -1e30

// Build implements Loss.
func (l Circle) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, ok := Ready(b, l)
	class := targets.Sparse(b, yTrue, yPred)
	if !ok || !class.Valid() {
		return b.Invalid()
	}
	if yPred.Rank() != 2 {
		return b.Errorf("predictions have shape %v, want embeddings (batch, n)", yPred.Shape)
	}
	m, zero := *l.Margin, b.Constant(yPred.DType, 0)
	constant := func(x float64) *graph.Value { return b.Constant(yPred.DType, x) }
	d := b.Max(b.Sub(constant(1), b.Op(op.MatMul{TransposeB: true}, yPred, yPred)), zero)
	of := b.Cast(class, tensor.Float32)
	same := b.Cast(b.Binary(op.Equal, b.Reshape(of, tensor.Unknown, 1), b.Reshape(of, 1, tensor.Unknown)), yPred.DType)
	other := b.Sub(constant(1), same)
	if !l.KeepDiagonal {
		self := b.Binary(op.Equal, b.Iota(d, 0), b.Iota(d, 1))
		same = b.Select(self, zero, same)
	}
	pull := b.Mul(b.Max(b.Mul(b.Offset(d, m), same), zero), b.Sub(constant(m), d))
	push := b.Mul(b.Max(b.Mul(b.Sub(constant(1+m), d), other), zero), b.Sub(constant(1-m), d))
	p := logSum(b, b.Scale(pull, -l.Gamma), same)
	n := logSum(b, b.Scale(push, l.Gamma), other)
	return b.Softplus(b.Add(p, n))
}

// logSum is the logarithm of the sum of exp(x) in each row of a matrix, over the columns where mask is 1.
func logSum(b *graph.Builder, x, mask *graph.Value) *graph.Value {
	x = b.Select(b.Binary(op.Greater, mask, b.Constant(mask.DType, 0)), x, b.Constant(x.DType, far))
	top := b.ReduceMaxKeep(x, 1)
	sum := b.Sum(b.Exp(b.Sub(x, top)), 1)
	return b.Add(b.Log(sum), b.Sum(top, 1))
}

// Mask implements Masked. It leaves out the losses that are 0.
func (Circle) Mask(b *graph.Builder, _, _, losses *graph.Value) *graph.Value {
	return b.Binary(op.Greater, losses, b.Constant(losses.DType, 0))
}
