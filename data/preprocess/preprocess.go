// Package preprocess says how an image becomes the input of a model: an ordered list of steps that can be saved.
//
//	steps := preprocess.Steps{
//		preprocess.Resize{ShortSide: 256, Interpolation: picture.Bilinear},
//		preprocess.CenterCrop{Height: 224, Width: 224},
//		preprocess.Input{Mode: preprocess.Torch},
//	}
//
// A file is decoded, resized and cropped, in this order; then its numbers, float32 of 0 to 255 in HWC order, are
// changed by any steps in any order. What training draws at random (package augment) is no preprocessing: predictions do
// without it.
package preprocess

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince/data/picture"
)

// Steps are what is done to an image, in this order. A list without Decode decodes to RGB; an empty one says nothing, as nil.
type Steps []Step

// Step is one of this package's types: Decode, Resize, CenterCrop, BGR, Rescale, Normalize, Input. A field's
// zero value is Keras' default.
type Step interface {
	// compile adds the step to p, whose earlier steps are there.
	compile(p *Pipeline) error
	stage() stage
}

// stage is what a step works on. The stages of a list's steps never go down.
type stage int

const (
	decoding stage = iota
	resizing
	cropping
	numbers
)

// Decode decodes a file: the arguments of keras.utils.load_img.
type Decode struct {
	ColorMode picture.ColorMode `json:"color_mode"`
	// Orient applies the file's EXIF orientation, as Pillow's ImageOps.exif_transpose. Keras does not.
	Orient bool `json:"orient,omitempty"`
}

// Resize resizes a picture: to Height x Width, or so that its shorter side has ShortSide pixels and its aspect ratio stays
// (torchvision's Resize(ShortSide): the longer side is int(ShortSide*longer/shorter)).
type Resize struct {
	Height    int `json:"height,omitempty"`
	Width     int `json:"width,omitempty"`
	ShortSide int `json:"short_side,omitempty"`
	// Interpolation is Nearest where it is left out, as in load_img.
	Interpolation picture.Interpolation `json:"interpolation"`
	// CropToAspectRatio resizes the largest part in the middle that has the aspect ratio of Height to Width. Keras calls it
	// keep_aspect_ratio, too.
	CropToAspectRatio bool `json:"crop_to_aspect_ratio,omitempty"`
	// PadToAspectRatio puts zeros at two sides first, so that the image has the aspect ratio of Height to Width.
	PadToAspectRatio bool `json:"pad_to_aspect_ratio,omitempty"`
}

// CenterCrop keeps the middle of a picture: torchvision's CenterCrop. It begins at row round((rows-Height)/2), halves
// rounded to even numbers, and the same for columns. Where the image is smaller there are zeros around it, at the end
// one more than before where their number is odd.
type CenterCrop struct {
	Height int `json:"height"`
	Width  int `json:"width"`
}

// BGR swaps red and blue.
type BGR struct{}

// Rescale is Keras' Rescaling: numbers*Scale + Offset.
type Rescale struct {
	Scale  float64 `json:"scale,omitempty"` // 0 is 1
	Offset float64 `json:"offset,omitempty"`
}

// Normalize is (numbers-Mean)/Std. Each has a value for each channel, or one for all, or none: a Mean of 0, a Std of 1.
type Normalize struct {
	Mean []float64 `json:"mean,omitempty"`
	Std  []float64 `json:"std,omitempty"`
}

// Input is preprocess_input of keras.applications, to the bit.
type Input struct {
	Mode Mode `json:"mode"`
}

// Mode is imagenet_utils.preprocess_input's mode.
type Mode uint8

// The modes.
const (
	Caffe Mode = iota // BGR - [103.939, 116.779, 123.68]: ResNet50, VGG16
	TF                // numbers/127.5 - 1: MobileNet, ResNet50V2, Xception
	Torch             // (numbers/255 - [.485, .456, .406]) / [.229, .224, .225]: DenseNet121
)

