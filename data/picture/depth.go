package picture

import (
	"fmt"
	"math"
	"strconv"
)

// Depth says what the values of an image file are, where they may not fit into 8 bits.
type Depth uint8

// The depths of images. Options.GrayRange keeps what is cut off from gray.
const (
	Shallow    Depth = iota // all values are from 0 to 255, or are scaled to this range
	Deep                    // gray of more than 8 bits, which is cut off at 0 and 255
	Floating                // floating-point gray, which is cut off at 0 and 255 and loses its fractions
	DeepColors              // colors of 16 bits, or gray of 16 bits with alpha, of which the upper 8 bits are kept; Options.GrayRange does not change them
)

// DepthOf returns the depth of an image file by its header. It does not decode the image.
func DepthOf(data []byte) Depth {
	switch Format(data) {
	case "PNG":
		if f, err := openPNG(data); err == nil && f.depth == 16 {
			if f.kind == pngGray {
				return Deep
			}
			return DeepColors
		}
	case "PGM":
		if f, _, err := pnmHeader(data); err == nil && f.deep() {
			return Deep
		}
	case "PPM":
		if f, _, err := pnmHeader(data); err == nil && f.top > 255 {
			return DeepColors
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
			if f.deepColors(m) {
				return DeepColors
			}
			return m.depth
		}
	}
	return Shallow
}

// darkColors limits the values of 16-bit colors that are nearly black. It is above those of 12 bits.
const darkColors = 65536 / 8

// Levels describes the values of a file that may not fit into 8 bits.
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

// Ranged reports whether Options.GrayRange changes the image.
func (l Levels) Ranged() bool { return l.Depth == Deep || l.Depth == Floating }

// Warning says what is lost in images with more than 8 bits of gray per pixel, or with floating-point gray, after "an image has". It is "" if nothing is lost that could be seen. The numbers may be
// those of several images.
func (l Levels) Warning() string {
	if l.Depth == DeepColors {
		if l.Pixels == 0 || l.Most >= darkColors {
			return ""
		}
		return fmt.Sprintf("16 bits per color, with values up to %.0f of 65535. As in Keras, only the upper 8 bits are kept, so the images become nearly black, with values up to %.0f of 255", l.Most, math.Floor(l.Most/256))
	}
	scaled, dark := l.Range != [2]float64{}, l.Depth == Floating && l.Most < 16
	if l.Depth == Shallow || l.Lost == 0 && (scaled || !dark) {
		return ""
	}
	share := fmt.Sprintf("%.0f%%", 100*float64(l.Lost)/float64(max(1, l.Pixels)))
	if l.Lost > 0 && 200*l.Lost < l.Pixels {
		share = "fewer than 1%"
	}
	share += " of the pixels are "
	kind := "more than 8 bits of gray per pixel"
	if l.Depth == Floating {
		kind = "floating-point gray"
	}
	switch {
	case scaled:
		return fmt.Sprintf("%s; %soutside the range %s of --gray-range and become black or white", kind, share, rangeText(l.Range))
	case l.Depth == Deep:
		return kind + "; " + share + l.beyond() + ", as in Keras"
	}
	text := kind
	if l.Pixels > 0 {
		text += fmt.Sprintf(", with values from %.5g to %.5g", l.Least, l.Most)
	}
	text += ". As in Keras, they are cut off at 0 and 255 and lose their fractions"
	if l.Lost > 0 {
		text += "; " + share + l.beyond()
	}
	switch {
	case l.Most <= 1:
		text += "; nearly all become 0 (black)"
	case dark:
		text += "; the images become nearly black"
	}
	return text
}

// beyond says where the lost values are, and what they become.
func (l Levels) beyond() string {
	switch {
	case l.Least < 0 && l.Most > 255:
		return "below 0 or above 255 and become black or white"
	case l.Least < 0:
		return "below 0 and become black"
	case l.Most > 255:
		return "above 255 and become white"
	}
	return "no numbers and become black"
}

// rangeText writes a range as --gray-range does.
func rangeText(r [2]float64) string {
	return strconv.FormatFloat(r[0], 'f', -1, 64) + ":" + strconv.FormatFloat(r[1], 'f', -1, 64)
}

// Levels describes the values of the last image that was decoded. It is the zero value for images of 8 bits. Of 16-bit colors, Most is an upper limit.
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

// colors records the values of an image with 16-bit colors whose upper 8 bits are pix. The lower ones are not known.
func (l *levels) colors(n native) {
	l.Depth, l.Pixels = DeepColors, n.h*n.w
	size := layoutBytes[n.layout]
	colors := size
	if n.layout == rgba || n.layout == grayAlpha {
		colors--
	}
	for i, v := range n.pix[:n.h*n.w*size] {
		if i%size < colors {
			l.Most = max(l.Most, float64(v)*256+255)
		}
	}
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
