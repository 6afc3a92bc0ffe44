package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// BatchNorm normalizes each channel (the last dimension) with the mean and variance of the batch,
// taken over all other dimensions, then scales and shifts it (Ioffe and Szegedy, 2015). Operands:
// x, of at least 2 dimensions; gamma (channels) if Scale is set; beta (channels) if Center is set.
// Results: y, of the shape of x; the mean (channels); and the biased variance (channels), whose
// divisor is the number of elements of a channel.
//
//	y = (x-mean)/sqrt(variance+Epsilon)*gamma + beta
//
// Only y has a gradient; the mean and the variance have none.
type BatchNorm struct {
	Epsilon       float64
	Scale, Center bool
}

// BatchNormGrad is the gradient of BatchNorm. Operands: the gradient g of y; x; the mean and
// the variance that BatchNorm returned; gamma if Scale is set. Results: the gradients of x, of
// gamma and of beta. It has no gradient itself.
//
//	xhat = (x-mean)/sqrt(variance+Epsilon);  dbeta = sum(g);  dgamma = sum(g*xhat)
//	dx = gamma/sqrt(variance+Epsilon) * (g - dbeta/count - xhat*dgamma/count)
type BatchNormGrad struct {
	Epsilon float64
	Scale   bool
}

// MovingAverage is a step of an exponential moving average. Operands: the variable, the value.
// Updates run in order, and each reads the variable as the previous update left it.
//
//	variable = variable*Momentum + value*(1-Momentum)
type MovingAverage struct{ Momentum float64 }

// Name implements Op.
func (BatchNorm) Name() string { return "BatchNorm" }

// Name implements Op.
func (BatchNormGrad) Name() string { return "BatchNormGrad" }

// Name implements Op.
func (MovingAverage) Name() string { return "MovingAverage" }

// Updates implements Updater.
func (MovingAverage) Updates() int { return 1 }

// Attributes prints the op's attributes.
func (o BatchNorm) Attributes() string {
	s := fmt.Sprintf("epsilon %v", o.Epsilon)
	if o.Scale {
		s += " scale"
	}
	if o.Center {
		s += " center"
	}
	return s
}

// Attributes prints the op's attributes.
func (o BatchNormGrad) Attributes() string {
	return BatchNorm{Epsilon: o.Epsilon, Scale: o.Scale}.Attributes()
}

// Attributes prints the op's attributes.
func (o MovingAverage) Attributes() string { return fmt.Sprintf("momentum %v", o.Momentum) }

// Infer implements Op.
func (o BatchNorm) Infer(in []Type) ([]Type, error) {
	want := 1
	for _, flag := range []bool{o.Scale, o.Center} {
		if flag {
			want++
		}
	}
	if err := wantOperands(in, want); err != nil {
		return nil, err
	}
	if !(o.Epsilon >= 0) {
		return nil, fmt.Errorf("epsilon is %v, want at least 0", o.Epsilon)
	}
	channels, err := channelsOf(in[0])
	if err != nil {
		return nil, err
	}
	for i, t := range in[1:] {
		what := "gamma"
		if i == 1 || !o.Scale {
			what = "beta"
		}
		if err := wantChannels(what, t, channels); err != nil {
			return nil, err
		}
		channels.Shape[0] = known(channels.Shape[0], t.Shape[0])
	}
	return []Type{in[0], channels, channels}, nil
}

// Infer implements Op.
func (o BatchNormGrad) Infer(in []Type) ([]Type, error) {
	names := []string{"gradient", "x", "mean", "variance"}
	if o.Scale {
		names = append(names, "gamma")
	}
	if err := wantOperands(in, len(names)); err != nil {
		return nil, err
	}
	if err := wantGradient(in[1], in[0]); err != nil {
		return nil, err
	}
	channels, err := channelsOf(in[1])
	if err != nil {
		return nil, err
	}
	for i, t := range in[2:] {
		if err := wantChannels(names[2+i], t, channels); err != nil {
			return nil, err
		}
		channels.Shape[0] = known(channels.Shape[0], t.Shape[0])
	}
	return []Type{in[1], channels, channels}, nil
}

// Infer implements Op.
func (o MovingAverage) Infer(in []Type) ([]Type, error) {
	if err := checkUpdate(in, o.Updates(), 0); err != nil {
		return nil, err
	}
	return nil, wantFloat("variable", in[0])
}

// channelsOf returns the type of a vector with one number for each channel of x.
func channelsOf(x Type) (Type, error) {
	if err := wantFloat("x", x); err != nil {
		return Type{}, err
	}
	if x.Rank() < 2 {
		return Type{}, fmt.Errorf("x has shape %v, want (batch, ..., channels)", x.Shape)
	}
	return Type{x.DType, tensor.Shape{x.Shape[x.Rank()-1]}}, nil
}

func wantChannels(what string, t, channels Type) error {
	if _, ok := unify(t.Shape, channels.Shape); !ok || t.DType != channels.DType {
		return fmt.Errorf("%s is %v, want %v", what, t, channels)
	}
	return nil
}
