package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
	"github.com/lince-ml/lince/zoo"
)

// --model auto computes the features of some images with each body whose weights are at hand, and trains a classifier on them at several learning rates.
// The body, size and rate with the lowest loss on images that the classifier has not seen are used, if the whole run fits into --time.

// foundBodies returns the networks whose ImageNet weights are in the folder of Keras' downloads.
func foundBodies() (list []recordTransfer) {
	folder, err := zoo.Folder()
	if err != nil {
		return nil
	}
	for _, n := range zoo.Networks() {
		for _, f := range n.ImageNet {
			plain := (f.Alpha == 0 || f.Alpha == 1) && !f.Minimalistic && (f.Side == 0 || f.Side == n.Side)
			if _, err := os.Stat(filepath.Join(folder, f.Name)); err == nil && f.NoTop && plain {
				list = append(list, recordTransfer{Network: n.Name, Weights: zoo.ImageNet, Size: size{n.Side, n.Side}.String()})
			}
		}
	}
	return list
}

// bodiesOf returns the body for a file of weights: a model, or weights with the name that Keras gives them.
func (c *trainCommand) bodiesOf(weights string) ([]recordTransfer, error) {
	if weights == "" || weights == zoo.ImageNet {
		list := foundBodies()
		if len(list) == 0 {
			n, err := zoo.Find(proposedNetwork)
			if err != nil {
				return nil, err
			}
			return nil, usageError{fmt.Errorf("--model auto: there are no weights at hand: set --weights FILE, or fetch those of a network, which lince weights lists. For example, %w", c.checkWeights(n))}
		}
		return list, nil
	}
	for _, n := range zoo.Networks() {
		for _, f := range n.ImageNet {
			if filepath.Base(weights) == f.Name {
				return []recordTransfer{{Network: n.Name, Weights: weights, Size: size{n.Side, n.Side}.String()}}, nil
			}
		}
	}
	m, err := openModel(weights, lince.Options{Threads: c.Threads, NoCompile: true})
	if err != nil {
		return nil, fmt.Errorf("--weights: %w; if they are of a published network, set --model to its name", err)
	}
	in := m.InputShape()
	if len(in) != 4 || in[1] < 1 || in[2] < 1 {
		return nil, fmt.Errorf("--weights %s: the model takes %v; want images of a fixed size", weights, in)
	}
	return []recordTransfer{{File: weights, Size: size{in[1], in[2]}.String()}}, nil
}

// The sample on which bodies are compared.
const (
	sampleImages = 240
	sampleHeld   = 4 // one image in so many is for validation
	sampleEpochs = 30
)

var sampleRates = []float64{3e-4, 1e-3, 3e-3}

// smallSides are the sizes that are tried besides the network's size, if the time is short.
var smallSides = []int{160, 128, 96}

// trial is a body with what was measured.
type trial struct {
	recordTransfer
	second  float64 // seconds for an image
	total   float64 // seconds for the whole run
	loss    float64
	correct float64 // fraction
}

// chooseBody measures the bodies at hand.
func (t *training) chooseBody(classes []string) (recordTransfer, error) {
	bodies, err := t.bodiesOf(t.Weights)
	if err != nil {
		return recordTransfer{}, err
	}
	start := time.Now()
	var trials []trial
	for _, b := range bodies {
		if t.Size != (size{}) {
			b.Size = t.Size.String()
		}
		for {
			x, err := t.try(b, classes, start)
			if err != nil {
				return recordTransfer{}, err
			}
			trials = append(trials, x)
			fits := x.total <= t.Time.Seconds()
			t.printf("Tried %s, images of %s: %.1f ms an image, %s for the run, %.1f%% right in a sample of %d images.\n",
				b.name(), b.Size, 1e3*x.second, time.Duration(x.total*float64(time.Second)).Round(time.Second), 100*x.correct, min(sampleImages, t.table.Len())/sampleHeld)
			next := slices.IndexFunc(smallSides, func(n int) bool { return n < b.size()[0] })
			if fits || b.Network == "" || t.Size != (size{}) || next < 0 {
				break
			}
			b.Size = size{smallSides[next], smallSides[next]}.String()
		}
		if time.Since(start) > t.Time/4 {
			break
		}
	}
	fit := slices.DeleteFunc(slices.Clone(trials), func(x trial) bool { return x.total > t.Time.Seconds() })
	if len(fit) == 0 {
		fastest := slices.MinFunc(trials, func(a, b trial) int { return cmp.Compare(a.total, b.total) })
		return recordTransfer{}, fmt.Errorf("--time %v: the fastest, %s with images of %s, takes %s; allow more time, or use fewer images with --limit",
			t.Time, fastest.name(), fastest.Size, time.Duration(fastest.total*float64(time.Second)).Round(time.Second))
	}
	best := slices.MinFunc(fit, func(a, b trial) int { return cmp.Compare(a.loss, b.loss) })
	best.Reason = fmt.Sprintf("the lowest loss, %.3f, in a sample, of %d trials that fit into %s, at the learning rate %v", best.loss, len(fit), shortTime(t.Time), best.LearningRate)
	if len(fit) == 1 {
		best.Reason = fmt.Sprintf("the only body that fits into %s; the learning rate %v has the lowest loss in a sample, %.3f", shortTime(t.Time), best.LearningRate, best.loss)
	}
	return best.recordTransfer, nil
}

