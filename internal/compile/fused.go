package compile

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// The ops below exist only in plans: the passes replace ops of the graph with them. In their comments,
// an operand in parentheses is present only if its flag is set.

// Copy copies its operand to other memory.
type Copy struct{}

// Conv2D is op.Conv2D followed, in this order, by the addition of a bias, the addition of a residual,
// a ReLU or ReLU6, and a 2x2 max-pool with stride 2. Operands: images, filter, (bias), (residual).
// With Pool the second result is the pool's argmax (see package internal/kernel). It is
// kernel.NoArgmax2x2 where the ReLU set the maximum to 0.
type Conv2D struct {
	op.Window
	Bias, Residual, ReLU, ReLU6, Pool bool
}

// MatMul is op.MatMul followed by the addition of a bias and a ReLU. Operands: left, right, (bias).
type MatMul struct {
	op.MatMul
	Bias, ReLU bool
}

// Conv2DGradInput is op.Conv2DGradInput; with Pooled it takes the gradient of Conv2D's pooled
// result. Operands: filter, gradient, (argmax, if Pooled), images for their shape.
type Conv2DGradInput struct {
	op.Window
	Pooled bool
}

// Conv2DGradFilter is op.Conv2DGradFilter; with Bias the gradient of the bias is a second result,
// and with Pooled it takes the gradient of Conv2D's pooled result. Operands: images, gradient,
// (argmax, if Pooled), filter for its shape.
type Conv2DGradFilter struct {
	op.Window
	Bias, Pooled bool
}

// Name implements op.Op.
func (Copy) Name() string { return "Copy" }

// Name implements op.Op.
func (Conv2D) Name() string { return "FusedConv2D" }

// Name implements op.Op.
func (MatMul) Name() string { return "FusedMatMul" }

// Name implements op.Op.
func (Conv2DGradInput) Name() string { return "FusedConv2DGradInput" }

// Name implements op.Op.
func (Conv2DGradFilter) Name() string { return "FusedConv2DGradFilter" }

// ShapeOnly implements op.ShapeOnly.
func (o Conv2DGradInput) ShapeOnly(i int) bool { return i == 2 && !o.Pooled || i == 3 }

// ShapeOnly implements op.ShapeOnly.
func (o Conv2DGradFilter) ShapeOnly(i int) bool { return i == 2 && !o.Pooled || i == 3 }

func attributes(w op.Window, on ...any) string { return flags(w.Attributes(), on...) }

// flags appends to s the names of the flags that are set. flags are pairs of a string and a bool.
func flags(s string, flags ...any) string {
	for i := 0; i < len(flags); i += 2 {
		if flags[i+1].(bool) {
			s += " " + flags[i].(string)
		}
	}
	return strings.TrimSpace(s)
}

// Attributes prints the op's attributes.
func (o Conv2D) Attributes() string {
	return attributes(o.Window, "+bias", o.Bias, "+residual", o.Residual, "+relu", o.ReLU, "+relu6", o.ReLU6, "+pool", o.Pool)
}

// Attributes prints the op's attributes.
func (o Conv2DGradInput) Attributes() string { return attributes(o.Window, "pooled", o.Pooled) }

// Attributes prints the op's attributes.
func (o Conv2DGradFilter) Attributes() string {
	return attributes(o.Window, "+bias", o.Bias, "pooled", o.Pooled)
}

// Attributes prints the op's attributes.
func (o MatMul) Attributes() string {
	return flags(op.Attributes(o.MatMul), "+bias", o.Bias, "+relu", o.ReLU)
}

// Infer implements op.Op.
func (Copy) Infer(in []op.Type) ([]op.Type, error) { return in[:1:1], nil }

func checkBias(bias op.Type, channels int) error {
	if !bias.Shape.Equal(tensor.Shape{channels}) {
		return fmt.Errorf("bias is %v, want shape (%d)", bias, channels)
	}
	return nil
}

// Infer implements op.Op.
func (o Conv2D) Infer(in []op.Type) ([]op.Type, error) {
	out, err := op.Conv2D{Window: o.Window}.Infer(in[:2])
	if err != nil {
		return nil, err
	}
	if o.Bias {
		if err := checkBias(in[2], out[0].Shape[3]); err != nil {
			return nil, err
		}
	}
	if residual := in[len(in)-1]; o.Residual && !residual.Shape.Equal(out[0].Shape) {
		return nil, fmt.Errorf("residual is %v, want %v like the result", residual, out[0])
	}
	if o.Pool {
		out, err = pool2x2.Infer(out)
	}
	return out, err
}

// pool2x2 is the max-pool that can be fused into Conv2D.
var pool2x2 = op.MaxPool2D{Window: op.Window{Size: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}}

// Infer implements op.Op.
func (o MatMul) Infer(in []op.Type) ([]op.Type, error) {
	out, err := o.MatMul.Infer(in[:2])
	if err == nil && o.Bias {
		err = checkBias(in[2], out[0].Shape[1])
	}
	return out, err
}

// gradient checks the gradient dy of a convolution of images x with a filter.
func gradient(w op.Window, x, filter, dy op.Type, pooled bool) error {
	y, err := Conv2D{Window: w, Pool: pooled}.Infer([]op.Type{x, filter})
	if err == nil && !y[0].Equal(dy) {
		err = fmt.Errorf("gradient is %v, want %v", dy, y[0])
	}
	return err
}

// Infer implements op.Op.
func (o Conv2DGradInput) Infer(in []op.Type) ([]op.Type, error) {
	x := in[len(in)-1]
	return []op.Type{x}, gradient(o.Window, x, in[0], in[1], o.Pooled)
}

// Infer implements op.Op.
func (o Conv2DGradFilter) Infer(in []op.Type) ([]op.Type, error) {
	w := in[len(in)-1]
	out := []op.Type{w}
	if o.Bias {
		out = append(out, op.Type{DType: w.DType, Shape: w.Shape[3:]})
	}
	return out, gradient(o.Window, in[0], w, in[1], o.Pooled)
}
