package layer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// EinsumDense multiplies its operand by a kernel as an equation in Einstein's notation says
// (keras.layers.EinsumDense):
//
//	y = Activation(bias + einsum(Equation, x, kernel))
//
// In an equation, each letter is a dimension: "abc,cd->abd" is y[a,b,d] = sum over c of
// x[a,b,c] * kernel[c,d], which is what Dense computes. The forms are "x,kernel->y",
// "...x,kernel->...y" and "x...,kernel->y...", where x, kernel and y are letters, and the dots are
// all other dimensions.
//
// Input shape: (batch, ...), as Equation says.
// Output shape: (batch, ...), as Equation says.
//
// Weights: kernel, whose shape follows from Equation, the input shape and OutputShape; and, if BiasAxes
// is set, bias, which has the dimensions of the output from the first of BiasAxes on. Dimensions that
// are not in BiasAxes have size 1.
//
// Build reports an error if a field is out of range, the operand is not float32, a dimension other than
// the batch is unknown, or Equation is invalid or does not fit the operand and OutputShape. An
// operand of Equation cannot have a letter twice.
type EinsumDense struct {
	// Equation is the equation. Required. Its first letter, or the dots, are the batch.
	Equation string `keras:"equation,required"`
	// OutputShape is the shape of the result, without the batch and the dimensions of the dots. Required.
	// tensor.Unknown is a size that is the same as in the operand. Other sizes are at least 1.
	OutputShape Dims `keras:"output_shape,required"`
	// Activation is applied to the result. The default is Linear.
	Activation Activation `keras:"activation,default=linear"`
	// BiasAxes has the letters of the result's dimensions that the bias has. The default, "", is no
	// bias.
	BiasAxes string `keras:"bias_axes,none"`

	// KernelInitializer sets the initial values of the kernel. The default is GlorotUniform. fan_in is
	// the product of the sizes that are summed, and fan_out that of the others.
	KernelInitializer initializer.Initializer `keras:"kernel_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the bias. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// KernelRegularizer adds a penalty for the kernel to the loss. The default is none.
	KernelRegularizer regularizer.Regularizer `keras:"kernel_regularizer"`
	// BiasRegularizer adds a penalty for the bias to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer,omitempty"`
	// KernelConstraint restricts the kernel. The default is none.
	KernelConstraint constraint.Constraint `keras:"kernel_constraint"`
	// BiasConstraint restricts the bias. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (l EinsumDense) FinalActivation() Function { return finalOf(l.Activation) }

func (l EinsumDense) check() error {
	if l.Equation == "" {
		return wrongf(`Equation is not set; set it as in Equation: "abc,cd->abd"`)
	}
	if _, err := parseEquation(l.Equation); err != nil {
		return err
	}
	for _, d := range l.OutputShape {
		if d != tensor.Unknown && (d < 1 || d > maxSize) {
			return wrongf("OutputShape is %v, want sizes from 1 to %d, or tensor.Unknown", []int(l.OutputShape), maxSize)
		}
	}
	return nil
}

// Build implements Layer.
func (l EinsumDense) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if x.Rank() == 0 || slices.Contains(x.Shape[1:], tensor.Unknown) {
		return b.Errorf("got shape %v, want (batch, ...) with known dimensions after the batch", x.Shape)
	}
	if !wantSmall(b, x) {
		return b.Invalid()
	}
	e, err := parseEquation(l.Equation)
	if err == nil {
		e, err = e.spelled(x.Rank())
	}
	var sizes map[rune]int
	if err == nil {
		sizes, err = e.sizes(x.Shape, l.OutputShape)
	}
	if err != nil {
		return b.Errorf("%w", err)
	}
	shape := e.shape(e.kernel, sizes)
	fanIn, fanOut := 1, 1
	for i, c := range e.kernel {
		if strings.ContainsRune(e.y, c) {
			fanOut *= shape[i]
		} else {
			fanIn *= shape[i]
		}
	}
	kernel := weight(b, "kernel", x, weightOptions{withFans(l.KernelInitializer, fanIn, fanOut), l.KernelRegularizer, l.KernelConstraint}, shape...)
	y := e.build(b, x, kernel, sizes)
	if l.BiasAxes != "" {
		shape, err := e.biasShape(l.BiasAxes, sizes)
		if err != nil {
			return b.Errorf("%w", err)
		}
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, shape...))
	}
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return regularizeActivity(b, l.ActivityRegularizer, activate(b, l.Activation, y))
}

