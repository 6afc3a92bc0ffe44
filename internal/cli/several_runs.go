package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/report"
)

// severalRuns is what --folds and --tune have in common: they make several trainings in a folder with a record and a log for all of them.
type severalRuns struct {
	*env
	what   string // the trainings: "folds" or "trials"
	source string // the data on the command line; "" if it is that of the run to resume
	begun  bool   // a training has begun, so there is something to resume
	warned *onceWriter
	folder *folder
	log    *runLog
	record record
}

// runAll runs the trainings, and closes the folder and the log. It removes the folder if no training has begun.
func (s *severalRuns) runAll(trainings func() error) error {
	defer s.folder.close()
	err := s.log.end(errors.Join(trainings(), s.unwritten()))
	if err != nil && !s.canResume() {
		s.folder.discard()
	}
	return err
}

// canResume reports whether there is something to resume.
func (s *severalRuns) canResume() bool { return s.begun || s.folder.keep }

// unstarted returns the error of a run whose first training did not begin.
func (s *severalRuns) unstarted(err error) error {
	if s.ctx.Err() != nil {
		return interruption("before the training began; nothing was written")
	}
	return err
}

// onceWriter drops what it has already written: the warnings of several trainings are mostly the same.
type onceWriter struct {
	w    io.Writer
	seen map[string]bool
}

// Write implements io.Writer.
func (o *onceWriter) Write(b []byte) (int, error) {
	if o.seen[string(b)] {
		return len(b), nil
	}
	o.seen[string(b)] = true
	return o.w.Write(b)
}

// subRun trains as another command line says, whose output folder is dir, and returns the record. If brief is true, what it prints is only in its log, except warnings that
// are new.
func (s *severalRuns) subRun(args []string, dir string, brief bool) (record, error) {
	var c commands
	exited := 0
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) { panic(exitPanic{}) })
	if err != nil {
		return record{}, err
	}
	var mistakes strings.Builder
	k, _ := parse(parser, args, &exited, &mistakes)
	if k == nil {
		return record{}, fmt.Errorf("lince %s: %s", strings.Join(args, " "), strings.TrimSpace(mistakes.String()))
	}
	c.Train.Source = cmp.Or(s.source, c.Train.Source)
	c.Train.others = &s.record.Data
	sub := *s.env
	sub.args, sub.json = args, false
	if s.warned == nil {
		s.warned = &onceWriter{w: s.stderr, seen: map[string]bool{}}
	}
	sub.stderr = s.warned
	if brief {
		sub.text = io.Discard
	}
	if err := sub.prepareInputs(k); err != nil {
		return record{}, err
	}
	err = c.Train.Run(&sub, k)
	r, unread := readRecord(filepath.Join(dir, "run.json"))
	diverged := divergedAt(err) != nil
	if unread == nil && !r.Started.Before(s.record.Started) { // else it is that of an earlier run
		s.begun = true
		if err == nil || diverged {
			s.keepData(r)
		}
	}
	return r, cmp.Or(err, unread)
}

// describeRun says in a line what came of a training.
func describeRun(r record) string {
	text := fmt.Sprintf("%d training and %d validation images, %s", r.Data.Training, r.Data.Validation, report.FormatSeconds(r.Seconds))
	best := bestOf(0, r)
	if len(best.Values) == 0 {
		return text
	}
	text += fmt.Sprintf("; best epoch %d of %d:", best.Epoch+1, r.Epochs)
	for i, name := range slices.Sorted(maps.Keys(best.Values)) {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %s %s", strings.ReplaceAll(name, "_", " "), fourDigits(best.Values[name]))
	}
	return text
}

// fourDigits formats a value that may be missing.
func fourDigits(v *float64) string {
	if v == nil {
		return "nan"
	}
	return fmt.Sprintf("%.4f", *v)
}

// keepData records the data of the first training.
func (s *severalRuns) keepData(r record) {
	if s.record.Data.Fingerprint == "" {
		s.record.Data = r.Data
	}
}

// inDirectory returns an error if the current folder is not that of the run: the paths in its command line are relative. what has not begun.
func (s *severalRuns) inDirectory(what string) error {
	if here, err := os.Getwd(); err == nil && s.record.Directory != here {
		return fmt.Errorf("%s has not begun, and its command line has paths relative to %s; resume the run there", what, s.record.Directory)
	}
	return nil
}

// sameData returns an error if the data are not those of the other trainings of --folds or --tune.
func (t *training) sameData() error {
	if t.others == nil || t.others.Fingerprint == "" {
		return nil
	}
	was, now := t.others, t.record.Data
	total := func(d recordData) int { return d.Training + d.Validation }
	var how string
	switch {
	case was.Fingerprint == now.Fingerprint && was.ValidationFingerprint == now.ValidationFingerprint:
		return nil
	case total(*was) != total(now):
		how = fmt.Sprintf("they were %s, now they are %d", count(total(*was), "image"), total(now))
	default:
		how = "their number is the same, but their names, labels or contents differ"
	}
	return fmt.Errorf("the images have changed since the run began (%s), so its results could not be compared; restore the images, or begin again with another --out", how)
}

// reopen opens a folder whose trainings are to be resumed. r is its record.
func (s *severalRuns) reopen(dir string, r record, files []outFile) (err error) {
	if s.folder, err = openFolder(dir, files); err != nil {
		return err
	}
	s.record = r
	s.record.Status, s.record.Error, s.record.StoppedBy = running, "", ""
	s.record.Resumed = append(s.record.Resumed, moment())
	return nil
}

// begin writes the record and opens the log.
func (s *severalRuns) begin(threads int) error {
	if err := s.startSaving(); err != nil {
		s.folder.discard()
		return err
	}
	if err := s.record.platform(threads); err != nil {
		return err
	}
	if err := s.folder.begin("run.json", s.record.write); err != nil {
		return err
	}
	return s.log.open(s.folder)
}

// recordEnd records that a training has ended with an error. It reports whether that is an interruption. unwritten is the error of writing
// the record.
func (s *severalRuns) recordEnd(err error) (interrupt bool, unwritten error) {
	s.record.Status, s.record.Error = failed, err.Error()
	var end interruption
	if interrupt = errors.As(err, &end) || s.ctx.Err() != nil; interrupt {
		s.record.Status, s.record.StoppedBy, s.record.Error = interrupted, "interruption", ""
	}
	if unwritten = s.folder.write("run.json", s.record.write); unwritten != nil {
		unwritten = fmt.Errorf("cannot write %s: %w", s.folder.path("run.json"), patherr.Bare(unwritten))
	}
	return interrupt, unwritten
}
