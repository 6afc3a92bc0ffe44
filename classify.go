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
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Classification is what a model predicts of one example.
type Classification struct {
	Row           int       // the example's, from 0: the data set's (data.Batch.Index), the tensor's, or the picture's
	Class         int       // the most probable one, the first of equals
	Name          string    // its name in Model.Classes, or its number where the model has no names
	Probability   float32   // of Class
	Probabilities []float32 // of each class

	names []string // Model.Classes
}

// ClassProbability is one class in Classification.Top.
type ClassProbability struct {
	Class       int     `json:"class"`
	Name        string  `json:"name"`
	Probability float32 `json:"probability"`
}

// Top returns the k most probable classes, the most probable first, of equals the first
// class; all of them where there are not so many, or k is 0.
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

// className is the name of a class, or its number.
func className(names []string, class int) string {
	if class < len(names) {
		return names[class]
	}
	return strconv.Itoa(class)
}

// Classify yields the predictions for a data set's examples, in the order of its batches.
// The model's outputs must be (batch, classes), or (batch, 1), where the output
// is the probability of the second of two classes.
//
// Outputs that are logits are made probabilities by a softmax, one output by a sigmoid:
// those of a last layer without activation, where the model was compiled with such a
// loss (FromLogits), or not compiled. An error ends the sequence.
func (m *Model) Classify(ctx context.Context, ds data.Dataset) iter.Seq2[Classification, error] {
	return func(yield func(Classification, error) bool) {
		for p, err := range m.Predictions(ctx, ds) {
			var list []Classification
			if err == nil {
				list, err = m.classifications(p.Output)
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

// ClassifyBatch returns the predictions for a tensor of examples, as Classify does.
// Any number of goroutines may call it.
func (m *Model) ClassifyBatch(x *tensor.Tensor) ([]Classification, error) {
	y, err := m.PredictBatch(x)
	if err != nil {
		return nil, err
	}
	return m.classifications(y)
}

// ClassifyImage returns the prediction for the bytes of an image file (JPEG, PNG, GIF,
// BMP, TIFF, WebP, PPM), which Model.Preprocessing makes the model's input. Its Row is 0. The
// bytes may come from a stranger: package picture bounds the memory that decoding takes by
// their number. Any number of goroutines may call it. Where ctx is cancelled before the
// prediction begins, the error wraps its cause.
func (m *Model) ClassifyImage(ctx context.Context, file []byte) (Classification, error) {
	list, err := m.classifyPictures(ctx, 1, func(w *imageWorker, _ int) error { return w.decode(file) })
	if err != nil {
		return Classification{}, err
	}
	return list[0], nil
}

// ClassifyImages is ClassifyImage for several files, which are decoded in parallel and
// predicted in batches. A file that cannot be read is an error that tells its number, from 0;
// all of them are told, and there are no predictions then.
func (m *Model) ClassifyImages(ctx context.Context, files ...[]byte) ([]Classification, error) {
	return m.classifyPictures(ctx, len(files), func(w *imageWorker, i int) error { return w.decode(files[i]) })
}

// ClassifyDecoded is ClassifyImages for pictures that are decoded already. Pixels of Go's
// decoders may differ a little from those of files, which are Pillow's. EXIF orientation has no
// part in it.
func (m *Model) ClassifyDecoded(ctx context.Context, pictures ...image.Image) ([]Classification, error) {
	return m.classifyPictures(ctx, len(pictures), func(w *imageWorker, i int) error { return w.convert(pictures[i]) })
}

// classifyPictures classifies n pictures, of which load loads one.
func (m *Model) classifyPictures(ctx context.Context, n int, load func(w *imageWorker, i int) error) ([]Classification, error) {
	m.mu.RLock()
	steps := m.Preprocessing
	err := m.checkPreprocessing(steps)
	m.mu.RUnlock()
	if err == nil && len(steps) == 0 {
		err = errors.New("the model does not say how a picture becomes its input: set Model.Preprocessing, as in " +
			"lince.Preprocessing{preprocess.Resize{Height: 224, Width: 224}, preprocess.Rescale{Scale: 1. / 255}}; " +
			"Fit sets it where it trains on data.Images")
	}
	if err != nil {
		return nil, fmt.Errorf("classifying pictures: %w", err)
	}
	pipeline, err := steps.Compile()
	if err != nil {
		return nil, fmt.Errorf("classifying pictures: %w", err)
	}
	out := make([]Classification, 0, n)
	var bad []error
	size := picturesAtOnce(pipeline)
	for from := 0; from < n; from += size {
		inputs, errs := loadPictures(ctx, pipeline, from, min(from+size, n), load)
		if err := context.Cause(ctx); err != nil {
			return nil, fmt.Errorf("classifying pictures: %w", err)
		}
		for i, err := range errs {
			if err != nil {
				if n > 1 {
					err = fmt.Errorf("picture %d: %w", from+i, err)
				}
				bad = append(bad, fmt.Errorf("classifying pictures: %w", err))
			}
		}
		if bad != nil {
			continue // to tell of the others
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

// picturesAtOnce bounds the memory of pictures that wait to be predicted.
func picturesAtOnce(p *preprocess.Pipeline) int {
	const most = 64 << 20 // numbers
	h, w := p.Size()
	if h == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return max(min(data.DefaultBatchSize, most/(h*w*p.Channels())), 1)
}

// loadPictures loads pictures from..to-1, several at once. It returns them as one tensor where
// they have one size, else as one each.
func loadPictures(ctx context.Context, p *preprocess.Pipeline, from, to int, load func(w *imageWorker, i int) error) ([]*tensor.Tensor, []error) {
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

// imageWorker is the memory of a goroutine that loads pictures.
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

// classifications reads outputs.
func (m *Model) classifications(y *tensor.Tensor) ([]Classification, error) {
	if len(y.Shape()) != 2 || y.DType() != tensor.Float32 {
		return nil, fmt.Errorf("classifying: the model gives %v, want float32 (batch, classes)", y)
	}
	m.mu.RLock()
	names := m.Classes
	err := m.checkExtra()
	m.mu.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("classifying: %w", err)
	}
	logits := m.GivesLogits()
	list := make([]Classification, y.Shape()[0])
	for i := range list {
		c := Classification{Row: i, Probabilities: slices.Clone(y.Row(i).Float32s()), names: names}
		p := c.Probabilities
		if len(p) == 1 {
			if logits {
				p[0] = float32(1 / (1 + math.Exp(-float64(p[0]))))
			}
			c.Probabilities = []float32{1 - p[0], p[0]}
		} else if logits {
			softmax(p)
		}
		for k, p := range c.Probabilities {
			if math.IsNaN(float64(p)) {
				return nil, fmt.Errorf("classifying: the output for example %d is not a number (NaN): a weight of the model is NaN or infinite, or a number of its input is", i)
			}
			if p > c.Probabilities[c.Class] {
				c.Class = k
			}
		}
		c.Name, c.Probability = className(names, c.Class), c.Probabilities[c.Class]
		list[i] = c
	}
	return list, nil
}

// GivesLogits says whether the outputs are numbers of which a softmax, or of one output a
// sigmoid, makes probabilities: the last layer has no activation, and the model is compiled
// with a loss that knows (FromLogits), or not compiled.
func (m *Model) GivesLogits() bool {
	if f, known := m.finalActivation(m.outputs[0]); !known || f != layer.Linear {
		return false
	}
	if m.compiled == nil {
		return true
	}
	for _, o := range m.compiled.objectives {
		if o.output == 0 && o.Loss != nil {
			return o.Loss.Takes().Logits
		}
	}
	return true
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
