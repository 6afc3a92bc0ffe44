package check

import (
	"fmt"
	"math"
	"slices"
)

// The limits of sizes and shapes. They are relative to the other images: a set of icons has no tiny ones.
const (
	// tinySide is the shorter side in pixels below which an image is tiny, if those of most images are at least twice as long.
	tinySide = 32
	// tinyFraction is the fraction of the usual shorter side below which an image is tiny, however many pixels it has.
	tinyFraction = 1. / 8
	// unusualShape is the factor by which the ratio of height to width differs from the usual one.
	unusualShape = 2.5
)

// median returns the median of a number of the decoded files, and the median deviation from it.
func (s *set) median(number func(f *facts) float64) (median, deviation float64) {
	var v []float64
	for i := range s.facts {
		if f := &s.facts[i]; f.decoded() {
			v = append(v, number(f))
		}
	}
	if len(v) == 0 {
		return 0, 0
	}
	slices.Sort(v)
	median = v[len(v)/2]
	for i := range v {
		v[i] = math.Abs(v[i] - median)
	}
	slices.Sort(v)
	return median, v[len(v)/2]
}

func findTiny(s *set) []Finding {
	usual, _ := s.median(func(f *facts) float64 { return float64(min(f.h, f.w)) })
	return s.each(func(_ int, f *facts) string {
		short := float64(min(f.h, f.w))
		if !f.decoded() || !(short < tinySide && short <= usual/2) && short >= usual*tinyFraction {
			return ""
		}
		return fmt.Sprintf("%dx%d pixels; the shorter side is usually %.0f", f.w, f.h, usual)
	})
}

func findShape(s *set) []Finding {
	ratio := func(f *facts) float64 { return math.Log(float64(f.h) / float64(f.w)) }
	usual, deviation := s.median(ratio)
	limit := max(math.Log(unusualShape), 6*deviation)
	return s.each(func(_ int, f *facts) string {
		if !f.decoded() || math.Abs(ratio(f)-usual) < limit {
			return ""
		}
		return fmt.Sprintf("%dx%d pixels: the width is %.2g times the height, usually %.2g", f.w, f.h, float64(f.w)/float64(f.h), math.Exp(-usual))
	})
}

// turns says what each EXIF orientation asks a program to do.
var turns = [...]string{2: "mirror it", 3: "rotate it by 180°", 4: "flip it", 5: "mirror it and rotate it by 90° counterclockwise", 6: "rotate it by 90° clockwise",
	7: "mirror it and rotate it by 90° clockwise", 8: "rotate it by 90° counterclockwise"}

func findTurned(s *set) []Finding {
	return kept(s.each(func(_ int, f *facts) string {
		if int(f.orientation) >= len(turns) || turns[f.orientation] == "" || f.format == "TIFF" { // Pillow and lince turn TIFF files
			return ""
		}
		return fmt.Sprintf("EXIF orientation %d: %s", f.orientation, turns[f.orientation])
	}))
}
