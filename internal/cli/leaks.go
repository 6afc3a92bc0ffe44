package cli

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
)

// leaks warns of images with the same bytes in training and validation, for validation images that are not split off.
func (t *training) leaks(train, val *data.Table) error {
	both := data.Concat(train, val)
	groups, err := both.Duplicates(t.ctx)
	if err != nil {
		return err
	}
	var same, conflicts sharedImages
	for _, g := range groups {
		if g[0] >= train.Len() || g[len(g)-1] < train.Len() {
			continue
		}
		label := both.Row(g[0]).Label
		first := slices.IndexFunc(g, func(i int) bool { return i >= train.Len() })
		other := slices.IndexFunc(g, func(i int) bool { return both.Row(i).Label != label })
		if other < 0 {
			same.add(both.Row(g[0]), both.Row(g[first]))
			continue
		}
		conflicts.add(conflict(both, g[:first], g[first:]))
	}
	if conflicts.groups > 0 {
		t.warn(fmt.Sprintf("%s, with different labels, so at least one of the labels is wrong: %s; %s lists them", conflicts, t.shared(train, conflicts), t.checkLeaks()))
	}
	if same.groups > 0 {
		t.warn(fmt.Sprintf("%s, so the results for validation are too good: %s; %s lists them", same, t.shared(train, same), t.checkLeaks()))
	}
	return nil
}

// conflict returns an image for training and one for validation with the same bytes: two with different labels, if there are such.
func conflict(both *data.Table, train, val []int) (a, b data.Row) {
	for _, i := range train {
		for _, j := range val {
			if a, b = both.Row(i), both.Row(j); a.Label != b.Label {
				return a, b
			}
		}
	}
	return a, b
}

// sharedImages counts groups of images with the same bytes that are in both the training and the validation images.
type sharedImages struct {
	groups     int
	train, val data.Row // two of the first group
}

func (s *sharedImages) add(train, val data.Row) {
	if s.groups++; s.groups == 1 {
		s.train, s.val = train, val
	}
}

// String counts the groups.
func (s sharedImages) String() string {
	are := "are"
	if s.groups == 1 {
		are = "is"
	}
	return fmt.Sprintf("%s of images with the same bytes %s in both the training and the validation images", count(s.groups, "group"), are)
}

// shared names the images of the first group, with their labels and where they are.
func (t *training) shared(train *data.Table, s sharedImages) string {
	trainName := train.HeldPart()
	if trainName == "" {
		trainName = t.Source
	}
	describe := func(r data.Row, source string) string { return r.Filename + " (" + r.Label + " in " + source + ")" }
	text := visibleLine(describe(s.train, trainName) + ", " + describe(s.val, t.record.Data.ValidationSource))
	if s.groups > 1 {
		text += fmt.Sprintf(", and %d more", s.groups-1)
	}
	return text
}

// checkLeaks returns the command line that lists the images that the training and the validation images share.
func (t *training) checkLeaks() string {
	f := t.sourceFlags
	f.Limit = 0 // it is applied after the search
	return f.command("check", t.Source, "--validation", t.record.Data.ValidationSource)
}

// openedValidation has the images of --validation of lince check and lince clean.
type openedValidation struct {
	table  *data.Table // nil without --validation
	name   string
	source *data.Table // what close closes; nil if the images are a part of the data
}

// parts returns the images as a part of the data.
func (v openedValidation) parts() []check.Part {
	if v.table == nil {
		return nil
	}
	return []check.Part{{Name: v.name, Table: v.table}}
}

func (v openedValidation) close() {
	if v.source != nil {
		_ = v.source.Close() // it was only read
	}
}

// openBoth opens the images of a source and those of --validation, as lince train does.
func (e *env) openBoth(source string, f sourceFlags, validation string) (t *data.Table, ignored []data.BadFile, v openedValidation, err error) {
	if validation == "" {
		t, ignored, err = e.open(source, f)
		return t, ignored, v, err
	}
	as := &training{env: e, trainCommand: &trainCommand{Source: source, sourceFlags: f, validationFlags: validationFlags{Validation: validation}}}
	f.unused = &as.notRenamed
	if t, ignored, err = e.open(source, f); err != nil {
		return nil, nil, v, err
	}
	v.name = validation
	if v.table, _, err = as.findValidation(t); err == nil {
		err = as.checkRenamed(t)
	}
	v.source = as.valTable
	if err != nil {
		v.close()
		_ = t.Close() // it was only read
		return nil, nil, v, err
	}
	return t, append(ignored, as.ignored...), v, nil
}
