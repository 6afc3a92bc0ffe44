package picture

import "math"

// Depth says what the values of an image file are, where they may not fit into 8 bits.
type Depth uint8

// The depths of images. Options.GrayRange keeps what is cut off.
const (
	Shallow  Depth = iota // all values are from 0 to 255, or are scaled to this range, as those of 16-bit colors are
	Deep                  // gray of more than 8 bits, which is cut off at 0 and 255
	Floating              // floating-point gray, which is cut off at 0 and 255 and loses its fractions
)

// DepthOf returns the depth of an image file by its header. It does not decode the image.
func DepthOf(data []byte) Depth {
	switch Format(data) {
	case "PNG":
		if f, err := openPNG(data); err == nil && f.kind == pngGray && f.depth == 16 {
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
		if m, err := f.mode(); err == nil {
			return m.depth
		}
	}
	return Shallow
}

// Levels describes the gray values of a file that may not fit into 8 bits.
type Levels struct {
	Depth  Depth
	Pixels int
	// Lost counts the pixels that became black or white because their values are below or above the range that is kept: Options.GrayRange, or 0 to
	// 255, as in Pillow and Keras.
	Lost int
	// Least and Most are the range of the values in the file. Values that are not finite do not count.
	Least, Most float64
	Range       [2]float64 // Options.GrayRange
}

// Levels describes the values of the last image that was decoded. It is the zero value for images of 8 bits, and for colors.
func (d *Decoder) Levels() Levels {
	if d.levels.Depth == Shallow {
		return Levels{}
	}
	return d.levels.Levels
}

// levels converts values that may not fit into 8 bits.
type levels struct {
	Levels
	some bool // a value was finite
}

// reset prepares for an image with these options.
func (l *levels) reset(o Options) { *l = levels{Levels: Levels{Range: o.GrayRange}} }

// scales reports whether a range of values is scaled to 0 to 255.
func (l *levels) scales() bool { return l.Range != [2]float64{} }

// layout returns the layout of the pixels of an image with these values.
func (l *levels) layout() layout {
	if l.Depth == Deep && !l.scales() {
		return deepGray
	}
	return gray
}

// level returns a value in 8 bits, as Pillow does if no range is scaled.
func (l *levels) level(v float64) byte {
	l.Pixels++
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		if !l.some {
			l.Least, l.Most, l.some = v, v, true
		}
		l.Least, l.Most = min(l.Least, v), max(l.Most, v)
	}
	low, high := 0., 255.
	if l.scales() {
		low, high = l.Range[0], l.Range[1]
	}
	switch {
	case v > high:
		l.Lost++
		return 255
	case v >= low && l.scales():
		return byte((v-low)/(high-low)*255 + .5)
	case v >= low:
		return byte(v)
	}
	l.Lost++ // NaN too
	return 0
}
