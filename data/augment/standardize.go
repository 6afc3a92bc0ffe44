package augment

// standardize is ImageDataGenerator.standardize for one image.
func (k *Worker) standardize(pix []float32, l layout) {
	g := &k.g
	if g.PreprocessingFunction != nil {
		g.PreprocessingFunction(pix, k.h, k.w, k.c)
		l.flipH, l.flipV = false, false // in Keras the function returns a new array
	}
	if !l.scaled && k.rescale != 1 {
		for i := range pix {
			pix[i] *= k.rescale
		}
	}
	if g.SamplewiseCenter {
		mean := k.mean(pix, l)
		for i := range pix {
			pix[i] -= mean
		}
	}
	if g.SamplewiseStdNormalization {
		std := k.std(pix, l) + 1e-6
		for i := range pix {
			pix[i] /= std
		}
	}
	if g.FeaturewiseCenter {
		for i := 0; i < len(pix); i += k.c {
			for j, m := range k.stats.Mean {
				pix[i+j] -= m
			}
		}
	}
	if g.FeaturewiseStdNormalization {
		for i := 0; i < len(pix); i += k.c {
			for j, s := range k.stats.Std {
				pix[i+j] /= s + 1e-6
			}
		}
	}
	if g.ZCAWhitening {
		whiten(pix, k.stats.Components, k.scratch)
	}
}
