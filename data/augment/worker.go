package augment

import (
	"errors"
	"fmt"
)

// Worker applies transforms to images of one size. It reuses its memory, so Apply does not allocate. Only one
// goroutine may use a Worker at a time. Generator.Worker makes one.
type Worker struct {
	g       Generator
	h, w, c int
	stats   *Statistics
	rescale float32 // 1 if there is no Rescale
	cols    [2][]float64
	scratch []float32
	spline  *spline
}

// Worker makes a Worker for images of h rows, w columns and c channels. stats is the result of Fit. It may
// be nil unless NeedsFit. The error lists all mistakes in the options. BrightnessRange needs 1, 3 or 4
// channels.
func (g Generator) Worker(h, w, c int, stats *Statistics) (*Worker, error) {
	errs := []error{g.Check()}
	if h <= 0 || w <= 0 || c <= 0 {
		errs = append(errs, fmt.Errorf("augment: the size of an image must be positive, got %dx%dx%d", h, w, c))
	}
	if g.BrightnessRange.set && c != 1 && c != 3 && c != 4 {
		errs = append(errs, fmt.Errorf("augment: BrightnessRange needs images of 1, 3 or 4 channels, got %d", c))
	}
	g = g.implied()
	if err := stats.check(g, h, w, c); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	k := &Worker{g: g, h: h, w: w, c: c, stats: stats, rescale: 1}
	if g.Rescale != 0 {
		k.rescale = float32(g.Rescale)
	}
	k.cols = [2][]float64{make([]float64, w), make([]float64, w)}
	k.spline = newSpline(g.InterpolationOrder, g.FillMode, h, w)
	if g.SamplewiseStdNormalization || g.SamplewiseCenter || g.ZCAWhitening {
		k.scratch = make([]float32, h*w*c)
	}
	return k, nil
}

// Apply transforms and normalizes one image: Keras' apply_transform and standardize. src and dst have shape
// (h, w, c) and must not overlap. src is only read.
func (k *Worker) Apply(dst, src []float32, t Transform) error {
	l, err := k.transform(dst, src, &t, k.g.PreprocessingFunction == nil)
	if err != nil {
		return err
	}
	k.standardize(dst, l)
	return nil
}

// transform is Keras' apply_transform. It also rescales if fuse is set and no other step comes between. The
// returned layout records whether it did.
func (k *Worker) transform(dst, src []float32, t *Transform, fuse bool) (l layout, err error) {
	if n := k.h * k.w * k.c; len(dst) != n || len(src) != n {
		return l, fmt.Errorf("augment: want %d values for an image of %dx%dx%d, got %d to read and %d to write",
			n, k.h, k.w, k.c, len(src), len(dst))
	}
	in := &pixels{src, k.h, k.w, k.c}
	out := target{dst, t.FlipHorizontal, t.FlipVertical, 1}
	l.scaled = fuse && t.ChannelShift == 0 && !t.Brighten
	if l.scaled {
		out.scale = k.rescale
	}
	switch {
	case !t.affine():
		copyFlipped(out, in)
	case k.g.InterpolationOrder == Linear:
		warpLinear(out, in, t.mapping(k.h, k.w), k.g.FillMode, float32(k.g.Cval), &k.cols)
	case k.g.InterpolationOrder == NearestPixel:
		warpNearest(out, in, t.mapping(k.h, k.w), k.g.FillMode, float32(k.g.Cval))
	default:
		k.spline.warp(out, in, t.mapping(k.h, k.w), float32(k.g.Cval))
	}
	l.channelsFirst, l.flipH, l.flipV = t.affine(), t.FlipHorizontal, t.FlipVertical
	if t.ChannelShift != 0 {
		channelShift(dst, float32(t.ChannelShift))
		l.channelsFirst = true
	}
	if t.Brighten {
		brighten(dst, k.c, float32(t.Brightness))
		l.channelsFirst, l.flipH, l.flipV = false, false, false
	}
	return l, nil
}
