package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/tensor"
)

// admit admits n examples of a request. The request must call the function that it returns when it ends.
func (c *call) admit(v *version, n int) (release func(), err error) {
	c.rec.examples = n
	b := v.batcher
	switch {
	case n == 0:
		return nil, bad("the request has no examples")
	case n > b.limit:
		return nil, fail(http.StatusRequestEntityTooLarge, "the request has %d examples; at most %d are allowed", n, b.limit)
	}
	if err := b.admit(n); err != nil {
		return nil, v.crowded()
	}
	return func() { b.release(n) }, nil
}

// crowded returns the error of a request beyond the limit.
func (v *version) crowded() error {
	_, need := v.batcher.load()
	return &failure{status: http.StatusTooManyRequests, text: fmt.Sprintf("the model %s has too many requests", v.name), retry: max(need, time.Second), late: true}
}

// payload reads the body of a request for predictions. It refuses the request before it reads the body if the model has too many requests already: reading takes more time than refusing.
func (c *call) payload() ([]byte, error) {
	if e := c.s.registry.find(c.params["model"]); e != nil {
		if v := e.acquire(); v != nil {
			defer v.release()
			if n, _ := v.batcher.load(); n >= v.batcher.limit {
				c.rec.model, c.rec.version = v.name, v.number
				return nil, v.crowded()
			}
		}
	}
	return c.body()
}

// imageOutputs computes the outputs for image files.
func (c *call) imageOutputs(ctx context.Context, v *version, files [][]byte) ([]*example, error) {
	list, err := c.imageExamples(ctx, v, files)
	for _, e := range list { // its input is no longer used
		v.free.Put(e.in[0])
		e.in = nil
	}
	return list, err
}

// imageExamples returns the computed examples of image files, with their inputs.
func (c *call) imageExamples(ctx context.Context, v *version, files [][]byte) ([]*example, error) {
	if v.pipeline == nil {
		return nil, bad("the model %s takes no images, because it has no preprocessing; send its input tensors", v.name)
	}
	release, err := c.admit(v, len(files))
	if err != nil {
		return nil, err
	}
	defer release()
	start := time.Now()
	list := newExamples(ctx, len(files))
	errs := make([]error, len(files))
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(files) {
				return
			}
			errs[i] = v.batcher.decode(list[i], func() error { return c.s.decode(v, list[i], files[i]) })
		}
	}
	var others sync.WaitGroup
	for range min(len(files), c.s.threads.all) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	c.took("decode", decoded(list, errs).Sub(start))
	for i, err := range errs {
		var f *failure
		if errors.As(err, &f) && len(files) > 1 {
			err = &failure{status: f.status, text: fmt.Sprintf("image %d: %s", i, f.text)}
		}
		if err != nil {
			v.batcher.remove(list)
			return nil, err
		}
	}
	if err := c.wait(ctx, v, list); err != nil {
		return nil, err
	}
	return list, nil
}

// decoded returns when the last image was decoded. Its batch may have been computed since then. If an image could not be decoded, that was now.
func decoded(list []*example, errs []error) time.Time {
	last := list[0].queued
	for i, e := range list {
		if errs[i] != nil {
			return time.Now()
		}
		if e.queued.After(last) {
			last = e.queued
		}
	}
	return last
}

// classify returns the predictions for image files.
func (c *call) classify(ctx context.Context, v *version, files [][]byte) ([]lince.Classification, error) {
	if !v.classifier {
		return nil, v.noClassifier()
	}
	list, err := c.imageOutputs(ctx, v, files)
	if err != nil {
		return nil, err
	}
	return v.classifications(list)
}

