// Package preprocess turns an image into the input of a model by a list of steps, which can be saved with the model.
//
//	steps := preprocess.Steps{
//		preprocess.Resize{ShortSide: 256, Interpolation: picture.Bilinear},
//		preprocess.CenterCrop{Height: 224, Width: 224},
//		preprocess.Input{Mode: preprocess.Torch},
//	}
//
// The steps Decode, Resize and CenterCrop come first, in this order and at most once each. They make an image of shape
// (height, width, channels) with float32 values from 0 to 255. The other steps change these values, in any order and number.
//
// Random changes of training images are not preprocessing, because predictions do not use them. See package augment.
package preprocess

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince/data/picture"
)

// Steps lists the steps in the order in which they are applied. A list without Decode decodes to RGB. An empty list,
// like nil, means that the preprocessing is unknown.
type Steps []Step

// Step is a step of preprocessing: Decode, Resize, CenterCrop, BGR, Rescale, Normalize or Input. No other types are allowed. The
// zero value of a field is Keras' default.
type Step interface {
	// compile adds the step to p, which holds the earlier steps.
	compile(p *Pipeline) error
	stage() stage
}

// stage is what a step works on. The stages in a list must not decrease.
type stage int

const (
	decoding stage = iota
	resizing
	cropping
	numbers
)

// Decode decodes an image file, as keras.utils.load_img does. It gives 3 channels for RGB, 1 for Grayscale and 4 for RGBA.
type Decode struct {
	// ColorMode is Keras' color_mode. The default is RGB.
	ColorMode picture.ColorMode `json:"color_mode"`
	// Orient applies the file's EXIF orientation, as Pillow's ImageOps.exif_transpose does. Keras ignores it.
	Orient bool `json:"orient,omitempty"`
	// GrayRange is the lowest and the highest value of images with more than 8 bits of gray per pixel, which become 0 and 255; see picture.Options.
	// Zero cuts values off at 0 and 255, as Keras does.
	GrayRange [2]float64 `json:"gray_range,omitzero"`
}

// Resize resizes an image. Set either Height and Width or ShortSide, to at most MaxSize.
type Resize struct {
	// Height and Width are the new size in pixels.
	Height int `json:"height,omitempty"`
	Width  int `json:"width,omitempty"`
	// ShortSide is the new length of the shorter side in pixels. The longer side becomes int(ShortSide*longer/shorter), as in
	// torchvision's Resize(ShortSide).
	ShortSide int `json:"short_side,omitempty"`
	// Interpolation is Keras' interpolation. The default is Nearest, as in load_img.
	Interpolation picture.Interpolation `json:"interpolation"`
	// CropToAspectRatio first crops the image to the largest centered part with the aspect ratio of Height to Width. It is
	// Keras' crop_to_aspect_ratio, and load_img's keep_aspect_ratio.
	CropToAspectRatio bool `json:"crop_to_aspect_ratio,omitempty"`
	// PadToAspectRatio first pads the image with zeros on two sides to the aspect ratio of Height to Width. It is Keras'
	// pad_to_aspect_ratio.
	PadToAspectRatio bool `json:"pad_to_aspect_ratio,omitempty"`
	// ResizeWithPad resizes the image to the largest size with its own aspect ratio that fits into Height and Width, and then pads
	// it with zeros on two sides. It is tf.image.resize_with_pad, and pad_to_aspect_ratio of Keras'
	// image_dataset_from_directory. It needs the interpolation picture.BilinearTF.
	ResizeWithPad bool `json:"resize_with_pad,omitempty"`
}

// CenterCrop keeps the center of an image, as torchvision's CenterCrop does. The first row is round((rows-Height)/2), where
// halves are rounded to even numbers, and likewise for columns. A smaller image is padded with zeros on both sides. If the number
// of zeros is odd, the bottom or the right side gets one more.
type CenterCrop struct {
	Height int `json:"height"` // pixels, 1 to MaxSize
	Width  int `json:"width"`  // pixels, 1 to MaxSize
}

// BGR swaps the channels red and blue. The image must be RGB.
type BGR struct{}

// Rescale computes x*Scale + Offset, as Keras' layer Rescaling does.
type Rescale struct {
	Scale  float64 `json:"scale,omitempty"` // 0 means 1
	Offset float64 `json:"offset,omitempty"`
}

// Normalize computes (x-Mean)/Std. Mean and Std each have one value for each channel, or one value for all channels, or no value.
// The default Mean is 0, and the default Std is 1. The values must be finite, and those of Std must not be 0.
type Normalize struct {
	Mean []float64 `json:"mean,omitempty"`
	Std  []float64 `json:"std,omitempty"`
}

// Input is preprocess_input of keras.applications. The values equal Keras' in every bit. Caffe and Torch need an RGB image.
type Input struct {
	Mode Mode `json:"mode"`
}

// Mode is the argument mode of Keras' imagenet_utils.preprocess_input.
type Mode uint8

// The modes, with examples of models that use them.
const (
	Caffe Mode = iota // x in the order BGR - [103.939, 116.779, 123.68]: ResNet50, VGG16
	TF                // x/127.5 - 1: MobileNet, ResNet50V2, Xception
	Torch             // (x/255 - [.485, .456, .406]) / [.229, .224, .225]: DenseNet121
)

