package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/demo"
)

// trainCommand trains a model. The defaults are the tutorial's settings.
type trainCommand struct {
	Source          string `arg:"" optional:"" name:"data" predictor:"data" help:"Labeled images: a folder, a zip or tar archive (archives inside it are opened too), a table (CSV, JSON lines, Parquet), shards ('train-{00..09}.tar'), the address of one (https://host/set.zip), or demo:cats-and-dogs. If it has parts such as train, val and test, the model is trained on train and validated on val."`
	sourceFlags     `group:"data"`
	validationFlags `group:"data"`
	TestSize        float64 `group:"data" default:"0.25" placeholder:".25" help:"Fraction of the images to use for validation, or their number if at least 1."`
	Stratify        bool    `group:"data" negatable:"" help:"Use the same fraction of each class for validation."`
	groupFlag       `group:"data"`
	foldFlags       `group:"data"`
	Strict          bool `group:"data" help:"Fail if an image cannot be used, instead of leaving it out: it cannot be read, or has no label, or its format, folder or class is not usable."`
	precheckFlag    `group:"data"`
	cacheFlag       `group:"data"`

	ModelSource string `name:"model" group:"model" default:"cnn" placeholder:"NAME|FILE" predictor:"body" help:"Model to train: cnn (the tutorial's network), the name of a published network (mobilenetv2), auto (the network that fits the images and --time best), a Keras architecture (.json, from to_json()), or a saved model of any kind (.keras, .h5, .onnx) to train further, or to learn other classes."`
	Size        size   `group:"model" placeholder:"128x128" help:"Height x width to which images are resized (default: 128x128, or the size in the model file)."`
	rescaleFlag `group:"model"`
	Epochs      int      `group:"model" default:"3" help:"Number of passes over the training images."`
	Batch       int      `group:"model" default:"15" help:"Batch size."`
	Dropout     *float64 `group:"model" placeholder:"FRACTION" help:"Fraction of the inputs of the last layer of cnn, or of a new classifier, that is set to 0 in training, such as .3 (default: no dropout; .2 for transfer learning)."`
	AugmentSpec string   `name:"augment" group:"model" placeholder:"OPTIONS" help:"Random changes of training images; the options are listed above (default: ${augment})."`
	NoAugment   bool     `group:"model" help:"Train on the unchanged images."`
	mixFlags    `group:"model"`
	Calibration *bool    `group:"model" negatable:"" help:"After the training, find the temperature that calibrates the probabilities on the validation images, and store it in the models (default: false; true for transfer learning). predict and evaluate then use it; Keras ignores it. The results show it in any case."`
	Seed        uint32   `group:"model" default:"42" help:"Random seed. The same seed gives the same split, initial weights, augmentation and results, bit for bit."`
	Threads     int      `group:"model" placeholder:"N" help:"Number of threads (default: all cores). It does not change results."`
	Memory      byteSize `group:"model" placeholder:"2GiB" help:"Memory for the weights, the optimizer and a training step, without images. A step that needs more computes some results twice, which takes time. It does not change results (default: no limit)."`

	limitFlags     `group:"model"`
	transferFlags  `group:"transfer"`
	optimizerFlags `group:"optimizer"`
	findFlags      `group:"optimizer"`
	objectiveFlags `group:"loss"`

	Out          path      `writes:"folder" group:"output" placeholder:"DIR" predictor:"folder" help:"Output folder (default: the next free runs/train-N, or with --lr-find runs/lr-find-N)."`
	Resume       path      `group:"output" placeholder:"DIR" predictor:"folder" help:"Resume the interrupted run in this folder, with its settings."`
	SaveFreq     int       `group:"output" placeholder:"N" help:"Write the checkpoint for --resume every N steps (default: after each epoch)."`
	TensorBoard  boardFlag `name:"tensorboard" group:"output" help:"Write files for TensorBoard to the folder tensorboard in the output folder. --tensorboard=DIR writes them to DIR."`
	WriteProfile bool      `name:"profile" group:"output" help:"Print the time spent on data, steps and kernels, and write profile.txt and trace.json."`
	csvFlag      `group:"output"`
	Overwrite    bool `group:"output" help:"Replace the files of an earlier run in the folder of --out."`

	given  map[string]bool // the flags on the command line
	others *recordData     // the data of the other trainings of --folds or --tune, which must be the same; nil if there are none
}

