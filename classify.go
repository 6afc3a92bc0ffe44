package lince

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// Classification is a model's prediction for one example.
type Classification struct {
	// Row is the index of the example, counted from 0. For Classify it is the row in the dataset (data.Batch.Index),
	// for ClassifyBatch the row in the tensor, and for the methods that take images the index in the list of images.
	Row int
	// Class is the index of the most probable class. On a tie it is the smallest such index.
	Class int
	// Name is the class name from Model.Classes, or the class index as text if the model has no names.
	Name string
	// Probability is the probability of Class, from 0 to 1.
	Probability float32
	// Probabilities has the probability of each class. They sum to 1, but not if Model.MultiLabel is set.
	Probabilities []float32
	// Scores has the score of each class, as the model computes them, if they are no probabilities; see Model.GivesScores. It is nil for other models.
	// Class is that of the largest score. Probabilities then only has the order of the classes in a form from 0 to 1; see Classify.
	Scores []float32

	names  []string // Model.Classes
	single bool     // the model has a single output unit
}

// String returns the name and the probability of the most probable class: cat (97.3%). If the model gives scores, it has the score: cat (1.25).
func (c Classification) String() string {
	if c.Scores != nil {
		return fmt.Sprintf("%s (%.4g)", c.Name, c.Scores[c.Class])
	}
	return fmt.Sprintf("%s (%.1f%%)", c.Name, 100*c.Probability)
}

// Above returns the indexes of the classes whose probability is at least threshold, in ascending order: the predicted classes of a model
// for images with any number of classes; see Model.MultiLabel.
func (c Classification) Above(threshold float64) []int {
	var list []int
	for k, p := range c.Probabilities {
		if float64(p) >= threshold {
			list = append(list, k)
		}
	}
	return list
}

// ClassProbability is a class with its probability; see Classification.Top.
type ClassProbability struct {
	Class       int     `json:"class"`       // index of the class
	Name        string  `json:"name"`        // class name, or the index as text
	Probability float32 `json:"probability"` // from 0 to 1
}

// Top returns the k most probable classes, most probable first. On a tie the smaller index comes first. If k is less
// than 1 or greater than the number of classes, Top returns all classes.
func (c Classification) Top(k int) []ClassProbability {
	list := make([]ClassProbability, len(c.Probabilities))
	for i, p := range c.Probabilities {
		list[i] = ClassProbability{i, className(c.names, i), p}
	}
	slices.SortStableFunc(list, func(a, b ClassProbability) int { return cmp.Compare(b.Probability, a.Probability) })
	if k > 0 && k < len(list) {
		list = list[:k]
	}
	return list
}

// className returns the name of a class, or its index.
func className(names []string, class int) string {
	if class < len(names) {
		return names[class]
	}
	return strconv.Itoa(class)
}