// classifications returns the classifications that outputs are.
func (v *version) classifications(list []*example) ([]lince.Classification, error) {
	var all []lince.Classification
	for i, e := range list {
		if slices.ContainsFunc(e.out[0].Float32s(), func(x float32) bool { return x != x }) {
			return nil, fail(http.StatusUnprocessableEntity, "the output for the example %d is NaN", i)
		}
		got, err := v.model.ClassifyOutput(e.out[0])
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// tensorOutputs computes the outputs for input tensors, which are in the order of the model's inputs. They have valid types and shapes.
func (c *call) tensorOutputs(ctx context.Context, v *version, in []*tensor.Tensor) ([]*example, error) {
	n := in[0].Shape()[0]
	release, err := c.admit(v, n)
	if err != nil {
		return nil, err
	}
	defer release()
	list := newExamples(ctx, n)
	for i := range list {
		for _, t := range in {
			list[i].in = append(list[i].in, t.Rows(i, i+1))
		}
	}
	v.batcher.add(list)
	return list, c.wait(ctx, v, list)
}

// wait waits for the outputs of examples.
func (c *call) wait(ctx context.Context, v *version, list []*example) error {
	if err := v.batcher.wait(ctx, list); err != nil {
		return err
	}
	last := list[len(list)-1]
	c.took("queue", last.wait)
	c.took("compute", last.took)
	return nil
}

// stack returns the outputs of examples, in the order of the model's outputs. Each has shape (examples, ...).
func (v *version) stack(list []*example) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(v.outputs))
	for i := range out {
		first := list[0].out[i]
		shape := first.Shape().Clone()
		shape[0] = len(list)
		out[i] = tensor.New(first.DType(), shape...)
		for row, e := range list {
			if !e.out[i].Shape().Equal(first.Shape()) {
				return nil, bad("the outputs %s of the examples have different shapes; send one example in each request", v.outputs[i].name)
			}
			copy(out[i].Rows(row, row+1).Raw(), e.out[i].Raw())
		}
	}
	return out, nil
}

// imageDecoder has the buffers of a goroutine that decodes images.
type imageDecoder struct {
	picture.Decoder
	pix []float32 // of images whose size depends on the file
}

var imageDecoders = sync.Pool{New: func() any { return new(imageDecoder) }}

// decode turns an image file into the input of an example.
func (s *Server) decode(v *version, e *example, file []byte) error {
	if len(file) == 0 {
		return bad("the image is empty")
	}
	d := imageDecoders.Get().(*imageDecoder)
	defer imageDecoders.Put(d)
	d.MaxPixels = s.o.MaxPixels
	o := v.pipeline.Options()
	h, w := o.Size()
	if h > 0 {
		t, ok := v.free.Get().(*tensor.Tensor)
		if !ok {
			t = tensor.New(tensor.Float32, 1, h, w, v.pipeline.Channels())
		}
		if _, _, err := d.LoadFloat32(t.Float32s(), file, o); err != nil {
			v.free.Put(t)
			return undecoded(err)
		}
		s.noteDepth(&d.Decoder)
		v.pipeline.Apply(t.Float32s())
		e.in = []*tensor.Tensor{t}
		return nil
	}
	pix, h, w, err := d.AppendFloat32(d.pix[:0], file, o)
	if err != nil {
		return undecoded(err)
	}
	s.noteDepth(&d.Decoder)
	if len(pix) <= 1<<20 { // a decoder does not keep the memory of a large image
		d.pix = pix
	}
	v.pipeline.Apply(pix)
	t := tensor.New(tensor.Float32, 1, h, w, v.pipeline.Channels())
	copy(t.Float32s(), pix)
	e.in = []*tensor.Tensor{t}
	return nil
}

// noteDepth logs once for each kind of images that one has lost values, because they do not fit into 8 bits.
func (s *Server) noteDepth(d *picture.Decoder) {
	v := d.Levels()
	lost := v.Warning()
	if lost == "" {
		return
	}
	once := &s.deep
	switch v.Depth {
	case picture.Floating:
		once = &s.floating
	case picture.DeepColors:
		once = &s.colors
	}
	once.Do(func() {
		s.o.Logger.Warn("an image has "+lost+"; further images are not logged", "cut_off", v.Lost, "pixels", v.Pixels, "least", v.Least, "most", v.Most)
	})
}

// undecoded returns the error of an image that cannot be decoded.
func undecoded(err error) error {
	var large *picture.PixelsError
	if errors.As(err, &large) {
		return fail(http.StatusRequestEntityTooLarge, "%s", large.Reason())
	}
	return fail(http.StatusUnprocessableEntity, "%s", visible(err.Error()))
}
