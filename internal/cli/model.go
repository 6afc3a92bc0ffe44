package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/zoo"
)

// tutorialName is the value of --model for the tutorial's network.
const tutorialName = "cnn"

// openModel opens a model file of any kind.
func openModel(path string, o lince.Options) (*lince.Model, error) {
	o.Recognize = zoo.RecognizeFile(path)
	return o.Open(path)
}

// noted warns as notes does, and of weights that are not finite.
func (e *env) noted(name string, m *lince.Model) {
	if v := m.NotFinite(); v != "" {
		e.warn(fmt.Sprintf("%s: %s, so its predictions may be NaN", name, notFinite(v)))
	}
	e.notes(name, m)
}

// notes warns of what differs between a model and its file, such as a quantized network that computes with float32.
func (e *env) notes(name string, m *lince.Model) {
	for _, n := range m.Notes() {
		e.warn(name + ": " + n)
	}
}

// notFinite says that a variable of a model has numbers that are not finite.
func notFinite(variable string) string {
	return fmt.Sprintf("the weight %s has numbers that are NaN or infinite", variable)
}

// makeModel builds or opens the model for the data's classes, and compiles it. final is false if classes may become fewer: the model of other classes
// is then an error, and not the body of a new model.
func (t *training) makeModel(classes []string, final bool) error {
	if t.state != nil {
		return t.resumed(classes)
	}
	o := lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}
	var m *lince.Model
	var err error
	switch _, network := t.ofNetwork(); {
	case network || t.ModelSource == autoName || t.transfers():
		m, err = t.modelOnBody(o, classes, final)
	case t.ModelSource == tutorialName:
		m, err = t.tutorialModel(o, classes)
	default:
		m, err = t.modelOfFile(o, classes, final)
	}
	if err != nil {
		return err
	}
	if !t.transfers() {
		if err := t.checkTransfer(); err != nil {
			return err
		}
	}
	if m.Classes == nil {
		m.Classes = classes
	}
	if err := t.setPreprocessing(m); err != nil {
		return err
	}
	m.MultiLabel, m.Regression = t.several(), t.regresses()
	t.model = m
	if err := t.compile(); err != nil {
		return err
	}
	t.watched, err = findMonitor(t.Monitor, t.model)
	return err
}

// modelOnBody makes a model on the body of a published network, of the one that --model auto chooses, or of the run that is resumed from its beginning.
func (t *training) modelOnBody(o lince.Options, classes []string, final bool) (*lince.Model, error) {
	network, named := t.ofNetwork()
	switch {
	case !final:
		if named {
			t.willTransfer(t.networkPreprocessing(network))
		}
		return nil, errNotFinal
	case t.transfers(): // the run is resumed from its beginning
	case named:
		t.setTransfer(t.networkTransfer(network))
	default:
		r, err := t.chooseBody(classes)
		if err != nil {
			return nil, err
		}
		t.setTransfer(r)
	}
	return t.transferModel(o, *t.record.Transfer, classes)
}

// tutorialModel makes the tutorial's network.
func (t *training) tutorialModel(o lince.Options, classes []string) (*lince.Model, error) {
	s := t.Size
	if s == (size{}) {
		s = size{tutorial.Side, tutorial.Side}
	}
	layers := tutorial.Layers(s[0], s[1], max(len(classes), 1))
	if t.regresses() {
		layers = append(layers[:len(layers)-1], t.regressor(t.table)...)
	} else if a := t.classifier(); a != nil {
		layers[len(layers)-1] = layer.Dense{Units: len(classes), Activation: a}
	}
	if t.Dropout != nil {
		last := len(layers) - 1 // the last Dense layer
		if t.regresses() {
			last--
		}
		layers = slices.Insert(layers, last, layer.Layer(layer.Dropout{Rate: *t.Dropout}))
	}
	m, err := o.Sequential(layers...)
	if err != nil {
		return nil, fmt.Errorf("--size %s: %w", s, err)
	}
	return m, nil
}

// modelOfFile opens the file of --model. If its classes are not those of the data, it is the body of a new model.
func (t *training) modelOfFile(o lince.Options, classes []string, final bool) (*lince.Model, error) {
	m, err := openModel(t.ModelSource, o)
	if err != nil {
		return nil, err
	}
	if v := m.NotFinite(); v != "" {
		return nil, fmt.Errorf("%s: %s; the training that wrote the file diverged", t.ModelSource, notFinite(v))
	}
	t.notes(t.ModelSource, m)
	err = t.fits(m, classes)
	var other otherClasses
	switch {
	case err == nil && t.Dropout != nil:
		return nil, usageError{fmt.Errorf("--dropout is for the network cnn and for transfer learning; the layers of %s are those in the file, so add a Dropout layer there", t.ModelSource)}
	case errors.As(err, &other) && final && t.hasWeights():
		t.setTransfer(t.fileTransfer(m, classes))
		return t.transferModel(o, *t.record.Transfer, classes)
	case errors.As(err, &other) && !final && t.hasWeights():
		t.willTransfer(m.Preprocessing)
	}
	return m, err
}

