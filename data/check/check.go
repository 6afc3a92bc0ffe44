// Package check searches a table of images for faults that harm the training or the evaluation of a classifier: files that
// cannot be read, duplicates, the same image under two labels or in two parts, blank or blurred images, classes that a single number
// tells apart, labels that are probably wrong. It only reports; it never changes files.
//
// The kinds of faults are in one table (kinds.go), with a function for each in the file of its family.
package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/suggest"
)

// Image is an image of a finding.
type Image struct {
	data.Row
	// Index is the row in the table that was checked, or -1 for an image of another part of the source.
	Index int
	// Part is the other part of the source that has the image, such as "test", or "".
	Part string
}

// Name returns the file name, with the part before it if the image is of another part.
func (i Image) Name() string {
	if i.Part == "" || strings.HasPrefix(i.Filename, i.Part+"/") {
		return i.Filename
	}
	return i.Part + "/" + i.Filename
}

// Finding is one fault: of an image, of a group of images, or of classes.
type Finding struct {
	// Kind is the name of the kind; see Kinds.
	Kind string
	// Images are the images at fault. For duplicates, the first is the one to keep. It is empty for a fault of classes.
	Images []Image
	// More is the number of further images of the finding, if it has more than 1,000.
	More int
	// Classes are the classes at fault, if the fault is one of classes.
	Classes []string
	// Detail says what was found, such as "the average brightness is 3 of 255".
	Detail string
	// Drop lists the rows of the table to leave out, so that the fault is gone. It is empty for a fault that leaving out rows does not fix.
	Drop []int
}

// mostImages is the largest number of images that a finding lists.
const mostImages = 1000

// Options configures Run.
type Options struct {
	// Kinds names the kinds of faults to search. The default, nil, is all that need no model.
	Kinds []string
	// Parts are tables whose images are checked too, like those of the other parts of the source: those for validation from another source, for example. An image that
	// a table and a part of its source have is of the table.
	Parts []Part
	// Workers is the number of files that are read at once. The default, 0, is runtime.GOMAXPROCS(0). It does not change the findings.
	Workers int
	// Progress, if not nil, receives the number of files that were read, and their total. It is called by one goroutine at a time.
	Progress func(done, total int)
}

// Part is a table of Options.Parts. Its name is that of the part in findings, such as "val.csv".
type Part struct {
	Name  string
	Table *data.Table
}

// Report is the result of Run.
type Report struct {
	// Images is the number of images that were checked, those of other parts of the source included.
	Images int
	// Parts lists the other parts of the source that were checked.
	Parts []string
	// Searched are the names of the kinds of faults that were searched, in the order of Kinds.
	Searched []string
	// Findings are the faults, by kind in the order of Kinds, and within a kind by the position of the first image.
	Findings []Finding
}

// Of returns the findings of a kind.
func (r *Report) Of(kind string) []Finding {
	var of []Finding
	for _, f := range r.Findings {
		if f.Kind == kind {
			of = append(of, f)
		}
	}
	return of
}

// Rows returns the number of different images in findings.
func Rows(findings []Finding) int {
	seen, more := map[string]bool{}, 0
	for _, f := range findings {
		for _, i := range f.Images {
			seen[i.Where()] = true
		}
		more += f.More
	}
	return len(seen) + more
}

// Run reads and decodes each image of a table once, and searches it for faults. If the source has parts, such as train and test,
// and the table is one of them, the images of the other parts are checked too.
//
// It returns an error for an unknown kind, if ctx is canceled, and an *data.AccessError if a file cannot be reached. A file that
// cannot be decoded is a finding. It keeps about 1 KB of memory for each file. A file that several rows have, by links on disk, is read once.
func Run(ctx context.Context, t *data.Table, o Options) (*Report, error) {
	wanted, err := choose(o.Kinds)
	if err != nil {
		return nil, err
	}
	s, err := newSet(ctx, t, o.Parts)
	if err != nil {
		return nil, err
	}
	if err := s.read(ctx, o); err != nil {
		return nil, err
	}
	r := &Report{Images: s.len(), Parts: s.parts}
	for _, k := range wanted {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if k.find != nil {
			r.Searched = append(r.Searched, k.Name)
		}
		r.Findings = append(r.Findings, k.run(s)...)
	}
	return r, nil
}

// Quick searches a table for the faults that are known without decoding images: few images, classes that differ only by spelling, and
// files with the same content. Contents are compared by length and CRC-32, as far as the table knows these: those of archives, and those of
// all files after data.Table.Check.
func Quick(ctx context.Context, t *data.Table) (*Report, error) {
	s, err := newSet(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	s.fromSums()
	r := &Report{Images: s.len(), Parts: s.parts}
	for _, k := range kinds {
		if k.quick {
			r.Searched = append(r.Searched, k.Name)
			r.Findings = append(r.Findings, k.run(s)...)
		}
	}
	return r, nil
}

// run returns the findings of a kind.
func (k kind) run(s *set) []Finding {
	if k.find == nil {
		return nil
	}
	found := k.find(s)
	for i := range found {
		found[i].Kind = k.Name
	}
	return found
}

// choose returns the kinds of these names, in the order of the table.
func choose(names []string) ([]kind, error) {
	var unknown []string
	for _, n := range names {
		if !slices.ContainsFunc(kinds, func(k kind) bool { return k.Name == n }) {
			unknown = append(unknown, fmt.Sprintf("unknown kind %q%s; the kinds are %s", n, suggest.Hint(n, Names()), strings.Join(Names(), ", ")))
		}
	}
	if unknown != nil {
		return nil, fmt.Errorf("check: %s", strings.Join(unknown, "; "))
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return names != nil && !slices.Contains(names, k.Name) }), nil
}

// With returns a report with the findings of Labels too. It leaves out those of wrong labels whose image is in two classes (the kind
// "conflict"): that finding says already that one of the labels is wrong.
func (r *Report) With(more []Finding) *Report {
	conflict := map[int]bool{}
	for _, f := range r.Of(conflictKind) {
		for _, row := range f.Drop {
			conflict[row] = true
		}
	}
	more = slices.DeleteFunc(slices.Clone(more), func(f Finding) bool { return f.Kind == labelKind && conflict[f.Images[0].Index] })
	out := *r
	out.Findings = append(slices.Clone(r.Findings), more...)
	order := map[string]int{}
	for i, k := range kinds {
		order[k.Name] = i
	}
	slices.SortStableFunc(out.Findings, func(a, b Finding) int { return order[a.Kind] - order[b.Kind] })
	if !slices.Contains(r.Searched, labelKind) {
		out.Searched = append(slices.Clone(r.Searched), labelKind)
		slices.SortFunc(out.Searched, func(a, b string) int { return order[a] - order[b] })
	}
	return &out
}
