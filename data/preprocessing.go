package data

import (
	"errors"
	"slices"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// preprocessing fills in TargetSize, ColorMode and Interpolation. It returns the options for loading files,
// and the steps that follow Augment, or nil if there are none.
func (o *ImageOptions) preprocessing() (picture.Options, *preprocess.Pipeline, error) {
	if len(o.Preprocessing) == 0 {
		if o.TargetSize == [2]int{} {
			o.TargetSize = [2]int{256, 256}
		}
		return picture.Options{Height: o.TargetSize[0], Width: o.TargetSize[1], ColorMode: o.ColorMode, Interpolation: o.Interpolation}, nil, nil
	}
	var errs []error
	if o.TargetSize != [2]int{} || o.ColorMode != 0 || o.Interpolation != 0 {
		errs = append(errs, errors.New("with Preprocessing, TargetSize, ColorMode and Interpolation must be zero: the steps define them"))
	}
	if g := o.Augment; g.Rescale != 0 || g.SamplewiseCenter || g.SamplewiseStdNormalization || g.NeedsFit() {
		errs = append(errs, errors.New("with Preprocessing, Augment must not rescale or normalize: add Rescale or Normalize to the steps instead"))
	}
	p, err := o.Preprocessing.Compile()
	if err != nil {
		return picture.Options{}, nil, errors.Join(append(errs, err)...)
	}
	load := p.Options()
	o.TargetSize[0], o.TargetSize[1] = p.Size()
	o.ColorMode, o.Interpolation = load.ColorMode, load.Interpolation
	if o.TargetSize == [2]int{} {
		errs = append(errs, errors.New("the steps of Preprocessing leave images of different sizes, and a batch needs one size: add Resize with a height and a width, or CenterCrop"))
	}
	images, changes := o.Preprocessing.Split()
	if len(changes) > 0 {
		// Augment multiplies by Rescale while it transforms, which saves a pass over the values.
		if r, ok := changes[0].(preprocess.Rescale); ok && r.Offset == 0 {
			o.Augment.Rescale, changes = r.Scale, changes[1:]
		}
	}
	if len(changes) == 0 {
		return load, nil, errors.Join(errs...)
	}
	p, err = slices.Concat(images, changes).Compile()
	return load, p, errors.Join(append(errs, err)...)
}

// Preprocessing returns the steps from an image file to the input, without Augment's random transforms; see
// Preprocessed. It is nil if no list of steps describes them: Augment has a PreprocessingFunction, normalizes
// each image separately, or applies ZCA whitening, or the images are not files (ImageTensors).
func (f *Flow) Preprocessing() preprocess.Steps {
	o := f.o
	g := o.Augment
	if g.PreprocessingFunction != nil || f.arrays != nil {
		return nil
	}
	if len(o.Preprocessing) > 0 {
		return slices.Clone(o.Preprocessing)
	}
	if g.SamplewiseCenter || g.SamplewiseStdNormalization || g.ZCAWhitening {
		return nil
	}
	steps := preprocess.Steps{
		preprocess.Decode{ColorMode: o.ColorMode},
		preprocess.Resize{Height: o.TargetSize[0], Width: o.TargetSize[1], Interpolation: o.Interpolation},
	}
	if g.Rescale != 0 && g.Rescale != 1 {
		steps = append(steps, preprocess.Rescale{Scale: g.Rescale})
	}
	if g.NeedsFit() {
		var n preprocess.Normalize
		for _, v := range o.Statistics.Mean {
			n.Mean = append(n.Mean, float64(v))
		}
		if g.FeaturewiseStdNormalization {
			for _, v := range o.Statistics.Std {
				n.Std = append(n.Std, float64(v+1e-6)) // as ImageDataGenerator divides
			}
		}
		steps = append(steps, n)
	}
	return steps
}
