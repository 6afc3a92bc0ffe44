package picture

import "math"

// Depth says what the values of an image file are, where they may not fit into 8 bits.
type Depth uint8

// The depths of images.
const (
	Shallow  Depth = iota // all values are from 0 to 255, or are scaled to this range, as those of 16-bit colors are
	Deep                  // gray of more than 8 bits, which is cut off at 255; see Decoder.CutOff
	Floating              // floating-point gray, which is cut off at 0 and 255 and loses its fractions; see Decoder.FloatRange
)

// DepthOf returns the depth of an image file by its header. It does not decode the image.
func DepthOf(data []byte) Depth {
	switch Format(data) {
	case "PNG":
		if len(data) > 25 && data[24] == 16 && data[25] == 0 {
			return Deep
		}
	case "PGM":
		if f, _, err := pnmHeader(data); err == nil && f.deep() {
			return Deep
		}
	case "TIFF":
		t, err := readTIFF(data, true)
		if err != nil {
			break
		}
		f, err := t.info()
		if err != nil {
			break
		}
		switch m, err := f.mode(); {
		case err != nil:
		case m.floats():
			return Floating
		case m.layout == gray16:
			return Deep
		}
	}
	return Shallow
}

// CutOff returns, for the last image that was decoded, how many of its pixels were cut off at 255, if it is an image with more than 8 bits of gray per
// pixel. Pillow and Keras cut such pixels off. pixels is 0 for other images.
func (d *Decoder) CutOff() (cut, pixels int) { return d.cut[0], d.cut[1] }

// FloatRange returns, for the last image that was decoded, the range of its values in the file, if it is an image of floating-point gray. Pillow and Keras
// cut its values off at 0 and 255, and drop their fractions, so values from 0 to 1 become black. ok is false for other images. Values that are not finite do not count.
func (d *Decoder) FloatRange() (least, most float32, ok bool) {
	return d.floats.least, d.floats.most, d.floats.ok
}

// floatRange is the range of floating-point values.
type floatRange struct {
	least, most float32
	ok          bool
}

// level adds a value to the range, and returns it in 8 bits, as Pillow does.
func (r *floatRange) level(v float32) byte {
	if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
		if !r.ok {
			r.least, r.most, r.ok = v, v, true
		}
		r.least, r.most = min(r.least, v), max(r.most, v)
	}
	switch {
	case v >= 255:
		return 255
	case v > 0:
		return byte(v)
	}
	return 0 // NaN too
}
