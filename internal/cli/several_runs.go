package cli

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/internal/patherr"
)

// severalRuns is what --folds and --tune have in common: they make several trainings in a folder with a record and a log for all of them.
type severalRuns struct {
	*env
	folder *folder
	log    *runLog
	record record
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
