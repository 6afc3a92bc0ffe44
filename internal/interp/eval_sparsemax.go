package interp

import (
	"cmp"
	"slices"
)

// sparsemax returns the indices of a row in falling order of the numbers, the size k of the support, and
// tau; see op.Sparsemax.
func sparsemax(x []float64) (order []int, k int, tau float64) {
	order = make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(x[j], x[i]) })
	sum := 0.
	sums := make([]float64, len(x))
	for i, at := range order {
		sum += x[at]
		sums[i] = sum
		if x[at] > (sum-1)/float64(i+1) {
			k = i + 1
		}
	}
	for _, s := range sums[:k] {
		tau += s
	}
	return order, k, (tau - 1) / float64(k)
}

func sparsemaxResult(x []float64) {
	_, _, tau := sparsemax(x)
	for i, v := range x {
		x[i] = max(v-tau, 0)
	}
}

// sparsemaxGradient replaces the gradient g of the result by that of the operand x.
func sparsemaxGradient(g, x []float64) {
	order, k, tau := sparsemax(x)
	total := 0.
	for i, v := range x {
		if v < tau {
			g[i] = 0
		}
		total += g[i]
	}
	for i, at := range order[:k] {
		g[at] -= total * float64(k-i) / float64(k)
	}
}
