// Package augment is Keras' ImageDataGenerator: random rotations, shifts, shears, zooms, flips, channel
// shifts and brightness, and the normalization that follows them. docs/keras.md lists the arguments in Keras with their fields.
//
// For a seed it draws the same numbers as Keras, from NumPy's Mersenne Twister in the same order. The pixels
// equal Keras' to the last bit in nearly all cases; the golden tests list the others. A [Generator] holds the
// options, [Generator.Draw] draws a [Transform], and a [Worker] applies it. An [Order] determines which
// images form a batch and where in the random stream the batch begins, so that any goroutine can make any
// batch of any epoch.
//
//	g := augment.Tutorial()
//	worker, err := g.Worker(128, 128, 3, nil)
//	order := augment.Order{Seed: 42, N: len(images), BatchSize: 15}
//	transforms := g.Transforms(nil, order, epoch, step, 128, 128)
//	for i, row := range order.Batch(nil, epoch, step) {
//		err = worker.Apply(batch[i], images[row], transforms[i])
//	}
//
// Source: keras.src.legacy.preprocessing.image of Keras 3.15.1, scipy.ndimage of SciPy 1.17.1.
package augment

import (
	"errors"
	"fmt"
	"math"
)

// Generator holds the arguments of Keras' ImageDataGenerator under Keras' names. The zero value has
// Keras' defaults and changes nothing. Images are float32 arrays of shape (height, width, channels) with
// values from 0 to 255.
//
// U(a, b) below is a number drawn uniformly from [a, b), separately for each image. The steps follow
// this order: rotation, shift, shear and zoom in one interpolation, channel shift, flips, brightness,
// PreprocessingFunction, Rescale, samplewise normalization, featurewise normalization, whitening.
type Generator struct {
	// FeaturewiseCenter subtracts the dataset's mean of each channel: x - mean. It needs Fit.
	FeaturewiseCenter bool
	// SamplewiseCenter subtracts the mean of all values of the image: x - mean(x).
	SamplewiseCenter bool
	// FeaturewiseStdNormalization divides by the dataset's standard deviation of each channel:
	// (x - mean) / (std + 1e-6). It implies FeaturewiseCenter and needs Fit.
	FeaturewiseStdNormalization bool
	// SamplewiseStdNormalization divides by the standard deviation of all values of the image:
	// (x - mean(x)) / (std(x) + 1e-6). It implies SamplewiseCenter.
	SamplewiseStdNormalization bool
	// ZCAWhitening decorrelates all values of an image: the centered image, as a vector, is multiplied
	// by P·Pᵀ (see Statistics.Components). It implies FeaturewiseCenter, turns
	// FeaturewiseStdNormalization off, and needs Fit.
	ZCAWhitening bool
	// ZCAEpsilon is added to the singular values before the division. 0 means 1e-6.
	ZCAEpsilon float64
	// RotationRange rotates the image by U(-RotationRange, RotationRange) degrees.
	RotationRange float64
	// WidthShiftRange and HeightShiftRange shift the image. See the constructors of Shift for what
	// is drawn. Fractions in WidthShiftRange are relative to the width, and those in
	// HeightShiftRange to the height.
	//
	// As in Keras, the directions are swapped: WidthShiftRange moves the image up and down, and
	// HeightShiftRange moves it left and right.
	WidthShiftRange, HeightShiftRange Shift
	// BrightnessRange multiplies the values by a factor U(lo, hi) and clips them to 0..255. The values
	// are rounded down to whole numbers before and after. The zero value does nothing.
	BrightnessRange Range
	// ShearRange shears the image by an angle of U(-ShearRange, ShearRange) degrees.
	ShearRange float64
	// ZoomRange scales the two axes by two separate factors U(lo, hi). A factor below 1 enlarges the
	// image. Around(.2) is Keras' zoom_range=.2 and equals Between(.8, 1.2), Keras' [.8, 1.2]. The zero
	// value does not zoom.
	ZoomRange Range
	// ChannelShiftRange adds v = U(-ChannelShiftRange, ChannelShiftRange) to every value:
	// min(max(x+v, min(x)), max(x)), where min(x) and max(x) are the minimum and maximum of the
	// whole image.
	ChannelShiftRange float64
	// FillMode determines the values outside the image. The default is FillNearest.
	FillMode FillMode
	// Cval is the value outside the image with FillConstant.
	Cval float64
	// HorizontalFlip and VerticalFlip mirror the image with probability 1/2 each: if U(0, 1) < 0.5.
	HorizontalFlip, VerticalFlip bool
	// Rescale multiplies every value: x * Rescale. 0 means 1.
	Rescale float64
	// PreprocessingFunction, if not nil, changes a transformed image in place, before Rescale. It must be
	// safe for concurrent use.
	PreprocessingFunction func(pixels []float32, height, width, channels int)
	// ValidationSplit is the fraction of the rows that is reserved for validation, strictly between 0
	// and 1. These are the first int(n*ValidationSplit) of n rows. 0 reserves none.
	ValidationSplit float64
	// InterpolationOrder is the spline that computes values between pixels. The default is Linear.
	InterpolationOrder Interpolation
}

