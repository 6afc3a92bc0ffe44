package augment

import (
	"testing"
)

// BenchmarkApply is the tutorial's augmentation of photographs of the tutorial's size.
func BenchmarkApply(b *testing.B) {
	const size = 128
	for _, bench := range []struct{ name, spec string }{
		{"tutorial", Tutorial().String()},
		{"identity", ""},
		{"flip", "hflip,rescale=1/255"},
		{"samplewise", "rotation=15,samplewise-std"},
		{"cubic", "rotation=15,order=3"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			g, err := Parse(bench.spec)
			if err != nil {
				b.Fatal(err)
			}
			k, err := g.Worker(size, size, 3, nil)
			if err != nil {
				b.Fatal(err)
			}
			src := formulaImages(1, size, size, 3, 0, 256)[0]
			dst := make([]float32, len(src))
			transforms := g.Transforms(nil, Order{Seed: 1, N: 256, BatchSize: 256}, 0, 0, size, size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := k.Apply(dst, src, transforms[i%len(transforms)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
