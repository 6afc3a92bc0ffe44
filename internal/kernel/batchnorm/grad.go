package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Mask is the gradient of an activation that follows the normalization. It is applied to the gradient of
// the activation's result before the gradient of the normalization.
type Mask struct {
	Activation Activation
	// Result says that the mask is computed from the activation's result, because something else (a
	// residual) comes between the normalization and the activation. Grad.Run then also returns the
	// masked gradient. Without Result, the activation's operand is computed from x again, with the same
	// bits as in Apply.
	Result bool
}

// Grad is the gradient of batch normalization with respect to x, gamma and beta. Its steps are Start,
// all parts of Run, all parts of Reduce, all parts of Input.
type Grad struct {
	lines
	mask Mask
}

// NewGrad prepares the gradient for a matrix [rows, channels].
func NewGrad(isa kernel.ISA, rows, channels int, m Mask) *Grad {
	m.Result = m.Result && m.Activation != Linear
	return &Grad{newLines(isa, rows, channels), m}
}

// CoefficientsLen is the length of the coefficients, in floats.
func (g *Grad) CoefficientsLen() int { return 5 * g.width }

// PartialLen is the length of the blocks' sums, in floats.
func (g *Grad) PartialLen() int { return g.sumsLen() }

// Start computes the coefficients for Run, like Apply.Moments.
func (g *Grad) Start(mean, variance, gamma, beta []float32, epsilon float64, coefficients []float32) {
	g.coefficients(coefficients, mean, variance, gamma, beta, epsilon)
}

// Parts is the number of parts of Run.
func (g *Grad) Parts() int { return max(1, g.sumParts()) }

// Run sums the gradient dy, and its products with x-mean, over some blocks. If the mask is computed from
// the activation's result y, it also computes a part of the masked gradient.
func (g *Grad) Run(part int, dy, x, y, coefficients, partial, masked []float32) {
	g.eachBlock(part, func(k, lo, hi, from, to int) {
		sums, products := g.sums(partial, k)
		if !sumsVector(g, lo, hi-lo, from, to, dy, x, y, coefficients, sums, products, masked) {
			g.block(lo, hi, from, to, dy, x, y, coefficients, sums, products, masked)
		}
	})
	if part == g.Parts()-1 && g.mask.Result {
		for i := g.whole(); i < g.rows*g.channels; i++ {
			masked[i] = g.mask.of(dy[i], y[i])
		}
	}
}

// block is Run for lines [lo, hi) and columns [from, to).
func (g *Grad) block(lo, hi, from, to int, dy, x, y, coefficients, sums, products, masked []float32) {
	mean, w := coefficients, g.width
	clear(sums[from:to])
	clear(products[from:to])
	for line := lo; line < hi; line++ {
		for c := from; c < to; c++ {
			i := line*w + c
			v := g.masked(i, c, dy, x, y, coefficients)
			if g.mask.Result {
				masked[i] = v
			}
			sums[c] += v
			products[c] += float32(v * (x[i] - mean[c]))
		}
	}
}

// masked returns element i, in column c, of the masked gradient.
func (g *Grad) masked(i, c int, dy, x, y, coefficients []float32) float32 {
	switch {
	case g.mask.Activation == Linear:
		return dy[i]
	case g.mask.Result:
		return g.mask.of(dy[i], y[i])
	}
	mean, scale, shift := coefficients[c], coefficients[g.width+c], coefficients[2*g.width+c]
	return g.mask.of(dy[i], float32((x[i]-mean)*scale)+shift)
}

// of returns the masked gradient for a gradient dy and the activation's operand or result y.
func (m Mask) of(dy, y float32) float32 {
	if y > 0 && (m.Activation != ReLU6 || y < 6) {
		return dy
	}
	return 0
}

// ReduceParts is the number of parts of Reduce.
func (g *Grad) ReduceParts() int { return g.groupParts() }

// Reduce adds up the blocks' sums of some channels to the gradients of gamma and beta, and computes the
// coefficients for Input.
func (g *Grad) Reduce(part int, dy, x, y, variance []float32, epsilon float64, coefficients, partial, dgamma, dbeta []float32) {
	g.eachGroup(part, func(lo, hi int) {
		var total, product [group]float64
		for k := range g.blocks() {
			sums, products := g.sums(partial, k)
			for at := lo; at < g.width; at += g.channels {
				for i, v := range sums[at : at+hi-lo] {
					total[i] += float64(v)
					product[i] += float64(products[at+i])
				}
			}
		}
		for at := lo; at < g.rest; at += g.channels {
			for i := range hi - lo {
				e := g.whole() + at + i
				v := g.masked(e, at+i, dy, x, y, coefficients)
				total[i] += float64(v)
				product[i] += float64(float32(v * (x[e] - coefficients[at+i])))
			}
		}
		for i := range hi - lo {
			c := lo + i
			r := inverse(variance[c], epsilon)
			dbeta[c] = float32(total[i])
			dgamma[c] = float32(product[i] * r)
			scale := float64(coefficients[g.width+c]) / float64(g.rows)
			slope, offset := float32(-scale*r*r*product[i]), float32(-scale*total[i])
			for at := c; at < g.width; at += g.channels {
				coefficients[3*g.width+at], coefficients[4*g.width+at] = slope, offset
			}
		}
	})
}

// InputParts is the number of parts of Input.
func (g *Grad) InputParts() int { return g.walkParts() }

// Input computes a part of the gradient of x: dy*scale + ((x-mean)*slope + offset). dy is the masked
// gradient if Run has computed it. dx may be dy.
func (g *Grad) Input(part int, dy, x, coefficients, dx []float32) {
	lo, hi, last := g.walk(part)
	from, to := lo*g.width, hi*g.width
	if !inputVector(g, from, hi-lo, dy, x, coefficients, dx) {
		for at := from; at < to; at += g.width {
			g.line(at, g.width, dy, x, coefficients, dx)
		}
	}
	if last {
		g.line(to, g.rest, dy, x, coefficients, dx)
	}
}

// line computes n numbers of a line of dx.
func (g *Grad) line(at, n int, dy, x, coefficients, dx []float32) {
	w := g.width
	mean, scale, slope, offset := coefficients[:n], coefficients[w:], coefficients[3*w:], coefficients[4*w:]
	for c := range mean {
		i := at + c
		v := dy[i]
		if !g.mask.Result {
			v = g.masked(i, c, dy, x, nil, coefficients)
		}
		dx[i] = float32(v*scale[c]) + (float32((x[i]-mean[c])*slope[c]) + offset[c])
	}
}