// setPreprocessing completes the preprocessing of the model, and takes the augmentation from the flags.
func (t *training) setPreprocessing(m *lince.Model) (err error) {
	if !t.transfers() && t.ModelSource != tutorialName && (t.Rescale != "" || m.Preprocessing == nil && (m.ScalesPixels() || !t.setsScale())) {
		if err := t.completePreprocessing(t.ModelSource, m, t.Size, t.scaling()); err != nil {
			return err
		}
	}
	if t.augment, err = t.generator(m.Preprocessing); err != nil {
		return err
	}
	if m.Preprocessing == nil {
		if m.Preprocessing, err = defaultPreprocessing(m, t.Size); err != nil {
			return err
		}
	}
	if factor := t.augment.Rescale; factor != 0 {
		if !rescales(m.Preprocessing) {
			return usageError{fmt.Errorf("--augment rescale=%v: the model %s already normalizes pixel values; remove rescale", factor, t.ModelSource)}
		}
		// Predictions need the factor too, so it becomes part of the model.
		m.Preprocessing, t.augment.Rescale = rescaled(m.Preprocessing, preprocess.Rescale{Scale: factor}), 0
	}
	m.Preprocessing = t.decoded(m.Preprocessing)
	return nil
}

// scaling returns the step of --rescale, or nil. Validate has checked it.
func (t *training) scaling() preprocess.Step {
	step, _ := t.step()
	return step
}

// setsScale reports whether --augment sets the factor of pixel values, or the model has no weights that fit one.
func (t *training) setsScale() bool {
	g, err := augment.Parse(t.AugmentSpec)
	return err == nil && g.Rescale != 0 || !t.hasWeights()
}

// errNotFinal is the error of a model that is made when the classes are final.
var errNotFinal = otherClasses{errors.New("the classes are not final")}

// hasWeights reports whether the model file has weights.
func (t *training) hasWeights() bool {
	k, err := lince.FileKindOf(t.ModelSource)
	return err == nil && k.Name != "json"
}

// otherClasses is the error of a model whose classes are not those of the data.
type otherClasses struct{ error }

// fits returns an error if a model that was opened cannot be trained on these classes.
func (t *training) fits(m *lince.Model, classes []string) error {
	in := m.InputShape()
	open := openSize(in) && m.Preprocessing == nil
	if !open || t.Size == (size{}) {
		if _, err := flowOptions(m, 1, 1); err != nil {
			return fmt.Errorf("%s: %w", t.ModelSource, err)
		}
	}
	if s := (size{in[1], in[2]}); t.Size != (size{}) && t.Size != s && !open {
		return usageError{fmt.Errorf("--size %s: the model %s needs images of %s; remove --size", t.Size, t.ModelSource, s)}
	}
	if task := t.table.Task(); m.Regression && task != data.Regress {
		how := "choose another --model, such as cnn or mobilenetv2"
		if data.IsTable(t.Source) {
			how += "; to train on numbers in a column of the table, set --task regress"
		}
		return usageError{fmt.Errorf("the model %s predicts a number for each image, so it cannot be the start of a classifier: %s", t.ModelSource, how)}
	}
	if err := fitTask(m, t.ModelSource, t.table.Task()); err != nil {
		return err
	}
	if t.regresses() {
		return nil
	}
	if err := spelledAlike(m, t.ModelSource, classes); err != nil {
		return err
	}
	if n := classCount(m); n != len(classes) {
		return otherClasses{fmt.Errorf("the model %s has %d classes, the data have %d: %s", t.ModelSource, n, len(classes), strings.Join(classes, ", "))}
	}
	if m.Classes != nil && !slices.Equal(slices.Sorted(slices.Values(m.Classes)), slices.Sorted(slices.Values(classes))) {
		return otherClasses{fmt.Errorf("the model %s has the classes %s; the data have the classes %s; rename those of the data with --rename",
			t.ModelSource, strings.Join(m.Classes, ", "), strings.Join(classes, ", "))}
	}
	return nil
}

