// Package softmax holds softmax over the last dimension, its gradient, and the cross-entropy of logits with
// labels, which is computed from the logits without rounding a softmax.
//
// Cross-entropy, and softmax of rows shorter than 16, are computed in Go, in float64, and rounded once, for all instruction
// sets. Softmax of longer rows, which attention computes, has assembly in float32.
package softmax

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

const (
	lanes   = 16
	maxLine = 1024 // the longest row that is not a multiple of lanes and that has assembly
)

// rows divides a matrix of rows with cols numbers into parts.
type rows struct{ rows, cols int }

func newRows(n, cols int) rows {
	if n < 1 || cols < 1 {
		panic(fmt.Sprintf("softmax: %d rows of %d numbers, want at least 1 each", n, cols))
	}
	return rows{n, cols}
}

// Parts is the number of parts of Run.
func (r rows) Parts() int { return kernel.RowBlocks(r.rows, 32*r.cols) }

func (r rows) part(i int) (lo, hi int) { return kernel.Split(r.rows, r.Parts(), i) }

func (r rows) row(x []float32, i int) []float32 { return x[i*r.cols : (i+1)*r.cols] }

// normalizer returns the maximum of a row and the sum of exp(x - maximum).
func normalizer(row []float32) (maximum, sum float64) {
	m := row[0]
	for _, v := range row[1:] {
		m = max(m, v)
	}
	maximum = float64(m)
	for _, v := range row {
		sum += math.Exp(float64(v) - maximum)
	}
	return maximum, sum
}

// matrix divides the rows of softmax into parts.
type matrix struct {
	rows
	isa kernel.ISA
}

func newMatrix(isa kernel.ISA, n, cols int) matrix { return matrix{newRows(n, cols), isa} }

// vectors reports whether rows of this length have assembly.
func (m *matrix) vectors() bool {
	return m.cols >= lanes && (m.cols%lanes == 0 || m.cols <= maxLine)
}

// Parts is the number of parts of Run.
func (m *matrix) Parts() int {
	if !m.vectors() {
		return m.rows.Parts()
	}
	return kernel.RowBlocks(m.rows.rows, 4*m.cols)
}

func (m *matrix) part(i int) (lo, hi int) { return kernel.Split(m.rows.rows, m.Parts(), i) }

// width is the length of a row with padding to whole vectors, in floats.
func (m *matrix) width() int { return kernel.CeilDiv(m.cols, lanes) * lanes }

// step is the number of rows for one call of assembly.
func (m *matrix) step() int { return max(1, kernel.Block/4/m.cols) }

// line is a row with padding.
type line [maxLine]float32

// set copies a row, and pads it.
func (l *line) set(row []float32, padding float32) {
	for i := copy(l[:], row); i%lanes != 0; i++ {
		l[i] = padding
	}
}

// Softmax is exp(x)/sum(exp(x)) along rows.
type Softmax struct{ matrix }

// New prepares the softmax of n rows with cols numbers.
func New(isa kernel.ISA, n, cols int) *Softmax { return &Softmax{newMatrix(isa, n, cols)} }

// Run computes a part of y, which may be x.
func (s *Softmax) Run(part int, x, y []float32) {
	lo, hi := s.part(part)
	switch {
	case s.isa == kernel.Generic || !s.vectors():
		for r := lo; r < hi; r++ {
			softmaxLoop(s.row(x, r), s.row(y, r))
		}
	case s.cols%lanes == 0:
		for ; lo < hi; lo += s.step() {
			rowsVectors(s.isa, &y[lo*s.cols], &x[lo*s.cols], min(s.step(), hi-lo), uintptr(4*s.cols))
		}
	default:
		var l line
		for r := lo; r < hi; r++ {
			l.set(s.row(x, r), float32(math.Inf(-1)))
			rowsVectors(s.isa, &l[0], &l[0], 1, uintptr(4*s.width()))
			copy(s.row(y, r), l[:])
		}
	}
}

