package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// archiveForm is what the archives of a listing have in common.
type archiveForm struct {
	samples, others int // archives with labels in files beside the images, and those without, not counting archives without images
}

// areSamples reports whether an archive has the form of WebDataset: most images have a file with their label beside them. A .cls file is only for
// that. A .json file may also be for something else, so it counts only if the images are in no folder, which would be their class. A .txt file is
// often a caption or a list of boxes, and does not count.
func areSamples(entries []entry) (samples, images bool) {
	beside := map[string]string{}
	for _, e := range entries {
		if key, ext := sampleKey(e.name); e.file != nil && (ext == "cls" || ext == "json" && !strings.Contains(key, "/") && beside[key] == "") {
			beside[key] = ext
		}
	}
	n, with := 0, 0
	for _, e := range entries {
		if e.file == nil || !isImage(e.name) || isJunk(e.name) {
			continue
		}
		n++
		key, _ := sampleKey(e.name)
		if beside[key] != "" {
			with++
		}
		if beside[key] == "json" {
			delete(beside, key) // in cat.0.jpg, cat.1.jpg, cat.0.json, the key is the class
		}
	}
	return n > 0 && 2*with > n, n > 0
}

// noteForm counts the form of an archive. From the first one with samples on, add keeps the files with labels.
func (l *listing) noteForm(entries []entry) {
	samples, images := areSamples(entries)
	switch {
	case samples:
		l.form.samples++
		if l.labels == nil {
			l.labels = map[string]map[string]file{}
		}
	case images:
		l.form.others++
	}
}

// inSamples reports whether the labels of a source are in files beside its images, and the options leave the choice to Open.
func (l *listing) inSamples(o OpenOptions) bool {
	return l.form.samples > 0 && l.form.others == 0 && (o.LabelRule == Auto || o.LabelRule == Unlabeled) && o.LabelPattern == nil
}

// newSampleTable makes the table of shards that are in a folder, or of one shard. The names of the shards say to which parts they belong:
// train-000000.tar, val-000000.tar.
func newSampleTable(l *listing, o OpenOptions) (*Table, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	root := commonFolder(l.names())
	groups := group(l.entries, root)
	byPart := map[string][]entry{}
	kinds := partNames(folderNames(groups))
	for _, shard := range sortedKeys(groups) {
		if kind := kinds[shard]; kind != noPart && int(kind) < len(columnParts) {
			byPart[columnParts[kind]] = append(byPart[columnParts[kind]], groups[shard]...)
		} else if kinds != nil {
			for _, e := range groups[shard] {
				l.passed.add(passedFolder, e.name, "")
			}
		}
	}
	training := columnParts[trainingPart]
	holds := training
	if o.Part != "" {
		if holds = columnParts[columnPart(strings.ToLower(o.Part))]; byPart[holds] == nil {
			return nil, fmt.Errorf("%s: has no part %q; it has %s", l.name, o.Part, cmp.Or(strings.Join(sortedKeys(byPart), ", "), "no parts"))
		}
	}
	if len(byPart) == 0 {
		return l.sampleTable(l.entries, o)
	}
	parts := map[string][]Row{}
	for _, name := range sortedKeys(byPart) {
		if name != holds {
			parts[name], _ = l.sampleRows(byPart[name], o, newComposer())
		}
	}
	t, err := l.sampleTable(byPart[holds], o)
	if err != nil {
		return nil, err
	}
	parts[holds] = slices.Clone(t.rows)
	t.src.parts, t.src.training, t.src.holds = parts, training, holds
	if name := columnParts[validationPart]; parts[name] != nil {
		t.src.validation = name
	}
	return t, nil
}