// Help returns the command's detailed help.
func (trainCommand) Help() string {
	return `For a folder of your own photos, with a subfolder for each class, use --model mobilenetv2: see "Transfer learning" below. Without --model, the defaults are those of the tutorial "How to build a convolutional neural network in Keras": its network, split and augmentation, 3 epochs, batch size 15. With demo:cats-and-dogs, which has 2,000 images (demo:cats-and-dogs?n=60 has 60), the defaults are 12 epochs and images of 64x64 pixels.

^C stops the training after the current step and writes all files; a second ^C stops at once. --resume continues an interrupted or killed run from its last checkpoint, which may be in the middle of an epoch. The files, except run.json, report.html, train.log and those of --profile and --tensorboard, which contain times, are then the same as those of an uninterrupted run. --resume can be combined with --threads, --memory, --cache, --profile, --quiet and --json, and with the new path of the data if it has changed.

--quiet leaves warnings and errors. --json prints JSON lines: the plan, each epoch and, as the last line, the result (with --quiet, only the result).

Examples:
  lince train demo:cats-and-dogs
  lince train dogs-vs-cats.zip --limit 2000
  lince train photos/ --size 96x96 --epochs 20 --patience 3 --optimizer adam
  lince train photos/ --validation more-photos/ --exif
  lince train pets/ --label '^(.+)_[0-9]+\.jpg$'
  lince train photos.csv --images photos/ --augment rotation=30,zoom=.3,hflip
  lince train photos/ --model runs/train-1/model.keras --epochs 5
  lince train photos/ --optimizer adamw --lr 1e-3 --schedule cosine --warmup 1
  lince train photos/ --metrics accuracy,auc --monitor val_auc --tensorboard
  lince train photos/ --epochs 10 --calibration
  lince train photos/ --model mobilenetv2
  lince train photos/ --model auto --weights net.h5 --time 2m
  lince train photos/ --model mobilenetv2 --weights net.h5 --finetune 5
  lince train photos/ --model dogs.keras --augment hflip --variants 2
  lince train photos/ --limit-batches 2
  lince train photos/ --lr-find
  lince train photos/ --folds 5
  lince train photos.csv --group patient_id
  lince train photos/ --tune 20m --epochs 30
  lince train --resume runs/train-2

Transfer learning: with --model and the name of a published network, auto, or a file of a model whose classes are not those of the data, lince keeps the body of that network, computes the features of each image once, and trains a new classifier on them. A few hundred photos are then enough. It has other defaults: ` + transferDefaults() + `. With --augment, each image has --variants variants. run.json has all settings.

Flags that change the loss, the metrics or the optimizer of a model file, except --lr, reset the optimizer's state and its schedule.

Schedules of --schedule. They change the rate of --lr over the steps of the run:
  ` + indent(schedulesHelp()) + `

Options of --augment, separated by commas:
  ` + indent(augment.Help(augmentKeys()...))
}

