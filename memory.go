package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/tensor"
)

// Memory is what a training or a prediction takes, in bytes: of the plan that would run, not
// by estimate. The program itself, decoded pictures that are kept and the garbage
// collector's reserve come on top.
type Memory struct {
	Batch int

	Weights   int // the layers' variables
	Optimizer int // the optimizer's
	State     int // sums of metrics
	Backup    int // all variables at the epoch's beginning; none with Fit.AllowNaN

	// What takes its memory by turns: as it is where most is in use.
	Activations int // the network's values and their gradients
	Gradients   int // of the weights
	Workspace   int // what kernels need while they run
	Gaps        int // is not used at that moment

	Packed  int // weights as the kernels want them
	Scratch int // of the threads
	Batches int // that a data.Flow makes ahead; those of a validation, too
}

// MemoryPart is a part of Memory. Key is for machines, Name for people.
type MemoryPart struct {
	Key, Name string
	Bytes     int
}

// Parts lists the parts.
func (m Memory) Parts() []MemoryPart {
	return []MemoryPart{
		{"weights", "weights", m.Weights},
		{"optimizer", "optimizer state", m.Optimizer},
		{"state", "metrics", m.State},
		{"backup", "variables at the epoch's beginning", m.Backup},
		{"activations", "activations and their gradients", m.Activations},
		{"gradients", "gradients of weights", m.Gradients},
		{"workspace", "workspace of kernels", m.Workspace},
		{"gaps", "gaps", m.Gaps},
		{"packed", "packed weights", m.Packed},
		{"scratch", "scratch of threads", m.Scratch},
		{"batches", "batches made ahead", m.Batches},
	}
}

// Sum is the sum of the parts.
func (m Memory) Sum() int {
	n := 0
	for _, p := range m.Parts() {
		n += p.Bytes
	}
	return n
}

// TrainingMemory says what Fit takes with batches of a size, a validation included. The
// model must be compiled.
func (m *Model) TrainingMemory(batch int) (Memory, error) {
	c := m.compiled
	if c == nil {
		return Memory{}, errors.New("memory: the model is not compiled; call Compile first")
	}
	shapes, err := m.batchShapes(batch)
	if err != nil {
		return Memory{}, err
	}
	batches := 0 // bytes of one batch
	for i, x := range shapes {
		batches += x.Elements() * m.inputs[i].DType().Size()
	}
	for _, o := range c.objectives {
		y := o.target.Shape.Clone()
		y[0] = batch
		w := tensor.Shape{batch}
		if !y.Known() {
			return Memory{}, o.of(fmt.Errorf("memory: the targets have shape %v, which is not known", y))
		}
		shapes = append(shapes, y, w)
		batches += (y.Elements() + w.Elements()) * tensor.Float32.Size()
	}
	r, err := measure(c.train, shapes...)
	if err != nil {
		return r, err
	}
	r.Batch = batch
	r.Weights = variableBytes(m.vars())
	r.Optimizer = variableBytes(c.optimizer)
	r.State = variableBytes(c.training) + variableBytes(c.evaluation)
	r.Backup = variableBytes(m.store.Variables())
	r.Batches = 2 * data.Ahead * batches
	return r, nil
}

// PredictionMemory says what Predict takes with batches of a size.
func (m *Model) PredictionMemory(batch int) (Memory, error) {
	shapes, err := m.batchShapes(batch)
	if err != nil {
		return Memory{}, err
	}
	p, err := m.predict.get(m)
	if err != nil {
		return Memory{}, err
	}
	r, err := measure(p, shapes...)
	r.Batch = batch
	r.Weights = variableBytes(m.vars())
	for i, x := range shapes {
		r.Batches += data.Ahead * x.Elements() * m.inputs[i].DType().Size()
	}
	return r, err
}

// batchShapes are the shapes of the inputs for so many examples.
func (m *Model) batchShapes(batch int) ([]tensor.Shape, error) {
	if batch < 1 {
		return nil, fmt.Errorf("memory: the batch size is %d, want at least 1", batch)
	}
	var shapes []tensor.Shape
	for _, in := range m.inputs {
		x := in.Shape()
		x[0] = batch
		if !x[1:].Known() {
			return nil, fmt.Errorf("memory: the model takes %v; the memory depends on sizes that are not known", in.Shape())
		}
		if n, err := x.CheckedElements(); err != nil || n > maxMemory {
			return nil, fmt.Errorf("memory: a batch of %d has more than 64 GiB of numbers", batch)
		}
		shapes = append(shapes, x)
	}
	return shapes, nil
}

func measure(p backend.Program, shapes ...tensor.Shape) (Memory, error) {
	x, ok := p.(backend.Measured)
	if !ok {
		return Memory{}, errors.New("memory: what runs the model cannot tell")
	}
	b, err := x.Memory(shapes)
	if err != nil {
		return Memory{}, fmt.Errorf("memory: %w", err)
	}
	return Memory{
		Activations: b.Activations, Gradients: b.Gradients, Workspace: b.Workspace, Gaps: b.Gaps, Packed: b.Packed, Scratch: b.Scratch,
	}, nil
}

func variableBytes(vs []*graph.Variable) int {
	n := 0
	for _, v := range vs {
		n += v.Shape.Elements() * v.DType.Size()
	}
	return n
}
