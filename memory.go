package lince

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// Memory is the memory that training or prediction takes, in bytes. It is computed from the plan, without running it.
// It does not include the program itself, cached images, or garbage that Go has not collected yet.
type Memory struct {
	Batch int // batch size to which the numbers apply

	Weights   int // the layers' variables
	Optimizer int // the optimizer's variables
	State     int // the metrics' variables
	Backup    int // copy of all variables from the beginning of the epoch; not made with FitOptions.AllowNaN

	// The next four share one block of memory. The numbers are for the moment of its peak use.
	Activations int // results of the layers and their gradients
	Gradients   int // gradients of the weights
	Workspace   int // temporary memory of kernels
	Gaps        int // unused at that moment

	Packed  int // weights in the order in which kernels read them
	Scratch int // temporary memory of each thread
	Batches int // batches that a data.Flow makes ahead, for training and validation
}

// MemoryPart is one part of Memory.
type MemoryPart struct {
	Key   string // identifier for programs, such as "optimizer"
	Name  string // description, such as "optimizer state"
	Bytes int
}

// Parts returns the parts of m in the order of its fields.
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

// Sum returns the sum of the parts.
func (m Memory) Sum() int {
	n := 0
	for _, p := range m.Parts() {
		n += p.Bytes
	}
	return n
}

// Check returns an error if the process cannot have the memory: if the machine or the cgroup has less, or the address space is limited to less.
// Batches are not counted, since a dataset may make fewer of them ahead.
func (m Memory) Check() error {
	if err := offheap.Check(m.Sum() - m.Batches); err != nil {
		return fmt.Errorf("weights, activations and gradients for batches of %d: %w", m.Batch, err)
	}
	return nil
}

// TrainingMemory returns the memory that Fit takes with batches of this size, including validation. The model
// must be compiled.
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
	targets, err := c.targetShapes(batch)
	if err != nil {
		return Memory{}, err
	}
	for _, y := range targets {
		batches += y.Elements() * tensor.Float32.Size()
	}
	r, err := c.measure(append(shapes, targets...), len(m.inputs))
	if err != nil {
		return r, err
	}
	if c.constrain != nil { // it uses the same block of memory
		x, err := measure(c.constrain)
		if err != nil {
			return r, err
		}
		if x.Activations+x.Workspace+x.Gaps > r.Activations+r.Gradients+r.Workspace+r.Gaps {
			r.Activations, r.Gradients, r.Workspace, r.Gaps = x.Activations, 0, x.Workspace, x.Gaps
		}
		r.Scratch = max(r.Scratch, x.Scratch)
	}
	r.Batch = batch
	r.Weights = variableBytes(m.vars())
	r.Optimizer = variableBytes(c.optimizer)
	r.State = variableBytes(c.training) + variableBytes(c.evaluation)
	r.Backup = variableBytes(m.store.Variables())
	r.Batches += 2 * data.Ahead * batches
	return r, nil
}

// targetShapes returns the shapes of the targets and weights of a batch.
func (c *compiled) targetShapes(batch int) ([]tensor.Shape, error) {
	var shapes []tensor.Shape
	for _, o := range c.objectives {
		y := o.target.Shape.Clone()
		y[0] = batch
		w := slices.Repeat(tensor.Shape{1}, len(o.weights)) // as weigh makes them
		w[0] = batch
		if !y.Known() {
			return nil, o.of(fmt.Errorf("memory: the targets have shape %v, which is not known", y))
		}
		shapes = append(shapes, y, w)
	}
	return shapes, nil
}

// stepBudget returns how much of FitOptions.MemoryBudget is left for a training step; 0 if there is no budget.
func (m *Model) stepBudget(o FitOptions) (int, error) {
	if o.MemoryBudget <= 0 {
		return 0, nil
	}
	if _, ok := m.compiled.step().(backend.Limited); !ok {
		return 0, errors.New("the model's backend cannot limit its memory")
	}
	c := m.compiled
	fixed := variableBytes(m.vars()) + variableBytes(c.optimizer) + variableBytes(c.training) + variableBytes(c.evaluation)
	if !o.AllowNaN {
		fixed += variableBytes(m.store.Variables())
	}
	if fixed >= o.MemoryBudget {
		return 0, fmt.Errorf("the memory budget is %d MiB, but the variables and their copy take %d MiB", o.MemoryBudget>>20, (fixed+1<<20-1)>>20)
	}
	return o.MemoryBudget - fixed, nil
}

// measure measures the training step. The first of the shapes are those of the model's inputs.
func (c *compiled) measure(shapes []tensor.Shape, inputs int) (Memory, error) {
	if c.early == nil {
		return measure(c.train, shapes...)
	}
	in, passed, err := c.early.shapes(shapes[:inputs])
	if err != nil {
		return Memory{}, fmt.Errorf("memory: %w", err)
	}
	first, err := measure(c.early.first, in...)
	if err != nil {
		return Memory{}, err
	}
	var rest []tensor.Shape
	batch := 0
	for _, o := range passed {
		rest = append(rest, o.Value.Shape)
		batch += o.Value.Shape.Elements() * o.Value.DType.Size()
	}
	r, err := measure(c.early.rest, append(rest, shapes[inputs:]...)...)
	// Both run at the same time.
	r.Activations, r.Workspace, r.Gaps = r.Activations+first.Activations, r.Workspace+first.Workspace, r.Gaps+first.Gaps
	r.Packed, r.Scratch, r.Batches = r.Packed+first.Packed, r.Scratch+first.Scratch, lookaheadSlots*batch
	return r, err
}

// PredictionMemory returns the memory that Predict takes with batches of this size.
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

// batchShapes returns the shapes of the inputs for a batch.
func (m *Model) batchShapes(batch int) ([]tensor.Shape, error) {
	if batch < 1 {
		return nil, fmt.Errorf("memory: the batch size must be at least 1, got %d", batch)
	}
	var shapes []tensor.Shape
	for _, in := range m.inputs {
		x := in.Shape()
		x[0] = batch
		if !x[1:].Known() {
			return nil, fmt.Errorf("memory: the model takes %v; memory can only be computed if all sizes are known", in.Shape())
		}
		if n, err := x.CheckedElements(); err != nil || n > maxMemory {
			return nil, fmt.Errorf("memory: a batch of %d takes more than 64 GiB", batch)
		}
		shapes = append(shapes, x)
	}
	return shapes, nil
}

func measure(p backend.Program, shapes ...tensor.Shape) (Memory, error) {
	x, ok := p.(backend.Measured)
	if !ok {
		return Memory{}, errors.New("memory: the model's backend does not measure it")
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
