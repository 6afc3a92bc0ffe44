package layer

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Resizing resizes images (keras.layers.Resizing), as TensorFlow's tf.image.resize does:
//
//	y[i,j,c] = sum over u, v of a[i,u] * b[j,v] * x[u,v,c]
//
// The weights a and b depend on the interpolation and on the distance of the centers of the pixels. The
// center of pixel i is i + 1/2.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, Height, Width, channels).
//
// Build reports an error if a field is out of range, both CropToAspectRatio and PadToAspectRatio are set,
// the operand is not a batch of float32 images with a known number of channels, or one of them is set
// and the height or the width of the images is unknown.
//
// Source: Keys, 1981 (bicubic); Duchon, 1979 (Lanczos filtering in one and two dimensions).
type Resizing struct {
	// Height is the new height, in pixels. Required. At least 1.
	Height int `keras:"height,required,count"`
	// Width is the new width, in pixels. Required. At least 1.
	Width int `keras:"width,required,count"`
	// Interpolation is "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area". The default is
	// "bilinear".
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest|bicubic|lanczos3|lanczos5|area"`
	// CropToAspectRatio cuts off the borders, so that the rest has the new aspect ratio, before images are
	// resized. The default is false.
	CropToAspectRatio bool `keras:"crop_to_aspect_ratio"`
	// PadToAspectRatio adds borders of FillValue, so that images have the new aspect ratio, before they are
	// resized. The default is false.
	PadToAspectRatio bool `keras:"pad_to_aspect_ratio"`
	// FillValue is the value of the borders that PadToAspectRatio adds. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`
	// Antialias makes each pixel count when images become smaller. It has no effect on nearest and area. The
	// default is false.
	Antialias bool `keras:"antialias"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"fill_mode,only=constant"`
}

// CenterCrop cuts out the center of images (keras.layers.CenterCrop). For images that are at least as
// large as the crop, with top = (height-Height)/2 and left = (width-Width)/2, rounded down:
//
//	y[i,j,c] = x[top + i, left + j, c]
//
// Smaller images are resized with bilinear interpolation, after their borders are cut off so that the
// rest has the aspect ratio of the crop.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, Height, Width, channels).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32 images with a
// known number of channels, or the height or the width of the images is unknown.
type CenterCrop struct {
	// Height is the height of the crop, in pixels. Required. At least 1.
	Height int `keras:"height,required,count"`
	// Width is the width of the crop, in pixels. Required. At least 1.
	Width int `keras:"width,required,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent. Weighted means of probabilities are probabilities, if no weight is
// negative.
func (l Resizing) PassesThrough() bool { return convex(l.Interpolation) && !l.PadToAspectRatio }

// PassesThrough implements Transparent.
func (CenterCrop) PassesThrough() bool { return true }

func (l Resizing) check() error {
	if l.CropToAspectRatio && l.PadToAspectRatio {
		return wrongf("CropToAspectRatio and PadToAspectRatio are both set, want at most one of them")
	}
	return nil
}

// Build implements Layer.
func (l Resizing) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	if l.CropToAspectRatio || l.PadToAspectRatio {
		if !wantKnownSize(b, x) {
			return b.Invalid()
		}
		// Keras computes these sizes in float32.
		h, w := x.Shape[1], x.Shape[2]
		byWidth := int(float32(w*l.Height) / float32(l.Width))
		byHeight := int(float32(h*l.Width) / float32(l.Height))
		if l.CropToAspectRatio {
			x = center(b, x, max(1, min(h, byWidth)), max(1, min(w, byHeight)))
		} else {
			top, left := (max(h, byWidth)-h)/2, (max(w, byHeight)-w)/2
			x = b.Pad(x, []int{0, top, left, 0}, []int{0, top, left, 0}, l.FillValue)
		}
		if !wantSmall(b, x) {
			return b.Invalid()
		}
	}
	y := b.Op(op.Resize{Size: Size{l.Height, l.Width}, Method: resampling(l.Interpolation), Antialias: l.Antialias}, x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

// Build implements Layer.
func (l CenterCrop) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) || !wantKnownSize(b, x) {
		return b.Invalid()
	}
	h, w := x.Shape[1], x.Shape[2]
	if h >= l.Height && w >= l.Width {
		return center(b, x, l.Height, l.Width)
	}
	byWidth, byHeight := float64(w*l.Height)/float64(l.Width), float64(h*l.Width)/float64(l.Height)
	x = center(b, x, max(1, min(h, int(math.Floor(byWidth)))), max(1, min(w, int(math.Floor(byHeight)))))
	y := b.Op(op.Resize{Size: Size{l.Height, l.Width}, Method: op.Bilinear}, x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

// wantKnownSize checks that the height and the width of images are known.
func wantKnownSize(b *graph.Builder, x *graph.Value) bool {
	if slices.Contains(x.Shape[1:3], tensor.Unknown) {
		b.Errorf("got shape %v, want images of known height and width; set them in the Shape of Input", x.Shape)
		return false
	}
	return wantSmall(b, x)
}

// center cuts out the center of images, which are at least as large.
func center(b *graph.Builder, x *graph.Value, height, width int) *graph.Value {
	all := tensor.Unknown
	return b.Slice(x, []int{0, (x.Shape[1] - height) / 2, (x.Shape[2] - width) / 2, 0}, []int{all, height, width, all})
}
