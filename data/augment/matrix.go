package augment

import "math"

type matrix [3][3]float64

// dot is numpy.dot of two 3x3 matrices. BLAS uses fused multiply-add in the order of the inner index.
func (a matrix) dot(b matrix) matrix {
	var c matrix
	for i := range 3 {
		for j := range 3 {
			s := float64(a[i][0] * b[0][j])
			s = math.FMA(a[i][1], b[1][j], s)
			c[i][j] = math.FMA(a[i][2], b[2][j], s)
		}
	}
	return c
}

// mapping maps a destination (row, column) to its source: shift + m·(row, column).
type mapping struct {
	m     [2][2]float64
	shift [2]float64
}

// mapping returns the matrix of Keras' apply_affine_transform for an image of h rows and w columns:
// rotation, shift, shear and zoom about the center. Steps that change nothing are skipped.
//
// Keras builds the matrix for (x, y) and then swaps the axes. As a result, Tx, which is drawn from the
// height's range, moves columns, and the center's coordinates are swapped if h and w differ. The same is
// done here, so that the images equal Keras'.
func (t *Transform) mapping(h, w int) mapping {
	m := matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	first := true
	step := func(s matrix) {
		if first {
			m, first = s, false
		} else {
			m = m.dot(s)
		}
	}
	if t.Theta != 0 {
		s, c := sincos(radians(t.Theta))
		step(matrix{{c, -s, 0}, {s, c, 0}, {0, 0, 1}})
	}
	if t.Tx != 0 || t.Ty != 0 {
		step(matrix{{1, 0, t.Tx}, {0, 1, t.Ty}, {0, 0, 1}})
	}
	if t.Shear != 0 {
		s, c := sincos(radians(t.Shear))
		step(matrix{{1, -s, 0}, {0, c, 0}, {0, 0, 1}})
	}
	if t.Zx != 1 || t.Zy != 1 {
		step(matrix{{t.Zx, 0, 0}, {0, t.Zy, 0}, {0, 0, 1}})
	}
	ox, oy := float64(h)/2-.5, float64(w)/2-.5
	m = matrix{{1, 0, ox}, {0, 1, oy}, {0, 0, 1}}.dot(m).dot(matrix{{1, 0, -ox}, {0, 1, -oy}, {0, 0, 1}})
	return mapping{
		m:     [2][2]float64{{m[1][1], m[1][0]}, {m[0][1], m[0][0]}},
		shift: [2]float64{m[1][2], m[0][2]},
	}
}

// radians is numpy.deg2rad.
func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