// try measures a body.
func (t *training) try(b recordTransfer, classes []string, began time.Time) (trial, error) {
	x := trial{recordTransfer: b, loss: math.Inf(1)}
	m, err := t.transferModel(lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}, b, classes)
	if err != nil {
		return x, err
	}
	features, _, err := m.Features()
	if err != nil {
		return x, err
	}
	net, err := lince.Options{Threads: t.Threads}.Functional(m.Inputs(), features)
	if err != nil {
		return x, err
	}
	o, err := flowOptions(m, 16, t.Threads)
	if err != nil {
		return x, err
	}
	o.NoShuffle, o.Seed = false, t.Seed
	flow, err := data.Images(t.table.Limit(sampleImages), o)
	if err != nil {
		return x, err
	}
	var values, targets []float32
	n, steps := 0, 0
	var start time.Time
	for batch, err := range flow.Batches(t.ctx, 0, 0) {
		if err != nil {
			return x, err
		}
		y, err := net.PredictBatch(batch.X)
		if err != nil {
			return x, err
		}
		if steps++; steps == 1 { // it makes the plan
			start = time.Now()
		} else {
			n += len(batch.Index)
		}
		values, targets = append(values, y.Float32s()...), append(targets, batch.Y.Float32s()...)
	}
	k := len(classes)
	rows := len(targets) / k
	width := len(values) / max(rows, 1)
	if rows < 2*sampleHeld {
		return x, errors.New("--model auto: there are too few images to compare networks; name one with --model")
	}
	x.second = time.Since(start).Seconds() / float64(max(n, 1))
	if n == 0 {
		x.second = 0
	}
	images := float64(t.table.Len())
	passes := 1. + .5 // features, and the predictions of the validation images at the end
	if t.AugmentSpec != "" {
		passes += float64(t.Variants - 1)
	}
	upper, isNumber := t.unfreezes()
	if !isNumber {
		upper = 1 // at most
	}
	x.total = time.Since(began).Seconds() + images*x.second*(passes+2*float64(t.Finetune)*upper)
	held := rows / sampleHeld
	set := func(from, to int) (*data.Arrays, error) {
		return data.Tensors(tensor.Of(values[from*width:to*width], to-from, width), tensor.Of(targets[from*k:to*k], to-from, k), data.TensorOptions{Seed: t.Seed})
	}
	train, err := set(held, rows)
	if err != nil {
		return x, err
	}
	val, err := set(0, held)
	if err != nil {
		return x, err
	}
	rates := sampleRates
	if t.LR != nil {
		rates = []float64{*t.LR}
	}
	for _, rate := range rates {
		logs, err := tryRate(t.ctx, lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}, width, k, rate, train, val)
		if err != nil {
			return x, err
		}
		if v, _ := logs.Get("loss"); v < x.loss {
			x.loss, x.LearningRate = v, rate
			x.correct, _ = logs.Get("accuracy")
		}
	}
	return x, nil
}

// tryRate trains a classifier on features, and evaluates it.
func tryRate(ctx context.Context, o lince.Options, width, classes int, rate float64, train, val *data.Arrays) (*lince.Logs, error) {
	m, err := o.Sequential(layer.Input{Shape: []int{width}}, layer.Dropout{Rate: .2}, layer.Dense{Units: classes, Activation: layer.Softmax})
	if err != nil {
		return nil, err
	}
	c := defaultCompile(m)
	c.Optimizer, c.Loss = optimizer.Adam{LearningRate: rate}, loss.CategoricalCrossentropy{LabelSmoothing: smoothing}
	if err := m.Compile(c); err != nil {
		return nil, err
	}
	if _, err := m.Fit(ctx, train, lince.FitOptions{Epochs: sampleEpochs, Verbose: lince.Silent}); err != nil {
		return nil, err
	}
	return m.Evaluate(ctx, val, lince.EvaluateOptions{Verbose: lince.Silent})
}
