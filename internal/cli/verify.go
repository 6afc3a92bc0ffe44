package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
)

// runtimes are the Python libraries of --against, with the kinds of files that they open.
var runtimes = []struct {
	name  string
	kinds []string
	pip   string // the packages that it needs
	run   func(ctx context.Context, python string, jobs []pyrun.Job) ([]pyrun.Result, error)
}{
	{"onnxruntime", []string{"onnx"}, "onnx onnxruntime", onnxcheck.Run},
	{"keras", []string{"keras", "h5"}, "keras tensorflow", scripted(pyrun.Keras())},
	{"tflite", []string{"tflite"}, "ai-edge-litert", scripted(pyrun.TFLite())},
}

func scripted(script string) func(ctx context.Context, python string, jobs []pyrun.Job) ([]pyrun.Result, error) {
	return func(ctx context.Context, python string, jobs []pyrun.Job) ([]pyrun.Result, error) {
		return pyrun.Run(ctx, python, script, jobs)
	}
}

func runtimeNames() []string {
	var names []string
	for _, r := range runtimes {
		names = append(names, r.name)
	}
	return names
}

// verify compares the predictions of a new file with those of the model.
func (c *convertCommand) verify(e *env, t *target, m, written *lince.Model, file string, r *conversion) error {
	if !c.Verify && c.Against == "" {
		return nil
	}
	if !t.weights { // the network alone
		r.NetworkRead = true
		return verifyJSON(written, file)
	}
	if c.Preprocessing {
		return c.verifyImages(m, file, r)
	}
	in, what, err := c.examples(e, m)
	if err != nil {
		return fmt.Errorf("verifying the new file: %w", err)
	}
	want, err := inference.Run(inference.Of(m), in)
	if err != nil {
		return fmt.Errorf("verifying the new file: %s: %w", c.In, err)
	}
	if c.Verify {
		got, err := reopened(t, m, file, in)
		if err != nil {
			return fmt.Errorf("verifying the new file: %w; --no-verify writes it nevertheless", err)
		}
		if err := c.judge("lince", what, m, got, want, r); err != nil {
			return err
		}
	}
	if c.Against == "" {
		return nil
	}
	got, err := c.inLibrary(e, t, m, file, in)
	if err != nil {
		return fmt.Errorf("--against %s: %w", c.Against, err)
	}
	return c.judge(c.Against, what, m, got, want, r)
}

// judge records a comparison, and returns an error if the predictions differ.
func (c *convertCommand) judge(with, on string, m *lince.Model, got, want []*tensor.Tensor, r *conversion) error {
	list, err := compareOutputs(m.OutputNames(), got, want, c.Tolerance)
	if err != nil {
		return fmt.Errorf("the new file is wrong, and was removed: in %s, %w", with, err)
	}
	r.Verified = append(r.Verified, verification{with, on, list})
	for _, d := range list {
		if d.Beyond {
			return fmt.Errorf("the new file is wrong, and was removed: on %s, its predictions in %s differ: output %s: %v (--tolerance %v)", on, with, d.Output, d.Values.Difference, c.Tolerance)
		}
	}
	return nil
}

// reopened returns the predictions of the new file. A file of weights is loaded into a model with other weights.
func reopened(t *target, m *lince.Model, file string, in map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	var again *lince.Model
	var err error
	if t.network {
		again, err = openModel(file, lince.Options{NoCompile: true})
	} else {
		var text []byte
		if text, err = m.ToJSON(); err != nil {
			return nil, err
		}
		if again, err = (lince.Options{NoCompile: true, Seed: 1}).FromJSON(text); err != nil {
			return nil, err
		}
		_, err = again.LoadWeights(file, lince.WeightsOptions{})
	}
	if err != nil {
		return nil, err
	}
	return runAgain(again, m, in)
}

// runAgain runs a model whose inputs are those of m, but may have other names.
func runAgain(again, m *lince.Model, in map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	list := make([]*tensor.Tensor, 0, len(in))
	for _, name := range m.InputNames() {
		list = append(list, in[name])
	}
	return again.Call(list...)
}

// verifyJSON compares the network in a new file with the model's.
func verifyJSON(m *lince.Model, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	again, err := lince.FromJSON(text)
	if err != nil {
		return fmt.Errorf("verifying the new file: %w", err)
	}
	a, errA := m.ToJSON()
	b, errB := again.ToJSON()
	if err := errors.Join(errA, errB); err != nil {
		return fmt.Errorf("verifying the new file: %w", err)
	}
	if !bytes.Equal(a, b) {
		return errors.New("the new file is wrong, and was removed: it is read as another network")
	}
	return nil
}

