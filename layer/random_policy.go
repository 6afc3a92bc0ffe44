package layer

import (
	"math/rand/v2"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// RandomColorJitter changes brightness, contrast, saturation and hue of images at random in training
// (keras.layers.RandomColorJitter). It applies those of the four layers whose factors are set, in this
// order:
//
//	y = RandomHue(RandomSaturation(RandomContrast(RandomBrightness(x))))
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with 3 channels if the saturation or the hue
// changes. Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if a factor or ValueRange is out of range, or the operand is not a batch of images
// with the necessary channels.
type RandomColorJitter struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// BrightnessFactor is the Factor of RandomBrightness. The default, nil, does not change the brightness.
	BrightnessFactor Factor `keras:"brightness_factor"`
	// ContrastFactor is the Factor of RandomContrast. The default, nil, does not change the contrast.
	ContrastFactor Factor `keras:"contrast_factor"`
	// SaturationFactor is the Factor of RandomSaturation. The default, nil, does not change the saturation.
	SaturationFactor Factor `keras:"saturation_factor"`
	// HueFactor is the Factor of RandomHue. The default, nil, does not change the hue.
	HueFactor Factor `keras:"hue_factor"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandAugment applies random augmentations to a batch of images in training (keras.layers.RandAugment). In each
// step it draws NumOps of these eleven layers, the same for all images of the batch:
//
//	RandomShear, RandomTranslation, RandomRotation, RandomBrightness, RandomColorDegeneration,
//	RandomContrast, RandomSharpness, RandomPosterization, Solarization, AutoContrast, Equalization
//
// They run with Factor one after the other. RandomPosterization gets 8 times the upper end of Factor,
// rounded down. As in Keras, a layer that is drawn twice changes the images in the same way twice, and all
// eleven layers are computed for each of NumOps: the layer is slow. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with 3 channels or 1. Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range or not one of those that are listed, or the operand is
// not a batch of images with 3 channels or 1.
//
// Source: Cubuk et al., 2020 (RandAugment: practical automated data augmentation with a reduced search
// space).
type RandAugment struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// NumOps is the number of layers. From 1 to 64. The default is 2.
	NumOps int `keras:"num_ops,default=2,min=1,max=64"`
	// Factor is the range of the strengths. One number f is the range from 0 to f. From 0 to 1. The default
	// is 0.5.
	Factor Factor `keras:"factor,default=0.5"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AugMix mixes images with augmented copies of themselves in training (keras.layers.AugMix). Each of
// NumChains chains applies up to ChainDepth layers to the images:
//
//	y = clip(m*x + (1-m)*(w[0]*chain[0](x) + w[1]*chain[1](x) + ...), ValueRange)
//
// The layers of a chain are chosen from RandomShear, RandomTranslation, RandomRotation, RandomPosterization,
// Solarization, AutoContrast, Equalization and, with all operations, RandomBrightness,
// RandomColorDegeneration, RandomContrast and RandomSharpness; a chain has fewer than ChainDepth
// layers if "no layer" is chosen. They are chosen when the model is compiled, as they are in Keras when fit traces the
// model, and depend on Seed and the layer's path only. In each step, the strengths, m from the beta distribution of
// Alpha and Alpha, and w from the Dirichlet distribution of Alpha are drawn; m and w are the same for
// all images. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with 3 channels or 1. Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range or not one of those that are listed, or the operand is
// not a batch of images with 3 channels or 1.
//
// Source: Hendrycks et al., 2020 (AugMix: a simple data processing method to improve robustness and
// uncertainty).
type AugMix struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// NumChains is the number of chains. From 1 to 64. The default is 3.
	NumChains int `keras:"num_chains,default=3,min=1,max=64"`
	// ChainDepth is the number of layers of a chain. From 1 to 64. The default is 3.
	ChainDepth int `keras:"chain_depth,default=3,min=1,max=64"`
	// Factor is the range of the strengths. One number f is the range from 0 to f. From 0 to 1. The default
	// is 0.3.
	Factor Factor `keras:"factor,default=0.3"`
	// Alpha is the parameter of the distributions. Greater than 0. The default is 1.
	Alpha float64 `keras:"alpha,default=1,above=0"`
	// FewOps leaves out the four layers that change brightness, color, contrast and sharpness. The default
	// is false.
	FewOps bool `keras:"all_ops,inverted"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Build implements Layer.
func (l RandomColorJitter) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantJittered)
}

// Build implements Layer.
func (l RandAugment) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantGrayable)
}

// Build implements Layer.
func (l AugMix) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantGrayable)
}

func (l RandomColorJitter) check() error { return checkFactors(l.factors()) }

func (l RandAugment) check() error { return checkFactors(l.factors()) }

func (l AugMix) check() error { return checkFactors(l.factors()) }

func (l RandomColorJitter) factors() []factorField {
	return []factorField{
		{name: "BrightnessFactor", key: "brightness_factor", of: l.BrightnessFactor, lo: -1, hi: 1},
		{name: "ContrastFactor", key: "contrast_factor", of: l.ContrastFactor, lo: 0, hi: 1},
		{name: "SaturationFactor", key: "saturation_factor", of: l.SaturationFactor, lo: -1, hi: 1},
		{name: "HueFactor", key: "hue_factor", of: l.HueFactor, lo: 0, hi: 1},
	}
}

func (l RandAugment) factors() []factorField { return oneFactor(l.Factor, 0) }

func (l AugMix) factors() []factorField { return oneFactor(l.Factor, 0) }

func wantJittered(b *graph.Builder, l RandomColorJitter, x *graph.Value) bool {
	return l.SaturationFactor == nil && l.HueFactor == nil || wantColors(b, x, false)
}

// steps returns the layers whose factors are set. Each needs one number.
func (l RandomColorJitter) steps() []augmenter {
	var steps []augmenter
	for _, s := range []struct {
		factor Factor
		layer  augmenter
	}{
		{l.BrightnessFactor, RandomBrightness{Factor: l.BrightnessFactor, ValueRange: l.ValueRange}},
		{l.ContrastFactor, RandomContrast{Factor: l.ContrastFactor, ValueRange: l.ValueRange}},
		{l.SaturationFactor, RandomSaturation{Factor: l.SaturationFactor, ValueRange: l.ValueRange}},
		{l.HueFactor, RandomHue{Factor: l.HueFactor, ValueRange: l.ValueRange}},
	} {
		if s.factor != nil {
			steps = append(steps, filled(s.layer))
		}
	}
	return steps
}

// filled returns a layer with its defaults.
func filled(l augmenter) augmenter { return classes.Fill(l).(augmenter) }

// random returns the numbers of the steps.
func (l RandomColorJitter) random(d *draws) []*graph.Value { return randomOf(d, l.steps()) }

func randomOf(d *draws, layers []augmenter) []*graph.Value {
	var numbers []*graph.Value
	for _, l := range layers {
		numbers = append(numbers, l.random(d)...)
	}
	return numbers
}

func (l RandomColorJitter) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	for i, s := range l.steps() {
		x = s.change(b, x, numbers[i:i+1])
	}
	return x
}

// policy returns the layers of RandAugment with their factors. Each needs as many numbers as the second result
// says.
func policy(f Factor, r Range, interpolation string) (layers []augmenter, numbers []int) {
	ends := factorField{of: f}
	lo, hi := ends.ends()
	f = Factor{lo, hi}
	for _, l := range []struct {
		layer   augmenter
		numbers int
	}{
		{RandomShear{XFactor: f, YFactor: f, Interpolation: interpolation}, 2},
		{RandomTranslation{HeightFactor: f, WidthFactor: f, Interpolation: interpolation}, 2},
		{RandomRotation{Factor: f, Interpolation: interpolation}, 1},
		{RandomBrightness{Factor: f, ValueRange: r}, 1},
		{RandomColorDegeneration{Factor: f, ValueRange: r}, 1},
		{RandomContrast{Factor: f, ValueRange: r}, 1},
		{RandomSharpness{Factor: f, ValueRange: r}, 1},
		{RandomPosterization{Factor: Factor{max(1, float64(int(8*hi)))}, ValueRange: r}, 1},
		{Solarization{AdditionFactor: f, ThresholdFactor: f, ValueRange: r}, 2},
		{AutoContrast{ValueRange: r}, 0},
		{Equalization{ValueRange: r}, 0},
	} {
		layers, numbers = append(layers, filled(l.layer)), append(numbers, l.numbers)
	}
	return layers, numbers
}

// random returns NumOps indices of layers, scalars, and the numbers of all layers.
func (l RandAugment) random(d *draws) []*graph.Value {
	layers, _ := policy(l.Factor, l.ValueRange, l.Interpolation)
	var numbers []*graph.Value
	for range l.NumOps {
		numbers = append(numbers, d.below(d.Constant(d.x.DType, 0), len(layers)))
	}
	return append(numbers, randomOf(d, layers)...)
}

func (l RandAugment) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	layers, counts := policy(l.Factor, l.ValueRange, l.Interpolation)
	chosen := numbers[:l.NumOps]
	for _, which := range chosen {
		y, rest := x, numbers[l.NumOps:]
		for i, layer := range layers {
			is := b.Binary(op.Equal, which, b.Constant(x.DType, float64(i)))
			y = b.Select(is, layer.change(b, x, rest[:counts[i]]), y)
			rest = rest[counts[i]:]
		}
		x = y
	}
	return x
}

// chains chooses the layers of the chains, as indices of those of policy.
func (l AugMix) chains(path string) [][]int {
	seed := uint64(0)
	if l.Seed != nil {
		seed = uint64(*l.Seed)
	}
	random := rand.New(rand.NewPCG(graph.Key(seed, path), 0)) //nolint:gosec // the choice must be the same in each run
	ops := []int{0, 1, 2, 7, 8, 9, 10}
	if !l.FewOps {
		ops = append(ops, 3, 4, 5, 6)
	}
	chains := make([][]int, l.NumChains)
	for c := range chains {
		for range l.ChainDepth {
			if i := random.IntN(len(ops) + 1); i < len(ops) {
				chains[c] = append(chains[c], ops[i])
			}
		}
	}
	return chains
}

// random returns m, w and the numbers of the layers in the chains.
func (l AugMix) random(d *draws) []*graph.Value {
	layers, _ := policy(l.Factor, l.ValueRange, l.Interpolation)
	alpha, one := d.Constant(d.x.DType, l.Alpha), d.Constant(d.x.DType, 0)
	gamma := func() *graph.Value { return d.RandomLogGamma(d.seed, d.step, alpha, one) }
	numbers := []*graph.Value{d.Sigmoid(d.Sub(gamma(), gamma()))}
	// A softmax of logarithms of gamma-distributed numbers has the Dirichlet distribution.
	var weights []*graph.Value
	for range l.NumChains {
		weights = append(weights, d.Reshape(gamma(), 1))
	}
	shares := d.Softmax(d.Reshape(d.Concat(0, weights...), 1, l.NumChains))
	for c := range l.NumChains {
		numbers = append(numbers, d.Reshape(d.Slice(shares, []int{0, c}, []int{1, 1})))
	}
	for _, chain := range l.chains(d.Path()) {
		for _, i := range chain {
			numbers = append(numbers, layers[i].random(d)...)
		}
	}
	return numbers
}

func (l AugMix) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return l.mix(b, x, l.chains(b.Path()), numbers)
}

func (l AugMix) mix(b *graph.Builder, x *graph.Value, chains [][]int, numbers []*graph.Value) *graph.Value {
	layers, counts := policy(l.Factor, l.ValueRange, l.Interpolation)
	m, weights, rest := numbers[0], numbers[1:1+l.NumChains], numbers[1+l.NumChains:]
	var sum *graph.Value
	for c, chain := range chains {
		y := x
		for _, i := range chain {
			y = layers[i].change(b, y, rest[:counts[i]])
			rest = rest[counts[i]:]
		}
		if y = b.Mul(y, weights[c]); sum == nil {
			sum = y
		} else {
			sum = b.Add(sum, y)
		}
	}
	return clip(b, b.Add(b.Mul(m, x), b.Mul(b.Offset(b.Neg(m), 1), sum)), l.ValueRange)
}
