package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Mask is the gradient of an activation that follows the normalization, taken before that of
// the normalization.
type Mask struct {
	Activation Activation
	// Result says that the activation's result is given, as there is more before it than the
	// normalization (a residual). The masked gradient is then a result. Otherwise the mask is
	// computed from x, with the bits that Apply made.
	Result bool
}

// Backward is the gradient with respect to x, gamma and beta.
type Backward struct {
	lines
	mask Mask
}

// NewBackward prepares it for rows of channels.
func NewBackward(isa kernel.ISA, rows, channels int, m Mask) *Backward {
	m.Result = m.Result && m.Activation != Linear
	return &Backward{newLines(isa, rows, channels), m}
}

// CoefficientsLen is the number of floats of the coefficients.
func (b *Backward) CoefficientsLen() int { return 5 * b.width }

// PartialLen is the number of floats of the blocks' sums.
func (b *Backward) PartialLen() int { return b.sumsLen() }

// Start makes the coefficients that Run needs, as Apply.Moments does.
func (b *Backward) Start(mean, variance, gamma, beta []float32, epsilon float64, coefficients []float32) {
	b.coefficients(coefficients, mean, variance, gamma, beta, epsilon)
}

// Parts is the number of parts of the sums.
func (b *Backward) Parts() int { return max(1, b.sumParts()) }

// Run sums the gradient g, and its products with x-mean, over some blocks. With a mask of the
// activation's result y it makes a part of the masked gradient, too.
func (b *Backward) Run(part int, g, x, y, coefficients, partial, masked []float32) {
	b.eachBlock(part, func(k, lo, hi, from, to int) {
		sums, products := b.sums(partial, k)
		if !sumsVector(b, lo, hi-lo, from, to, g, x, y, coefficients, sums, products, masked) {
			b.block(lo, hi, from, to, g, x, y, coefficients, sums, products, masked)
		}
	})
	if part == b.Parts()-1 && b.mask.Result {
		for i := b.whole(); i < b.rows*b.channels; i++ {
			masked[i] = b.mask.of(g[i], y[i])
		}
	}
}

// block is Run of lines [lo, hi) of columns [from, to).
func (b *Backward) block(lo, hi, from, to int, g, x, y, coefficients, sums, products, masked []float32) {
	mean, w := coefficients, b.width
	clear(sums[from:to])
	clear(products[from:to])
	for line := lo; line < hi; line++ {
		for c := from; c < to; c++ {
			i := line*w + c
			v := b.gradient(i, c, g, x, y, coefficients)
			if b.mask.Result {
				masked[i] = v
			}
			sums[c] += v
			products[c] += float32(v * (x[i] - mean[c]))
		}
	}
}

// gradient is element i, of column c, of the masked gradient.
func (b *Backward) gradient(i, c int, g, x, y, coefficients []float32) float32 {
	switch {
	case b.mask.Activation == Linear:
		return g[i]
	case b.mask.Result:
		return b.mask.of(g[i], y[i])
	}
	mean, scale, shift := coefficients[c], coefficients[b.width+c], coefficients[2*b.width+c]
	return b.mask.of(g[i], float32((x[i]-mean)*scale)+shift)
}

// of is g where the activation lets its operand, or its result, y through.
func (m Mask) of(g, y float32) float32 {
	if y > 0 && (m.Activation != ReLU6 || y < 6) {
		return g
	}
	return 0
}

// ReduceParts is the number of parts of adding up.
func (b *Backward) ReduceParts() int { return b.groupParts() }

// Reduce adds up the blocks of some channels to the gradients of gamma and beta, and makes the
// coefficients that Data needs. All of Run must be done.
func (b *Backward) Reduce(part int, g, x, y, variance []float32, epsilon float64, coefficients, partial, dgamma, dbeta []float32) {
	b.eachGroup(part, func(lo, hi int) {
		var total, product [group]float64
		for k := range b.blocks() {
			sums, products := b.sums(partial, k)
			for at := lo; at < b.width; at += b.channels {
				for i, v := range sums[at : at+hi-lo] {
					total[i] += float64(v)
					product[i] += float64(products[at+i])
				}
			}
		}
		for at := lo; at < b.rest; at += b.channels {
			for i := range hi - lo {
				e := b.whole() + at + i
				v := b.gradient(e, at+i, g, x, y, coefficients)
				total[i] += float64(v)
				product[i] += float64(float32(v * (x[e] - coefficients[at+i])))
			}
		}
		for i := range hi - lo {
			c := lo + i
			r := inverse(variance[c], epsilon)
			dbeta[c] = float32(total[i])
			dgamma[c] = float32(product[i] * r)
			scale := float64(coefficients[b.width+c]) / float64(b.rows)
			slope, offset := float32(-scale*r*r*product[i]), float32(-scale*total[i])
			for at := c; at < b.width; at += b.channels {
				coefficients[3*b.width+at], coefficients[4*b.width+at] = slope, offset
			}
		}
	})
}

// DataParts is the number of parts of the gradient of x.
func (b *Backward) DataParts() int { return b.walkParts() }

// Data makes a part of the gradient of x: g*scale + ((x-mean)*slope + offset). g is the masked
// gradient where Run has made that. All of Reduce must be done. dx may be g.
func (b *Backward) Data(part int, g, x, coefficients, dx []float32) {
	lo, hi, last := b.walk(part)
	from, to := lo*b.width, hi*b.width
	if !dataVector(b, from, hi-lo, g, x, coefficients, dx) {
		for at := from; at < to; at += b.width {
			b.line(at, b.width, g, x, coefficients, dx)
		}
	}
	if last {
		b.line(to, b.rest, g, x, coefficients, dx)
	}
}

func (b *Backward) line(at, n int, g, x, coefficients, dx []float32) {
	w := b.width
	mean, scale, slope, offset := coefficients[:n], coefficients[w:], coefficients[3*w:], coefficients[4*w:]
	for c := range mean {
		i := at + c
		v := g[i]
		if !b.mask.Result {
			v = b.gradient(i, c, g, x, nil, coefficients)
		}
		dx[i] = float32(v*scale[c]) + (float32((x[i]-mean[c])*slope[c]) + offset[c])
	}
}
