package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// labelKind is the kind of faults that needs a model.
const labelKind = "label"

// labelFlags choose the model with which wrong labels are searched.
type labelFlags struct {
	Model   string `predictor:"model" placeholder:"FILE|NAME" help:"Search wrong labels with this model: a trained model of the same classes, or with --folds, any model or a published network, such as mobilenetv2."`
	Weights string `placeholder:"FILE|imagenet" predictor:"file" help:"Weights of a published network: a file, or imagenet for the file in Keras' folder of downloads."`
	Size    size   `placeholder:"128x128" help:"Height x width to which images are resized for a published network (default: the size for which it was designed)."`
	rescaleFlag
	inputShapeFlags
	Folds int `placeholder:"K" help:"Divide the images into K folds, and predict each with a classifier that was trained on the features of the others."`
	groupFlag
	Confidence *float64 `placeholder:"PROBABILITY" help:"The lowest probability of another class at which a label counts as wrong (default: .99; with --folds .9, because none of the 20 most similar images may have the label). Lower values find more wrong labels, and more images that are only hard."`
	Threads    int      `placeholder:"N" help:"Number of threads (default: all cores). It does not change results."`
}

// mistakes returns the mistakes in the flags.
func (f labelFlags) mistakes() error {
	errs := []error{threadMistake(f.Threads), atLeast(bound{"--folds", f.Folds, 0}), f.rescaleFlag.mistakes(), f.inputShapeFlags.mistakes()}
	if p := f.confidence(); !(p >= 0 && p <= 1) {
		errs = append(errs, fmt.Errorf("--confidence must be from 0 to 1, got %v", p))
	}
	switch {
	case f.Folds == 1:
		errs = append(errs, errors.New("--folds must be at least 2, got 1"))
	case f.Model == "" && (f.Folds > 0 || f.Weights != "" || f.Size != size{}):
		errs = append(errs, errors.New("--folds, --weights and --size need --model, whose features tell the classes apart: a file of a model that was trained on similar images, such as --model model.keras, "+
			"or a published network with its weights, such as --model mobilenetv2 --weights imagenet (lince weights mobilenetv2 says where to get the file)"))
	case f.Model == "" && (f.Rescale != "" || len(f.InputShape) > 0):
		errs = append(errs, errors.New("--rescale and --input-shape are for --model with a model file"))
	case f.Folds == 0 && (f.Weights != "" || f.Size != size{}):
		errs = append(errs, errors.New("--weights and --size are for a published network, which needs --folds"))
	}
	return errors.Join(errs...)
}

// confidence returns the value of --confidence.
func (f labelFlags) confidence() float64 {
	switch {
	case f.Confidence != nil:
		return *f.Confidence
	case f.Folds > 0:
		return .9
	}
	return .99
}

// needsModel returns an error if a flag names wrong labels, and there is no model.
func (f labelFlags) needsModel(flag string, kinds []string) error {
	if f.Model == "" && slices.Contains(kinds, labelKind) {
		return fmt.Errorf("%s %s needs --model: a trained model, or with --folds, any model or a published network", flag, labelKind)
	}
	return nil
}

// wrongLabels searches wrong labels. The report has the faults of the images, some of which cannot be decoded.
func (e *env) wrongLabels(t *data.Table, r *check.Report, f labelFlags) ([]check.Finding, error) {
	if err := t.Trainable(); err != nil {
		return nil, err
	}
	probabilities := make([][]float32, t.Len())
	classes := t.Classes()
	sub, index := decodable(t, r)
	if f.Folds == 0 {
		m, err := e.openTrained(f.Model, f.Threads, foreignFlags{rescaleFlag: f.rescaleFlag, inputShapeFlags: f.inputShapeFlags})
		if err != nil {
			return nil, err
		}
		if err := fitTask(m, f.Model, t.Task()); err != nil {
			return nil, err
		}
		if m.GivesScores() {
			return nil, usageError{fmt.Errorf("--model %s: wrong labels need probabilities, and %w; with --folds, a classifier on the features of the model gives them", f.Model, errScores)}
		}
		if unknown := unknownClasses(sub, m.Classes); len(m.Classes) > 0 && len(unknown) < len(sub.Classes()) {
			if _, _, err := e.withoutUnknown(sub, m.Classes, "the model does", false); err != nil {
				return nil, err
			}
			index = slices.DeleteFunc(index, func(i int) bool { label := t.Row(i).Label; return label != "" && !slices.Contains(m.Classes, label) })
			sub = t.Take(index)
		}
		flow, err := labeledFlow(m, sub, data.ImageOptions{BatchSize: data.DefaultBatchSize, Workers: f.Threads})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Model, err)
		}
		classes = classNames(m)
		if len(m.Classes) == 0 {
			classes = t.Classes()
		}
		predicted, err := e.predict(e.ctx, m, flow, "Predicting")
		if _, err := e.skipped(flow, err); err != nil {
			return nil, err
		}
		for _, p := range predicted {
			probabilities[index[p.Row]] = p.Probabilities
		}
		e.warn("the model has learned the labels that it was trained on: on its own training images it finds few wrong labels; use --folds there")
		return check.Labels(t, classes, probabilities, check.LabelOptions{Confidence: f.confidence()})
	}
	x, err := e.outOfFold(sub, index, f, probabilities)
	if err != nil {
		return nil, err
	}
	found, err := check.Labels(t, classes, probabilities, check.LabelOptions{Confidence: f.confidence()})
	if err != nil {
		return nil, err
	}
	row := map[int]int{}
	for i, at := range x.index {
		row[index[at]] = i
	}
	return e.secondOpinion(x, row, found, f.Threads)
}

