package image

import "math"

// Homography computes the transforms of op.Homography for images from lo to hi. It eliminates with pivots in float64.
func Homography(lo, hi int, before, after, transforms []float32) {
	for n := lo; n < hi; n++ {
		var m [8][9]float64
		for p := range 4 {
			u, v := float64(before[8*n+2*p]), float64(before[8*n+2*p+1])
			x, y := float64(after[8*n+2*p]), float64(after[8*n+2*p+1])
			m[2*p] = [9]float64{x, y, 1, 0, 0, 0, -u * x, -u * y, u}
			m[2*p+1] = [9]float64{0, 0, 0, x, y, 1, -v * x, -v * y, v}
		}
		solve(&m)
		for i := range m {
			transforms[8*n+i] = float32(m[i][8])
		}
	}
}

// solve replaces the last column of m by the solution of the equations that its rows are.
func solve(m *[8][9]float64) {
	for c := range m {
		top := c
		for r := c + 1; r < len(m); r++ {
			if math.Abs(m[r][c]) > math.Abs(m[top][c]) {
				top = r
			}
		}
		m[c], m[top] = m[top], m[c]
		for j := 8; j >= c; j-- {
			m[c][j] /= m[c][c]
		}
		for r := range m {
			if f := m[r][c]; r != c {
				for j := c; j < 9; j++ {
					m[r][j] -= float64(f * m[c][j])
				}
			}
		}
	}
}
