package check

import (
	"fmt"
	"slices"
	"strings"
)

// feature is one number of an image that should not tell its class.
type feature struct {
	name  string
	unit  string
	value func(f *facts) float64
	limit float64 // the balanced accuracy from which it is a fault
}

// The balanced accuracy of a probe from which a feature gives a class away. The colors of sound classes may differ; their sizes should not.
const (
	fileLimit  = .8
	colorLimit = .9
)

var features = []feature{
	{"the width", "pixels", func(f *facts) float64 { return float64(f.w) }, fileLimit},
	{"the height", "pixels", func(f *facts) float64 { return float64(f.h) }, fileLimit},
	{"the ratio of width to height", "", func(f *facts) float64 { return ratio(float64(f.w), float64(f.h)) }, fileLimit},
	{"the file size", "bytes", func(f *facts) float64 { return float64(f.size) }, fileLimit},
	{"the file size per pixel", "bytes", func(f *facts) float64 { return ratio(float64(f.size), float64(f.w)*float64(f.h)) }, fileLimit},
	{"the file format", "", func(f *facts) float64 { return float64(slices.Index(formats, f.format)) }, fileLimit},
	{"the EXIF orientation", "", func(f *facts) float64 { return float64(f.orientation) }, fileLimit},
	{"the brightness", "of 255", func(f *facts) float64 { return float64(f.mean) }, colorLimit},
	{"the contrast", "of 255", func(f *facts) float64 { return float64(f.std) }, colorLimit},
	{"the mean of red", "of 255", func(f *facts) float64 { return float64(f.color[0]) }, colorLimit},
	{"the mean of green", "of 255", func(f *facts) float64 { return float64(f.color[1]) }, colorLimit},
	{"the mean of blue", "of 255", func(f *facts) float64 { return float64(f.color[2]) }, colorLimit},
	{"red minus blue", "of 255", func(f *facts) float64 { return float64(f.color[0] - f.color[2]) }, colorLimit},
	{"the sharpness", "", func(f *facts) float64 { return 1 - float64(f.blur) }, colorLimit},
}

// formats numbers the formats.
var formats = []string{"JPEG", "PNG", "GIF", "BMP", "TIFF", "WebP", "PBM", "PGM", "PPM"}

// ratio returns a/b, or 0 if b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

const (
	probeFolds = 5
	probeBins  = 32
	// probeImages is the number of images that a class needs.
	probeImages = 20
)

// findGiveaways trains a classifier of one number for each feature and class: is the image of this class? It divides the range of the feature into bins, and
// tests on held-out folds.
func findGiveaways(s *set) []Finding {
	classes := s.t.Classes()
	if len(classes) < 2 {
		return nil
	}
	index := map[string]int{}
	for i, c := range classes {
		index[c] = i
	}
	var rows []probeRow
	size := make([]int, len(classes))
	type use struct{ file, class int32 }
	again := map[use]bool{} // the classes of a file other than that of its first row
	for i := range s.t.Len() {
		f := s.of(i)
		c, labeled := index[s.t.Row(i).Label]
		if f.err != nil || !labeled {
			continue
		}
		// A file that several rows have counts once: it must not be in two folds.
		if first := int(s.first[s.file[i]]); first != i {
			u := use{s.file[i], int32(c)}
			if again[u] || s.t.Row(first).Label == classes[c] {
				continue
			}
			again[u] = true
		}
		rows = append(rows, probeRow{f, c, size[c] % probeFolds})
		size[c]++
	}
	var out []Finding
	for _, x := range features {
		var hits []string
		var f Finding
		for c, accuracy := range probe(rows, size, x.value) {
			if accuracy < x.limit || size[c] < probeImages || len(rows)-size[c] < probeImages || len(classes) == 2 && c == 1 {
				continue
			}
			own, other := means(rows, c, x.value)
			f.Classes = append(f.Classes, classes[c])
			rest := "the other classes"
			if len(classes) == 2 {
				rest = classes[1]
				f.Classes = append(f.Classes, rest)
			}
			hits = append(hits, strings.TrimRight(fmt.Sprintf("tells %s from %s with an accuracy of %.0f%% (chance is 50%%); the means are %.4g and %.4g %s", classes[c], rest, 100*accuracy, own, other, x.unit), " "))
		}
		if hits != nil {
			f.Detail = x.name + " " + strings.Join(hits, "; ")
			out = append(out, f)
		}
	}
	return out
}

// probeRow is an image of the probe.
type probeRow struct {
	f           *facts
	class, fold int
}

// probe returns, for each class, the balanced accuracy with which a feature tells it from the others, in cross-validation.
func probe(rows []probeRow, size []int, value func(f *facts) float64) []float64 {
	values := make([]float64, len(rows))
	for i, r := range rows {
		values[i] = value(r.f)
	}
	edges := quantiles(values)
	k, bins := len(size), len(edges)
	// count[fold][bin*k+class]; the last fold has the sum of all.
	var count [probeFolds + 1][]float64
	for f := range count {
		count[f] = make([]float64, bins*k)
	}
	for i, r := range rows {
		b, _ := slices.BinarySearch(edges, values[i])
		count[r.fold][b*k+r.class]++
		count[probeFolds][b*k+r.class]++
	}
	var total [probeFolds + 1][]float64 // of each bin
	for f := range total {
		for b := range bins {
			total[f] = append(total[f], sum(count[f][b*k:][:k]))
		}
	}
	out := make([]float64, k)
	for c := range out {
		own, others := float64(size[c]), float64(len(rows)-size[c])
		if own == 0 || others == 0 {
			continue
		}
		var right, rejected float64
		for f := range probeFolds {
			for b := range bins {
				held, all := count[f][b*k+c], count[probeFolds][b*k+c]
				heldOthers, allOthers := total[f][b]-held, total[probeFolds][b]-all
				if (all-held)/own > (allOthers-heldOthers)/others {
					right += held
				} else {
					rejected += heldOthers
				}
			}
		}
		out[c] = (right/own + rejected/others) / 2
	}
	return out
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// quantiles returns the upper edges of bins with about the same number of values, at most probeBins. Equal values are in one bin.
func quantiles(values []float64) []float64 {
	v := slices.Sorted(slices.Values(values))
	var edges []float64
	for b := 1; b <= probeBins && len(v) > 0; b++ {
		if e := v[b*len(v)/probeBins-min(1, b*len(v)/probeBins)]; len(edges) == 0 || e > edges[len(edges)-1] {
			edges = append(edges, e)
		}
	}
	return edges
}

// means returns the mean of a feature in a class, and in the others.
func means(rows []probeRow, class int, value func(f *facts) float64) (own, other float64) {
	var n, m float64
	for _, r := range rows {
		if r.class == class {
			own += value(r.f)
			n++
		} else {
			other += value(r.f)
			m++
		}
	}
	return ratio(own, n), ratio(other, m)
}
