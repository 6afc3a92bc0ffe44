package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Region is rows [From, To) and channels [First, End) of a matrix.
type Region struct{ From, To, First, End int }

// RegionMoments are the mean and the biased variance of each channel of a matrix that is computed region
// by region. The sums over a region are computed while it is in the cache.
type RegionMoments struct {
	isa            kernel.ISA
	rows, channels int
	regions        []Region
	starts         []int // index of each region's sums in partial
	length         int   // of partial
}

// NewRegionMoments prepares the moments of a matrix [rows, channels]. The regions must cover each element
// once. It returns nil if a region does not begin and end at a multiple of 16 channels.
func NewRegionMoments(isa kernel.ISA, rows, channels int, regions []Region) *RegionMoments {
	m := &RegionMoments{isa: isa, rows: rows, channels: channels, regions: regions}
	for _, r := range regions {
		if r.First%vectorLine != 0 || r.End%vectorLine != 0 {
			return nil
		}
		m.starts = append(m.starts, m.length)
		m.length += 2 * r.blocks() * (r.End - r.First)
	}
	return m
}

// blocks is the number of blocks into which the rows are divided.
func (r Region) blocks() int { return kernel.CeilDiv(r.To-r.From, blockLines) }

// block returns the rows of a block.
func (r Region) block(b int) (from, to int) { return kernel.Split(r.To-r.From, r.blocks(), b) }

// sums returns the means and the squares of a block of a region.
func (m *RegionMoments) sums(partial []float32, region, block int) (means, squares []float32) {
	n := m.regions[region].End - m.regions[region].First
	s := partial[m.starts[region]+2*block*n:][:2*n]
	return s[:n], s[n:]
}

// PartialLen is the length of the blocks' means and squares, in floats.
func (m *RegionMoments) PartialLen() int { return m.length }

// Run computes the means and squares of the blocks of a region of x.
func (m *RegionMoments) Run(region int, x, partial []float32) {
	r := m.regions[region]
	for b := range r.blocks() {
		from, to := r.block(b)
		means, squares := m.sums(partial, region, b)
		from, to = r.From+from, r.From+to
		moments(m.isa, means, squares, x[from*m.channels+r.First:(to-1)*m.channels+r.End], to-from, m.channels)
	}
}

// ReduceParts is the number of parts of Reduce.
func (m *RegionMoments) ReduceParts() int { return m.channels / group }

// Reduce adds up the blocks of some channels. It must be called after Run is done for all regions.
func (m *RegionMoments) Reduce(part int, partial, mean, variance []float32) {
	lo, hi := part*group, (part+1)*group
	var c combination
	m.each(lo, hi, partial, func(n int, means, _ []float32) { c.add(n, means) })
	c.divide(m.rows)
	m.each(lo, hi, partial, func(n int, means, squares []float32) { c.deviate(n, means, squares) })
	c.store(m.rows, mean[lo:hi], variance[lo:hi])
}

// each calls f for each block that has channels [lo, hi).
func (m *RegionMoments) each(lo, hi int, partial []float32, f func(n int, means, squares []float32)) {
	for i, r := range m.regions {
		if lo < r.First || hi > r.End {
			continue
		}
		for b := range r.blocks() {
			from, to := r.block(b)
			means, squares := m.sums(partial, i, b)
			f(to-from, means[lo-r.First:hi-r.First], squares[lo-r.First:hi-r.First])
		}
	}
}
