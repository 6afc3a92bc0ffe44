package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/zoo"
)

// Transfer learning: the training of a new classifier on the body of a network that was trained on other images.

// autoName is the value of --model that chooses a body.
const autoName = "auto"

// proposedNetwork is the network that messages propose: its weights are small.
const proposedNetwork = "mobilenetv2"

// transferFlags are the flags of transfer learning.
type transferFlags struct {
	Weights       string `placeholder:"FILE" predictor:"file" help:"Weights for the network of --model, or for --model auto: a file (.h5, .keras, .pth, .safetensors), or imagenet, the file that Keras has downloaded (default: imagenet)."`
	Finetune      int    `placeholder:"N" help:"After the classifier, train the upper layers of the body too, for N epochs, at a tenth of the learning rate (default: 0)."`
	Unfreeze      string `default:".3" placeholder:".3|LAYER" help:"What --finetune trains of the body: a fraction of its layers, counted from the output, or the layers from LAYER on. BatchNormalization stays frozen."`
	Interpolation string `placeholder:"NAME" help:"How images are resized for the body, such as nearest, bilinear or bicubic (default: that of the network, or bilinear)."`
	Variants      int    `default:"4" placeholder:"4" help:"With --augment, the number of random variants of each training image whose features are computed. They repeat after this number of epochs."`
}

// mistakes returns the mistakes in the flags.
func (f transferFlags) mistakes() error {
	errs := []error{atLeast(bound{"--finetune", f.Finetune, 0}, bound{"--variants", f.Variants, 1})}
	if fraction, isNumber := f.unfreezes(); isNumber && !(fraction > 0 && fraction <= 1) {
		errs = append(errs, fmt.Errorf("--unfreeze must be greater than 0 and at most 1, or the name of a layer, got %s", f.Unfreeze))
	}
	if f.Interpolation != "" {
		if _, err := picture.ParseInterpolation(f.Interpolation); err != nil {
			errs = append(errs, fmt.Errorf("--interpolation: %w", err))
		}
	}
	return errors.Join(errs...)
}

// unfreezes returns the fraction of --unfreeze, if it is no layer.
func (f transferFlags) unfreezes() (fraction float64, isNumber bool) {
	fraction, err := strconv.ParseFloat(f.Unfreeze, 64)
	return fraction, err == nil
}

// unfreeze makes the layers that --unfreeze selects trainable, and returns their number.
func (f transferFlags) unfreeze(m *lince.Model) (int, error) {
	if fraction, ok := f.unfreezes(); ok {
		return m.UnfreezeTop(fraction), nil
	}
	n, err := m.UnfreezeFrom(f.Unfreeze)
	if err != nil {
		return 0, usageError{fmt.Errorf("--unfreeze: %s", strings.TrimPrefix(err.Error(), "unfreezing: "))}
	}
	return n, nil
}

// checkUnfreeze returns an error if --unfreeze fits no layer of a model that Transfer has made: the second phase is too late to say so.
func (f transferFlags) checkUnfreeze(m *lince.Model) error {
	if _, ok := f.unfreezes(); ok {
		return nil
	}
	if _, err := f.unfreeze(m); err != nil {
		return err
	}
	layers := m.Layers()
	for _, l := range layers[:len(layers)-1] { // freeze them again
		if l.CountParams() > 0 {
			l.SetTrainable(false)
		}
	}
	return nil
}

// recordTransfer is the record of transfer learning in run.json. A resumed run uses it, and does not choose again.
type recordTransfer struct {
	Network      string  `json:"network,omitempty"` // a name of package zoo
	Weights      string  `json:"weights,omitempty"` // of the network
	File         string  `json:"file,omitempty"`    // of a whole model, instead of a network
	Size         string  `json:"size"`
	LearningRate float64 `json:"learning_rate"` // of the classifier; that of --finetune is a tenth
	Reason       string  `json:"reason,omitempty"`
	Layers       int     `json:"finetuned_layers,omitempty"`
	Variants     int     `json:"variants"` // of each training image
}

// name describes the body.
func (r recordTransfer) name() string {
	if r.Network != "" {
		return fmt.Sprintf("%s with the weights %s", r.Network, r.Weights)
	}
	return r.File
}

// options returns the options of the network.
func (r recordTransfer) options(o lince.Options) zoo.Options {
	s := r.size()
	return zoo.Options{NoTop: true, InputShape: []int{s[0], s[1], 3}, Weights: r.Weights, Model: o}
}

