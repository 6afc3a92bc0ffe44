package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Moments are the mean and the biased variance of each channel.
type Moments struct{ lines }

// NewMoments prepares the moments of a matrix [rows, channels].
func NewMoments(isa kernel.ISA, rows, channels int) *Moments {
	return &Moments{newLines(isa, rows, channels)}
}

// PartialLen is the length of the blocks' means and squares, in floats.
func (m *Moments) PartialLen() int { return m.sumsLen() }

// Parts is the number of parts of Run.
func (m *Moments) Parts() int { return m.sumParts() }

// Run computes the means of some blocks of x, and the sums of the squares of the deviations from them.
func (m *Moments) Run(part int, x, partial []float32) {
	m.eachBlock(part, func(b, lo, hi, from, to int) {
		mean, squares := m.sums(partial, b)
		moments(m.isa, mean[from:to], squares[from:to], x[lo*m.width+from:(hi-1)*m.width+to], hi-lo, m.width)
	})
}

// moments computes mean and squares of rows of x, which lie stride floats apart. Because of rounding, the
// mean of the differences from the mean is not 0; both results are corrected by it.
func moments(isa kernel.ISA, mean, squares, x []float32, rows, stride int) {
	if momentsVector(isa, mean, squares, x, rows, stride) {
		return
	}
	for len(mean) > 0 {
		n := min(len(mean), sumsWhole)
		momentsLoop(mean[:n], squares[:n], x, rows, stride)
		mean, squares, x = mean[n:], squares[n:], x[n:]
	}
}

// momentsLoop is moments for up to sumsWhole columns.
func momentsLoop(mean, squares, x []float32, rows, stride int) {
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

// ReduceParts is the number of parts of Reduce.
func (m *Moments) ReduceParts() int { return m.groupParts() }

// Reduce adds up the blocks of some channels. It must be called after all parts of Run are done.
func (m *Moments) Reduce(part int, x, partial, mean, variance []float32) {
	rest := x[m.whole() : m.rows*m.channels]
	m.eachGroup(part, func(lo, hi int) {
		var c combination
		for b := range m.blocks() {
			means, _ := m.sums(partial, b)
			for at := lo; at < m.width; at += m.channels {
				c.add(m.linesOf(b), means[at:at+hi-lo])
			}
		}
		for at := lo; at < len(rest); at += m.channels {
			c.add(1, rest[at:at+hi-lo])
		}
		c.divide(m.rows)
		for b := range m.blocks() {
			means, squares := m.sums(partial, b)
			for at := lo; at < m.width; at += m.channels {
				c.deviate(m.linesOf(b), means[at:at+hi-lo], squares[at:])
			}
		}
		for at := lo; at < len(rest); at += m.channels {
			c.deviate(1, rest[at:at+hi-lo], nil)
		}
		c.store(m.rows, mean[lo:hi], variance[lo:hi])
	})
}

// linesOf is the number of lines of a block.
func (m *Moments) linesOf(block int) int { return min(blockLines, m.count-block*blockLines) }

// combination computes the mean and the squares of a group of channels from those of blocks: first add is
// called for all blocks, then divide, then deviate for all blocks.
type combination struct{ mean, squares [group]float64 }

// add adds the means of n rows.
func (c *combination) add(n int, means []float32) {
	for i, v := range means {
		c.mean[i] += float64(float64(n) * float64(v))
	}
}

// divide computes the mean of all rows.
func (c *combination) divide(rows int) {
	for i := range c.mean {
		c.mean[i] /= float64(rows)
	}
}

// deviate adds the squares of the deviations of n rows from the mean of all rows. squares is nil for a
// single row.
func (c *combination) deviate(n int, means, squares []float32) {
	for i, v := range means {
		d := float64(v) - c.mean[i]
		square := float64(float64(float64(n)*d) * d)
		if squares != nil {
			square += float64(squares[i])
		}
		c.squares[i] += square
	}
}

// store writes the mean and the biased variance.
func (c *combination) store(rows int, mean, variance []float32) {
	for i := range mean {
		mean[i] = float32(c.mean[i])
		variance[i] = float32(c.squares[i] / float64(rows))
	}
}
