package check

import "fmt"

// The limits of images in which little can be seen. Levels of luma are from 0 to 255.
const (
	// flatDeviation is the standard deviation of the luma below which an image is blank.
	flatDeviation = 3
	// darkest is the level that 99 % of the pixels of a dark image are below, brightest that which 99 % of a bright one are above.
	darkest, brightest = 64, 192
	// blurredFrom is the lowest blur effect of a blurred image.
	blurredFrom = .7
)

// flat reports whether all pixels have nearly the same luma.
func (f *facts) flat() bool { return f.std < flatDeviation }

func findBlank(s *set) []Finding {
	return s.each(func(_ int, f *facts) string {
		if !f.decoded() || !f.flat() {
			return ""
		}
		return fmt.Sprintf("all pixels are nearly of one brightness (%.0f of 255, standard deviation %.1f)", f.mean, f.std)
	})
}

func findDark(s *set) []Finding {
	return s.each(func(_ int, f *facts) string {
		if !f.decoded() || f.flat() || f.high >= darkest {
			return ""
		}
		return fmt.Sprintf("99%% of the pixels are darker than %d of 255", int(f.high)+1)
	})
}

func findBright(s *set) []Finding {
	return s.each(func(_ int, f *facts) string {
		if !f.decoded() || f.flat() || f.low <= brightest {
			return ""
		}
		return fmt.Sprintf("99%% of the pixels are brighter than %d of 255", int(f.low)-1)
	})
}

func findBlurred(s *set) []Finding {
	return s.each(func(_ int, f *facts) string {
		if !f.decoded() || f.flat() || f.blur < blurredFrom {
			return ""
		}
		return fmt.Sprintf("blur effect %.2f, from 0 (sharp) to 1", f.blur)
	})
}
