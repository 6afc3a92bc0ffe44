package op

import "fmt"

// Softmax is exp(x)/sum(exp(x)) along the last dimension.
type Softmax struct{}

// SoftmaxGrad is the gradient of Softmax, y*(g - sum(g*y)). Operands: the gradient g of the
// result, and the result y.
type SoftmaxGrad struct{}

// SoftmaxCrossEntropy is -sum(labels*log(softmax(logits))) along the last dimension, which is
// removed. Operands: logits, labels, of one type and shape.
type SoftmaxCrossEntropy struct{}

// SoftmaxCrossEntropyGrad is the gradient of SoftmaxCrossEntropy with respect to the
// logits, (softmax(logits) - labels)*g. Like TensorFlow, it assumes that the labels of a row sum
// to 1. Operands: logits, labels, the gradient g of the result.
type SoftmaxCrossEntropyGrad struct{}

// Name implements Op.
func (Softmax) Name() string { return "Softmax" }

// Name implements Op.
func (SoftmaxGrad) Name() string { return "SoftmaxGrad" }

// Name implements Op.
func (SoftmaxCrossEntropy) Name() string { return "SoftmaxCrossEntropy" }

// Name implements Op.
func (SoftmaxCrossEntropyGrad) Name() string { return "SoftmaxCrossEntropyGrad" }

// Infer implements Op.
func (Softmax) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, fmt.Errorf("operand is a scalar, want at least 1 dimension")
	}
	return one(in[0]), wantFloat("operand", in[0])
}

// Infer implements Op.
func (SoftmaxGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if _, ok := unify(in[0].Shape, in[1].Shape); !ok {
		return nil, fmt.Errorf("gradient has shape %v, want %v", in[0].Shape, in[1].Shape)
	}
	return one(in[1]), nil
}

func crossEntropy(logits, labels Type) (Type, error) {
	if logits.Rank() == 0 {
		return Type{}, fmt.Errorf("logits are a scalar, want at least 1 dimension")
	}
	s, ok := unify(logits.Shape, labels.Shape)
	if !ok || logits.DType != labels.DType {
		return Type{}, fmt.Errorf("labels are %v, want %v like the logits", labels, logits)
	}
	return Type{logits.DType, s[:len(s)-1]}, wantFloat("logits", logits)
}

// Infer implements Op.
func (SoftmaxCrossEntropy) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	y, err := crossEntropy(in[0], in[1])
	return one(y), err
}

// Infer implements Op.
func (SoftmaxCrossEntropyGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	y, err := crossEntropy(in[0], in[1])
	if err != nil {
		return nil, err
	}
	if _, ok := unify(y.Shape, in[2].Shape); !ok {
		return nil, fmt.Errorf("gradient has shape %v, want %v", in[2].Shape, y.Shape)
	}
	return one(in[0]), nil
}