// equation is a parsed equation: the letters of the operand, the kernel and the result. Dots are "." at the start
// or end of x and y.
type equation struct{ x, kernel, y string }

var equationForm = regexp.MustCompile(`^(\.?)([a-zA-Z]+)(\.?),([a-zA-Z]+)->(\.?)([a-zA-Z]+)(\.?)$`)

func parseEquation(text string) (equation, error) {
	wrong := func(why string) (equation, error) {
		return equation{}, wrongf("Equation is %q, %s", text, why)
	}
	m := equationForm.FindStringSubmatch(strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), "...", "."))
	if m == nil || m[1] != m[5] || m[3] != m[7] || m[1] != "" && m[3] != "" {
		return wrong(`want "x,kernel->y", "...x,kernel->...y" or "x...,kernel->y..." with letters for x, kernel and y`)
	}
	for _, letters := range []string{m[2], m[4], m[6]} {
		for i, c := range letters {
			if strings.ContainsRune(letters[:i], c) {
				return wrong(fmt.Sprintf("which has %c twice in %s", c, letters))
			}
		}
	}
	for _, c := range m[4] {
		if !strings.ContainsRune(m[2]+m[6], c) {
			return wrong(fmt.Sprintf("but %c of the kernel is neither in the operand nor in the result", c))
		}
	}
	for _, c := range m[6] {
		if !strings.ContainsRune(m[2]+m[4], c) {
			return wrong(fmt.Sprintf("but %c of the result is neither in the operand nor in the kernel", c))
		}
	}
	return equation{m[1] + m[2] + m[3], m[4], m[5] + m[6] + m[7]}, nil
}

// spelled replaces the dots, for an operand of a rank, by characters that are not letters.
func (e equation) spelled(rank int) (equation, error) {
	letters := strings.Trim(e.x, ".")
	dots, more := len(letters) < len(e.x), rank-len(letters)
	if more < 0 || more > 0 && !dots || more > 10 {
		return e, wrongf("the operand has %d dimensions, but %s in Equation", rank, e.x)
	}
	var extra strings.Builder
	for i := range more {
		extra.WriteRune(rune('0' + i))
	}
	e.x, e.y = strings.Replace(e.x, ".", extra.String(), 1), strings.Replace(e.y, ".", extra.String(), 1)
	if e.y == "" || e.x[0] != e.y[0] {
		return e, wrongf("the first dimension of the operand, the batch, is not that of the result: %s, %s", e.x, e.y)
	}
	if strings.ContainsRune(e.kernel, rune(e.x[0])) {
		return e, wrongf("the kernel %s has the dimension %c, which is the batch", e.kernel, e.x[0])
	}
	return e, nil
}

