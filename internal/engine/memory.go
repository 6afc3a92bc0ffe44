package engine

import (
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// Memory implements backend.Measured. It binds a plan to reserved addresses, without using memory, and
// adds up the sizes.
func (p *program) Memory(shapes []tensor.Shape) (backend.Memory, error) {
	pl, err := p.newPlan(shapes)
	if err != nil {
		return backend.Memory{}, err
	}
	m := backend.Memory{
		Activations: pl.Peak.Values,
		Gradients:   pl.Peak.Gradients,
		Workspace:   pl.Peak.Work,
		Gaps:        pl.ArenaSize - pl.Peak.Values - pl.Peak.Gradients - pl.Peak.Work,
		Scratch:     pl.size() - pl.ArenaSize,
	}
	block := offheap.Reserve(pl.size())
	if block == nil { // more than the address space has, so packed weights do not matter
		return m, nil
	}
	i := newInstance(pl, &arena{Block: block})
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
