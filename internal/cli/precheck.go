package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/progress"
)

// precheckFlag decides when images are checked.
type precheckFlag struct {
	Precheck *bool `negatable:"" help:"Decode all images before the first step, so that the split does not depend on images that cannot be read (default: true for up to 200,000 different files). Otherwise such images are found, counted and left out when they are first used."`
}

// most returns the number of different files that are checked at most: 0 is any number, -1 none.
func (f precheckFlag) most() int {
	switch {
	case f.Precheck == nil:
		return data.ManyFiles
	case *f.Precheck:
		return 0
	}
	return -1
}

// check decodes all images, or none if they are more files than most. It returns the table of the images that can be read, and a list of the
// others. levels is the range of gray values that the model keeps. With strict, unreadable images are an error. report, if not nil, is the folder to which
// the caller will write the list; the warning names it.
func (e *env) check(t *data.Table, strict bool, report *folder, most int, levels grayRange) (*data.Table, []data.BadFile, error) {
	return e.checkAndKeep(t, strict, report, most, levels, nil)
}

// checkAndKeep is check, and keeps decoded images as keep says; see data.CheckOptions.
func (e *env) checkAndKeep(t *data.Table, strict bool, report *folder, most int, levels grayRange, keep *data.ImageOptions) (*data.Table, []data.BadFile, error) {
	if most < 0 {
		e.noteUnchecked()
		return t, nil, nil
	}
	var found data.Findings
	var good *data.Table
	var bad []data.BadFile
	err := e.counted("Checking images", func(progress func(done, total int)) (err error) {
		good, bad, err = t.Check(e.ctx, data.CheckOptions{Findings: &found, Most: most, Progress: progress, GrayRange: levels, Keep: keep})
		return err
	})
	switch {
	case errors.Is(err, data.ErrTooManyFiles):
		e.noteUnchecked()
		return t, nil, nil
	case err != nil && len(bad) > 0: // no image can be read
		return nil, nil, fmt.Errorf("%s: %w", t.Name(), noneReadable(bad))
	case err != nil:
		return nil, nil, err
	}
	e.found.Add(found)
	e.warnOfDepth(found)
	if len(bad) == 0 {
		return good, nil, nil
	}
	lost := lostText(lostClasses(t, bad))
	if strict {
		if lost != "" {
			lost = "\n" + lost
		}
		return nil, bad, fmt.Errorf("%s: %s cannot be read; remove --strict to skip such files:%s%s", t.Name(), count(len(bad), "image"), listBad(bad), lost)
	}
	where := ""
	if report != nil {
		where = " (listed in " + report.path("unreadable.csv") + ")"
	}
	e.warn(fmt.Sprintf("%d of %s cannot be read and will be skipped%s:%s", len(bad), count(t.Len(), "image"), where, listBad(bad)))
	if lost != "" {
		e.warn(lost + ", so all numbers below are without it; a model that is trained on these images does not know it")
	}
	return good, bad, nil
}

// counted shows the progress of a function that reads files.
func (e *env) counted(label string, read func(progress func(done, total int)) error) error {
	var counter *progress.Counter
	err := read(func(done, total int) {
		if counter == nil { // the total is known now
			counter = e.counter(label, total)
		}
		counter.Set(done)
	})
	switch {
	case counter == nil:
	case err != nil:
		counter.Abandon()
	default:
		counter.Finish()
	}
	return err
}

// noteUnchecked says that images are checked when they are used.
func (e *env) noteUnchecked() {
	e.printf("The images are not decoded in advance: each is checked when it is first used. EXIF orientations and duplicates are not counted; lince check finds them.\n")
}

// skippedLater returns a warning of images that could not be read when they were used. checked is set if they were readable when they were
// checked.
func skippedLater(bad []data.BadFile, checked bool) string {
	if !checked {
		return fmt.Sprintf("%s cannot be read; skipped:%s", count(len(bad), "image"), listBad(bad))
	}
	return fmt.Sprintf("%s could be read when the images were checked, but not later; skipped:%s", count(len(bad), "image"), listBad(bad))
}

// skippedFiles are images that could not be read when they were used, before and after the training was resumed.
type skippedFiles struct {
	before []badFile
	now    func() []data.BadFile
}

// all lists the images by their names.
func (s *skippedFiles) all() []data.BadFile {
	seen := map[string]bool{}
	var list []data.BadFile
	for _, b := range s.now() {
		seen[b.Filename] = true
		list = append(list, b)
	}
	for _, b := range s.before {
		if !seen[b.Filename] {
			list = append(list, data.BadFile{Filename: b.Filename, Err: errors.New(b.Error)})
		}
	}
	slices.SortFunc(list, func(a, b data.BadFile) int { return cmp.Compare(a.Filename, b.Filename) })
	return list
}

// MarshalJSON implements json.Marshaler.
func (s *skippedFiles) MarshalJSON() ([]byte, error) { return marshalJSON(badFiles(s.all()), "") }

// UnmarshalJSON implements json.Unmarshaler.
func (s *skippedFiles) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.before) }

// callback returns a callback that keeps the list in checkpoints.
func (s *skippedFiles) callback() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) { return callback.Hooks{State: s}, nil })
}
