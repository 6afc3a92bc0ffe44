package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// grayRange is the range of gray values of --gray-range. Its text form is "0:65535".
type grayRange [2]float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (g *grayRange) UnmarshalText(text []byte) error {
	low, high, ok := strings.Cut(string(text), ":")
	a, err1 := strconv.ParseFloat(strings.TrimSpace(low), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(high), 64)
	if !ok || err1 != nil || err2 != nil || !(a < b) || math.IsInf(b-a, 0) {
		return fmt.Errorf("must be LOW:HIGH, the values that become black and white, such as 0:65535 for 16 bits or 0:1 for fractions, got %q", text)
	}
	*g = grayRange{a, b}
	return nil
}

// String returns the text form.
func (g grayRange) String() string {
	return strconv.FormatFloat(g[0], 'f', -1, 64) + ":" + strconv.FormatFloat(g[1], 'f', -1, 64)
}

// MarshalText implements encoding.TextMarshaler: "" for no range.
func (g grayRange) MarshalText() ([]byte, error) {
	if g == (grayRange{}) {
		return nil, nil
	}
	return []byte(g.String()), nil
}

// grayRangeOf returns the range of gray values that a preprocessing scales, or zero.
func grayRangeOf(p lince.Preprocessing) grayRange {
	for _, s := range p {
		if d, ok := s.(preprocess.Decode); ok {
			return d.GrayRange
		}
	}
	return grayRange{}
}

// fitting returns the range that keeps all values: that of the usual numbers of bits, or of fractions, if there is one.
func fitting(l data.Levels, floating bool) grayRange {
	low, high := min(0, l.Least), l.Most
	switch {
	case floating && high <= 1 && low >= -1:
		low, high = math.Floor(low), 1
	case !floating:
		for _, bits := range []int{10, 12, 14, 16} {
			if top := float64(int(1)<<bits - 1); high <= top {
				high = top
				break
			}
		}
	}
	return grayRange{low, high}
}

// warnOfDepth warns of images with more than 8 bits of gray per pixel and of floating-point images that lose values.
func (e *env) warnOfDepth(f data.Findings) {
	e.warnOfLost(f.Deep, picture.Deep)
	e.warnOfLost(f.Floating, picture.Floating)
	e.warnOfLost(f.Colors, picture.DeepColors)
}

// warnOfLost warns of images whose values are cut off or lose their fractions.
func (e *env) warnOfLost(l data.Levels, depth picture.Depth) {
	lost := picture.Levels{Depth: depth, Pixels: int(l.Pixels), Lost: int(l.Lost), Least: l.Least, Most: l.Most, Range: l.Range}.Warning()
	if l.Images == 0 || lost == "" {
		return
	}
	text := imagesHave(l.Images) + " " + lost
	switch {
	case depth == picture.DeepColors:
		text += ". To keep what they show, scale them to 8 bits; " + scaleColors(l)
	case l.Range == [2]float64{}:
		text += fmt.Sprintf(". To keep what they show, train with --gray-range %v, which scales these values to 0 to 255; the model keeps it", fitting(l, depth == picture.Floating))
	}
	e.warn(text)
}

// scaleColors says how to scale 16-bit colors with these values to 8 bits.
func scaleColors(l data.Levels) string {
	return fmt.Sprintf("for example with GDAL: gdal_translate -of PNG -ot Byte -scale 0 %.0f 0 255 FILE FILE.8.png", fitting(data.Levels{Most: l.Most}, false)[1])
}

// valuesText says which values the images have, if that is known.
func valuesText(l data.Levels) string {
	if l.Pixels == 0 {
		return ""
	}
	return fmt.Sprintf(", with values from %.5g to %.5g in the files", l.Least, l.Most)
}

// noteDepth warns of images of a dataset that lost values, if they were not checked before: Check has warned of the others.
func (e *env) noteDepth(flows ...*data.Flow) (all data.Findings) {
	for _, f := range flows {
		if !f.Table().Checked() {
			all.Add(f.Findings())
		}
	}
	e.warnOfDepth(all)
	return all
}
