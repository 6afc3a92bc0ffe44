package engine

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
	"github.com/lince-ml/lince/tensor"
)

// blocks are blocks of networks with batch normalization, for images of 128x128.
var blocks = []struct {
	name  string
	shape []int
	build func(n normalizer, x *graph.Value) *graph.Value
}{
	{"ResNet-50", []int{32, 32, 256}, func(n normalizer, x *graph.Value) *graph.Value {
		y := n.ReLU(n.conv("1", x, 1, 64))
		y = n.ReLU(n.conv("2", y, 3, 64))
		return n.ReLU(n.Add(n.conv("3", y, 1, 256), x))
	}},
	{"MobileNetV2", []int{32, 32, 24}, func(n normalizer, x *graph.Value) *graph.Value {
		y := n.ReLU6(n.conv("expand", x, 1, 144))
		y = n.ReLU6(n.norm("depthwise", n.DepthwiseConv2D(y, weight(n.Builder, "depthwise/kernel", 3, 3, 144, 1), window(3, 1, 1, op.Same))))
		return n.Add(n.conv("project", y, 1, 24), x)
	}},
	{"ResNetV2", []int{32, 32, 256}, func(n normalizer, x *graph.Value) *graph.Value {
		y := n.ReLU(n.norm("0", x))
		y = n.ReLU(n.conv("1", y, 1, 64))
		y = n.ReLU(n.conv("2", y, 3, 64))
		return n.Add(n.Conv2D(y, weight(n.Builder, "3/kernel", 1, 1, 64, 256), window(1, 1, 1, op.Same)), x)
	}},
}

// normalizer builds convolutions with batch normalization.
type normalizer struct{ *graph.Builder }

func (n normalizer) norm(name string, x *graph.Value) *graph.Value {
	if !n.Training() {
		return trial{b: n.Builder}.normalized(x, name)
	}
	c := x.Shape[3]
	y, mean, variance := n.BatchNorm(x, weight(n.Builder, name+"/gamma", c), weight(n.Builder, name+"/beta", c), 1e-3)
	for i, v := range []*graph.Value{mean, variance} {
		n.MovingAverage(n.Variable(graph.Variable{Path: fmt.Sprint(name, "/moving", i), Type: v.Type, Role: graph.State}), v, .99)
	}
	return y
}

func (n normalizer) conv(name string, x *graph.Value, size, filters int) *graph.Value {
	return n.norm(name, n.Conv2D(x, weight(n.Builder, name+"/kernel", size, size, x.Shape[3], filters), window(size, 1, 1, op.Same)))
}

// BenchmarkBlocks runs blocks in training, with the gradients of all weights and of the input, and at inference.
func BenchmarkBlocks(b *testing.B) {
	for _, block := range blocks {
		for _, training := range []bool{true, false} {
			for _, threads := range []int{1, 2} {
				kind := map[bool]string{true: "train", false: "predict"}[training]
				b.Run(fmt.Sprintf("%s/%s/threads=%d", block.name, kind, threads), func(b *testing.B) {
					const batch = 16
					store := graph.NewStore()
					builder := graph.NewBuilder(store, training)
					x := builder.Input("x", tensor.Float32, append([]int{tensor.Unknown}, block.shape...)...)
					// The previous block ends with this, so its gradient is needed.
					start := builder.Scale(x, .5)
					y := block.build(normalizer{builder}, start)
					out := graph.Output{Key: "y", Value: builder.Mean(y)}
					if training {
						w := []*graph.Value{start}
						for _, v := range store.Variables() {
							if v.Trainable() {
								w = append(w, builder.Read(v))
							}
						}
						for i, g := range graph.Grad(builder, builder.Mean(builder.Mul(y, x)), w...)[1:] {
							builder.Update(op.SGD{}, w[1+i], g, builder.Constant(tensor.Float32, 1e-6))
						}
					}
					g, err := builder.Finish(out)
					if err != nil {
						b.Fatal(err)
					}
					store.Initialize(1)
					p := compiled(b, Options{Threads: threads}, g, store)
					in, res := []*tensor.Tensor{pixels(1, append([]int{batch}, block.shape...)...)}, []*tensor.Tensor{tensor.New(tensor.Float32)}
					step := func() {
						if err := p.Run(in, res); err != nil {
							b.Fatal(err)
						}
					}
					kerneltest.Speed(b, 0, 0, step) // with one thread, the thread's processor time is that of the step
					b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
					b.ReportMetric(float64(p.(*program).plans[0].ArenaSize)/1e6, "arena-MB")
				})
			}
		}
	}
}