func (Decode) stage() stage     { return decoding }
func (Resize) stage() stage     { return resizing }
func (CenterCrop) stage() stage { return cropping }
func (BGR) stage() stage        { return numbers }
func (Rescale) stage() stage    { return numbers }
func (Normalize) stage() stage  { return numbers }
func (Input) stage() stage      { return numbers }

// MaxSize is the greatest height and width of a model's images.
const MaxSize = 1 << 14

// maxSteps bounds a list, which may come from a stranger's file.
const maxSteps = 64

// Pipeline is a list that was found right. Any number of goroutines may use it.
type Pipeline struct {
	options picture.Options
	changes []change
}

// Compile checks the list, and reports all mistakes at once.
func (s Steps) Compile() (*Pipeline, error) {
	if len(s) > maxSteps {
		return nil, fmt.Errorf("preprocessing has %d steps, want at most %d", len(s), maxSteps)
	}
	p := &Pipeline{}
	var errs []error
	for i, step := range s {
		if nameOf(step) == "" {
			errs = append(errs, fmt.Errorf("preprocessing step %d is %T, want one of this package's types, as in preprocess.Resize{Height: 224, Width: 224}", i+1, step))
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	for i, step := range s {
		var err error
		switch {
		case i == 0:
		case step.stage() < s[i-1].stage():
			err = fmt.Errorf("it comes after %s; a picture is decoded, then resized, then cropped, and then its numbers are changed", nameOf(s[i-1]))
		case step.stage() == s[i-1].stage() && step.stage() < numbers:
			err = fmt.Errorf("there is one before it; want one %s at most", nameOf(step))
		}
		if err == nil {
			err = step.compile(p)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("preprocessing step %d (%s): %w", i+1, nameOf(step), err))
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// Split divides a list into the steps that make the image, and those that change its numbers.
func (s Steps) Split() (pictures, changes Steps) {
	i := 0
	for i < len(s) && nameOf(s[i]) != "" && s[i].stage() < numbers {
		i++
	}
	return s[:i:i], s[i:]
}

// Image is how a file is loaded.
func (p *Pipeline) Picture() picture.Options { return p.options }

// Size is the height and width that images get; 0, 0 where it depends on the file.
func (p *Pipeline) Size() (height, width int) { return p.options.Size() }

// Channels is the number of channels: 3, 1 or 4.
func (p *Pipeline) Channels() int { return p.options.ColorMode.Channels() }

func (d Decode) compile(p *Pipeline) error {
	p.options.ColorMode, p.options.Orient = d.ColorMode, d.Orient
	return picture.Options{ColorMode: d.ColorMode}.Check()
}

func (r Resize) compile(p *Pipeline) error {
	whole := r.Height != 0 || r.Width != 0
	switch {
	case whole == (r.ShortSide != 0):
		return fmt.Errorf("height %d, width %d, short side %d: want height and width, or the short side", r.Height, r.Width, r.ShortSide)
	case whole:
		if err := checkSize(r.Height, r.Width); err != nil {
			return err
		}
	case r.ShortSide < 1 || r.ShortSide > MaxSize:
		return fmt.Errorf("short side %d: want 1 to %d", r.ShortSide, MaxSize)
	}
	o := &p.options
	o.Height, o.Width, o.ShortSide, o.Interpolation = r.Height, r.Width, r.ShortSide, r.Interpolation
	o.KeepAspectRatio, o.PadToAspectRatio = r.CropToAspectRatio, r.PadToAspectRatio
	return o.Check()
}

func (c CenterCrop) compile(p *Pipeline) error {
	p.options.Crop = [2]int{c.Height, c.Width}
	return checkSize(c.Height, c.Width)
}

func checkSize(h, w int) error {
	if h < 1 || w < 1 || h > MaxSize || w > MaxSize {
		return fmt.Errorf("pictures of %dx%d: want a height and a width of 1 to %d", h, w, MaxSize)
	}
	return nil
}

func (BGR) compile(p *Pipeline) error {
	if p.Channels() != 3 {
		return fmt.Errorf("pictures are %v, want rgb", p.options.ColorMode)
	}
	p.changes = append(p.changes, change{how: swap})
	return nil
}

func (r Rescale) compile(p *Pipeline) error {
	if r.Scale == 0 {
		r.Scale = 1
	}
	return errors.Join(p.change(multiply, "scale", 1, r.Scale), p.change(add, "offset", 0, r.Offset))
}

func (n Normalize) compile(p *Pipeline) error {
	return errors.Join(p.change(subtract, "mean", 0, n.Mean...), p.change(divide, "std", 1, n.Std...))
}

func (i Input) compile(p *Pipeline) error {
	var steps []Step
	switch i.Mode {
	case Caffe:
		steps = []Step{BGR{}, Normalize{Mean: []float64{103.939, 116.779, 123.68}}}
	case TF:
		steps = []Step{Normalize{Std: []float64{127.5}}, Normalize{Mean: []float64{1}}}
	case Torch:
		steps = []Step{Normalize{Std: []float64{255}}, Normalize{Mean: []float64{.485, .456, .406}, Std: []float64{.229, .224, .225}}}
	default:
		return fmt.Errorf("no mode %d", uint8(i.Mode))
	}
	if i.Mode != TF && p.Channels() != 3 {
		return fmt.Errorf("pictures are %v, which the mode %v cannot take; want rgb", p.options.ColorMode, i.Mode)
	}
	for _, s := range steps {
		if err := s.compile(p); err != nil {
			return err
		}
	}
	return nil
}

// change is one operation on numbers, with a value for each channel. Each rounds to float32, as NumPy's do.
type change struct {
	how    operation
	values []float64
}

type operation uint8

const (
	swap operation = iota
	multiply
	add
	subtract
	divide
)

// change adds an operation, unless all its values are the neutral one.
func (p *Pipeline) change(how operation, name string, neutral float64, values ...float64) error {
	c := p.Channels()
	if n := len(values); n > 1 && n != c {
		return fmt.Errorf("%s has %d values, pictures have %d channels: want a value for each, or one for all", name, n, c)
	}
	each := make([]float64, c)
	same := true
	for i := range each {
		each[i] = neutral
		if len(values) > 0 {
			each[i] = values[min(i, len(values)-1)]
		}
		v := float32(each[i])
		switch {
		case math.IsNaN(each[i]) || math.IsInf(float64(v), 0):
			return fmt.Errorf("%s is %v, want a finite float32", name, each[i])
		case v == 0 && (how == divide || how == multiply):
			return fmt.Errorf("%s is %v, want a float32 that is not 0", name, each[i])
		}
		same = same && v == float32(neutral)
	}
	if !same {
		p.changes = append(p.changes, change{how, each})
	}
	return nil
}

// Apply changes the numbers of images, the values of a pixel together, in place.
func (p *Pipeline) Apply(pix []float32) {
	c := p.Channels()
	for _, ch := range p.changes {
		if ch.how == swap {
			swapBGR(pix)
			continue
		}
		for k, v := range ch.values {
			v := float32(v)
			switch ch.how {
			case multiply:
				for i := k; i < len(pix); i += c {
					pix[i] *= v
				}
			case add:
				for i := k; i < len(pix); i += c {
					pix[i] += v
				}
			case subtract:
				for i := k; i < len(pix); i += c {
					pix[i] -= v
				}
			case divide:
				for i := k; i < len(pix); i += c {
					pix[i] /= v
				}
			}
		}
	}
}

// Undo turns what Apply made into numbers of 0 to 255 again, but for rounding: for showing what a model sees.
func (p *Pipeline) Undo(pix []float32) {
	c := p.Channels()
	for n := len(p.changes) - 1; n >= 0; n-- {
		ch := p.changes[n]
		if ch.how == swap {
			swapBGR(pix)
			continue
		}
		for i, x := range pix {
			x, v := float64(x), ch.values[i%c]
			switch ch.how {
			case multiply:
				x /= v
			case add:
				x -= v
			case subtract:
				x += v
			case divide:
				x *= v
			}
			pix[i] = float32(x)
		}
	}
}

func swapBGR(pix []float32) {
	for i := 0; i+2 < len(pix); i += 3 {
		pix[i], pix[i+2] = pix[i+2], pix[i]
	}
}
