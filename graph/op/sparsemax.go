package op

import "fmt"

// Sparsemax is max(x - tau, 0) along the last dimension, as Keras computes it. Let s(i) be the sum of the
// i largest numbers x(1) >= x(2) >= ..., and k the largest i with x(i) > (s(i)-1)/i. Then
//
//	tau = (s(1) + ... + s(k) - 1) / k
//
// In the paper (Martins and Astudillo, 2016, arXiv:1602.02068), tau is (s(k)-1)/k, with which the
// results sum to 1. Both are equal if k is 1.
type Sparsemax struct{}

// SparsemaxGrad is the gradient of Sparsemax. Operands: the gradient of the result, and the operand x
// of Sparsemax.
type SparsemaxGrad struct{}

// Name implements Op.
func (Sparsemax) Name() string { return "Sparsemax" }

// Name implements Op.
func (SparsemaxGrad) Name() string { return "SparsemaxGrad" }

// Infer implements Op.
func (Sparsemax) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, fmt.Errorf("operand is a scalar, want at least 1 dimension")
	}
	return one(in[0]), wantFloat("operand", in[0])
}

// Infer implements Op.
func (SparsemaxGrad) Infer(in []Type) ([]Type, error) { return SoftmaxGrad{}.Infer(in) }
