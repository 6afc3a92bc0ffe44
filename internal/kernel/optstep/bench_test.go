package optstep

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// BenchmarkSteps updates the tutorial's largest weights. Bytes are those of the weights and slots, which are read
// and written, and of the gradient, which is read.
func BenchmarkSteps(b *testing.B) {
	const n = 57600 * 64
	w, g, x, y := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		w[i], g[i], x[i], y[i] = .1, .1, .1, .1
	}
	for _, isa := range kernel.Available() {
		sgd, rmsprop, adam := NewSGD(isa, n), NewRMSprop(isa, n), NewAdam(isa, n)
		for _, c := range []struct {
			name  string
			slots int
			parts int
			run   func(p int)
		}{
			{"SGD", 0, sgd.Parts(), func(p int) { sgd.Run(p, SGD{LearningRate: 1e-3}, w, g, nil) }},
			{"momentum", 1, sgd.Parts(), func(p int) { sgd.Run(p, SGD{LearningRate: 1e-3, Momentum: .9}, w, g, x) }},
			{"RMSprop", 1, rmsprop.Parts(), func(p int) {
				rmsprop.Run(p, RMSprop{LearningRate: 1e-3, Rho: .9, Epsilon: 1e-7}, w, g, x, nil, nil)
			}},
			{"Adam", 2, adam.Parts(), func(p int) {
				adam.Run(p, Adam{LearningRate: 1e-3, Beta1: .9, Beta2: .999, Epsilon: 1e-7, Step: 3}, w, g, x, y, nil)
			}},
			{"AdamW", 2, adam.Parts(), func(p int) {
				adam.Run(p, Adam{LearningRate: 1e-3, Beta1: .9, Beta2: .999, Epsilon: 1e-7, Step: 3, Decay: .004}, w, g, x, y, nil)
			}},
		} {
			b.Run(fmt.Sprintf("%v/%s", isa, c.name), func(b *testing.B) {
				kerneltest.Speed(b, 0, 4*n*(3+2*c.slots), func() {
					for p := range c.parts {
						c.run(p)
					}
				})
			})
		}
	}
}
