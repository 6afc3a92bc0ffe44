package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/optimizer"
)

// trainCommand trains a model. Its defaults are the tutorial's.
type trainCommand struct {
	Source      string `arg:"" optional:"" name:"data" predictor:"data" help:"A zip (Kaggle's nested one too), a folder, a CSV, or demo:cats-and-dogs."`
	sourceFlags `group:"data"`
	TestSize    float64 `group:"data" default:"0.25" placeholder:".25" help:"The part of the pictures (from 1 on: their number) that is set aside for validation."`
	Stratify    bool    `group:"data" help:"Split each class alike."`
	Strict      bool    `group:"data" help:"Fail when a picture cannot be read, instead of leaving it out."`
	cacheFlag   `group:"data"`

	Model       string   `group:"model" default:"cnn" placeholder:"cnn|FILE" predictor:"start" help:"The tutorial's network (cnn), Keras' to_json() (.json), or a model to go on with (.keras)."`
	Size        size     `group:"model" placeholder:"128x128" help:"Height x width that pictures are resized to. A model's file has its own."`
	Epochs      int      `group:"model" default:"3" help:"How often to go over the pictures."`
	Batch       int      `group:"model" default:"15" help:"Pictures a step."`
	Optimizer   string   `group:"model" placeholder:"rmsprop" predictor:"optimizer" help:"rmsprop, adam or sgd. A model whose training continues keeps its own."`
	LR          *float64 `group:"model" name:"lr" placeholder:"RATE" help:"Learning rate (default: the optimizer's, as in Keras)."`
	Augment     string   `group:"model" placeholder:"SPEC" help:"Random changes of training pictures, of ${augment_keys} (default: ${augment})."`
	NoAugment   bool     `group:"model" help:"Take the pictures as they are."`
	ClassWeight string   `group:"model" placeholder:"WEIGHTS" help:"Weights of classes in the loss, as in cat=2,dog=1; balanced gives rare classes more."`
	Patience    int      `group:"model" placeholder:"N" help:"Stop when val_loss has not got better for N epochs, and go back to the best weights."`
	Seed        uint32   `group:"model" default:"42" help:"The same seed gives the same split, weights, augmentation and result, to the bit."`
	Threads     int      `group:"model" placeholder:"N" help:"Threads (default: all). The result does not depend on it."`

	Out       path `group:"output" placeholder:"DIR" predictor:"folder" help:"The folder for the run's files (default: the next runs/train-N)."`
	Resume    path `group:"output" placeholder:"DIR" predictor:"folder" help:"Continue the run in this folder, which was interrupted, with its settings."`
	SaveFreq  int  `group:"output" placeholder:"N" help:"Write checkpoint.keras, from which a run is resumed, every N steps (default: after each epoch)."`
	Profile   bool `group:"output" help:"Print what took how long, and write profile.txt and trace.json."`
	Overwrite bool `group:"output" help:"Let --out replace an earlier run's files."`
}

// Help is the command's longer help.
func (trainCommand) Help() string {
	return `Without flags this is the tutorial "How to build a convolutional neural network in Keras": its network, split, augmentation, 3 epochs, batch 15. The drawn pictures of demo: are fewer, and get 12 epochs at 64x64.

^C ends the training after the step at hand, and writes all the same files; a second ^C stops at once. --resume continues a run that was interrupted or killed, in the middle of an epoch too; it ends with the same files as one that was not. Beside it, only the data (where they have moved), --threads, --cache and --profile may be given.

Examples:
  lince train demo:cats-and-dogs
  lince train dogs-vs-cats.zip --limit 2000
  lince train photos/ --size 96x96 --epochs 20 --patience 3 --optimizer adam
  lince train photos.csv --images photos/ --augment rotation=30,zoom=.3,hflip
  lince train photos/ --model runs/train-1/model.keras --epochs 5
  lince train --resume runs/train-2

What --augment may list, with commas between:
  ` + indent(augment.Help(augmentKeys()...))
}

// Validate implements kong's check of flags: all mistakes at once.
func (c *trainCommand) Validate() error {
	_, weightErr := parseWeights(c.ClassWeight)
	errs := []error{
		weightErr,
		atLeast(bound{"--epochs", c.Epochs, 1}, bound{"--batch", c.Batch, 1}, bound{"--patience", c.Patience, 0}, bound{"--threads", c.Threads, 0},
			bound{"--save-freq", c.SaveFreq, 0}),
		c.mistakes(),
	}
	if c.Source == "" && c.Resume == "" {
		errs = append(errs, errors.New(`expected "<data>", or --resume`))
	}
	if !(c.TestSize > 0) {
		errs = append(errs, fmt.Errorf("--test-size %v: want a part between 0 and 1, or a number of pictures", c.TestSize))
	}
	if c.LR != nil && !(*c.LR > 0) {
		errs = append(errs, fmt.Errorf("--lr %v: want more than 0", *c.LR))
	}
	if c.Optimizer != "" {
		if _, err := optimizer.Parse(c.Optimizer); err != nil {
			errs = append(errs, fmt.Errorf("--optimizer: %w", err))
		}
	}
	if _, err := c.generator(nil); err != nil {
		errs = append(errs, err)
	}
	return mistakes(errs...)
}

// The demo has a sixth of the tutorial's pictures: more epochs, of smaller pictures, make up
// for it in less time.
const demoEpochs = 12

var demoSize = size{64, 64}

// AfterApply gives flags that were not set the defaults that suit the data.
func (c *trainCommand) AfterApply(k *kong.Context) error {
	if !strings.HasPrefix(c.Source, demo.Scheme) {
		return nil
	}
	set := func(name string) bool {
		return slices.ContainsFunc(k.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == name })
	}
	if !set("epochs") {
		c.Epochs = demoEpochs
	}
	if !set("size") && c.Model == "cnn" {
		c.Size = demoSize
	}
	return nil
}

// generator is what changes the training pictures, p being how the model wants pictures;
// nil is as in the tutorial.
func (c *trainCommand) generator(p lince.Preprocessing) (augment.Generator, error) {
	rescale := 1. / 255
	if p != nil {
		rescale = 0 // p says it
	}
	switch {
	case c.NoAugment && c.Augment != "":
		return augment.Generator{}, errors.New("--augment and --no-augment: want one of them")
	case c.NoAugment:
		return augment.Generator{Rescale: rescale}, nil
	case c.Augment == "":
		g := augment.Tutorial()
		g.Rescale = rescale
		return g, nil
	}
	g, err := augment.Parse(c.Augment)
	if err != nil {
		return g, fmt.Errorf("--%s", strings.ReplaceAll(err.Error(), "\naugment: ", "\n--augment: "))
	}
	g.Rescale = cmp.Or(g.Rescale, rescale)
	if g.NeedsFit() || g.SamplewiseCenter || g.SamplewiseStdNormalization || g.ValidationSplit != 0 {
		return g, fmt.Errorf("--augment %s: normalisation is not augmentation, since predictions need it too, and --test-size splits; there is %s",
			c.Augment, strings.Join(augmentKeys(), ", "))
	}
	return g, nil
}