// size returns the size, which is zero if it is that of the file.
func (r recordTransfer) size() (s size) {
	_ = s.UnmarshalText([]byte(r.Size)) // lince wrote it
	return s
}

// transfers reports whether the run is one of transfer learning.
func (t *training) transfers() bool { return t.record.Transfer != nil }

// ofNetwork returns the network that --model names, if it is not the name of a file.
func (c *trainCommand) ofNetwork() (zoo.Network, bool) {
	if c.ModelSource == tutorialName || c.ModelSource == autoName {
		return zoo.Network{}, false
	}
	n, err := zoo.Find(c.ModelSource)
	if err != nil {
		return n, false
	}
	_, err = os.Stat(c.ModelSource)
	return n, err != nil
}

// bodyNames returns the values of --model that are no files.
func bodyNames() []string {
	names := []string{tutorialName, autoName}
	for _, n := range zoo.Networks() {
		names = append(names, n.Name)
	}
	return names
}

// checkModel returns an error if --model is neither a name nor a file.
func (c *trainCommand) checkModel() error {
	switch n, ok := c.ofNetwork(); {
	case ok:
		return c.checkWeights(n)
	case c.ModelSource == autoName && (c.Weights == "" || c.Weights == zoo.ImageNet):
		_, err := c.bodiesOf(c.Weights)
		return err
	case c.ModelSource == autoName || c.ModelSource == tutorialName:
		return nil
	}
	_, err := os.Stat(c.ModelSource)
	if err != nil {
		_, unknown := zoo.Find(c.ModelSource)
		_, hint, _ := strings.Cut(unknown.Error(), "; ")
		if hint != "" {
			hint = "; " + hint
		}
		return fmt.Errorf("--model %s: %w%s; want cnn, auto, the name of a network such as efficientnetlite0, a Keras architecture (.json) or a saved model (.keras)",
			c.ModelSource, patherr.Bare(err), hint)
	}
	if c.Weights != "" {
		return usageError{fmt.Errorf("--weights is for a network such as --model efficientnetlite0, and for --model auto; the model %s has its own weights", c.ModelSource)}
	}
	return nil
}

// checkWeights returns an error if the file of a network's weights is not there, before thousands of images are read.
func (c *trainCommand) checkWeights(n zoo.Network) error {
	r := c.networkTransfer(n)
	if r.Weights == zoo.ImageNet && len(n.ImageNet) == 0 {
		return usageError{fmt.Errorf("--model %s: Keras has no weights for it; set --weights FILE", n.Name)}
	}
	if err := n.CheckWeights(r.options(lince.Options{})); err != nil {
		return fmt.Errorf("--model %s: the weights: %w", n.Name, err)
	}
	return nil
}

// checkTransfer returns the flags that need transfer learning, if the run is none.
func (t *training) checkTransfer() error {
	var errs []error
	for _, name := range []string{"finetune", "unfreeze", "interpolation", "variants", "weights"} {
		if t.given[name] {
			errs = append(errs, fmt.Errorf("--%s is for transfer learning: --model with the name of a network, auto, or a model of other classes", name))
		}
	}
	return mistakes(errs...)
}

// transferModel makes the model for the data's classes on the body that the record describes.
func (t *training) transferModel(o lince.Options, r recordTransfer, classes []string) (*lince.Model, error) {
	body, err := t.body(o, r)
	if err != nil {
		return nil, err
	}
	m, err := body.Transfer(lince.TransferOptions{Classes: len(classes), Dropout: t.Dropout, Activation: t.classifier()})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	if err := t.checkUnfreeze(m); err != nil {
		return nil, err
	}
	m.Classes = classes
	if m.Preprocessing == nil {
		if err := t.completePreprocessing(r.name(), m, t.Size, t.scaling()); err != nil {
			return nil, err
		}
		if t.Interpolation == "" {
			m.Preprocessing = resizedBy(m.Preprocessing, picture.Bilinear)
		}
	} else if s := t.scaling(); s != nil {
		m.Preprocessing = rescaled(m.Preprocessing, s)
	}
	if m.Preprocessing, err = t.interpolated(m.Preprocessing); err != nil {
		return nil, err
	}
	if _, err := flowOptions(m, 1, 1); err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	return m, nil
}

