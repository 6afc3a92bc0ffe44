package augment

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/lince-ml/lince/internal/mt19937"
)

// Statistics is what the options Featurewise... and ZCAWhitening know of the dataset. It
// is plain data, to be saved beside the weights of the model that was trained with it.
type Statistics struct {
	Mean []float32 `json:"mean,omitempty"` // of each channel
	Std  []float32 `json:"std,omitempty"`  // of each channel, without the 1e-6 that is added when dividing
	// Components are the principal components for ZCA whitening, one after the other, each
	// height x width x channels values: the matrix P with P·Pᵀ = Keras' zca_whitening_matrix.
	Components []float32 `json:"components,omitempty"`
}

// check tells whether s, which may be nil, has what g (with implied options) uses.
func (s *Statistics) check(g Generator, h, w, c int) error {
	if !g.NeedsFit() {
		return nil
	}
	if s == nil {
		return errors.New("augment: FeaturewiseCenter, FeaturewiseStdNormalization and ZCAWhitening use the data set's statistics: call Fit first and give its result")
	}
	var errs []error
	if len(s.Mean) != c {
		errs = append(errs, fmt.Errorf("augment: statistics have %d means for images of %d channels", len(s.Mean), c))
	}
	if g.FeaturewiseStdNormalization && len(s.Std) != c {
		errs = append(errs, fmt.Errorf("augment: statistics have %d standard deviations for images of %d channels", len(s.Std), c))
	}
	if n := h * w * c; g.ZCAWhitening && n > 0 && (len(s.Components) == 0 || len(s.Components)%n != 0) {
		errs = append(errs, fmt.Errorf("augment: statistics have principal components of %d values in all for images of %d", len(s.Components), n))
	}
	return errors.Join(errs...)
}

// FitOptions are the arguments of ImageDataGenerator.fit. The zero value is Keras' default.
type FitOptions struct {
	Augment bool   // gather the statistics of augmented images
	Rounds  int    // how many times over the images with Augment; 0 is 1
	Seed    uint32 // of the draws with Augment
}

// Fit gathers the statistics of a dataset: images gives each image of h x w x c values in
// turn, and must give the same ones each time it is ranged over (twice with ZCAWhitening).
// An image is used before the next is asked for, none is kept.
//
// As in Keras, values are rescaled first, and the preprocessing function has no part in it.
// Unlike Keras, whose float32 sums stop growing on large datasets, sums are float64.
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
	// The worker only transforms: it needs no statistics yet.
	plain := g
	plain.FeaturewiseCenter, plain.FeaturewiseStdNormalization, plain.ZCAWhitening = false, false, false
	k, err := plain.Worker(h, w, c, nil)
	if err != nil {
		return nil, err
	}
	return &fit{g.implied(), opt, k, make([]float32, 2*h*w*c)}, nil
}

// each calls use with every image, rescaled and, if wanted, augmented: the same ones in the
// same order each time.
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

// moment is a running mean and sum of squared distances from it.
type moment struct{ n, mean, m2 float64 }

// add takes in every step-th value (Chan, Golub and LeVeque, 1979, an image at a time).
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
