package layer

import "github.com/lince-ml/lince/graph"

// Change applies an augmentation layer with given random numbers, those that its method random returns. chains are the layers of an
// AugMix.
func Change(b *graph.Builder, l Layer, x *graph.Value, numbers []*graph.Value, chains [][]int) *graph.Value {
	l = classes.Fill(l)
	if mix, ok := l.(AugMix); ok {
		return mix.mix(b, x, chains, numbers)
	}
	return l.(augmenter).change(b, x, numbers)
}

// Random returns the random numbers of an augmentation layer for the images x.
func Random(b *graph.Builder, l Layer, seed *int, x *graph.Value) []*graph.Value {
	return classes.Fill(l).(augmenter).random(newDraws(b, seed, x))
}
