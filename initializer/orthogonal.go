package initializer

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// Orthogonal makes a random matrix with orthogonal columns of length Gain, or with such rows if it has
// fewer rows than columns (keras.initializers.Orthogonal). The matrix is distributed uniformly among
// all such matrices:
//
//	w = Gain*q,  where q*r is the QR factorization, with a positive diagonal of r, of a matrix of
//	random numbers from the standard normal distribution
//
// Shape: (..., n), at least two dimensions; the matrix has the rows (..., ) and n columns. A layer
// reports an error for another shape, and for a matrix that would take too long: rows * columns *
// min(rows, columns) may be at most 2^40.
//
// Source: Saxe et al., 2014 (arXiv:1312.6120).
type Orthogonal struct {
	// Gain is the length of the columns or rows. Any number except 0. The default is 1.
	Gain float64 `keras:"gain,default=1"`
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// Identity makes a multiple of the identity matrix (keras.initializers.Identity):
//
//	w[i,j] = Gain if i = j, else 0
//
// Keras reads the gain from files but does not write it.
//
// Shape: (m, n). A layer reports an error for another shape.
type Identity struct {
	// Gain is the number on the diagonal. Any number except 0. The default is 1.
	Gain float64 `keras:"gain,default=1"`
}

// maxWork limits the multiplications of Orthogonal, because shapes may come from an untrusted file.
const maxWork = 1 << 40

// sides returns the number of rows and columns of the matrix that Orthogonal makes of a shape.
func sides(s tensor.Shape) (rows, cols int) {
	last := len(s) - 1
	return s[:last].Elements(), s[last]
}

// CheckShape implements graph.ShapeChecker.
func (Orthogonal) CheckShape(s tensor.Shape) error {
	if len(s) < 2 {
		return fmt.Errorf("the initializer Orthogonal needs at least two dimensions, got shape %v", s)
	}
	rows, cols := sides(s)
	if float64(rows)*float64(cols)*float64(min(rows, cols)) > maxWork {
		return fmt.Errorf("the initializer Orthogonal would take too long for shape %v; use another one, such as HeNormal", s)
	}
	return nil
}

// CheckShape implements graph.ShapeChecker.
func (Identity) CheckShape(s tensor.Shape) error {
	if len(s) != 2 {
		return fmt.Errorf("the initializer Identity needs two dimensions, got shape %v", s)
	}
	return nil
}

// Initialize implements graph.Initializer.
func (i Identity) Initialize(t *tensor.Tensor, _ uint64) {
	gain, cols := filled(i).Gain, t.Shape()[1]
	each(t, func(first int, dst []float64) {
		for k := range dst {
			dst[k] = 0
			if at := first + k; at/cols == at%cols {
				dst[k] = gain
			}
		}
	})
}

// Initialize implements graph.Initializer.
func (i Orthogonal) Initialize(t *tensor.Tensor, key uint64) {
	i = filled(i)
	rows, cols := sides(t.Shape())
	wide := rows < cols
	q := newColumns(max(rows, cols), min(rows, cols), stream(key, i.Seed))
	q.orthonormalize()
	each(t, func(first int, dst []float64) {
		for k := range dst {
			r, c := (first+k)/cols, (first+k)%cols
			if wide {
				r, c = c, r
			}
			dst[k] = i.Gain * q.of(c)[r]
		}
	})
}

// columns is a matrix, column by column.
type columns struct {
	length int
	values []float64
}

func (q columns) of(c int) []float64 { return q.values[c*q.length : (c+1)*q.length] }

// newColumns returns n columns of random numbers from the standard normal distribution. Element i of
// the stream is element (i/n, i%n) of the matrix.
func newColumns(length, n int, key uint64) columns {
	q := columns{length, make([]float64, length*n)}
	row := make([]float64, n)
	for r := range length {
		philox.Float64s(key, r*n, row)
		for c, u := range row {
			q.values[c*length+r] = philox.Quantile(u)
		}
	}
	return q
}

// orthonormalize applies the modified Gram-Schmidt process. Its result is the factor q of the QR
// factorization for which the diagonal of r is positive. Each column is computed by one worker, so the
// bits do not depend on the number of workers.
func (q columns) orthonormalize() {
	n := len(q.values) / max(q.length, 1)
	for c := range n {
		unit := q.of(c)
		length := math.Sqrt(dot(unit, unit))
		for r := range unit {
			unit[r] /= length
		}
		rest := n - c - 1
		workers := min(runtime.GOMAXPROCS(0), max(1, rest*q.length/chunk))
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for k := c + 1 + rest*w/workers; k < c+1+rest*(w+1)/workers; k++ {
					column := q.of(k)
					along := dot(unit, column)
					for r, u := range unit {
						column[r] -= float64(along * u)
					}
				}
			})
		}
		wg.Wait()
	}
}

// dot returns the sum of products. The conversion keeps the compiler from fusing multiplication and
// addition, which it does on some processors only.
func dot(x, y []float64) float64 {
	sum := 0.
	for i, v := range x {
		sum += float64(v * y[i])
	}
	return sum
}
