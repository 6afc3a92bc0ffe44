package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/data"
)

// LabelOptions configures Labels.
type LabelOptions struct {
	// Confidence is the lowest probability of the other class, from 0 to 1. The default, 0, is the mean probability of that class on the
	// images that have its label, as in confident learning.
	Confidence float64
}

// Labels finds images whose label is probably wrong, by confident learning: Northcutt, Jiang, Chuang: Confident Learning, JAIR 70, 2021. For each class, the
// threshold is the mean probability of the class on the images that have its label. An image is counted for the class with the highest probability above its
// threshold; if that is not the image's label, the image is a candidate. Of the candidates with the label i that count for j, the paper's
// rule "prune by noise rate" takes as many as the joint distribution of labels and true classes estimates, those with the largest margin first.
//
// probabilities has one row for each of the rows of the table, in the order of classes, or nil if an image could not be read. They should be out of
// fold: from a model that was not trained on the image. A model is nearly always confident of the labels that it was trained on, and
// finds few errors in them.
//
// It returns an error if the lengths do not agree, or if a label is not a class.
func Labels(t *data.Table, classes []string, probabilities [][]float32, o LabelOptions) ([]Finding, error) {
	if len(probabilities) != t.Len() {
		return nil, fmt.Errorf("check: %d rows of probabilities for %d images", len(probabilities), t.Len())
	}
	k := len(classes)
	label := make([]int, t.Len())
	size := make([]int, k)
	threshold := make([]float64, k)
	for i, r := range t.All() {
		label[i] = -1
		p := probabilities[i]
		if p == nil || r.Label == "" {
			continue
		}
		if label[i] = slices.Index(classes, r.Label); label[i] < 0 {
			return nil, fmt.Errorf("check: %s has the label %q, which is not a class of the model", r.Filename, r.Label)
		}
		if len(p) != k {
			return nil, fmt.Errorf("check: %d probabilities for %d classes", len(p), k)
		}
		size[label[i]]++
		threshold[label[i]] += float64(p[label[i]])
	}
	for c := range threshold {
		if size[c] > 0 {
			threshold[c] = max(threshold[c]/float64(size[c]), o.Confidence)
		} else {
			threshold[c] = 2 // no image has the label
		}
	}
	joint := make([][][]int, k) // the images with label i that count for class j
	for i := range joint {
		joint[i] = make([][]int, k)
	}
	for i, l := range label {
		if l < 0 {
			continue
		}
		best := -1
		for c, p := range probabilities[i] {
			if float64(p) >= threshold[c] && (best < 0 || p > probabilities[i][best]) {
				best = c
			}
		}
		if best >= 0 {
			joint[l][best] = append(joint[l][best], i)
		}
	}
	type suspect struct {
		row, class int
		margin     float32
	}
	var suspects []suspect
	for l, counts := range joint {
		counted := 0
		for _, rows := range counts {
			counted += len(rows)
		}
		for c, rows := range counts {
			if c == l || len(rows) == 0 {
				continue
			}
			var list []suspect
			for _, i := range rows {
				list = append(list, suspect{i, c, probabilities[i][c] - probabilities[i][l]})
			}
			slices.SortStableFunc(list, func(a, b suspect) int { return cmp.Compare(b.margin, a.margin) })
			// The counts are scaled to the number of images with the label.
			n := int(float64(len(rows))*float64(size[l])/float64(counted) + .5)
			suspects = append(suspects, list[:min(n, len(list))]...)
		}
	}
	slices.SortStableFunc(suspects, func(a, b suspect) int { return cmp.Or(cmp.Compare(b.margin, a.margin), cmp.Compare(a.row, b.row)) })
	var out []Finding
	for _, s := range suspects {
		r := t.Row(s.row)
		out = append(out, Finding{
			Kind: labelKind, Images: []Image{{Row: r, Index: s.row}}, Classes: []string{r.Label, classes[s.class]}, Drop: []int{s.row},
			Detail: fmt.Sprintf("labeled %s; the model predicts %s with %.2f%%, %s with %.2f%%", r.Label, classes[s.class], 100*probabilities[s.row][s.class], r.Label, 100*probabilities[s.row][label[s.row]]),
		})
	}
	return out, nil
}
