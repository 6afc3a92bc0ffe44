package augment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/mt19937"
)

// Transform holds the numbers drawn for one image: the transform_parameters of ImageDataGenerator.
// Use Identity for a Transform that changes nothing. The zero value is invalid, because its zoom
// factors are 0.
type Transform struct {
	Theta          float64 // the rotation in degrees
	Tx, Ty         float64 // the shifts in pixels, drawn from HeightShiftRange and from WidthShiftRange
	Shear          float64 // the shear angle in degrees
	Zx, Zy         float64 // the zoom factors; 1 does not zoom
	FlipHorizontal bool
	FlipVertical   bool
	ChannelShift   float64 // what is added to the values (Keras' channel_shift_intensity); 0 adds nothing
	Brighten       bool    // applies Brightness; a factor of 1 still rounds the values down to bytes
	Brightness     float64 // the factor of the values
}

// Identity returns the transform that changes nothing.
func Identity() Transform { return Transform{Zx: 1, Zy: 1} }

// affine reports whether the transform moves pixels other than by flips.
func (t *Transform) affine() bool {
	return t.Theta != 0 || t.Tx != 0 || t.Ty != 0 || t.Shear != 0 || t.Zx != 1 || t.Zy != 1
}

// String lists what the transform changes, such as "theta=12.5 hflip".
func (t Transform) String() string {
	var b strings.Builder
	put := func(on bool, format string, args ...any) {
		if on {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, format, args...)
		}
	}
	put(t.Theta != 0, "theta=%g", t.Theta)
	put(t.Tx != 0, "tx=%g", t.Tx)
	put(t.Ty != 0, "ty=%g", t.Ty)
	put(t.Shear != 0, "shear=%g", t.Shear)
	put(t.Zx != 1 || t.Zy != 1, "zx=%g zy=%g", t.Zx, t.Zy)
	put(t.FlipHorizontal, "hflip")
	put(t.FlipVertical, "vflip")
	put(t.ChannelShift != 0, "channel=%g", t.ChannelShift)
	put(t.Brighten, "brightness=%g", t.Brightness)
	put(b.Len() == 0, "identity")
	return b.String()
}

// Draw draws a transform for an image of h rows and w columns: Keras' get_random_transform. It draws the
// same numbers as Keras from the same state of the stream. The Generator must have passed Check.
func (g *Generator) Draw(r *mt19937.Rand, h, w int) Transform {
	t := Identity()
	if v := g.RotationRange; v != 0 {
		t.Theta = r.Uniform(-v, v)
	}
	t.Tx = g.HeightShiftRange.draw(r, h)
	t.Ty = g.WidthShiftRange.draw(r, w)
	if v := g.ShearRange; v != 0 {
		t.Shear = r.Uniform(-v, v)
	}
	if z := g.ZoomRange; z.set && (z.lo != 1 || z.hi != 1) {
		t.Zx = r.Uniform(z.lo, z.hi)
		t.Zy = r.Uniform(z.lo, z.hi)
	}
	// Keras draws for both flips even if they are off.
	t.FlipHorizontal = r.Float64() < .5 && g.HorizontalFlip
	t.FlipVertical = r.Float64() < .5 && g.VerticalFlip
	if v := g.ChannelShiftRange; v != 0 {
		t.ChannelShift = r.Uniform(-v, v)
	}
	if b := g.BrightnessRange; b.set {
		t.Brighten, t.Brightness = true, r.Uniform(b.lo, b.hi)
	}
	return t
}

// Random reports whether an image may become another one each time. A PreprocessingFunction counts, because it may draw
// random numbers too.
func (g *Generator) Random() bool {
	z := g.ZoomRange
	return g.RotationRange != 0 || g.HeightShiftRange.kind != noShift || g.WidthShiftRange.kind != noShift || g.ShearRange != 0 ||
		z.set && (z.lo != 1 || z.hi != 1) || g.HorizontalFlip || g.VerticalFlip || g.ChannelShiftRange != 0 || g.BrightnessRange.set ||
		g.PreprocessingFunction != nil
}

func (s Shift) draw(r *mt19937.Rand, size int) float64 {
	var v, most float64
	switch s.kind {
	case noShift:
		return 0
	case shiftBy:
		v, most = r.Uniform(-s.most, s.most), s.most
	case shiftPixels:
		v, most = float64(r.Intn(s.pixels))*sign(r), float64(s.pixels)
	case shiftChoice:
		v, most = s.choices[r.Intn(len(s.choices))]*sign(r), slices.Max(s.choices)
	}
	if most < 1 {
		v *= float64(size)
	}
	return v
}

// sign is numpy.random.choice([-1, 1]).
func sign(r *mt19937.Rand) float64 { return [2]float64{-1, 1}[r.Intn(2)] }
