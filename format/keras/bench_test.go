package keras

import (
	"bytes"
	"io"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// tutorialSize returns a file of the tutorial's network with the state of RMSprop: 30 MB.
func tutorialSize() *File {
	f := sample()
	f.Assets = nil
	var vars []*tensor.Tensor
	for _, s := range []tensor.Shape{{3, 3, 3, 64}, {64}, {3, 3, 64, 64}, {64}, {57600, 64}, {64}, {64, 2}, {2}} {
		vars = append(vars, tensor.New(tensor.Float32, s...))
	}
	rate := float32(0.001)
	f.Weights = Weights{
		{Path: "layers/conv2d", Vars: vars[:2]}, {Path: "layers/conv2d_1", Vars: vars[2:4]},
		{Path: "layers/dense", Vars: vars[4:6]}, {Path: "layers/dense_1", Vars: vars[6:]},
		Optimizer{Name: "rm_sprop", LearningRate: &rate, Slots: vars}.Entry(),
	}
	return f
}

func BenchmarkWrite(b *testing.B) {
	f := tutorialSize()
	var n counter
	if err := Write(&n, f); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(io.Discard, f); err != nil {
			b.Fatal(err)
		}
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	if err := Write(&file, tutorialSize()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
			b.Fatal(err)
		}
	}
}