func (Decode) stage() stage     { return decoding }
func (Resize) stage() stage     { return resizing }
func (CenterCrop) stage() stage { return cropping }
func (BGR) stage() stage        { return numbers }
func (Rescale) stage() stage    { return numbers }
func (Normalize) stage() stage  { return numbers }
func (Input) stage() stage      { return numbers }

// MaxSize is the largest height and width in pixels that Resize and CenterCrop allow.
const MaxSize = 1 << 14

// maxSteps limits the length of a list, which may come from an untrusted file.
const maxSteps = 64

// Pipeline is a valid list of steps, ready to use. It is safe for use by several goroutines at once. Compile makes one.
type Pipeline struct {
	options picture.Options
	changes []change
}

// Compile checks the steps and makes a Pipeline. The error lists all mistakes.
func (s Steps) Compile() (*Pipeline, error) {
	if len(s) > maxSteps {
		return nil, fmt.Errorf("preprocessing has %d steps, want at most %d", len(s), maxSteps)
	}
	p := &Pipeline{}
	var errs []error
	for i, step := range s {
		if nameOf(step) == "" {
			errs = append(errs, fmt.Errorf("preprocessing step %d is %T, want a type of package preprocess, such as preprocess.Resize{Height: 224, Width: 224}", i+1, step))
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
			err = fmt.Errorf("it comes after %s; want decode, resize and center_crop first, in this order, and then the steps that change values", nameOf(s[i-1]))
		case step.stage() == s[i-1].stage() && step.stage() < numbers:
			err = fmt.Errorf("there is already one before it; want at most one %s", nameOf(step))
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

// Split divides the list into the steps that make an image (Decode, Resize, CenterCrop) and those that change its values.
func (s Steps) Split() (images, changes Steps) {
	i := 0
	for i < len(s) && nameOf(s[i]) != "" && s[i].stage() < numbers {
		i++
	}
	return s[:i:i], s[i:]
}

// Options returns the options with which package picture must load an image.
func (p *Pipeline) Options() picture.Options { return p.options }

// Size returns the height and width of the images in pixels. It is 0, 0 if they depend on the file.
func (p *Pipeline) Size() (height, width int) { return p.options.Size() }

// Channels returns the number of channels: 3, 1 or 4.
func (p *Pipeline) Channels() int { return p.options.ColorMode.Channels() }

func (d Decode) compile(p *Pipeline) error {
	p.options.ColorMode, p.options.Orient, p.options.GrayRange = d.ColorMode, d.Orient, d.GrayRange
	return picture.Options{ColorMode: d.ColorMode, GrayRange: d.GrayRange}.Check()
}

func (r Resize) compile(p *Pipeline) error {
	whole := r.Height != 0 || r.Width != 0
	switch {
	case whole == (r.ShortSide != 0):
		return fmt.Errorf("height %d, width %d, short side %d: want either height and width or the short side", r.Height, r.Width, r.ShortSide)
	case whole:
		if err := checkSize(r.Height, r.Width); err != nil {
			return err
		}
	case r.ShortSide < 1 || r.ShortSide > MaxSize:
		return fmt.Errorf("short side %d: want 1 to %d", r.ShortSide, MaxSize)
	}
	o := &p.options
	o.Height, o.Width, o.ShortSide, o.Interpolation = r.Height, r.Width, r.ShortSide, r.Interpolation
	o.KeepAspectRatio, o.PadToAspectRatio, o.ResizeWithPad = r.CropToAspectRatio, r.PadToAspectRatio, r.ResizeWithPad
	return o.Check()
}

func (c CenterCrop) compile(p *Pipeline) error {
	p.options.Crop = [2]int{c.Height, c.Width}
	return checkSize(c.Height, c.Width)
}

func checkSize(h, w int) error {
	if h < 1 || w < 1 || h > MaxSize || w > MaxSize {
		return fmt.Errorf("the size is %dx%d; want a height and a width of 1 to %d", h, w, MaxSize)
	}
	return nil
}

func (BGR) compile(p *Pipeline) error {
	if p.Channels() != 3 {
		return fmt.Errorf("images are %v, want rgb", p.options.ColorMode)
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
		return fmt.Errorf("unknown mode %d", uint8(i.Mode))
	}
	if i.Mode != TF && p.Channels() != 3 {
		return fmt.Errorf("images are %v, want rgb for the mode %v", p.options.ColorMode, i.Mode)
	}
	for _, s := range steps {
		if err := s.compile(p); err != nil {
			return err
		}
	}
	return nil
}

// change is an operation on values, with an operand for each channel. Each operation rounds to float32, as NumPy's do.
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

// change adds an operation. It is skipped if all operands are neutral.
func (p *Pipeline) change(how operation, name string, neutral float64, values ...float64) error {
	c := p.Channels()
	if n := len(values); n > 1 && n != c {
		return fmt.Errorf("%s has %d values and images have %d channels; want a value for each channel, or one for all", name, n, c)
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

// Apply changes the values of images in place. pix has shape (..., channels) and values from 0 to 255.
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

// Undo reverses Apply, except for rounding: the resulting values are from 0 to 255 again. Use it to show the input of a model.
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
