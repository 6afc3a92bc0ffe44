package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Moments are the mean and the biased variance of each channel.
type Moments struct{ lines }

// NewMoments prepares them for rows of channels.
func NewMoments(isa kernel.ISA, rows, channels int) *Moments {
	return &Moments{newLines(isa, rows, channels)}
}

// PartialLen is the number of floats of the blocks' means and squares.
func (m *Moments) PartialLen() int { return m.sumsLen() }

// Parts is the number of parts of the sums.
func (m *Moments) Parts() int { return m.sumParts() }

// Run makes the means of some blocks of x [rows, channels], and the sums of the squares of
// deviations from them.
func (m *Moments) Run(part int, x, partial []float32) {
	m.eachBlock(part, func(b, lo, hi, from, to int) {
		mean, squares := m.sums(partial, b)
		moments(m.isa, mean[from:to], squares[from:to], x[lo*m.width+from:(hi-1)*m.width+to], hi-lo, m.width)
	})
}

// moments sets mean and squares from rows of x that start stride floats apart. Both are corrected
// by the mean of the differences from the mean, which is what rounding has left.
func moments(isa kernel.ISA, mean, squares, x []float32, rows, stride int) {
	if momentsVector(isa, mean, squares, x, rows, stride) {
		return
	}
	clear(mean)
	for r := range rows {
		for c, v := range x[r*stride:][:len(mean)] {
			mean[c] += v
		}
	}
	for c := range mean {
		mean[c] /= float32(rows)
	}
	clear(squares)
	var differences [sumsWhole]float32
	for r := range rows {
		for c, v := range x[r*stride:][:len(mean)] {
			d := v - mean[c]
			differences[c] += d
			squares[c] += float32(d * d)
		}
	}
	for c, d := range differences[:len(mean)] {
		correction := d / float32(rows)
		mean[c] += correction
		squares[c] -= float32(d * correction)
	}
}

// ReduceParts is the number of parts of adding up.
func (m *Moments) ReduceParts() int { return m.groupParts() }

// Reduce adds up the blocks of some channels. All of Run must be done.
func (m *Moments) Reduce(part int, x, partial, mean, variance []float32) {
	rest := x[m.whole() : m.rows*m.channels]
	m.eachGroup(part, func(lo, hi int) {
		var total, squares [group]float64
		for b := range m.blocks() {
			means, _ := m.sums(partial, b)
			n := float64(min(blockLines, m.count-b*blockLines))
			for at := lo; at < m.width; at += m.channels {
				for i, v := range means[at : at+hi-lo] {
					total[i] += float64(n * float64(v))
				}
			}
		}
		for at := lo; at < len(rest); at += m.channels {
			for i, v := range rest[at : at+hi-lo] {
				total[i] += float64(v)
			}
		}
		for i := range hi - lo {
			total[i] /= float64(m.rows)
		}
		for b := range m.blocks() {
			means, sums := m.sums(partial, b)
			n := float64(min(blockLines, m.count-b*blockLines))
			for at := lo; at < m.width; at += m.channels {
				for i, v := range means[at : at+hi-lo] {
					d := float64(v) - total[i]
					squares[i] += float64(sums[at+i]) + float64(float64(n*d)*d)
				}
			}
		}
		for at := lo; at < len(rest); at += m.channels {
			for i, v := range rest[at : at+hi-lo] {
				d := float64(v) - total[i]
				squares[i] += float64(d * d)
			}
		}
		for i := range hi - lo {
			mean[lo+i] = float32(total[i])
			variance[lo+i] = float32(squares[i] / float64(m.rows))
		}
	})
}