// sizes returns the size of each dimension.
func (e equation) sizes(x tensor.Shape, out Dims) (map[rune]int, error) {
	sizes := map[rune]int{}
	for i, c := range e.x {
		sizes[c] = x[i]
	}
	letters := strings.Map(func(c rune) rune {
		if isLetter(c) {
			return c
		}
		return -1
	}, e.y[1:])
	if len(letters) != len(out) {
		return nil, wrongf("OutputShape is %v, want %d sizes", []int(out), len(letters))
	}
	for i, c := range letters {
		have, shared := sizes[c]
		switch want := out[i]; {
		case !shared && want == tensor.Unknown:
			return nil, wrongf("OutputShape is %v, want a size for %c", []int(out), c)
		case shared && want != tensor.Unknown && want != have:
			return nil, wrongf("OutputShape is %v, but %c is %d in the operand of shape %v", []int(out), c, have, x)
		case !shared:
			sizes[c] = want
		}
	}
	return sizes, nil
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (equation) shape(letters string, sizes map[rune]int) []int {
	var s []int
	for _, c := range letters {
		s = append(s, sizes[c])
	}
	return s
}

// biasShape returns the shape of a bias along axes.
func (e equation) biasShape(axes string, sizes map[rune]int) ([]int, error) {
	for _, c := range axes {
		if !isLetter(c) || !strings.ContainsRune(e.y[1:], c) {
			return nil, wrongf("BiasAxes is %q, but the result is %s; want letters of the result, without the batch", axes, e.y)
		}
	}
	var shape []int
	for _, c := range e.y {
		switch {
		case strings.ContainsRune(axes, c):
			shape = append(shape, sizes[c])
		case shape != nil:
			shape = append(shape, 1)
		}
	}
	return shape, nil
}

// build adds the ops: transposes and reshapes that make the operands matrices, and a product.
func (e equation) build(b *graph.Builder, x, kernel *graph.Value, sizes map[rune]int) *graph.Value {
	in := func(s string, yes bool) func(c rune) bool {
		return func(c rune) bool { return strings.ContainsRune(s, c) == yes }
	}
	var summed []int // dimensions of x alone
	letters := ""
	for i, c := range e.x {
		if in(e.kernel, false)(c) && in(e.y, false)(c) {
			summed = append(summed, i)
		} else {
			letters += string(c)
		}
	}
	if summed != nil {
		x = b.Sum(x, summed...)
	}
	pick := func(from string, keep ...func(c rune) bool) string {
		out := ""
		for _, c := range from {
			if !slices.ContainsFunc(keep, func(f func(rune) bool) bool { return !f(c) }) {
				out += string(c)
			}
		}
		return out
	}
	stack := pick(letters, in(e.kernel, true), in(e.y, true)) // a separate product for each index
	rows := pick(letters, in(e.kernel, false))
	inner := pick(letters, in(e.kernel, true), in(e.y, false))
	cols := pick(e.kernel, in(letters, false))
	size := func(s string) int { return tensor.Shape(e.shape(s, sizes)).Elements() }
	x = transposed(b, x, order(letters, stack+rows+inner))
	kernel = transposed(b, kernel, order(e.kernel, stack+inner+cols))
	var y *graph.Value
	if stack == "" {
		y = b.MatMul(b.Reshape(x, tensor.Unknown, size(inner)), b.Reshape(kernel, size(inner), size(cols)))
	} else {
		x, kernel = b.Reshape(x, size(stack), tensor.Unknown, size(inner)), b.Reshape(kernel, size(stack), size(inner), size(cols))
		y = b.Op(op.BatchMatMul{}, x, kernel)
	}
	made := stack + rows + cols
	return transposed(b, b.Reshape(y, e.shape(made, sizes)...), order(made, e.y))
}

// order returns the permutation that brings dimensions from one order to another.
func order(from, to string) []int {
	var perm []int
	for _, c := range to {
		perm = append(perm, strings.IndexRune(from, c))
	}
	return perm
}

// fans makes an initializer compute fan_in and fan_out from other dimensions than the last two.
type fans struct {
	initializer.Initializer
	in, out int
}

// Initialize implements initializer.Initializer.
func (f fans) Initialize(t *tensor.Tensor, key uint64) {
	f.Initializer.Initialize(t.Reshape(f.in, f.out), key)
}

// withFans returns an initializer with fan_in and fan_out, if it depends on them. Their product is the number of elements.
func withFans(i initializer.Initializer, in, out int) initializer.Initializer {
	switch i.(type) {
	case initializer.VarianceScaling, initializer.GlorotUniform, initializer.GlorotNormal, initializer.HeUniform,
		initializer.HeNormal, initializer.LecunUniform, initializer.LecunNormal:
		return fans{i, in, out}
	}
	return i
}
