package optimizer

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// shared has the fields that all optimizers have, under the same names.
type shared struct {
	LearningRate              float64
	Schedule                  schedule.Schedule
	WeightDecay               float64
	ExcludeFromWeightDecay    []string
	ClipNorm                  float64
	GlobalClipNorm            float64
	ClipValue                 float64
	UseEMA                    bool
	EMAMomentum               float64
	EMAOverwriteFrequency     int
	LossScaleFactor           float64
	GradientAccumulationSteps int
}

// sharedOf returns the shared fields of o. Fields that o does not have are zero.
func sharedOf(o Optimizer) (s shared) {
	from, to := reflect.Indirect(reflect.ValueOf(o)), reflect.ValueOf(&s).Elem()
	if from.Kind() != reflect.Struct {
		return s
	}
	for i := range to.NumField() {
		v := from.FieldByName(to.Type().Field(i).Name)
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.IsValid() && v.Type() == to.Field(i).Type() {
			to.Field(i).Set(v)
		}
	}
	return s
}

// step is the state of an optimizer's Build.
type step struct {
	shared
	b              *graph.Builder // its updates take place in the last of the steps that accumulate gradients
	always         *graph.Builder // its updates take place in each step
	iteration      *graph.Value   // the number of previous steps
	updates        *graph.Value   // the number of previous updates
	complete       *graph.Value   // whether this step completes a group of gradients; nil if each step is an update
	rate           *graph.Value
	weights, grads []*graph.Value
	averages       []*graph.Value
	slots          [][]*graph.Value // the slots of each weight
	exclude        *regexp.Regexp   // paths of weights that are not decayed, or nil
	decay          func(i int) float64
	t              *graph.Value // see count
}

// start checks and fills the fields of o, declares the iteration, the learning rate and the variables of
// the shared fields, and clips the gradients. It returns false if there are mistakes.
func start[O Optimizer](b *graph.Builder, o O, weights, grads []*graph.Value) (O, *step, bool) {
	o, ok := Ready(b, o)
	s := &step{shared: sharedOf(o), b: b, always: b, weights: weights}
	if !ok {
		// A schedule or a regular expression may be invalid. What follows reports the other mistakes.
		s.Schedule, s.ExcludeFromWeightDecay = nil, nil
	}
	s.iteration = iteration(b)
	s.updates = s.iteration
	if s.Schedule != nil {
		s.rate = b.Op(op.Schedule{Of: s.Schedule, Label: fmt.Sprint(schedule.ClassOf(s.Schedule), " ", schedule.ConfigOf(s.Schedule))}, s.iteration)
	} else {
		s.rate = learningRate(b, s.LearningRate)
	}
	if !s.checkWeights(grads) {
		return o, nil, false
	}
	s.slots = make([][]*graph.Value, len(weights))
	if len(s.ExcludeFromWeightDecay) > 0 {
		s.exclude = regexp.MustCompile(union(s.ExcludeFromWeightDecay))
	}
	s.decay = func(int) float64 { return s.WeightDecay }
	if s.UseEMA {
		for _, w := range weights {
			s.averages = append(s.averages, s.variable(w, "average", w.Type, nil))
		}
	}
	if s.LossScaleFactor != 0 {
		grads = mapped(grads, func(_ int, g *graph.Value) *graph.Value { return b.Div(g, b.Constant(g.DType, s.LossScaleFactor)) })
	}
	if s.GradientAccumulationSteps > 0 {
		grads = s.accumulate(grads)
	}
	s.grads = s.clip(grads)
	return o, s, ok && b.Err() == nil
}

// iteration declares the number of steps.
func iteration(b *graph.Builder) *graph.Value {
	return b.Variable(graph.Variable{
		Path: "iteration", Type: op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, Role: graph.Hyper,
	})
}

// learningRate declares the learning rate.
func learningRate(b *graph.Builder, rate float64) *graph.Value {
	return b.Variable(graph.Variable{
		Path: "learning_rate", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{}}, Role: graph.Hyper,
		Init: initializer.Constant{Value: rate},
	})
}

// checkWeights reports what is wrong with the weights and gradients.
func (s *step) checkWeights(grads []*graph.Value) (ok bool) {
	b, weights := s.b, s.weights
	if len(weights) == 0 {
		b.Errorf("there are no weights to train: all layers are frozen or have no weights")
		return false
	}
	reached := false
	for i, w := range weights {
		if !w.Is("Variable") {
			b.Errorf("weight %d is not a variable", i)
			return false
		}
		reached = reached || grads[i] != nil
	}
	if !reached {
		b.Errorf("the loss does not depend on any of the weights: %s, ...", path(weights[0]))
	}
	return reached
}