// Tutorial returns the augmentation of the cats-and-dogs tutorial:
//
//	ImageDataGenerator(rotation_range=15, rescale=1./255, shear_range=0.1, zoom_range=0.2,
//	                   horizontal_flip=True, width_shift_range=0.1, height_shift_range=0.1)
func Tutorial() Generator {
	return Generator{
		RotationRange:    15,
		Rescale:          1. / 255,
		ShearRange:       .1,
		ZoomRange:        Around(.2),
		HorizontalFlip:   true,
		WidthShiftRange:  ShiftBy(.1),
		HeightShiftRange: ShiftBy(.1),
	}
}

// Check returns an error with all mistakes in the options, or nil.
func (g Generator) Check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("augment: "+format, args...)) }
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"ZCAEpsilon", g.ZCAEpsilon}, {"RotationRange", g.RotationRange}, {"ShearRange", g.ShearRange},
		{"ChannelShiftRange", g.ChannelShiftRange}, {"Cval", g.Cval}, {"Rescale", g.Rescale},
	} {
		if !finite(f.value) {
			add("%s: want a finite number, got %v", f.name, f.value)
		}
	}
	if g.ZCAEpsilon < 0 {
		add("ZCAEpsilon: want at least 0, got %v", g.ZCAEpsilon)
	}
	for _, f := range []struct {
		name  string
		value Shift
	}{{"WidthShiftRange", g.WidthShiftRange}, {"HeightShiftRange", g.HeightShiftRange}} {
		if err := f.value.check(); err != nil {
			add("%s: %w", f.name, err)
		}
	}
	for _, f := range []struct {
		name  string
		value Range
	}{{"ZoomRange", g.ZoomRange}, {"BrightnessRange", g.BrightnessRange}} {
		if !finite(f.value.lo) || !finite(f.value.hi) {
			add("%s: want two finite numbers, got %v and %v", f.name, f.value.lo, f.value.hi)
		}
	}
	if g.FillMode < 0 || int(g.FillMode) >= len(fillModes) {
		add("FillMode: want one of %s, got %d", nameList(fillModes[:]), int(g.FillMode))
	}
	if g.InterpolationOrder < 0 || int(g.InterpolationOrder) >= len(splineOrders) {
		add("InterpolationOrder: want one of the constants Linear to Quintic, got %d", int(g.InterpolationOrder))
	}
	// NaN fails both comparisons and is reported.
	if v := g.ValidationSplit; v != 0 && !(v > 0 && v < 1) {
		add("ValidationSplit: want a fraction strictly between 0 and 1, got %v", v)
	}
	return errors.Join(errs...)
}

// Split returns how many of n rows ValidationSplit reserves for validation: the first int(n*ValidationSplit)
// rows.
func (g Generator) Split(n int) int { return int(float64(n) * g.ValidationSplit) }

// NeedsFit reports whether the options use statistics of the dataset, which Fit computes.
func (g Generator) NeedsFit() bool {
	return g.FeaturewiseCenter || g.FeaturewiseStdNormalization || g.ZCAWhitening
}

// implied returns g with the options that its options imply, as ImageDataGenerator sets them.
func (g Generator) implied() Generator {
	if g.ZCAWhitening || g.FeaturewiseStdNormalization {
		g.FeaturewiseCenter = true
	}
	if g.ZCAWhitening {
		g.FeaturewiseStdNormalization = false
	}
	if g.SamplewiseStdNormalization {
		g.SamplewiseCenter = true
	}
	if g.ZCAEpsilon == 0 {
		g.ZCAEpsilon = 1e-6
	}
	return g
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
