package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Activation is an activation function that follows a normalization.
type Activation uint8

// The activations. NaN stays NaN.
const (
	Linear Activation = iota
	ReLU              // max(x, 0)
	ReLU6             // min(max(x, 0), 6)
)

// Epilogue says what is done to a result before it is stored: a residual is added, then the activation
// is applied.
type Epilogue struct {
	Residual   bool
	Activation Activation
}

// Apply normalizes with known statistics: y = (x-mean)*scale + shift for each channel, and the epilogue.
type Apply struct {
	lines
	epilogue Epilogue
}

// NewApply prepares the normalization of a matrix [rows, channels].
func NewApply(isa kernel.ISA, rows, channels int, e Epilogue) *Apply {
	return &Apply{newLines(isa, rows, channels), e}
}

// CoefficientsLen is the length of the coefficients, in floats.
func (a *Apply) CoefficientsLen() int { return 3 * a.width }

// Moments computes the coefficients from a mean and a variance. A gamma of nil means 1, a beta of nil 0.
func (a *Apply) Moments(mean, variance, gamma, beta []float32, epsilon float64, coefficients []float32) {
	c := coefficients[:3*a.width]
	a.coefficients(c, mean, variance, gamma, beta, epsilon)
}

// Affine computes the coefficients of y = x*scale + shift. A shift of nil means 0.
func (a *Apply) Affine(scale, shift, coefficients []float32) {
	c := coefficients[:3*a.width]
	clear(c)
	a.spread(c[a.width:], scale)
	if shift != nil {
		a.spread(c[2*a.width:], shift)
	}
}

// coefficients computes the lines mean, scale and shift.
func (l lines) coefficients(c, mean, variance, gamma, beta []float32, epsilon float64) {
	w := l.width
	l.spread(c[:w], mean)
	Scale(variance, gamma, epsilon, c[w:w+l.channels])
	l.spread(c[w:2*w], c[w:w+l.channels])
	if beta != nil {
		l.spread(c[2*w:], beta)
	} else {
		clear(c[2*w : 3*w])
	}
}

// Scale computes gamma/sqrt(variance+epsilon) for each channel. A gamma of nil means 1.
func Scale(variance, gamma []float32, epsilon float64, scale []float32) {
	for i := range scale {
		s := float32(inverse(variance[i], epsilon))
		if gamma != nil {
			s *= gamma[i]
		}
		scale[i] = s
	}
}

// Parts is the number of parts of Run.
func (a *Apply) Parts() int { return a.walkParts() }

// Run computes a part of y, which may be x or the residual.
func (a *Apply) Run(part int, x, residual, coefficients, y []float32) {
	lo, hi, last := a.walk(part)
	from, to := lo*a.width, hi*a.width
	if !applyVector(a, from, hi-lo, x, residual, coefficients, y) {
		for at := from; at < to; at += a.width {
			a.line(at, a.width, x, residual, coefficients, y)
		}
	}
	if last {
		a.line(to, a.rest, x, residual, coefficients, y)
	}
}

// line computes n numbers of a line of y.
func (a *Apply) line(at, n int, x, residual, coefficients, y []float32) {
	w := a.width
	mean, scale, shift := coefficients[:n], coefficients[w:][:n], coefficients[2*w:][:n]
	for i, v := range x[at : at+n] {
		v = float32((v-mean[i])*scale[i]) + shift[i]
		if a.epilogue.Residual {
			v += residual[at+i]
		}
		y[at+i] = activate(a.epilogue.Activation, v)
	}
}

func activate(a Activation, v float32) float32 {
	switch {
	case a != Linear && v < 0:
		return 0
	case a == ReLU6 && v > 6:
		return 6
	}
	return v
}