// spelledAlike returns an error if the classes of the data are those of a model, but in other letter case. They would be classes of a new model otherwise.
func spelledAlike(m *lince.Model, name string, classes []string) error {
	var flags []string
	for _, c := range classes {
		if slices.Contains(m.Classes, c) {
			continue
		}
		known := inOtherCase(c, m.Classes)
		if known == "" {
			return nil
		}
		flags = append(flags, "--rename "+shell.Quote(namelist.JoinPairs(namelist.Pair{Name: c, Value: known})))
	}
	if flags == nil {
		return nil
	}
	return usageError{fmt.Errorf("the classes of the data are those of the model %s in other letter case; rename them: %s", name, strings.Join(flags, " "))}
}

// defaultCompile returns the compile options for a classifier that is not compiled.
func defaultCompile(m *lince.Model) lince.CompileOptions {
	logits := m.GivesLogits()
	c := lince.CompileOptions{Loss: loss.CategoricalCrossentropy{FromLogits: logits}, Metrics: []metric.Metric{metric.Accuracy{}}}
	if m.MultiLabel {
		c.Loss, c.Metrics = loss.BinaryCrossentropy{FromLogits: logits}, []metric.Metric{metric.BinaryAccuracy{}}
	}
	if m.Regression {
		c.Loss, c.Metrics = loss.MeanSquaredError{}, []metric.Metric{metric.MeanAbsoluteError{}}
	} else if out := m.OutputShape(); out[len(out)-1] == 1 {
		c.Loss = loss.BinaryCrossentropy{FromLogits: logits}
	}
	return c
}

// compile compiles the model. If its file has compile options, they are used unless flags change
// them.
func (t *training) compile() error {
	c, compiled := t.model.Compiled()
	unknown := t.model.Unknown()
	if err := t.replaced(c, unknown); err != nil {
		return err
	}
	if compiled && c.Loss == nil { // --loss replaces it
		c.Loss = defaultCompile(t.model).Loss
	}
	rate := 0.
	if compiled {
		_, scheduled := optimizer.Rate(c.Optimizer)
		if len(unknown) == 0 && !t.optimizerFlags.set() && !t.objectiveFlags.set() && (t.LR == nil || scheduled == nil) {
			if t.LR != nil {
				return t.model.SetLearningRate(*t.LR)
			}
			return nil
		}
		if scheduled == nil {
			rate, _ = t.model.LearningRate() // some optimizers have none
		}
	} else {
		c = defaultCompile(t.model)
	}
	var err error
	if c.Optimizer, err = t.optimizerFrom(c.Optimizer, rate); err != nil {
		return err
	}
	if err := t.changeObjectives(&c, t.model); err != nil {
		return err
	}
	return t.model.Compile(c)
}

// replaced returns an error if the file of the model has a loss or an optimizer that lince does not have, and no flag that replaces it. Unknown metrics
// are left out with a warning, since they do not change the training. c are the settings that are known.
func (t *training) replaced(c lince.CompileOptions, unknown []error) error {
	if len(unknown) == 0 {
		return nil
	}
	given := map[string]bool{
		"--optimizer": t.Optimizer != "",
		"--loss":      t.Loss != "",
		"--metrics":   len(t.Metrics) > 0,
	}
	want := map[string]bool{"--optimizer": c.Optimizer == nil, "--loss": c.Loss == nil}
	metrics := false
	var left []error
	for _, err := range unknown {
		if settings := new(lince.LayerSettingsError); errors.As(err, &settings) { // compiling it would not help
			return fmt.Errorf("the model %s: %w", t.ModelSource, settings)
		}
		flag, setting := "--optimizer", new(lince.CompileSettingError)
		if errors.As(err, &setting) {
			flag = settingFlags[setting.Setting]
		}
		if flag == "--metrics" {
			metrics = true
		} else {
			want[flag] = true
		}
		if !given[flag] {
			left = append(left, err)
		}
	}
	var missing []string
	for _, flag := range []string{"--loss", "--optimizer"} {
		if want[flag] && !given[flag] {
			missing = append(missing, flag)
		}
	}
	if len(missing) > 0 {
		return usageError{fmt.Errorf("the model %s cannot be trained with the settings in its file; choose others with %s:\n%w", t.ModelSource, strings.Join(missing, " and "), errors.Join(unknown...))}
	}
	for _, err := range left {
		t.warn("ignored in the model's file: " + err.Error())
	}
	if metrics && !given["--optimizer"] && c.Optimizer != nil {
		t.printf("The optimizer starts without the state in the model's file, since the metrics differ.\n")
	}
	return nil
}

// settingFlags names the flag that replaces a setting of a file.
var settingFlags = map[string]string{"optimizer": "--optimizer", "loss": "--loss", "loss_weights": "--loss", "metrics": "--metrics", "weighted_metrics": "--metrics"}
