// Package augment is Keras' ImageDataGenerator: random rotations, shifts, shears, zooms,
// flips, channel shifts and brightness, and the normalization that follows them.
//
// What it draws for a seed is what Keras draws, from NumPy's Mersenne Twister in the same
// order, and the pixels agree with the real thing, in nearly every case to the last bit
// (see the golden tests). A Generator holds the options, Draw makes a Transform, a Worker
// applies it. Order says which images make up a batch and where its draws begin, so that
// any batch of any epoch can be made on its own, by any goroutine.
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

// Generator is ImageDataGenerator's arguments under Keras' names. The zero value is Keras'
// defaults: nothing is changed. Images are float32, height x width x channels, 0..255.
type Generator struct {
	// FeaturewiseCenter subtracts the dataset's mean of each channel. Needs Fit.
	FeaturewiseCenter bool
	// SamplewiseCenter subtracts the image's own mean.
	SamplewiseCenter bool
	// FeaturewiseStdNormalization divides by the dataset's standard deviation of each
	// channel; it implies FeaturewiseCenter. Needs Fit.
	FeaturewiseStdNormalization bool
	// SamplewiseStdNormalization divides by the image's own standard deviation; it implies
	// SamplewiseCenter.
	SamplewiseStdNormalization bool
	// ZCAWhitening decorrelates all pixels; it implies FeaturewiseCenter and turns
	// FeaturewiseStdNormalization off. Needs Fit.
	ZCAWhitening bool
	// ZCAEpsilon is added to the singular values; 0 is Keras' default, 1e-6.
	ZCAEpsilon float64
	// RotationRange in degrees: the angle is drawn from -RotationRange..RotationRange.
	RotationRange float64
	// WidthShiftRange and HeightShiftRange: see Shift.
	WidthShiftRange, HeightShiftRange Shift
	// BrightnessRange is the range of the factor; the zero value leaves brightness alone.
	BrightnessRange Range
	// ShearRange in degrees (Keras' documentation: "shear intensity").
	ShearRange float64
	// ZoomRange is the range of the two zoom factors, below 1 enlarges: Around(.2) is
	// Keras' zoom_range=.2, Between(.8, 1.2) its [.8, 1.2]. The zero value is no zoom.
	ZoomRange Range
	// ChannelShiftRange: a number from -ChannelShiftRange..ChannelShiftRange is added to
	// every value, within the image's own minimum and maximum.
	ChannelShiftRange float64
	// FillMode says what lies beyond the image's border.
	FillMode FillMode
	// Cval is the value beyond the border with FillConstant.
	Cval float64
	// HorizontalFlip and VerticalFlip mirror every other image, at random.
	HorizontalFlip, VerticalFlip bool
	// Rescale multiplies every value, after the transform and the preprocessing function;
	// 0 (and 1) leave the values alone.
	Rescale float64
	// PreprocessingFunction changes one transformed image in place, before rescaling. It is
	// called from several goroutines at once.
	PreprocessingFunction func(pixels []float32, height, width, channels int)
	// ValidationSplit is the part of the rows, the first ones, that is set aside: see Split.
	ValidationSplit float64
	// InterpolationOrder is the spline that pixels are read with; the zero value is Keras'
	// default, Linear.
	InterpolationOrder Interpolation
}

// Tutorial is the augmentation of the cats-and-dogs tutorial:
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

// Check reports every mistake in the options at once.
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
		add("ZCAEpsilon: want a positive number, got %v", g.ZCAEpsilon)
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
	// NaN fails both comparisons, as it should.
	if v := g.ValidationSplit; v != 0 && !(v > 0 && v < 1) {
		add("ValidationSplit: want a number strictly between 0 and 1, got %v", v)
	}
	return errors.Join(errs...)
}

// Split is how many of n rows, the first ones, ValidationSplit sets aside; the training
// rows are the rest.
func (g Generator) Split(n int) int { return int(float64(n) * g.ValidationSplit) }

// NeedsFit tells whether the options use statistics of the dataset.
func (g Generator) NeedsFit() bool {
	return g.FeaturewiseCenter || g.FeaturewiseStdNormalization || g.ZCAWhitening
}

// implied is g with the options that other options imply, as ImageDataGenerator sets them.
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
