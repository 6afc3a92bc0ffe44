package compile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

func window(size, stride int) op.Window {
	return op.Window{Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}}
}

func weight(b *graph.Builder, name string, shape ...int) *graph.Value {
	return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: tensor.Float32, Shape: shape}})
}

// target needs working memory for some ops.
type target struct{}

// InPlace lets Exp and Mul overwrite an operand.
func (target) InPlace(n *graph.Node, _ int) []int {
	switch n.Op.Name() {
	case "Exp":
		return []int{0}
	case "Mul":
		return []int{1, 0}
	}
	return nil
}

func (target) Workspace(n *graph.Node, _ func(*graph.Value) bool) (int, error) {
	if strings.Contains(n.Op.Name(), "Conv2D") {
		return 1000, nil
	}
	return 0, nil
}

func (target) Size(v *graph.Value) int { return v.Shape.Elements() * max(4, v.DType.Size()) }

func compiled(t *testing.T, b *graph.Builder, out ...*graph.Value) *Plan {
	t.Helper()
	var outputs []graph.Output
	for i, v := range out {
		outputs = append(outputs, graph.Output{Key: fmt.Sprint(i), Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		t.Fatal(err)
	}
	var shapes []tensor.Shape
	for _, v := range g.Inputs {
		s := v.Shape.Clone()
		for i := range s {
			if s[i] == tensor.Unknown {
				s[i] = 4
			}
		}
		shapes = append(shapes, s)
	}
	p, err := Compile(g, shapes, target{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ops lists the plan's ops, except sources, with their attributes.
func ops(p *Plan) []string {
	var names []string
	for _, n := range p.Nodes {
		switch n.Op.(type) {
		case op.Input, op.Variable, op.Const:
			continue
		}
		name := strings.TrimSpace(n.Op.Name() + " " + op.Attributes(n.Op))
		if p.Prepared[n] {
			name += " prepared"
		}
		names = append(names, name)
	}
	return names
}

// scaled is y*scale + shift, with one scale and one shift for each channel.
func scaled(b *graph.Builder, y *graph.Value) *graph.Value {
	n := y.Shape[y.Rank()-1]
	return b.Add(b.Mul(y, weight(b, "scale", n)), weight(b, "shift", n))
}

func TestFuse(t *testing.T) {
	conv := func(b *graph.Builder, x *graph.Value, name string) (y, kernel, bias *graph.Value) {
		kernel, bias = weight(b, name+"/kernel", 3, 3, x.Shape[3], 5), weight(b, name+"/bias", 5)
		return b.Add(b.Conv2D(x, kernel, window(3, 1)), bias), kernel, bias
	}
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder, x *graph.Value) []*graph.Value
		want  string
	}{
		{"conv+bias", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{y}
		}, "FusedConv2D 3x3 valid +bias"},
		{"conv+bias+relu", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{b.ReLU(y)}
		}, "FusedConv2D 3x3 valid +bias +relu"},
		{"residual block", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			z, _, _ := conv(b, x, "b")
			return []*graph.Value{b.ReLU6(b.Add(y, z))}
		}, "FusedConv2D 3x3 valid +bias, FusedConv2D 3x3 valid +bias +residual +relu6"},
		{"residual that is used elsewhere", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			s := b.Add(y, y)
			return []*graph.Value{b.ReLU(s), s}
		}, "FusedConv2D 3x3 valid +bias, FusedChain Add(0 0) ReLU(1) = 1 2"},
		{"conv+residual", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			return []*graph.Value{b.Add(x, b.Conv2D(x, weight(b, "k", 1, 1, 3, 3), window(1, 1)))}
		}, "FusedConv2D 1x1 valid +residual"},
		{"conv+bias+relu+pool", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{b.MaxPool2D(b.ReLU(y), window(2, 2))}
		}, "FusedConv2D 3x3 valid +bias +relu +pool"},
		{"a result that is wanted itself is kept", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			r := b.ReLU(y)
			return []*graph.Value{r, b.MaxPool2D(r, window(2, 2))}
		}, "FusedConv2D 3x3 valid +bias +relu, MaxPool2D 2x2 stride 2x2 valid"},
		{"another pool", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{b.MaxPool2D(b.ReLU(y), window(3, 2))}
		}, "FusedConv2D 3x3 valid +bias +relu, MaxPool2D 3x3 stride 2x2 valid"},
		{"gradients of conv+bias+relu+pool", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, k, bias := conv(b, x, "a")
			loss := b.Sum(b.Square(b.MaxPool2D(b.ReLU(y), window(2, 2))))
			return append(graph.Grad(b, loss, k, bias, x), loss)
		}, "FusedConv2D 3x3 valid +bias +relu +pool, Square, ReduceSum, Mul, " +
			"FusedConv2DGradFilter 3x3 valid +bias pooled, FusedConv2DGradInput 3x3 valid pooled"},
		{"a bias alone", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, bias := conv(b, x, "a")
			return graph.Grad(b, b.Sum(b.Square(b.MaxPool2D(b.ReLU(y), window(2, 2)))), bias)
		}, ""},
		{"depthwise conv+bias+relu6, and its gradient", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			k, bias := weight(b, "kernel", 3, 3, 3, 2), weight(b, "bias", 6)
			loss := b.Sum(b.ReLU6(b.Add(b.DepthwiseConv2D(x, k, window(3, 1)), bias)))
			return append(graph.Grad(b, loss, k, bias, x), loss)
		}, "FusedDepthwiseConv2D 3x3 valid +bias +relu6, ReduceSum, FusedChain ReLU6Grad(0 1) = 2, " +
			"FusedDepthwiseConv2DGradFilter 3x3 valid +bias, DepthwiseConv2DGradInput 3x3 valid"},
		{"zeros+conv+bias+relu+pool", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, k, bias := conv(b, b.Pad(x, []int{0, 1, 2, 0}, []int{0, 0, 3, 0}, 0), "a")
			loss := b.Sum(b.Square(b.MaxPool2D(b.ReLU(y), window(2, 2))))
			return append(graph.Grad(b, loss, k, bias, x), loss)
		}, "FusedConv2D 3x3 ((1, 0), (2, 3)) +bias +relu +pool, Square, ReduceSum, Mul, " +
			"FusedConv2DGradFilter 3x3 ((1, 0), (2, 3)) +bias pooled, FusedConv2DGradInput 3x3 ((1, 0), (2, 3)) pooled"},
		{"zeros+convs in groups and depthwise", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y := b.Pad(x, []int{0, 0, 0, 0}, []int{0, 1, 1, 0}, 0)
			return []*graph.Value{
				b.Op(op.Conv2D{Window: window(3, 2), Groups: 3}, y, weight(b, "k", 3, 3, 1, 6)), b.DepthwiseConv2D(y, weight(b, "d", 2, 2, 3, 1), window(2, 1)),
			}
		}, "Conv2D 3x3 stride 2x2 ((0, 1), (0, 1)) groups 3, DepthwiseConv2D 2x2 ((0, 1), (0, 1))"},
		{"zeros+two convs, whose gradients are added first", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y := b.Pad(x, []int{0, 1, 1, 0}, []int{0, 1, 1, 0}, 0)
			z := b.Mul(b.Conv2D(y, weight(b, "k", 3, 3, 3, 5), window(3, 1)), b.Conv2D(y, weight(b, "l", 3, 3, 3, 5), window(3, 1)))
			return graph.Grad(b, b.Sum(z), x)
		}, "Pad Before:[0 1 1 0] After:[0 1 1 0] Value:0, Conv2D 3x3 valid, Conv2D 3x3 valid, " +
			"Conv2DGradInput 3x3 valid, Conv2DGradInput 3x3 valid, Add, Slice Begin:[0 1 1 0] Size:[-1 8 8 3]"},
		{"padding that stays: ones, along channels, an output, before a pool", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			one, two := []int{0, 1, 1, 0}, []int{0, 2, 2, 0}
			z := b.Pad(x, two, two, 0)
			return []*graph.Value{
				b.Conv2D(b.Pad(x, one, one, 1), weight(b, "k", 1, 1, 3, 5), window(1, 1)),
				b.Conv2D(b.Pad(x, []int{0, 0, 0, 1}, []int{0, 0, 0, 0}, 0), weight(b, "l", 1, 1, 4, 5), window(1, 1)),
				z, b.Conv2D(z, weight(b, "m", 1, 1, 3, 5), window(1, 1)),
				b.MaxPool2D(b.Pad(x, one, one, 0), window(3, 2)),
			}
		}, "Pad Before:[0 2 2 0] After:[0 2 2 0] Value:0, Pad Before:[0 1 1 0] After:[0 1 1 0] Value:1, Conv2D 1x1 valid, " +
			"Pad Before:[0 0 0 1] After:[0 0 0 0] Value:0, Conv2D 1x1 valid, Conv2D 1x1 valid, " +
			"Pad Before:[0 1 1 0] After:[0 1 1 0] Value:0, MaxPool2D 3x3 stride 2x2 valid"},
		{"depthwise conv+relu", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			return []*graph.Value{b.ReLU(b.DepthwiseConv2D(x, weight(b, "kernel", 3, 3, 3, 2), window(3, 1)))}
		}, "FusedDepthwiseConv2D 3x3 valid +relu"},
		{"conv in groups", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			o := op.Conv2D{Window: window(3, 1), Groups: 3}
			return []*graph.Value{b.ReLU(b.Add(b.Op(o, x, weight(b, "kernel", 3, 3, 1, 6)), weight(b, "bias", 6)))}
		}, "FusedGroupedConv2D 3x3 valid +bias +relu groups 3"},
		{"matmul+bias+relu", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			n := x.Shape[1:].Elements()
			return []*graph.Value{b.ReLU(b.Add(weight(b, "bias", 7), b.MatMul(b.Reshape(x, -1, n), weight(b, "kernel", n, 7))))}
		}, "Reshape to (None, 192), FusedMatMul +bias +relu"},
		{"scale and shift after conv+bias", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{b.ReLU(scaled(b, y))}
		}, "Mul prepared, Mul prepared, Add prepared, FusedConv2D 3x3 valid +bias +relu"},
		{"scale and shift after a depthwise conv", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			return []*graph.Value{b.ReLU6(scaled(b, b.DepthwiseConv2D(x, weight(b, "kernel", 3, 3, 3, 2), window(3, 1))))}
		}, "Reshape to (3, 2) prepared, Mul prepared, FusedDepthwiseConv2D 3x3 valid +bias +relu6"},
		{"scale and shift after matmul", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			return []*graph.Value{scaled(b, b.MatMul(b.Reshape(x, -1, 192), weight(b, "kernel", 192, 7)))}
		}, "Reshape to (None, 192), Mul prepared, FusedMatMul +bias"},
		{"sums of weights' squares, few and many", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			few, many := b.Square(weight(b, "few", 3)), b.Square(weight(b, "many", 1<<7, 1<<7))
			return []*graph.Value{b.Add(b.Add(x, b.Sum(few)), b.Sum(many))}
		}, "Square prepared, Square, ReduceSum prepared, ReduceSum, FusedChain Add(0 1) Add(3 2) = 4"},
		{"scale and shift without a conv", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			return []*graph.Value{b.ReLU(scaled(b, x))}
		}, "FusedScaleShift +relu"},
		{"a conv whose result is wanted itself", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			return []*graph.Value{b.ReLU(b.Add(scaled(b, y), y)), y}
		}, "FusedConv2D 3x3 valid +bias, FusedScaleShift +residual +relu"},
		{"scale and shift after trained weights, few of them", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			k := weight(b, "kernel", 1, 1, 3, 2)
			y := scaled(b, b.Conv2D(x, k, window(1, 1)))
			b.Assign(k, graph.Grad(b, b.Sum(y), k)[0])
			return []*graph.Value{y}
		}, "Mul, FusedConv2D 1x1 valid +bias, FusedChain Mul(0 1) = 2 prepared, Conv2DGradFilter 1x1 valid, Assign"},
		{"scale and shift after trained weights, many of them", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			k := weight(b, "kernel", 8, 8, 3, 50)
			y := scaled(b, b.Conv2D(x, k, window(8, 1)))
			b.Assign(k, graph.Grad(b, b.Sum(y), k)[0])
			return []*graph.Value{y}
		}, "Conv2D 8x8 valid, FusedScaleShift, FusedChain Mul(0 1) = 2 prepared, Conv2DGradFilter 8x8 valid, Assign"},
		{"batch normalization and its gradient", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			gamma, beta := weight(b, "gamma", 3), weight(b, "beta", 3)
			y, _, _ := b.BatchNorm(x, gamma, beta, .5)
			return graph.Grad(b, b.Sum(b.Mul(b.ReLU(y), x)), gamma, beta)
		}, "FusedBatchNorm epsilon 0.5 scale center +relu, FusedBatchNormGrad epsilon 0.5 scale center +relu"},
		{"conv+bias and batch normalization", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, k, _ := conv(b, x, "a")
			y, _, _ = b.BatchNorm(y, nil, nil, .5)
			z := b.ReLU(y)
			return append(graph.Grad(b, b.Sum(b.Square(z)), k), z)
		}, "FusedConvBatchNorm 3x3 valid +bias epsilon 0.5 +relu, Mul, FusedBatchNormGrad epsilon 0.5 +relu, Conv2DGradFilter 3x3 valid"},
		{"batch normalization of a conv's result that is wanted itself", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			y, _, _ := conv(b, x, "a")
			z, _, _ := b.BatchNorm(y, nil, nil, .5)
			return []*graph.Value{b.Add(z, y)}
		}, "FusedConv2D 3x3 valid +bias, FusedBatchNorm epsilon 0.5 +residual"},
		{"two normalizations of a sum, and their gradients", func(b *graph.Builder, x *graph.Value) []*graph.Value {
			g, h := weight(b, "g", 3), weight(b, "h", 3)
			y, _, _ := b.BatchNorm(x, g, nil, .5)
			z, _, _ := b.BatchNorm(b.Square(x), h, nil, .5)
			return graph.Grad(b, b.Sum(b.Mul(b.ReLU6(b.Add(y, z)), x)), g, h)
		}, "Square, BatchNorm epsilon 0.5 scale, FusedBatchNorm epsilon 0.5 scale +residual +relu6, " +
			"FusedBatchNormGrad epsilon 0.5 scale +relu6 of result, BatchNormGrad epsilon 0.5 scale"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := graph.NewBuilder(graph.NewStore(), true)
			p := compiled(t, b, c.build(b, b.Input("x", tensor.Float32, tensor.Unknown, 8, 8, 3))...)
			if got := strings.Join(ops(p), ", "); c.want != "" && got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSimplify(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 6)
	b.Exp(x) // not used
	y := b.Mean(b.Scale(b.Offset(x, 0), 1))
	p := compiled(t, b, y, b.Mean(x))
	if got, want := strings.Join(ops(p), ", "), "ReduceSum, Div"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if a, b := p.Outputs[0].Value, p.Outputs[1].Value; a != b {
		t.Error("the same mean is computed twice")
	}
}

