package data

import (
	"bytes"
	"maps"
	"path"
	"slices"
)

// ownRecords are the files by which a folder of results of lince is recognized, and what they begin with: a training, an evaluation, and a check.
var ownRecords = map[string][]string{
	"run.json":        {`"status":`, `"command": "train"`},
	"predictions.csv": {"filename,category,predicted"},
	"findings.csv":    {"finding,kind,filename,category,part,detail"},
}

// ownImages are the names of the images in such folders: plots of a training or an evaluation, and images with faults of each kind.
var ownImages = []string{
	"batch.png", "calibration.png", "confusion.png", "curves.png", "lr.png", "mistakes.png", "neighbors.png",
	"blank.png", "blurred.png", "bright.png", "conflict.png", "corrupt.png", "dark.png", "duplicate.png", "empty.png", "few.png", "giveaway.png", "label.png", "leak.png", "lost.png", "misnamed.png",
	"near-duplicate.png", "shape.png", "spelling.png", "tiny.png", "turned.png", "unicode.png",
}

// noteRecord keeps a file that may show that its folder has results of lince.
func (l *listing) noteRecord(name string, f file) {
	if f == nil || ownRecords[path.Base(name)] == nil {
		return
	}
	if l.records == nil {
		l.records = map[string]file{}
	}
	l.records[name] = f
}

// dropResults passes over the images that lince has written to folders of results: a folder of data contains them if lince was run in that folder.
func (l *listing) dropResults() {
	if l.records == nil {
		return
	}
	own := map[string]bool{} // folders that have such images; the value is whether lince has written them
	for _, e := range l.entries {
		if slices.Contains(ownImages, path.Base(e.name)) {
			own[path.Dir(e.name)] = false
		}
	}
	for name, f := range l.records {
		if written, ok := own[path.Dir(name)]; !ok || written {
			continue
		}
		head, err := f.head(512)
		if err != nil || slices.ContainsFunc(ownRecords[path.Base(name)], func(text string) bool { return !bytes.Contains(head, []byte(text)) }) {
			continue
		}
		own[path.Dir(name)] = true
	}
	maps.DeleteFunc(own, func(_ string, written bool) bool { return !written })
	if len(own) == 0 {
		return
	}
	l.results = map[string]bool{}
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool {
		if !own[path.Dir(e.name)] || !slices.Contains(ownImages, path.Base(e.name)) {
			return false
		}
		l.passed.add(passedResult, e.name, "")
		return true
	})
	for dir := range own {
		for ; dir != "." && dir != "/"; dir = path.Dir(dir) {
			l.results[dir] = true
		}
	}
}
