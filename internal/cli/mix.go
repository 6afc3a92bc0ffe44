package cli

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/loss"
)

// mixFlags are augmentations of batches.
type mixFlags struct {
	MixUp  *float64 `name:"mixup" placeholder:"ALPHA" help:"Mix each training image and its label with another of the batch, with weights from the beta distribution of ALPHA, such as .2 (default: no mixing). The larger ALPHA, the stronger the mixing. The training accuracy is then low."`
	CutOut bool     `name:"cutout" help:"Set a random rectangle of each training image to 0, of 2% to 33% of its height and width squared, as Keras' RandomErasing."`
}

// mistakes returns the mistakes in the flags.
func (f mixFlags) mistakes() error {
	if a := f.MixUp; a != nil && (!(*a > 0) || math.IsInf(*a, 0)) {
		return fmt.Errorf("--mixup must be greater than 0, such as .2, got %v", *a)
	}
	return nil
}

// names returns the flags that are set.
func (f mixFlags) names() (names []string) {
	if f.MixUp != nil {
		names = append(names, "--mixup")
	}
	if f.CutOut {
		names = append(names, "--cutout")
	}
	return names
}

// mixed returns the training data with --cutout and --mixup.
func (t *training) mixed(train *data.Flow) (data.Dataset, error) {
	names := strings.Join(t.names(), " and ")
	if names == "" {
		return train, nil
	}
	if t.transfers() {
		return nil, usageError{fmt.Errorf("%s: transfer learning computes the features of each image once, so batches cannot be changed; use --augment with --variants", names)}
	}
	if c, ok := t.model.Compiled(); ok && t.MixUp != nil && loss.TakesIndices(c.Loss) {
		return nil, usageError{fmt.Errorf("--mixup: the loss %s takes class indices, which cannot be mixed; set --loss categorical_crossentropy", loss.ClassOf(c.Loss))}
	}
	var set data.Dataset = train
	var err error
	if t.CutOut {
		if set, err = data.RandomErasing(set, data.RandomErasingOptions{Seed: t.Seed}); err != nil {
			return nil, err
		}
	}
	if t.MixUp != nil {
		if set, err = data.MixUp(set, data.MixUpOptions{Alpha: *t.MixUp, Seed: t.Seed}); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// ttaFlags are the flags of test-time augmentation.
type ttaFlags struct {
	TTA        int    `name:"tta" placeholder:"N" help:"Test-time augmentation: average the probabilities of N variants of each image, the unchanged one and N-1 random ones. It takes N times as long (default: the unchanged image alone)."`
	TTAAugment string `name:"tta-augment" default:"${tta}" placeholder:"OPTIONS" help:"Random changes of --tta, in the form of --augment of train (default: ${tta})."`
}

// usualVariants is the default of --tta-augment.
const usualVariants = "shift=.05,zoom=.95:1.05,hflip"

// mostVariants is the largest value of --tta.
const mostVariants = 1000

// mistakes returns the mistakes in the flags.
func (f ttaFlags) mistakes() error {
	_, err := f.generator()
	if f.TTA == 0 && f.TTAAugment != usualVariants {
		err = errors.Join(errors.New("--tta-augment is for --tta"), err)
	}
	if f.TTA > mostVariants {
		err = errors.Join(fmt.Errorf("--tta must be at most %d, got %d: each variant is a prediction, and more than some dozens change nothing", mostVariants, f.TTA), err)
	}
	return errors.Join(atLeast(bound{"--tta", f.TTA, 0}), err)
}

// generator returns the random changes.
func (f ttaFlags) generator() (augment.Generator, error) {
	g, err := augment.Parse(f.TTAAugment)
	if err != nil {
		return g, fmt.Errorf("--tta-%s", strings.ReplaceAll(err.Error(), "\naugment: ", "\n--tta-augment: "))
	}
	if g.NeedsFit() || g.SamplewiseCenter || g.SamplewiseStdNormalization || g.ValidationSplit != 0 || g.Rescale != 0 {
		return g, fmt.Errorf("--tta-augment %s: rescale, normalization and validation-split are not augmentation", f.TTAAugment)
	}
	return g, nil
}

// classify classifies the images of a dataset whose options are o. The random changes depend on the order of the images and on --batch, and not on the
// number of threads.
func (f ttaFlags) classify(e *env, m *lince.Model, set *data.Flow, o data.ImageOptions) ([]lince.Classification, error) {
	first, err := e.predict(e.ctx, m, set, "Predicting")
	if err != nil {
		return first, err
	}
	return f.variants(e, m, set, o, first)
}

// variants averages the predictions for the unchanged images with those for their variants.
func (f ttaFlags) variants(e *env, m *lince.Model, set *data.Flow, o data.ImageOptions, first []lince.Classification) ([]lince.Classification, error) {
	if f.TTA < 2 {
		return first, nil
	}
	var err error
	if o.Augment, err = f.generator(); err != nil {
		return nil, usageError{err}
	}
	lists := [][]lince.Classification{first}
	for k := 1; k < f.TTA; k++ {
		o.Seed = uint32(k * set.Steps()) // the random streams of batches follow each other
		variant, err := data.Images(set.Table(), o)
		if err != nil {
			return nil, err
		}
		list, err := e.predict(e.ctx, m, variant, fmt.Sprintf("Predicting variant %d of %d", k+1, f.TTA))
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lince.AverageClassifications(lists...)
}