// decodable returns the images that can be decoded, and the row of each in t.
func decodable(t *data.Table, r *check.Report) (*data.Table, []int) {
	bad := map[int]bool{}
	for _, f := range append(r.Of("empty"), r.Of("corrupt")...) {
		for _, i := range f.Images {
			bad[i.Index] = true
		}
	}
	var index []int
	for i := range t.Len() {
		if !bad[i] {
			index = append(index, i)
		}
	}
	return t.Take(index), index
}

// outOfFold computes the probabilities of each image with a classifier that was not trained on it. index has the row of each image in
// the result. It returns the features.
func (e *env) outOfFold(t *data.Table, index []int, f labelFlags, probabilities [][]float32) (*featureTable, error) {
	c := featuresCommand{Model: f.Model, Weights: f.Weights, Size: f.Size, Threads: f.Threads, rescaleFlag: f.rescaleFlag, inputShapeFlags: f.inputShapeFlags}
	m, err := c.open(e)
	if err != nil {
		return nil, err
	}
	body, _, err := featureModel(m, "", f.Threads)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Model, err)
	}
	flow, err := featureFlow(m, t, data.DefaultBatchSize, f.Threads, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Model, err)
	}
	x, err := e.features(body, flow, "Computing features")
	if _, err := e.skipped(flow, err); err != nil {
		return nil, err
	}
	standardize(x.matrix, x.dimension)
	h := heads{featureTable: x, classes: t.Classes(), threads: f.Threads}
	if err := h.divide(t.Groups(), f.Folds); err != nil {
		return nil, err
	}
	counter := e.counter("Training classifiers", f.Folds)
	for fold := range f.Folds {
		out, rows, err := h.predict(e, fold)
		if err != nil {
			counter.Abandon()
			return nil, err
		}
		for i, row := range rows {
			probabilities[index[x.index[row]]] = out[i*len(h.classes):][:len(h.classes)]
		}
		counter.Add(1)
	}
	counter.Finish()
	return x, nil
}

// standardize shifts and scales each column to mean 0 and deviation 1.
func standardize(matrix []float32, columns int) {
	mean, squares := make([]float64, columns), make([]float64, columns)
	rows := float64(len(matrix) / columns)
	for i, v := range matrix {
		mean[i%columns] += float64(v) / rows
	}
	for i, v := range matrix {
		d := float64(v) - mean[i%columns]
		squares[i%columns] += d * d / rows
	}
	for i, v := range matrix {
		c := i % columns
		if squares[c] == 0 {
			matrix[i] = 0
			continue
		}
		matrix[i] = float32((float64(v) - mean[c]) / math.Sqrt(squares[c]))
	}
}

// heads are the classifiers on features, one for each fold.
type heads struct {
	*featureTable
	classes []string
	threads int
	label   []int // of each row
	fold    []int
}

// The training of a head. The strong penalty keeps it from being sure of images that are only hard.
const (
	headEpochs  = 5
	headSteps   = 800 // at least, so that the head of a small set converges too
	headBatch   = 64
	headRate    = 1e-3
	headPenalty = .05
	headSeed    = 42
)

// divide puts the images of each class into the folds in turn, or those of each group into the same fold. groups has the groups of the images, nil if there are none.
func (h *heads) divide(groups []string, folds int) error {
	if groups != nil {
		labels, of := make([]string, len(h.rows)), make([]string, len(h.rows))
		for i, r := range h.rows {
			h.label = append(h.label, slices.Index(h.classes, r.Label))
			labels[i], of[i] = r.Label, groups[h.index[i]]
		}
		var err error
		h.fold, err = data.StratifiedGroupKFold(labels, of, folds, headSeed)
		return err
	}
	next := make([]int, len(h.classes))
	for _, r := range h.rows {
		c := slices.Index(h.classes, r.Label)
		h.label, h.fold = append(h.label, c), append(h.fold, next[c]%folds)
		next[c]++
	}
	return nil
}

// predict trains on all folds but one, and returns the probabilities of this one, with the rows.
func (h *heads) predict(e *env, fold int) (out []float32, rows []int, err error) {
	k, d := len(h.classes), h.dimension
	var x, y, held []float32
	for i, c := range h.label {
		features := h.matrix[i*d:][:d]
		if h.fold[i] == fold {
			held, rows = append(held, features...), append(rows, i)
			continue
		}
		x = append(x, features...)
		target := make([]float32, k)
		target[c] = 1
		y = append(y, target...)
	}
	if len(rows) == 0 || len(x) == 0 {
		return nil, nil, fmt.Errorf("there are too few images for --folds; use at most %d folds", len(h.label)/2)
	}
	m, err := lince.Options{Seed: headSeed, Threads: h.threads}.Sequential(layer.Input{Shape: []int{d}}, layer.Dropout{Rate: .2}, layer.Dense{
		Units: k, Activation: layer.Softmax, KernelRegularizer: regularizer.L2{L2: new(headPenalty)},
	})
	if err != nil {
		return nil, nil, err
	}
	o := lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: headRate}, Loss: loss.CategoricalCrossentropy{}}
	if err := m.Compile(o); err != nil {
		return nil, nil, err
	}
	n := len(x) / d
	train, err := data.Tensors(tensor.Of(x, n, d), tensor.Of(y, n, k), data.TensorOptions{BatchSize: headBatch, Seed: headSeed})
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.Fit(e.ctx, train, lince.FitOptions{Epochs: max(headEpochs, (headSteps+train.Steps()-1)/train.Steps()), Verbose: lince.Silent, Output: io.Discard}); err != nil {
		return nil, nil, err
	}
	p, err := m.PredictBatch(tensor.Of(held, len(rows), d))
	if err != nil {
		return nil, nil, err
	}
	return slices.Clone(p.Float32s()), rows, nil
}
