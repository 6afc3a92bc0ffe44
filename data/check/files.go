package check

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// endings lists the extensions of each format that package picture decodes. The first is the usual one.
var endings = map[string][]string{
	"JPEG": {"jpg", "jpeg", "jpe", "jfif"},
	"PNG":  {"png"},
	"GIF":  {"gif"},
	"BMP":  {"bmp"},
	"TIFF": {"tif", "tiff"},
	"WebP": {"webp"},
	"PBM":  {"pbm", "ppm", "pnm"},
	"PGM":  {"pgm", "ppm", "pnm"},
	"PPM":  {"ppm", "pnm"},
}

func (f *facts) empty() bool { return f.err != nil && f.size == 0 && f.content == sumOf(nil) }

func findEmpty(s *set) []Finding {
	return s.each(func(_ int, f *facts) string {
		if !f.empty() {
			return ""
		}
		return "0 bytes"
	})
}

// findLost finds the classes of which no image can be decoded.
func findLost(s *set) []Finding {
	var good []int
	for i := range s.t.Len() {
		if s.of(i).err == nil {
			good = append(good, i)
		}
	}
	var out []Finding
	for _, c := range s.t.Counts().Without(s.t.Take(good).Counts()) {
		out = append(out, Finding{Classes: []string{c.Label}, Detail: fmt.Sprintf("%s, none of which can be decoded", images(c.N))})
	}
	return out
}

func findCorrupt(s *set) []Finding {
	return s.each(func(i int, f *facts) string {
		if f.err == nil || f.empty() {
			return ""
		}
		return strings.TrimPrefix(f.err.Error(), s.image(i).Where()+": ")
	})
}

func findMisnamed(s *set) []Finding {
	found := s.each(func(i int, f *facts) string {
		ext := strings.ToLower(strings.TrimPrefix(path.Ext(s.image(i).Filename), "."))
		want, known := endings[f.format]
		if !known || ext == "" || slices.Contains(want, ext) {
			return ""
		}
		return fmt.Sprintf("is a %s file; rename it to .%s", f.format, want[0])
	})
	return kept(found)
}

// kept removes the rows to drop from findings that leaving out images does not fix.
func kept(found []Finding) []Finding {
	for i := range found {
		found[i].Drop = nil
	}
	return found
}