func softmaxLoop(x, y []float32) {
	maximum, sum := normalizer(x)
	for i, v := range x {
		y[i] = float32(math.Exp(float64(v)-maximum) / sum)
	}
}

// Grad is the gradient of Softmax: y*(dy - sum(dy*y)).
type Grad struct{ matrix }

// NewGrad prepares the gradient for n rows with cols numbers.
func NewGrad(isa kernel.ISA, n, cols int) *Grad { return &Grad{newMatrix(isa, n, cols)} }

// Run computes a part of dx, which may be dy, from the result y and its gradient dy.
func (g *Grad) Run(part int, dy, y, dx []float32) {
	lo, hi := g.part(part)
	switch {
	case g.isa == kernel.Generic || !g.vectors():
		for r := lo; r < hi; r++ {
			gradLoop(g.row(dy, r), g.row(y, r), g.row(dx, r))
		}
	case g.cols%lanes == 0:
		for ; lo < hi; lo += g.step() {
			gradientVectors(g.isa, &dx[lo*g.cols], &dy[lo*g.cols], &y[lo*g.cols], min(g.step(), hi-lo), uintptr(4*g.cols))
		}
	default:
		var d, p line
		for r := lo; r < hi; r++ {
			d.set(g.row(dy, r), 0)
			p.set(g.row(y, r), 0)
			gradientVectors(g.isa, &d[0], &d[0], &p[0], 1, uintptr(4*g.width()))
			copy(g.row(dx, r), d[:])
		}
	}
}

func gradLoop(dy, y, dx []float32) {
	var dot float64
	for i, v := range dy {
		dot += float64(float64(v) * float64(y[i]))
	}
	for i, v := range dy {
		dx[i] = float32(float64(y[i]) * (float64(v) - dot))
	}
}

// CrossEntropy is -sum(labels*log(softmax(logits))) of each row, without clipping, like
// tf.nn.softmax_cross_entropy_with_logits. So it is NaN if a logit is infinite, even if its label is 0.
type CrossEntropy struct{ rows }

// NewCrossEntropy prepares the cross-entropy of n rows with cols numbers.
func NewCrossEntropy(_ kernel.ISA, n, cols int) *CrossEntropy {
	return &CrossEntropy{newRows(n, cols)}
}

// Run computes a part of loss [rows].
func (c *CrossEntropy) Run(part int, logits, labels, loss []float32) {
	lo, hi := c.part(part)
	for r := lo; r < hi; r++ {
		row, label := c.row(logits, r), c.row(labels, r)
		maximum, sum := normalizer(row)
		log := math.Log(sum)
		var total float64
		for i, y := range label {
			total += float64(float64(y) * (log - (float64(row[i]) - maximum)))
		}
		loss[r] = float32(total)
	}
}

// CrossEntropyGrad is the gradient of CrossEntropy with respect to the logits,
// (softmax(logits) - labels)*scale. Like TensorFlow, it assumes that the labels of a row sum to 1.
type CrossEntropyGrad struct{ rows }

// NewCrossEntropyGrad prepares the gradient for n rows with cols numbers.
func NewCrossEntropyGrad(_ kernel.ISA, n, cols int) *CrossEntropyGrad {
	return &CrossEntropyGrad{newRows(n, cols)}
}

// Run computes a part of dx, which may be logits. scale is the gradient of the loss: one number for each row,
// or one number for all.
func (c *CrossEntropyGrad) Run(part int, logits, labels, scale, dx []float32) {
	lo, hi := c.part(part)
	for r := lo; r < hi; r++ {
		row, label, to := c.row(logits, r), c.row(labels, r), c.row(dx, r)
		maximum, sum := normalizer(row)
		by := rowScale(scale, r)
		for i, v := range row {
			to[i] = float32((math.Exp(float64(v)-maximum)/sum - float64(label[i])) * by)
		}
	}
}

func rowScale(scale []float32, r int) float64 {
	if len(scale) == 1 {
		return float64(scale[0])
	}
	return float64(scale[r])
}
