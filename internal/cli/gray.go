package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
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
	e.warnOfLost(f.Deep, "more than 8 bits of gray per pixel", false)
	e.warnOfLost(f.Floating, "floating-point gray", true)
}

// warnOfLost warns of images whose values are cut off or lose their fractions. what says which images they are.
func (e *env) warnOfLost(l data.Levels, what string, floating bool) {
	text := imagesHave(l.Images) + " " + what
	lost := fmt.Sprintf("%.0f%% of their pixels are ", 100*float64(l.Lost)/float64(max(1, l.Pixels)))
	if l.Lost > 0 && 200*l.Lost < l.Pixels {
		lost = "fewer than 1% of their pixels are "
	}
	remedy := fmt.Sprintf(". To keep what they show, train with --gray-range %v, which scales these values to 0 to 255; the model keeps it", fitting(l, floating))
	dark := floating && l.Most < 16
	switch {
	case l.Images == 0 || l.Lost == 0 && (l.Range != [2]float64{} || !dark):
		return
	case l.Range != [2]float64{}:
		text += fmt.Sprintf("; %soutside the range %v of --gray-range and become black or white", lost, grayRange(l.Range))
	case !floating:
		text += "; " + lost + beyond(l) + ", as in Keras" + remedy
	default:
		text += valuesText(l) + ". As in Keras, they are cut off at 0 and 255 and lose their fractions"
		if l.Lost > 0 {
			text += "; " + lost + beyond(l)
		}
		switch {
		case l.Most <= 1:
			text += "; nearly all become 0 (black)"
		case dark:
			text += "; the images become nearly black"
		}
		text += remedy
	}
	e.warn(text)
}

// beyond says where the lost values are, and what they become.
func beyond(l data.Levels) string {
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
