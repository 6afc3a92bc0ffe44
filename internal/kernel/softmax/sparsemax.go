package softmax

import "slices"

// Sparsemax is Keras' sparsemax along rows: max(x - tau, 0). Let s(i) be the sum of the i largest numbers
// x(1) >= x(2) >= ... of a row, and k the largest i with x(i) > (s(i)-1)/i, the size of the support.
// Then tau is (s(1) + ... + s(k) - 1)/k.
type Sparsemax struct{ rows }

// NewSparsemax prepares the sparsemax of n rows with cols numbers, or its gradient.
func NewSparsemax(n, cols int) *Sparsemax { return &Sparsemax{newRows(n, cols)} }

// ScratchLen is the number of float32 that Run and Grad need.
func (s *Sparsemax) ScratchLen() int { return s.cols }

// Run computes a part of y, which may be x.
func (s *Sparsemax) Run(part int, x, y, scratch []float32) {
	lo, hi := s.part(part)
	for r := lo; r < hi; r++ {
		from, to := s.row(x, r), s.row(y, r)
		_, tau := support(from, scratch[:s.cols])
		for i, v := range from {
			to[i] = float32(max(float64(v)-tau, 0))
		}
	}
}

// Grad computes a part of dx from the gradient dy of the result and the operand x. tau depends on x(i)
// by the factor (k-i+1)/k, because k-i+1 of the sums contain x(i). Equal numbers are in the order of
// their indices.
func (s *Sparsemax) Grad(part int, dy, x, dx, scratch []float32) {
	lo, hi := s.part(part)
	for r := lo; r < hi; r++ {
		g, from, to := s.row(dy, r), s.row(x, r), s.row(dx, r)
		sorted := scratch[:s.cols]
		k, tau := support(from, sorted)
		if tau != tau {
			for i := range to {
				to[i] = float32(tau)
			}
			continue
		}
		least, dtau := sorted[len(sorted)-k], 0.
		for i, v := range from {
			to[i] = 0
			if float64(v) >= tau {
				to[i] = g[i]
				dtau -= float64(g[i])
			}
		}
		for i, v := range from {
			if v < least {
				continue
			}
			if larger := before(from, i); larger < k {
				to[i] = float32(float64(to[i]) + float64(dtau*float64(k-larger))/float64(k))
			}
		}
	}
}

// support sorts the row, and returns the size of the support and tau.
func support(row, sorted []float32) (k int, tau float64) {
	copy(sorted, row)
	slices.Sort(sorted)
	if sorted[0] != sorted[0] { // NaN comes first
		return len(row), float64(sorted[0])
	}
	sum, sums := 0., 0.
	for k < len(sorted) {
		v := float64(sorted[len(sorted)-1-k])
		sum += v
		if k > 0 && v <= (sum-1)/float64(k+1) {
			break
		}
		sums += sum
		k++
	}
	return k, (sums - 1) / float64(k)
}

// before returns the number of elements that come before element i in falling order.
func before(row []float32, i int) int {
	n := 0
	for j, v := range row {
		if v > row[i] || v == row[i] && j < i {
			n++
		}
	}
	return n
}