// interpolated returns p with the setting of --interpolation.
func (f transferFlags) interpolated(p lince.Preprocessing) (lince.Preprocessing, error) {
	if f.Interpolation == "" {
		return p, nil
	}
	how, err := picture.ParseInterpolation(f.Interpolation)
	if err != nil {
		return nil, usageError{err}
	}
	return resizedBy(p, how), nil
}

// resizedBy returns p with another way to resize images.
func resizedBy(p lince.Preprocessing, how picture.Interpolation) lince.Preprocessing {
	p = slices.Clone(p)
	for i, step := range p {
		if s, ok := step.(preprocess.Resize); ok {
			s.Interpolation = how
			p[i] = s
		}
	}
	return p
}

// networkPreprocessing returns the preprocessing of the model that is made of a network.
func (c *trainCommand) networkPreprocessing(n zoo.Network) lince.Preprocessing {
	s := c.networkTransfer(n).size()
	return n.Preprocessing(s[0], s[1])
}

// willTransfer notes that the run will be one of transfer learning, and that the model will load images as p says before --interpolation, --exif and
// --gray-range change it. p is nil if that is not known. The model itself is made when the classes are final.
func (t *training) willTransfer(p lince.Preprocessing) {
	t.setTransferCache()
	if p, err := t.interpolated(p); err == nil && p != nil { // transferModel reports the error
		t.loading = t.decoded(p)
	}
}

// setTransferCache sets the default of --cache: the features of all images are computed from their pixels once.
func (t *training) setTransferCache() {
	if !t.given["cache"] {
		t.Cache = transferCache
		t.record.Settings["cache"] = t.Cache.String()
	}
}

// body opens or makes a body.
func (t *training) body(o lince.Options, r recordTransfer) (*lince.Model, error) {
	if r.Network == "" {
		m, err := openModel(r.File, o)
		if err != nil {
			return nil, err
		}
		in := m.InputShape()
		if s := r.size(); len(in) != 4 || s != (size{}) && s != (size{in[1], in[2]}) && !openSize(in) {
			return nil, usageError{fmt.Errorf("--size %s: the model %s takes %v; remove --size", s, r.File, in)}
		}
		return m, nil
	}
	n, err := zoo.Find(r.Network)
	if err != nil {
		return nil, err
	}
	return n.New(r.options(o))
}

// networkTransfer returns the record for --model with the name of a network.
func (c *trainCommand) networkTransfer(n zoo.Network) recordTransfer {
	s := c.Size
	if s == (size{}) {
		s = size{n.Side, n.Side}
	}
	return recordTransfer{Network: n.Name, Weights: cmp.Or(c.Weights, zoo.ImageNet), Size: s.String()}
}

// fileTransfer returns the record for a model of other classes than those of the data. It warns of classes that only the model has, if it has all others.
func (t *training) fileTransfer(m *lince.Model, classes []string) recordTransfer {
	reason := "the model has other classes"
	if n := classCount(m); n != len(classes) {
		reason = fmt.Sprintf("the model has %s, the data %d", count(n, "class", "classes"), len(classes))
	}
	if gone := missing(m.Classes, classes); len(gone) > 0 && len(gone) == len(m.Classes)-len(classes) {
		t.warn(fmt.Sprintf("the new classifier does not have the classes of %s that the data lack: %s", t.ModelSource, shortList(gone)))
	}
	in := m.InputShape()
	s := size{in[1], in[2]}
	if openSize(in) {
		s = t.Size
	}
	return recordTransfer{File: t.ModelSource, Size: s.String(), Reason: reason}
}

// The defaults of transfer learning, for flags that were not given.
const (
	transferEpochs   = 30
	transferRate     = 1e-3
	transferPatience = 8
	smoothing        = .1
	transferCache    = byteSize(512 << 20)
	// unevenClasses is the ratio of the largest to the smallest class from which classes are weighted.
	unevenClasses = 1.5
)

// transferDefaults describes the defaults for --help.
func transferDefaults() string {
	return fmt.Sprintf("--epochs %d, --batch 8 to 32 by the number of images, --optimizer adam, --lr %v, --schedule cosine, --patience %d, --label-smoothing %v, --calibration, --stratify, --no-augment, --dropout .2, --cache 512MiB, and --class-weight balanced if a class has %v times the images of another (none turns it off)",
		transferEpochs, transferRate, transferPatience, smoothing, unevenClasses)
}

