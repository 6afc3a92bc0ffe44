package op

import "fmt"

// Assign sets a variable. Operands: the variable, the new value.
type Assign struct{}

// SGD is a step of gradient descent (keras.optimizers.SGD). Operands: the variable w, the
// velocity m if Momentum > 0, the gradient g, the learning rate lr (a scalar).
//
//	w -= w*Decay*lr
//	Momentum == 0: w -= lr*g
//	else:          m = Momentum*m - lr*g; w += m, with Nesterov w += Momentum*m - lr*g
type SGD struct {
	Momentum float64
	Nesterov bool
	Decay    float64
}

// RMSprop is a step of keras.optimizers.RMSprop. Operands: the variable w, the velocity v, the
// momentum m if Momentum > 0, the average gradient a if Centered, the gradient g, the learning
// rate lr (a scalar).
//
//	w -= w*Decay*lr
//	v = Rho*v + (1-Rho)*g*g;  Centered: a = Rho*a + (1-Rho)*g, d = v - a*a + Epsilon, else d = v + Epsilon
//	i = lr*g/sqrt(d);  Momentum > 0: m = Momentum*m + i, w -= m, else w -= i
type RMSprop struct {
	Rho, Momentum, Epsilon float64
	Centered               bool
	Decay                  float64
}

// Adam is a step of keras.optimizers.Adam (Kingma and Ba, 2014). Operands: the variable w, the
// momentum m, the velocity v, the maximum velocity so far if AMSGrad is set, the gradient g, the
// learning rate lr (a scalar), and the number of previous steps (an integer scalar; t is that
// number plus 1). With AMSGrad the maximum velocity replaces v in the last line. In alpha, Beta1 and
// Beta2 are rounded to float32.
//
//	w -= w*Decay*lr
//	alpha = lr*sqrt(1-Beta2^t)/(1-Beta1^t);  m += (g-m)*(1-Beta1);  v += (g*g-v)*(1-Beta2)
//	w -= alpha*m/(sqrt(v)+Epsilon)
type Adam struct {
	Beta1, Beta2, Epsilon float64
	AMSGrad               bool
	Decay                 float64
}

// Name implements Op.
func (Assign) Name() string { return "Assign" }

// Name implements Op.
func (SGD) Name() string { return "SGD" }

// Name implements Op.
func (RMSprop) Name() string { return "RMSprop" }

// Name implements Op.
func (Adam) Name() string { return "Adam" }

// Updates implements Updater.
func (Assign) Updates() int { return 1 }

// Updates implements Updater.
func (o SGD) Updates() int {
	if o.Momentum > 0 {
		return 2
	}
	return 1
}

// Updates implements Updater.
func (o RMSprop) Updates() int {
	n := 2
	if o.Momentum > 0 {
		n++
	}
	if o.Centered {
		n++
	}
	return n
}

// Updates implements Updater.
func (o Adam) Updates() int {
	if o.AMSGrad {
		return 4
	}
	return 3
}

// Infer implements Op.
func (o Assign) Infer(in []Type) ([]Type, error) { return nil, checkUpdate(in, o.Updates(), 0) }

// Infer implements Op.
func (o SGD) Infer(in []Type) ([]Type, error) { return nil, checkUpdate(in, o.Updates(), 1) }

// Infer implements Op.
func (o RMSprop) Infer(in []Type) ([]Type, error) { return nil, checkUpdate(in, o.Updates(), 1) }

// Infer implements Op.
func (o Adam) Infer(in []Type) ([]Type, error) { return nil, checkUpdate(in, o.Updates(), 2) }

// checkUpdate checks the operands of an update: n variables and a gradient or value of one type,
// then scalars.
func checkUpdate(in []Type, n, scalars int) error {
	if err := wantOperands(in, n+1+scalars); err != nil {
		return err
	}
	for _, t := range in[1 : n+1] {
		if s, ok := unify(in[0].Shape, t.Shape); !ok || !s.Equal(in[0].Shape) || t.DType != in[0].DType {
			return fmt.Errorf("operand is %v, want %v like the variable", t, in[0])
		}
	}
	for _, t := range in[n+1:] {
		if t.Rank() != 0 {
			return fmt.Errorf("operand is %v, want a scalar", t)
		}
	}
	return nil
}
