package softmax

import (
	"fmt"
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

var sizes = [][2]int{{1, 1}, {1, 2}, {15, 2}, {3, 10}, {7, 1000}, {2000, 3}, {5, 16}, {300, 64}, {40, 197}, {3, 2048}, {2, 1025}}

// logits returns random numbers between -30 and 30.
func logits(t testing.TB, n int) []float32 {
	x := kerneltest.Random(t, 1, n)
	for i := range x {
		x[i] *= 30
	}
	return x
}

func naive(row []float32) []float64 {
	p := make([]float64, len(row))
	var sum float64
	for i, v := range row {
		p[i] = math.Exp(float64(v))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func TestSoftmax(t *testing.T) {
	for _, size := range sizes {
		rows, cols := size[0], size[1]
		x, dy := logits(t, rows*cols), kerneltest.Random(t, 2, rows*cols)
		labels := make([]float32, rows*cols)
		scale := kerneltest.Random(t, 3, rows)
		var y, dx, loss, dl []float64
		for r := range rows {
			class := r * 7 % cols
			labels[r*cols+class] = 1
			p := naive(x[r*cols : (r+1)*cols])
			var dot float64
			for i, v := range p {
				dot += v * float64(dy[r*cols+i])
			}
			for i, v := range p {
				dx = append(dx, v*(float64(dy[r*cols+i])-dot))
				dl = append(dl, (v-float64(labels[r*cols+i]))*float64(scale[r]))
			}
			y, loss = append(y, p...), append(loss, -math.Log(p[class]))
		}
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			s, got := New(isa, rows, cols), kerneltest.Junk(t, rows*cols)
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, got) })
			kerneltest.Close(t, "softmax", got, y, 4e-7) // Go is within 1e-7
			g, back := NewGrad(isa, rows, cols), kerneltest.Junk(t, rows*cols)
			kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, dy, got, back) })
			kerneltest.Close(t, "softmax gradient", back, dx, 1e-6)

			ce, cg := NewCrossEntropy(isa, rows, cols), NewCrossEntropyGrad(isa, rows, cols)
			l := kerneltest.Junk(t, rows)
			kerneltest.Parts(ce.Parts(), func(p int) { ce.Run(p, x, labels, l) })
			kerneltest.Close(t, "cross-entropy", l, loss, 1e-6)
			kerneltest.Parts(cg.Parts(), func(p int) { cg.Run(p, x, labels, scale, back) })
			kerneltest.Close(t, "cross-entropy gradient", back, dl, 1e-6)
			kerneltest.NoAllocs(t, "cross-entropy", func() { ce.Run(0, x, labels, l); cg.Run(0, x, labels, scale, back) })
		})
	}
}

// Results may overwrite operands, and all vector instruction sets give the same bits.
func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, size := range sizes {
		rows, cols := size[0], size[1]
		for _, isa := range kernel.Available() {
			y, dx := logits(t, rows*cols), kerneltest.Random(t, 2, rows*cols)
			s, g := New(isa, rows, cols), NewGrad(isa, rows, cols)
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, y, y) })
			kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, dx, y, dx) })
			bits.Check(isa, fmt.Sprintf("%dx%d", rows, cols), y, dx)
			kerneltest.NoAllocs(t, "softmax", func() { s.Run(0, y, dx); g.Run(0, dx, y, dx) })
		}
	}
}

// For logits far apart and soft labels, these are the numbers of tf.nn.softmax_cross_entropy_with_logits
// (TensorFlow 2.21).
func TestExtremes(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name           string
		logits, labels []float32
		loss           float32
		grad           []float32
	}{
		{"far apart", []float32{1000, 0}, []float32{0, 1}, 1000, []float32{1, -1}},
		{"sure and right", []float32{1000, 0}, []float32{1, 0}, 0, []float32{0, 0}},
		{"soft labels", []float32{0, 0}, []float32{.25, .75}, .6931472, []float32{.25, -.25}},
		{"labels that sum to 2", []float32{0, 0}, []float32{1, 1}, 1.3862944, []float32{-.5, -.5}},
		{"-Inf without a label", []float32{-inf, 0}, []float32{0, 1}, nan, []float32{0, 0}},
		{"+Inf", []float32{inf, 0}, []float32{0, 1}, nan, []float32{nan, nan}},
		{"NaN", []float32{nan, 0}, []float32{0, 1}, nan, []float32{nan, nan}},
	} {
		loss, grad := make([]float32, 1), make([]float32, 2)
		NewCrossEntropy(kernel.Generic, 1, 2).Run(0, c.logits, c.labels, loss)
		NewCrossEntropyGrad(kernel.Generic, 1, 2).Run(0, c.logits, c.labels, []float32{1}, grad)
		got, want := append([]float32{loss[0]}, grad...), append([]float32{c.loss}, c.grad...)
		for i := range want {
			if got[i] != want[i] && !(got[i] != got[i] && want[i] != want[i]) {
				t.Errorf("%s: loss, gradient %v, want %v", c.name, got, want)
			}
		}
	}
}