// Validate implements kong's check of flags. It reports all mistakes at once.
func (c *trainCommand) Validate() error {
	errs := []error{
		threadMistake(c.Threads), atLeast(bound{"--epochs", c.Epochs, 1}, bound{"--batch", c.Batch, 1}, bound{"--patience", c.Patience, 0},
			bound{"--save-freq", c.SaveFreq, 0}),
		c.sourceFlags.mistakes(),
		c.limitFlags.mistakes(),
		c.mixFlags.mistakes(),
		c.transferFlags.mistakes(),
		c.rescaleFlag.mistakes(),
		c.optimizerFlags.mistakes(),
		c.objectiveFlags.mistakes(),
	}
	if c.Source == "" && c.Resume == "" {
		errs = append(errs, errors.New(`expected "<data>" or --resume`))
	}
	if !(c.TestSize > 0) {
		errs = append(errs, fmt.Errorf("--test-size must be a fraction between 0 and 1, or a number of images, got %v", c.TestSize))
	}
	if d := c.Dropout; d != nil && !(*d >= 0 && *d < 1) {
		errs = append(errs, fmt.Errorf("--dropout must be at least 0 and less than 1, got %v", *d))
	}
	if _, err := c.generator(nil); err != nil {
		errs = append(errs, err)
	}
	return mistakes(errs...)
}

// The defaults for the demo, which has a sixth of the tutorial's images. There are more epochs because
// there are fewer images, and images are smaller to save time.
const demoEpochs = 12

var demoSize = size{64, 64}

// AfterApply sets the demo's defaults for flags that were not given.
func (c *trainCommand) AfterApply(k *kong.Context) error {
	c.given = givenFlags(k)
	if err := c.validationFlags.mistakes(c.given); err != nil {
		return usageError{err}
	}
	if err := mistakes(c.foldFlags.mistakes(c.given, c.LRFind), c.findFlags.mistakes(c.foldFlags)); err != nil {
		return err
	}
	if c.Weights != "" && c.ModelSource == tutorialName {
		if c.given["model"] {
			return usageError{errors.New("--weights is for a published network: --model with its name, or auto; cnn begins with random weights")}
		}
		c.ModelSource = autoName
	}
	if _, network := c.ofNetwork(); (network || c.ModelSource == autoName) && c.Task == data.Regress.String() {
		return usageError{errors.New("--task regress is for the network cnn and for model files with one output; transfer learning is for classes")}
	}
	if _, network := c.ofNetwork(); c.Rescale != "" && (network || c.ModelSource == autoName || c.ModelSource == tutorialName) {
		return usageError{errors.New("--rescale is for --model with a model file; the scaling of pixel values is known for cnn and for published networks")}
	}
	if c.ModelSource == autoName && c.Task == data.MultiLabel.String() {
		return usageError{errors.New("--model auto is for images with one class each; name the network for --task multilabel")}
	}
	if !strings.HasPrefix(c.Source, demo.Scheme) {
		return nil
	}
	if !c.given["epochs"] {
		c.Epochs = demoEpochs
	}
	if !c.given["size"] && c.ModelSource == tutorialName {
		c.Size = demoSize
	}
	return nil
}

// generator returns the augmentation of training images. p is the preprocessing in the model's
// file; if it is nil, the augmentation includes the tutorial's rescaling.
func (c *trainCommand) generator(p lince.Preprocessing) (augment.Generator, error) {
	rescale := 1. / 255
	if p != nil {
		rescale = 0 // p includes it
	}
	switch {
	case c.NoAugment && c.AugmentSpec != "":
		return augment.Generator{}, errors.New("--augment and --no-augment cannot be combined")
	case c.NoAugment:
		return augment.Generator{Rescale: rescale}, nil
	case c.AugmentSpec == "":
		g := augment.Tutorial()
		g.Rescale = rescale
		return g, nil
	}
	g, err := augment.Parse(c.AugmentSpec)
	if err != nil {
		return g, fmt.Errorf("--%s", strings.ReplaceAll(err.Error(), "\naugment: ", "\n--augment: "))
	}
	g.Rescale = cmp.Or(g.Rescale, rescale)
	if g.NeedsFit() || g.SamplewiseCenter || g.SamplewiseStdNormalization || g.ValidationSplit != 0 {
		return g, fmt.Errorf("--augment %s: normalization and validation-split are not augmentation; the options are %s",
			c.AugmentSpec, strings.Join(augmentKeys(), ", "))
	}
	return g, nil
}