// mapped applies f to the gradients that are not nil.
func mapped(grads []*graph.Value, f func(i int, g *graph.Value) *graph.Value) []*graph.Value {
	out := make([]*graph.Value, len(grads))
	for i, g := range grads {
		if g != nil {
			out[i] = f(i, g)
		}
	}
	return out
}

// accumulate adds the gradients to sums, and returns their means. From here on, updates made with s.b
// take place only in a step that completes a group.
func (s *step) accumulate(grads []*graph.Value) []*graph.Value {
	b, n := s.b, s.GradientAccumulationSteps
	var sums []*graph.Value
	for _, w := range s.weights {
		sums = append(sums, s.variable(w, "gradient_accumulator", w.Type, nil))
	}
	every := b.Op(op.Every{N: n}, s.iteration)
	if !every.Valid() {
		return grads
	}
	complete := every.Node.Out[1]
	s.updates, s.complete, s.b = every, complete, b.When(complete)
	return mapped(grads, func(i int, g *graph.Value) *graph.Value {
		sum := b.Add(g, sums[i])
		b.Assign(sums[i], b.Select(complete, b.Constant(g.DType, 0), sum))
		return b.Div(sum, b.Constant(g.DType, float64(n)))
	})
}

// clip limits the gradients.
func (s *step) clip(grads []*graph.Value) []*graph.Value {
	b := s.b
	switch {
	case s.ClipNorm > 0:
		return mapped(grads, func(_ int, g *graph.Value) *graph.Value {
			limit := b.Constant(g.DType, s.ClipNorm)
			norm := b.Sqrt(b.Sum(b.Square(g)))
			return b.Div(b.Mul(g, limit), b.Max(norm, limit))
		})
	case s.GlobalClipNorm > 0:
		var sum *graph.Value
		for _, g := range grads {
			if g == nil {
				continue
			}
			if n := b.Sum(b.Square(g)); sum == nil {
				sum = n
			} else {
				sum = b.Add(sum, n)
			}
		}
		one, limit := b.Constant(sum.DType, 1), b.Constant(sum.DType, s.GlobalClipNorm)
		scale := b.Mul(limit, b.Min(b.Div(one, b.Sqrt(sum)), b.Div(one, limit)))
		return mapped(grads, func(_ int, g *graph.Value) *graph.Value { return b.Mul(g, scale) })
	case s.ClipValue > 0:
		return mapped(grads, func(_ int, g *graph.Value) *graph.Value { return b.Clip(g, -s.ClipValue, s.ClipValue) })
	}
	return grads
}

// variable declares a variable that belongs to a weight.
func (s *step) variable(w *graph.Value, name string, typ op.Type, init graph.Initializer) *graph.Value {
	return s.always.Variable(graph.Variable{Path: path(w) + "_" + name, Type: typ, Role: graph.Slot, Init: init})
}

// slot declares a slot of every weight. Slots are initialized with zeros.
func (s *step) slot(name string) {
	for i := range s.weights {
		s.slotOf(i, name, nil)
	}
}

// pairs declares two slots of the first weight, then those of the second, and so on.
func (s *step) pairs(first, second string) {
	for i := range s.weights {
		s.slotOf(i, first, nil)
		s.slotOf(i, second, nil)
	}
}

// slotOf declares a slot of weight i, which has the weight's shape. init nil means zeros.
func (s *step) slotOf(i int, name string, init graph.Initializer) {
	w := s.weights[i]
	s.slots[i] = append(s.slots[i], s.variable(w, name, w.Type, init))
}

// decayOf returns the weight decay of weight i.
func (s *step) decayOf(i int) float64 {
	if s.exclude != nil && s.exclude.MatchString(path(s.weights[i])) {
		return 0
	}
	return s.decay(i)
}

// update adds an op for each weight, which also applies the weight decay. Its operands are the weight,
// its slots, the gradient, the learning rate and the values in more.
func (s *step) update(o func(decay float64) op.Op, more ...*graph.Value) {
	for i := range s.weights {
		if s.grads[i] != nil {
			s.updateOf(i, o(s.decayOf(i)), s.rate, more...)
		}
	}
}

// updateOf adds an op for weight i.
func (s *step) updateOf(i int, o op.Op, rate *graph.Value, more ...*graph.Value) {
	in := append([]*graph.Value{s.weights[i]}, s.slots[i]...)
	in = append(in, s.grads[i], rate)
	s.b.Update(o, append(in, more...)...)
}