// TestSnapshot checks that an update reads a copy of a variable that an earlier update changes.
func TestSnapshot(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	v, w := weight(b, "v"), weight(b, "w")
	b.Assign(v, b.Offset(v, 1))
	b.Assign(w, v)
	p := compiled(t, b)
	if got, want := strings.Join(ops(p), ", "), "Add, Copy, Assign, Assign"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// inPlace reports whether v overwrites an operand w that is not needed any more.
func inPlace(v, w *graph.Value, last map[*graph.Value]int) bool {
	return v != w && last[w] == v.Node.ID && slices.ContainsFunc(target{}.InPlace(v.Node, 0), func(i int) bool { return Root(v.Node.In[i]) == w })
}

// TestMemory builds random graphs and checks that values that are alive at the same time do not overlap, and that
// the arena is not much larger than the values that are alive.
func TestMemory(t *testing.T) {
	taken := 0
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 3))
		b := graph.NewBuilder(graph.NewStore(), false)
		values := []*graph.Value{b.Input("x", tensor.Float32, tensor.Unknown, 1+random.IntN(40))}
		for range 30 {
			x := values[random.IntN(len(values))]
			switch random.IntN(4) {
			case 0:
				values = append(values, b.Exp(x))
			case 1:
				values = append(values, b.MatMul(x, weight(b, fmt.Sprint(len(values)), x.Shape[1], 1+random.IntN(60))))
			case 2:
				values = append(values, b.Reshape(b.Reshape(x, -1, 1), -1, x.Shape[1]))
			case 3:
				values = append(values, b.Mul(x, x))
			}
		}
		p := compiled(t, b, values[len(values)-1], values[len(values)/2])
		first, last := map[*graph.Value]int{}, map[*graph.Value]int{}
		for i, n := range p.Nodes {
			for _, v := range n.Out {
				if Root(v) == v && InArena(v) && !p.Prepared[n] {
					first[v], last[v] = i, i
				}
			}
			for _, v := range n.In {
				last[Root(v)] = i
			}
		}
		for _, o := range p.Outputs {
			last[Root(o.Value)] = len(p.Nodes)
		}
		most := 0
		for i := range p.Nodes {
			alive := 0
			for v := range first {
				if first[v] <= i && i <= last[v] {
					alive += p.Slots[v].Size
				}
			}
			most = max(most, alive)
		}
		for v := range first {
			for w := range first {
				a, b := p.Slots[v], p.Slots[w]
				if inPlace(v, w, last) || inPlace(w, v, last) {
					taken++
					continue
				}
				if v != w && first[v] <= last[w] && first[w] <= last[v] && a.Offset < b.Offset+b.Size && b.Offset < a.Offset+a.Size {
					t.Fatalf("seed %d: %v and %v share memory\n%s", seed, v.Type, w.Type, p)
				}
			}
			if s := p.Slots[v]; s.Offset+s.Size > p.ArenaSize || s.Offset%tensor.Align != 0 || s.Size < v.Shape.Elements()*4 {
				t.Fatalf("seed %d: %v is at %+v of %d", seed, v.Type, s, p.ArenaSize)
			}
		}
		if p.ArenaSize > most*3/2 {
			t.Errorf("seed %d: an arena of %d bytes for %d", seed, p.ArenaSize, most)
		}
	}
	if taken == 0 {
		t.Error("nothing is computed in place")
	}
}

// BenchmarkCompile compiles a chain of 1,000 ops.
func BenchmarkCompile(b *testing.B) {
	builder := graph.NewBuilder(graph.NewStore(), false)
	x := builder.Input("x", tensor.Float32, tensor.Unknown, 8, 8, 5)
	for i := range 250 {
		k, bias := weight(builder, fmt.Sprint(i, "k"), 1, 1, 5, 5), weight(builder, fmt.Sprint(i, "b"), 5)
		x = builder.ReLU(builder.Add(builder.Conv2D(x, k, window(1, 1)), bias))
		x = builder.Sigmoid(x)
	}
	g, err := builder.Finish(graph.Output{Key: "y", Value: x})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Compile(g, []tensor.Shape{{4, 8, 8, 5}}, target{}, 0); err != nil {
			b.Fatal(err)
		}
	}
}
