package engine

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

// explicit draws a window with explicit padding of fewer than most pixels at each side, which fits into images of
// one pixel.
func (t trial) explicit(images *graph.Value, size, stride, dilation, most int) op.Window {
	w := op.Window{Padding: op.Explicit}
	for i := range 2 {
		w.Size[i], w.Stride[i], w.Dilation[i] = t.between(1, size), t.between(1, stride), 1
	}
	if w.Stride == [2]int{1, 1} {
		w.Dilation = [2]int{t.between(1, dilation), t.between(1, dilation)}
	}
	for i := range 2 {
		for {
			w.Pads[i] = [2]int{t.between(0, most), t.between(0, most)}
			if w.Out(i, images.Shape[1+i]) > 0 {
				break
			}
		}
	}
	return w
}

// paddings are networks of windows with explicit padding, with their gradients.
var paddings = []struct {
	name  string
	build func(t trial) []*graph.Value
}{
	{"conv", func(t trial) []*graph.Value {
		x := t.images(1)
		y, k, bias := t.conv(x, "a", t.explicit(x, 5, 3, 2, 7), t.between(1, 40))
		return t.grads(t.activate(t.b.Add(y, bias)), x, k, bias)
	}},
	{"pointwise", func(t trial) []*graph.Value {
		x := t.images(1)
		y, k, bias := t.conv(x, "a", t.explicit(x, 1, 2, 1, 2), t.between(1, 40))
		return t.grads(t.activate(t.b.Add(y, bias)), x, k, bias)
	}},
	{"conv and pool", func(t trial) []*graph.Value {
		x := t.images(2)
		w := t.explicit(x, 3, 1, 1, 3)
		for w.Out(0, x.Shape[1]) < 2 || w.Out(1, x.Shape[2]) < 2 {
			w = t.explicit(x, 3, 1, 1, 3)
		}
		y, k, bias := t.conv(x, "a", w, t.between(1, 40))
		return t.grads(t.b.MaxPool2D(t.b.ReLU(t.b.Add(y, bias)), window(2, 2, 1, op.Valid)), x, k, bias)
	}},
	{"winograd", func(t trial) []*graph.Value {
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(1, 18), t.between(1, 18), t.between(16, 40))
		w := t.explicit(x, 1, 1, 1, 5)
		w.Size = [2]int{3, 3}
		w.Pads[0][0], w.Pads[1][1] = w.Pads[0][0]+1, w.Pads[1][1]+1
		w.Pads[0][1], w.Pads[1][0] = w.Pads[0][1]+2, w.Pads[1][0]+2
		y, k, bias := t.conv(x, "a", w, t.between(16, 40))
		y = t.b.Add(y, bias)
		if t.IntN(2) == 0 && y.Shape[1] > 1 && y.Shape[2] > 1 {
			y = t.b.MaxPool2D(t.b.ReLU(y), window(2, 2, 1, op.Valid))
		}
		return t.grads(y, x, k, bias)
	}},
	{"winograd of images", func(t trial) []*graph.Value {
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(5, 30), t.between(14, 40), t.between(2, 4))
		w := t.explicit(x, 1, 1, 1, 3)
		w.Size = [2]int{3, 3}
		y, k, bias := t.conv(x, "a", w, 16*t.between(2, 3))
		y = t.b.Add(y, bias)
		if t.IntN(2) == 0 {
			y = t.b.MaxPool2D(t.b.ReLU(y), window(2, 2, 1, op.Valid))
		}
		return t.grads(y, k, bias)
	}},
	{"depthwise conv", func(t trial) []*graph.Value {
		x := t.images(1)
		w := t.explicit(x, 5, 2, 2, 7)
		m := t.between(1, 2)
		k, bias := weight(t.b, "kernel", w.Size[0], w.Size[1], x.Shape[3], m), weight(t.b, "bias", x.Shape[3]*m)
		return t.grads(t.activate(t.b.Add(t.b.DepthwiseConv2D(x, k, w), bias)), x, k, bias)
	}},
	{"conv in groups", func(t trial) []*graph.Value {
		groups, in, out := t.between(2, 5), t.between(1, 4), t.between(1, 4)
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(1, 12), t.between(1, 12), groups*in)
		w := t.explicit(x, 4, 2, 2, 5)
		k, bias := weight(t.b, "kernel", w.Size[0], w.Size[1], in, groups*out), weight(t.b, "bias", groups*out)
		return t.grads(t.activate(t.b.Add(t.b.Op(op.Conv2D{Window: w, Groups: groups}, x, k), bias)), x, k, bias)
	}},
	{"pools", func(t trial) []*graph.Value {
		x := t.images(1)
		w := t.explicit(x, 4, 3, 1, 3)
		for w.Pads[0][0] >= w.Size[0] || w.Pads[0][1] >= w.Size[0] || w.Pads[1][0] >= w.Size[1] || w.Pads[1][1] >= w.Size[1] {
			w = t.explicit(x, 4, 3, 1, 3)
		}
		return append(t.grads(t.b.MaxPool2D(t.b.Offset(x, -3), w), x), t.grads(t.b.AveragePool2D(x, w), x)...) // -3: zeros of the padding would be the maximum
	}},
}

// TestExplicitPadding compares windows with explicit padding with the interpreter, on all instruction sets, for
// random shapes. There is more padding after than before, padding that contains whole windows, and padding that
// no window reaches.
func TestExplicitPadding(t *testing.T) {
	count := 24
	if testing.Short() {
		count = 5
	}
	for _, c := range paddings {
		for _, isa := range kernel.Available() {
			t.Run(fmt.Sprint(c.name, "/", isa), func(t *testing.T) {
				for seed := range count {
					g, stores, shape := try(t, seed, c.build)
					if checkRun(t, isa, g, stores[0], stores[1], shape); t.Failed() {
						t.Fatalf("seed %d, input %v:\n%v", seed, shape, g)
					}
				}
			})
		}
	}
}
