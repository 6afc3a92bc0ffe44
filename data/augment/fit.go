package augment

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/lince-ml/lince/internal/mt19937"
)

// Statistics holds what Fit computes from a dataset for FeaturewiseCenter, FeaturewiseStdNormalization and
// ZCAWhitening. It can be saved as JSON with the model that is trained with it.
type Statistics struct {
	Mean []float32 `json:"mean,omitempty"` // the mean of each channel
	Std  []float32 `json:"std,omitempty"`  // the standard deviation of each channel, without the 1e-6 that is added when dividing
	// Components holds the principal components for ZCA whitening, one after the other, with
	// height*width*channels values each. They are the columns of the matrix P, and P·Pᵀ is Keras'
	// zca_whitening_matrix.
	Components []float32 `json:"components,omitempty"`
}

// check returns an error if s, which may be nil, lacks statistics that g (with implied options) needs.
func (s *Statistics) check(g Generator, h, w, c int) error {
	if !g.NeedsFit() {
		return nil
	}
	if s == nil {
		return errors.New("augment: FeaturewiseCenter, FeaturewiseStdNormalization and ZCAWhitening need statistics of the dataset: call Fit and pass its result")
	}
	var errs []error
	if len(s.Mean) != c {
		errs = append(errs, fmt.Errorf("augment: statistics have %d means for images of %d channels", len(s.Mean), c))
	}
	if g.FeaturewiseStdNormalization && len(s.Std) != c {
		errs = append(errs, fmt.Errorf("augment: statistics have %d standard deviations for images of %d channels", len(s.Std), c))
	}
	if n := h * w * c; g.ZCAWhitening && n > 0 && (len(s.Components) == 0 || len(s.Components)%n != 0) {
		errs = append(errs, fmt.Errorf("augment: statistics have %d values of principal components, which is not a positive multiple of the image's %d values", len(s.Components), n))
	}
	return errors.Join(errs...)
}

// FitOptions configures Fit: the arguments of ImageDataGenerator.fit. The zero value is Keras' default.
type FitOptions struct {
	Augment bool   // computes the statistics of augmented images
	Rounds  int    // the number of passes over the images if Augment is set; 0 means 1
	Seed    uint32 // the seed of the augmentation if Augment is set
}

// Fit computes the statistics of a dataset: ImageDataGenerator.fit. images yields the values of each
// image, of shape (h, w, c). It is ranged over again for each round, and twice as often with
// ZCAWhitening, and must yield the same images each time. An image need only be valid until the next
// iteration.
//
// As in Keras, the values are rescaled, and the preprocessing function is not applied. Keras sums in
// float32, which loses accuracy on large datasets. Fit sums in float64.
//
// Fit fails if the options are invalid, an image has the wrong size, or there are no images.
func (g Generator) Fit(images iter.Seq2[[]float32, error], h, w, c int, opt FitOptions) (*Statistics, error) {
	f, err := g.newFit(h, w, c, opt)
	if err != nil {
		return nil, err
	}
	if !f.g.NeedsFit() {
		return &Statistics{}, nil
	}
	moments := make([]moment, c)
	err = f.each(images, func(pix []float32) {
		for k := range moments {
			moments[k].add(pix[k:], c)
		}
	})
	if err != nil {
		return nil, err
	}
	if moments[0].n == 0 {
		return nil, errors.New("augment: Fit got no images")
	}
	s := &Statistics{}
	for _, m := range moments {
		s.Mean = append(s.Mean, float32(m.mean))
		if f.g.FeaturewiseStdNormalization {
			s.Std = append(s.Std, float32(math.Sqrt(m.m2/m.n)))
		}
	}
	if f.g.ZCAWhitening {
		s.Components, err = f.principal(images, s.Mean)
	}
	return s, err
}

type fit struct {
	g   Generator
	opt FitOptions
	k   *Worker
	buf []float32
}

func (g Generator) newFit(h, w, c int, opt FitOptions) (*fit, error) {
	if opt.Rounds < 0 {
		return nil, fmt.Errorf("augment: Fit's Rounds: want at least 1, got %d", opt.Rounds)
	}
	if opt.Rounds == 0 || !opt.Augment {
		opt.Rounds = 1
	}
	// The worker only transforms. It needs no statistics yet.
	plain := g
	plain.FeaturewiseCenter, plain.FeaturewiseStdNormalization, plain.ZCAWhitening = false, false, false
	k, err := plain.Worker(h, w, c, nil)
	if err != nil {
		return nil, err
	}
	return &fit{g.implied(), opt, k, make([]float32, 2*h*w*c)}, nil
}

// each calls use with every image, rescaled and, with Augment, transformed. Each call of each visits the
// same images in the same order.
func (f *fit) each(images iter.Seq2[[]float32, error], use func([]float32)) error {
	n := len(f.buf) / 2
	scaled, out := f.buf[:n], f.buf[n:]
	r := mt19937.New(f.opt.Seed)
	for range f.opt.Rounds {
		for pix, err := range images {
			if err != nil {
				return fmt.Errorf("augment: Fit: %w", err)
			}
			if len(pix) != n {
				return fmt.Errorf("augment: Fit: want images of %d values, got one of %d", n, len(pix))
			}
			for i, v := range pix {
				scaled[i] = v * f.k.rescale
			}
			if !f.opt.Augment {
				use(scaled)
				continue
			}
			t := f.g.Draw(r, f.k.h, f.k.w)
			if _, err := f.k.transform(out, scaled, &t, false); err != nil {
				return err
			}
			use(out)
		}
	}
	return nil
}

// moment is a running mean and a sum of squared distances from it.
type moment struct{ n, mean, m2 float64 }

// add updates the moments with every step-th value (Chan, Golub and LeVeque, 1979), one image at a time.
func (m *moment) add(v []float32, step int) {
	var n, sum float64
	for i := 0; i < len(v); i += step {
		sum += float64(v[i])
		n++
	}
	mean := sum / n
	var m2 float64
	for i := 0; i < len(v); i += step {
		d := float64(v[i]) - mean
		m2 += float64(d * d)
	}
	total := m.n + n
	d := mean - m.mean
	m.mean += float64(d*n) / total
	m.m2 += m2 + float64(float64(d*d)*(m.n*n/total))
	m.n = total
}