// each computes new values for each weight and its slots. f gets the weight after decay, its gradient and
// its slots, and returns the new values of the weight and of the slots, in order.
func (s *step) each(f func(w, g *graph.Value, slots []*graph.Value) []*graph.Value) {
	for i := range s.weights {
		if s.grads[i] != nil {
			s.assign(i, f(s.decayed(i), s.grads[i], s.slots[i])...)
		}
	}
}

// decayed returns weight i after weight decay.
func (s *step) decayed(i int) *graph.Value {
	b, w, decay := s.b, s.weights[i], s.decayOf(i)
	if decay == 0 {
		return w
	}
	return b.Sub(w, b.Mul(b.Scale(w, decay), s.lr(w)))
}

// assign sets weight i and its slots.
func (s *step) assign(i int, values ...*graph.Value) {
	for j, v := range append([]*graph.Value{s.weights[i]}, s.slots[i]...) {
		s.b.Assign(v, values[j])
	}
}

// lr returns the learning rate in the type of w.
func (s *step) lr(w *graph.Value) *graph.Value { return s.b.Cast(s.rate, w.DType) }

// count returns t, the number of updates including this one, in float32.
func (s *step) count() *graph.Value {
	if s.t == nil {
		s.t = s.b.Cast(s.b.Add(s.updates, s.b.Constant(tensor.Int64, 1)), tensor.Float32)
	}
	return s.t
}

// power returns base to the power of t.
func (s *step) power(base float64, t *graph.Value) *graph.Value {
	return s.b.Binary(op.Pow, s.b.Constant(tensor.Float32, base), t)
}

// correction returns 1 - beta^t, by which a moving average that began with 0 is divided.
func (s *step) correction(beta float64) *graph.Value {
	return s.b.Sub(s.b.Constant(tensor.Float32, 1), s.power(beta, s.count()))
}

// moved returns average + (x-average)*(1-beta).
func (s *step) moved(average, x *graph.Value, beta float64) *graph.Value {
	return s.b.Add(average, s.b.Scale(s.b.Sub(x, average), 1-beta))
}

// single rounds beta to float32, as Keras does in some classes before it computes 1-beta.
func single(beta float64) float64 { return float64(float32(beta)) }

// finish updates the averages and increments the iteration.
func (s *step) finish() {
	for i, a := range s.averages {
		s.always.Update(op.AverageWeights{Momentum: s.EMAMomentum, Overwrite: s.EMAOverwriteFrequency}, a, s.weights[i], s.updates)
	}
	increment(s.always, s.iteration)
}

// increment adds 1 to an integer variable.
func increment(b *graph.Builder, v *graph.Value) { b.Assign(v, b.Add(v, b.Constant(tensor.Int64, 1))) }

func path(w *graph.Value) string { return w.Node.Op.(op.Variable).Path }

// union returns a regular expression that matches what one of the patterns matches.
func union(patterns []string) string {
	all := make([]string, len(patterns))
	for i, p := range patterns {
		all[i] = "(?:" + p + ")"
	}
	return strings.Join(all, "|")
}

// checkPatterns returns an error if one of the patterns is not a regular expression.
func checkPatterns(field string, patterns []string) error {
	for _, p := range patterns {
		if _, err := regexp.Compile(p); err != nil {
			return fmt.Errorf("%s: %q is not a regular expression: %w", field, p, err)
		}
	}
	return nil
}

// check returns the mistakes in the shared fields that their tags cannot express.
func (s shared) check() (errs []error) {
	clips := 0
	for _, x := range []float64{s.ClipNorm, s.GlobalClipNorm, s.ClipValue} {
		if x != 0 {
			clips++
		}
	}
	if clips > 1 {
		errs = append(errs, fmt.Errorf("more than one of ClipNorm, GlobalClipNorm and ClipValue is set, want at most one"))
	}
	if s.GradientAccumulationSteps == 1 {
		errs = append(errs, fmt.Errorf("GradientAccumulationSteps is 1, want 0 or at least 2"))
	}
	if s.Schedule != nil && s.LearningRate != 0 {
		errs = append(errs, fmt.Errorf("LearningRate and Schedule are both set, want one of them"))
	}
	if err := checkPatterns("ExcludeFromWeightDecay", s.ExcludeFromWeightDecay); err != nil {
		errs = append(errs, err)
	}
	return errs
}