// setTransfer notes that the run is one of transfer learning, and sets its defaults.
func (t *training) setTransfer(r recordTransfer) {
	t.record.Transfer = &r
	c := t.trainCommand
	set := func(name string, value any, change func()) {
		if !c.given[name] {
			change()
			t.record.Settings[strings.ReplaceAll(name, "-", "_")] = value
		}
	}
	t.setTransferCache()
	set("epochs", transferEpochs, func() { c.Epochs = transferEpochs })
	set("stratify", true, func() { c.Stratify = true })
	set("optimizer", "adam", func() { c.Optimizer = "adam" })
	set("schedule", "cosine", func() { c.Schedule = "cosine" })
	set("calibration", true, func() { c.Calibration = new(true) })
	set("patience", transferPatience, func() { c.Patience = transferPatience })
	set("label-smoothing", smoothing, func() { c.LabelSmoothing = new(smoothing) })
	if c.Loss != "" && !c.given["label-smoothing"] { // not every loss has it
		c.LabelSmoothing = nil
		delete(t.record.Settings, "label_smoothing")
	}
	rate := cmp.Or(r.LearningRate, transferRate)
	if !c.given["optimizer"] || r.LearningRate > 0 {
		set("lr", rate, func() { c.LR = new(rate) })
	}
	if c.LR != nil {
		t.record.Transfer.LearningRate = *c.LR
	}
	if c.AugmentSpec == "" {
		set("no-augment", true, func() { c.NoAugment = true })
	}
	t.record.Transfer.Variants = 1
	if c.AugmentSpec != "" {
		t.record.Transfer.Variants = c.Variants
	}
}

// setTransferBatch sets the batch size for the number of training images, if it was not given: at most 32, and some 20 steps in an epoch.
func (t *training) setTransferBatch(images int) {
	if t.transfers() && !t.given["batch"] {
		t.Batch = min(max(images/20, 8), 32)
		t.record.Settings["batch"] = t.Batch
	}
}

// setTransferWeights weights the classes if their numbers of images are uneven.
func (t *training) setTransferWeights(counts data.Counts) {
	if !t.transfers() || t.given["class-weight"] || t.several() {
		return
	}
	least, most := counts[0].N, 0
	for _, c := range counts {
		least, most = min(least, c.N), max(most, c.N)
	}
	if float64(most) >= unevenClasses*float64(least) {
		t.ClassWeight = balanced
		t.record.Settings["class_weight"] = balanced
	}
}

// canStratify reports whether a stratified split is possible: each class has two images, one for each part, and each part has at least one image for each class.
func canStratify(counts data.Counts, testSize float64) bool {
	n := 0
	for _, c := range counts {
		n += c.N
	}
	train, test, err := data.SplitOptions{TestSize: testSize}.Sizes(n)
	return err == nil && min(train, test) >= len(counts) && !slices.ContainsFunc(counts, func(c data.Count) bool { return c.N < 2 })
}

// describeTransfer says what was done, in a line.
func (t *training) describeTransfer() {
	r := t.record.Transfer
	if r == nil {
		return
	}
	reason := ""
	if r.Reason != "" {
		reason = " (" + r.Reason + ")"
	}
	t.printf("Transfer learning: a new classifier on the frozen body of %s, images of %s%s.\n", r.name(), r.Size, reason)
}

// manyImages is the number of images from which the tutorial's network alone is a good start.
const manyImages = 5000

// proposeTransfer returns a line that proposes transfer learning after a run of the tutorial's network, "" if it does not fit.
func (t *training) proposeTransfer(images int) string {
	if t.ModelSource != tutorialName || t.given["model"] || t.train.Table().Rule() != data.Folder {
		return ""
	}
	command := "lince train " + shell.Quote(t.Source) + " --model "
	if found := foundBodies(); len(found) > 0 {
		return fmt.Sprintf("\nA classifier on the features of %s, whose weights are on this machine, is usually more accurate:\n  %s\n", found[0].Network, command+found[0].Network)
	}
	if images < manyImages {
		return fmt.Sprintf("\nWith %s, a classifier on the features of a published network is usually more accurate. It needs weights; this command says how to fetch them:\n  %s\n", count(images, "image"), command+proposedNetwork)
	}
	return ""
}

// givenFlags returns the names of the flags on the command line.
func givenFlags(k *kong.Context) map[string]bool {
	given := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil {
			given[p.Flag.Name] = true
		}
	}
	return given
}

// missing returns the names of a list that another one lacks.
func missing(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
}
