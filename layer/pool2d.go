package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// MaxPool2D keeps the greatest value of each window of images (batch, height, width,
// channels), a channel at a time (keras.layers.MaxPooling2D).
type MaxPool2D struct {
	Pool    Size // the window; zero: 2x2
	Strides Size // step from window to window; zero: the window's size
	Padding Padding
	Name    string
}

// AveragePool2D is the mean of each window of images (batch, height, width, channels), a
// channel at a time; padding does not count (keras.layers.AveragePooling2D).
type AveragePool2D struct {
	Pool    Size // the window; zero: 2x2
	Strides Size // step from window to window; zero: the window's size
	Padding Padding
	Name    string
}

// maxPoolArea is the largest window of MaxPool2D: where in it the greatest value was is
// kept in a byte.
const maxPoolArea = 255

// Class implements Layer.
func (MaxPool2D) Class() string { return "MaxPooling2D" }

// Class implements Layer.
func (AveragePool2D) Class() string { return "AveragePooling2D" }

// Named implements Layer.
func (l MaxPool2D) Named() string { return l.Name }

// Named implements Layer.
func (l AveragePool2D) Named() string { return l.Name }

// Config implements Layer.
func (l MaxPool2D) Config() map[string]any {
	c := base(l.Name, false)
	w := l.window()
	c["pool_size"] = Size(w.Size).list()
	c["strides"] = Size(w.Stride).list()
	c["padding"] = l.Padding.String()
	c["data_format"] = "channels_last"
	return c
}

// Config implements Layer.
func (l AveragePool2D) Config() map[string]any { return MaxPool2D(l).Config() }

// Build implements Layer.
func (l MaxPool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantImages(b, x) || !wantFit(b, "pool", "a smaller pool", l.window(), x) {
		return b.Invalid()
	}
	return b.MaxPool2D(x, l.window())
}

// Build implements Layer.
func (l AveragePool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	w := MaxPool2D(l).window()
	if !l.check().report(b, x) || !wantImages(b, x) || !wantFit(b, "pool", "a smaller pool", w, x) {
		return b.Invalid()
	}
	return b.AvgPool2D(x, w)
}

func (l MaxPool2D) window() op.Window {
	p := l.Pool.or(Size{2, 2})
	return op.Window{Size: p, Stride: l.Strides.or(p), Dilation: [2]int{1, 1}, Padding: l.Padding}
}

func (l MaxPool2D) check() checks {
	c := AveragePool2D(l).check()
	if p := l.window().Size; len(c) == 0 && p[0]*p[1] > maxPoolArea {
		c.errorf("Pool is %dx%d, want at most %d pixels", p[0], p[1], maxPoolArea)
	}
	return c
}

func (l AveragePool2D) check() (c checks) {
	w := MaxPool2D(l).window()
	c.size("Pool", w.Size)
	if l.Strides != (Size{}) {
		c.size("Strides", w.Stride)
	}
	checkPadding(&c, l.Padding)
	return c
}

func decodeMaxPool2D(r *config.Reader) Layer {
	l := MaxPool2D{
		Pool:    readSize(r, "pool_size", Size{2, 2}),
		Strides: readSize(r, "strides", Size{}),
		Padding: readPadding(r),
	}
	l.Name, _ = readBase(r)
	r.Only("data_format", "channels_last")
	return l
}

func decodeAveragePool2D(r *config.Reader) Layer {
	r.Need("pool_size") // which Keras has no default for
	return AveragePool2D(decodeMaxPool2D(r).(MaxPool2D))
}
