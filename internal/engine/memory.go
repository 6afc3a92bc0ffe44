package engine

import (
	"errors"

	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// Memory implements backend.Measured: it binds a plan to memory that nobody touches, and
// counts.
func (p *program) Memory(shapes []tensor.Shape) (backend.Memory, error) {
	pl, err := p.newPlan(shapes)
	if err != nil {
		return backend.Memory{}, err
	}
	block := offheap.Reserve(pl.size())
	if block == nil {
		return backend.Memory{}, errors.New("that is more memory than there are addresses for")
	}
	i := newInstance(pl, &arena{Block: block})
	m := backend.Memory{
		Activations: pl.Peak.Values,
		Gradients:   pl.Peak.Gradients,
		Workspace:   pl.Peak.Work,
		Gaps:        pl.ArenaSize - pl.Peak.Values - pl.Peak.Gradients - pl.Peak.Work,
		Scratch:     pl.size() - pl.ArenaSize,
	}
	counted := map[*packed]bool{}
	for _, p := range i.packed {
		if !counted[p] {
			counted[p] = true
			m.Packed += 4 * len(p.data)
		}
	}
	i.arena.drop()
	return m, nil
}