// Classify yields the predictions for the examples of a dataset, in the order of its batches. The model's
// output must have shape (batch, classes), or (batch, 1), in which case it is the probability of the second
// of two classes.
//
// If the outputs are logits (see GivesLogits), Classify applies a softmax, or a sigmoid to a single output and with Model.MultiLabel. If
// they are scores (see GivesScores), Classification.Scores has them, those of a single output s being 1-s and s, and Classification.Probabilities has
// their softmax; with a single output or Model.MultiLabel, it has the scores cut to the range from 0 to 1. Model.Temperature changes the
// probabilities, but not the classes. The
// sequence ends after the first error. If ctx is cancelled, that error wraps context.Cause(ctx).
func (m *Model) Classify(ctx context.Context, ds data.Dataset) iter.Seq2[Classification, error] {
	return func(yield func(Classification, error) bool) {
		for p, err := range m.Predictions(ctx, ds) {
			var list []Classification
			if err == nil {
				list, err = m.ClassifyOutput(p.Output)
				if nan := new(NotFiniteOutputError); errors.As(err, &nan) {
					nan.Row = p.Index[nan.Row]
				}
			}
			if err != nil {
				yield(Classification{}, err)
				return
			}
			for i, c := range list {
				c.Row = p.Index[i]
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// ClassifyBatch returns the predictions for a batch of examples, shape (batch, ...), as Classify does. Any
// number of goroutines may call it at the same time.
func (m *Model) ClassifyBatch(x *tensor.Tensor) ([]Classification, error) {
	y, err := m.PredictBatch(x)
	if err != nil {
		return nil, err
	}
	list, err := m.ClassifyOutput(y)
	return list, m.explained(err, x)
}

// ClassifyImage returns the prediction for an image file in memory (JPEG, PNG, GIF, BMP, TIFF, WebP or PPM). It decodes
// the file and applies Model.Preprocessing. It returns an error if the model has no preprocessing. The Row of the
// result is 0.
//
// ClassifyImage is safe for files from untrusted sources: decoding takes no more memory than the limits of data/picture
// allow. Any number of goroutines may call it at the same time. If ctx is cancelled before the prediction starts, the
// error wraps context.Cause(ctx).
func (m *Model) ClassifyImage(ctx context.Context, file []byte) (Classification, error) {
	list, err := m.classifyImages(ctx, 1, func(w *imageWorker, _ int) error { return w.decode(file) })
	if err != nil {
		return Classification{}, err
	}
	return list[0], nil
}

// ClassifyImages is ClassifyImage for several files. It decodes them in parallel and computes the predictions in
// batches. If any file cannot be read, it returns no predictions, and an error that lists all such files by index.
func (m *Model) ClassifyImages(ctx context.Context, files ...[]byte) ([]Classification, error) {
	return m.classifyImages(ctx, len(files), func(w *imageWorker, i int) error { return w.decode(files[i]) })
}

// ClassifyDecoded is ClassifyImages for images that are already decoded. Go's decoders ignore EXIF
// orientation, and their pixels may differ slightly from those of ClassifyImage, which are the same as Pillow's.
func (m *Model) ClassifyDecoded(ctx context.Context, images ...image.Image) ([]Classification, error) {
	return m.classifyImages(ctx, len(images), func(w *imageWorker, i int) error { return w.convert(images[i]) })
}

// classifyImages classifies n images; load loads one of them.
func (m *Model) classifyImages(ctx context.Context, n int, load func(w *imageWorker, i int) error) ([]Classification, error) {
	m.mu.RLock()
	steps := m.Preprocessing
	err := m.checkPreprocessing(steps)
	m.mu.RUnlock()
	if err == nil && len(steps) == 0 {
		err = errors.New("the model has no preprocessing, which turns an image into its input: set Model.Preprocessing, as in " +
			"lince.Preprocessing{preprocess.Resize{Height: 224, Width: 224}, preprocess.Rescale{Scale: 1. / 255}}; " +
			"Fit sets it when it trains on data.Images")
	}
	if err != nil {
		return nil, fmt.Errorf("classifying images: %w", err)
	}
	pipeline, err := steps.Compile()
	if err != nil {
		return nil, fmt.Errorf("classifying images: %w", err)
	}
	out := make([]Classification, 0, n)
	var bad []error
	size := imagesAtOnce(pipeline)
	if err := m.planImages(pipeline, min(size, n)); err != nil {
		return nil, fmt.Errorf("classifying images: %w", err)
	}
	for from := 0; from < n; from += size {
		inputs, errs := loadImages(ctx, pipeline, from, min(from+size, n), load)
		if err := context.Cause(ctx); err != nil {
			return nil, fmt.Errorf("classifying images: %w", err)
		}
		for i, err := range errs {
			if err != nil {
				if n > 1 {
					err = fmt.Errorf("image %d: %w", from+i, err)
				}
				bad = append(bad, fmt.Errorf("classifying images: %w", err))
			}
		}
		if bad != nil {
			continue // to find the other errors
		}
		for _, x := range inputs {
			list, err := m.ClassifyBatch(x)
			if err != nil {
				return nil, err
			}
			for _, c := range list {
				c.Row = len(out)
				out = append(out, c)
			}
		}
	}
	if bad != nil {
		return nil, errors.Join(bad...)
	}
	return out, nil
}

// imagesAtOnce returns the number of images to load before each prediction. It limits the memory that these images
// take.
func imagesAtOnce(p *preprocess.Pipeline) int {
	const most = 64 << 20 // elements of all images
	h, w := p.Size()
	if h == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return max(min(data.DefaultBatchSize, most/(h*w*p.Channels())), 1)
}

// loadImages loads images from..to-1 in parallel. It returns one tensor with all images if the pipeline gives all of
// them the same size, else one tensor for each image.
func loadImages(ctx context.Context, p *preprocess.Pipeline, from, to int, load func(w *imageWorker, i int) error) ([]*tensor.Tensor, []error) {
	n := to - from
	h, w := p.Size()
	inputs, errs := make([]*tensor.Tensor, n), make([]error, n)
	var all *tensor.Tensor
	if h > 0 {
		all = tensor.New(tensor.Float32, n, h, w, p.Channels())
	}
	var next atomic.Int64
	work := func() {
		worker := imageWorkers.Get().(*imageWorker)
		defer imageWorkers.Put(worker)
		worker.pipeline = p
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if errs[i] = load(worker, from+i); errs[i] != nil {
				continue
			}
			p.Apply(worker.pix)
			if all != nil {
				copy(all.Row(i).Float32s(), worker.pix)
				continue
			}
			inputs[i] = tensor.New(tensor.Float32, 1, worker.h, worker.w, p.Channels())
			copy(inputs[i].Float32s(), worker.pix)
		}
	}
	var others sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if all != nil {
		inputs = []*tensor.Tensor{all}
	}
	return inputs, errs
}

// imageWorker has the buffers of a goroutine that loads images.
type imageWorker struct {
	pipeline *preprocess.Pipeline
	decoder  picture.Decoder
	pix      []float32
	h, w     int
}

var imageWorkers = sync.Pool{New: func() any { return new(imageWorker) }}

func (w *imageWorker) decode(file []byte) error {
	pix, height, width, err := w.decoder.AppendFloat32(w.pix[:0], file, w.pipeline.Options())
	if err == nil {
		w.pix, w.h, w.w = pix, height, width
	}
	return err
}

func (w *imageWorker) convert(m image.Image) error {
	pix, height, width, err := w.decoder.AppendImage(w.pix[:0], m, w.pipeline.Options())
	if err == nil {
		w.pix, w.h, w.w = pix, height, width
	}
	return err
}

// ClassifyOutput returns the predictions that an output of PredictBatch or Call is, shape (batch, classes) or (batch, 1), as Classify does. The Row of
// a result is its row in y. Any number of goroutines may call it at the same time.
func (m *Model) ClassifyOutput(y *tensor.Tensor) ([]Classification, error) {
	if len(y.Shape()) != 2 || y.DType() != tensor.Float32 {
		return nil, fmt.Errorf("classifying: the model's output must be float32 (batch, classes), got %v", y)
	}
	m.mu.RLock()
	names, temperature, multi := m.Classes, m.Temperature, m.MultiLabel
	err := m.checkExtra()
	if m.Regression {
		err = errors.Join(err, errors.New("the model predicts a number (Regression is set), not classes; use Predict"))
	}
	m.mu.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("classifying: %w", err)
	}
	logits, scores := m.GivesLogits(), m.GivesScores()
	list := make([]Classification, y.Shape()[0])
	for i := range list {
		c := Classification{Row: i, Probabilities: slices.Clone(y.Row(i).Float32s()), names: names}
		p := c.Probabilities
		if c.single = len(p) == 1; c.single {
			if logits {
				sigmoid(p)
			}
			c.Probabilities = []float32{1 - p[0], p[0]}
		} else if logits && multi {
			sigmoid(p)
		} else if logits {
			softmax(p)
		}
		for k, p := range c.Probabilities {
			if math.IsNaN(float64(p)) {
				return nil, &NotFiniteOutputError{Row: i}
			}
			if p > c.Probabilities[c.Class] {
				c.Class = k
			}
		}
		if scores {
			if c.Scores = slices.Clone(c.Probabilities); !c.single && !multi {
				softmax(c.Probabilities)
			}
		}
		for k, p := range c.Probabilities { // scores, and rounded probabilities, may be outside
			c.Probabilities[k] = max(0, min(1, p))
		}
		c.Name, c.Probability = className(names, c.Class), c.Probabilities[c.Class]
		if list[i], err = c.AtTemperature(temperature); err != nil {
			return nil, fmt.Errorf("classifying: the model has the temperature %v: %w", temperature, err)
		}
	}
	return list, nil
}

// sigmoid replaces logits by their sigmoid.
func sigmoid(logits []float32) {
	for i, v := range logits {
		logits[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}

// softmax replaces logits by their softmax.
func softmax(p []float32) {
	top, sum := slices.Max(p), 0.
	for _, x := range p {
		sum += math.Exp(float64(x - top))
	}
	for i, x := range p {
		p[i] = float32(math.Exp(float64(x-top)) / sum)
	}
}