// inLibrary returns the predictions of the new file in a Python library.
func (c *convertCommand) inLibrary(e *env, t *target, m *lince.Model, file string, in map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	lib := runtimes[slices.Index(runtimeNames(), c.Against)]
	if !slices.Contains(lib.kinds, t.kind) {
		return nil, usageError{fmt.Errorf("it does not open %s; remove the flag", t.title())}
	}
	job := pyrun.Job{Path: file}
	for _, name := range m.InputNames() {
		x := in[name]
		if c.ChannelsFirst && len(x.Shape()) == 4 {
			x = channelsFirst(x)
		}
		job.Inputs = append(job.Inputs, x)
	}
	results, err := lib.run(e.ctx, c.Python, []pyrun.Job{job})
	if err != nil {
		return nil, fmt.Errorf("%w; it needs a Python with the packages %s; set it with --python", err, lib.pip)
	}
	return results[0].Outputs, results[0].Err
}

// channelsFirst returns images (batch, height, width, channels) as (batch, channels, height, width).
func channelsFirst(x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	n, pixels, channels := s[0], s[1]*s[2], s[3]
	out := tensor.New(x.DType(), n, channels, s[1], s[2])
	size := x.DType().Size()
	from, to := x.Raw(), out.Raw()
	for b := range n {
		for p := range pixels {
			for ch := range channels {
				i, j := (b*pixels+p)*channels+ch, (b*channels+ch)*pixels+p
				copy(to[j*size:(j+1)*size], from[i*size:(i+1)*size])
			}
		}
	}
	return out
}

// verifyImages compares the outputs of a new file that has the preprocessing with those of the model, on an image of noise. Outputs are compared, and not classes, because
// the new file does not say whether its outputs are probabilities, logits, scores or numbers.
func (c *convertCommand) verifyImages(m *lince.Model, file string, r *conversion) error {
	if c.Data != "" || c.Against != "" {
		return usageError{errors.New("--preprocessing is verified on images of noise in lince; remove --data and --against")}
	}
	again, err := openModel(file, lince.Options{NoCompile: true})
	if err != nil {
		return fmt.Errorf("verifying the new file: %w; --no-verify writes it nevertheless", err)
	}
	p, err := m.Preprocessing.Compile()
	if err != nil {
		return err
	}
	if p.Channels() != 3 {
		return fmt.Errorf("verifying the new file: its images have %d channels, want 3; --no-verify writes it nevertheless", p.Channels())
	}
	h, w := noisySize(m, p)
	photo, pixels := noisyPhoto(h, w, c.Seed)
	values, h, w, err := new(picture.Decoder).AppendImage(nil, photo, p.Options())
	if err != nil {
		return fmt.Errorf("verifying the new file: %w", err)
	}
	p.Apply(values)
	want, err := m.PredictBatch(tensor.Of(values, 1, h, w, p.Channels()))
	if err != nil {
		return fmt.Errorf("verifying the new file: %s: %w", c.In, err)
	}
	got, err := again.PredictBatch(pixels)
	if err != nil {
		return fmt.Errorf("verifying the new file: %w; --no-verify writes it nevertheless", err)
	}
	return c.judge("lince", "an image of noise", m, []*tensor.Tensor{got}, []*tensor.Tensor{want}, r)
}

// noisySize returns the height and width of an image for a model. If the preprocessing resizes images, it is larger than the model's input.
func noisySize(m *lince.Model, p *preprocess.Pipeline) (h, w int) {
	if h, w = p.Size(); h > 0 && w > 0 {
		return h + h/2, w + w/3
	}
	const usual = 64
	in := m.InputShape()
	if h, w = in[1], in[2]; h < 1 {
		h = usual
	}
	if w < 1 {
		w = usual
	}
	return h, w
}

// noisyPhoto returns an image of noise in two forms.
func noisyPhoto(h, w int, seed uint32) (image.Image, *tensor.Tensor) {
	random := mt19937.New(seed)
	photo, pixels := image.NewNRGBA(image.Rect(0, 0, w, h)), tensor.New(tensor.Uint8, 1, h, w, 3)
	for i := range photo.Pix {
		photo.Pix[i] = uint8(random.Intn(256))
		if c := i % 4; c == 3 {
			photo.Pix[i] = 255
		} else {
			pixels.Raw()[i/4*3+c] = photo.Pix[i]
		}
	}
	return photo, pixels
}
