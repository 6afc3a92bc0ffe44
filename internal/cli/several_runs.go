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
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/report"
)

// severalRuns is what --folds and --tune have in common: they make several trainings in a folder with a record and a log for all of them.
type severalRuns struct {
	*env
	source  string   // the data on the command line; "" if it is that of the run to resume
	threads int      // of the command line
	passed  []string // the flags that are given with --resume, for the trainings
	at      string   // the training that is running, for messages
	began   time.Time
	begun   bool // a training has begun, so there is something to resume
	warned  *onceWriter
	folder  *folder
	log     *runLog
	record  record
}

// severalRuns returns the run of several trainings that the command line asks for, or that it resumes; nil if it does neither. files are those of such a run, and is
// reports whether a record is of one.
func (c *trainCommand) severalRuns(e *env, k *kong.Context, files []outFile, asked bool, is func(r *record) bool) (*severalRuns, error) {
	s := &severalRuns{source: c.Source, threads: c.Threads, log: &runLog{}, began: time.Now()}
	s.env = e.logged(s.log)
	s.warned = &onceWriter{w: s.stderr, seen: map[string]bool{}}
	var err error
	if c.Resume == "" {
		if !asked {
			return nil, nil
		}
		s.record = newRecord(k, e.args)
		if s.folder, err = newFolder(string(c.Out), files, c.Overwrite); err != nil {
			return nil, err
		}
		return s, nil
	}
	dir := filepath.Clean(string(c.Resume))
	r, err := readRecord(filepath.Join(dir, "run.json"))
	if err != nil || !is(&r) {
		return nil, nil //nolint:nilerr // the run of a single training reports it
	}
	if err := onlyResumeFlags(dir, k); err != nil {
		return nil, err
	}
	if s.folder, err = openFolder(dir, files); err != nil {
		return nil, err
	}
	s.record, s.passed = r, passedFlags(k)
	s.record.Status, s.record.Error, s.record.StoppedBy = running, "", ""
	s.record.Resumed = append(s.record.Resumed, moment())
	return s, nil
}

// passedFlags returns the flags of a command line with --resume that are for the trainings of the run.
func passedFlags(k *kong.Context) (flags []string) {
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		name := "--" + p.Flag.Name
		switch p.Flag.Name {
		case "threads":
			flags = append(flags, name, fmt.Sprint(p.Flag.Target.Interface()))
		case "memory", "cache":
			flags = append(flags, name, fmt.Sprint(p.Flag.Target.Int()))
		case "profile":
			flags = append(flags, name)
		}
	}
	return flags
}

// runAll runs the trainings, and closes the folder and the log. It removes the folder if no training has begun.
func (s *severalRuns) runAll(trainings func() error) error {
	defer s.folder.close()
	err := s.begin()
	if err == nil {
		if err = trainings(); err != nil {
			err = s.stopped(err)
		}
	}
	if err = s.log.end(errors.Join(err, s.unwritten())); err != nil && !s.canResume() {
		s.folder.discard()
	}
	return err
}

// canResume reports whether there is something to resume.
func (s *severalRuns) canResume() bool { return s.begun || s.folder.keep }

// stopped records that a training has ended with an error, and returns the error with the command that resumes the run.
func (s *severalRuns) stopped(err error) error {
	if !s.canResume() {
		if s.ctx.Err() != nil {
			return interruption("before the training began; nothing was written")
		}
		return err
	}
	s.record.Status, s.record.Error = failed, err.Error()
	var end interruption
	interrupt := errors.As(err, &end) || s.ctx.Err() != nil
	if interrupt {
		s.record.Status, s.record.StoppedBy, s.record.Error = interrupted, "interruption", ""
	}
	s.record.Seconds += time.Since(s.began).Seconds()
	if unwritten := s.folder.write("run.json", s.record.write); unwritten != nil {
		err = errors.Join(err, fmt.Errorf("cannot write %s: %w", s.folder.path("run.json"), patherr.Bare(unwritten)))
	}
	how := fmt.Sprintf("%s\nto resume: lince train --resume %s", s.at, shell.Quote(s.folder.dir))
	if !interrupt && repeats(err) {
		how = s.at + "; --resume would use the same settings: start again with others, and with --overwrite or another --out"
	}
	if interrupt {
		return interruption(how)
	}
	return fmt.Errorf("%w\n%s", err, how)
}

// errAllDiverged is the error of a search in which no trial has a result.
var errAllDiverged = errors.New("--tune: training diverged in all trials; set a lower --lr, and check the images")

// repeats reports whether a training with the same settings would end with the same error.
func repeats(err error) bool {
	return divergedAt(err) != nil || errors.Is(err, errAllDiverged) || errors.As(err, new(usageError))
}

// severalFile is a file with results of several trainings.
type severalFile struct {
	name  string
	write func(io.Writer) error
}

// severalResults are the results of several trainings.
type severalResults struct {
	files []severalFile
	title string // of the table
	table func(io.Writer) error
	note  string // where the files of the trainings are
}

// finish records that all trainings have ended, and writes and prints the results.
func (s *severalRuns) finish(r severalResults) error {
	s.record.Status, s.record.StoppedBy = finished, "epochs"
	s.record.Seconds += time.Since(s.began).Seconds()
	s.began = time.Now()
	var errs []error
	for _, f := range append(r.files, severalFile{"run.json", s.record.write}) {
		errs = append(errs, s.folder.write(f.name, f.write))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.printf("\n%s\n", r.title)
	if err := r.table(s.text); err != nil {
		return err
	}
	s.printf("\n%s%s\n", s.folder.contents(), r.note)
	if s.json {
		return writeJSONLine(s.stdout, endEvent{"end", s.record})
	}
	return nil
}

// onceWriter drops what it has already written: the warnings of several trainings are mostly the same.
type onceWriter struct {
	w      io.Writer
	seen   map[string]bool
	before func() // is called before a text is written; may be nil
}

// Write implements io.Writer.
func (o *onceWriter) Write(b []byte) (int, error) {
	if o.seen[string(b)] {
		return len(b), nil
	}
	o.seen[string(b)] = true
	if o.before != nil {
		o.before()
	}
	return o.w.Write(b)
}

// subRun is a training of several.
type subRun struct {
	dir   string   // its output folder
	flags []string // what is added to the command line of all
	title string   // is printed before
	label string   // of its progress
	brief bool     // what it prints is only in its log, except warnings that are new
}

// subRun trains, resumes the training, or returns its record if it is finished.
func (s *severalRuns) subRun(x subRun) (record, error) {
	args := slices.Concat(s.record.CommandLine, []string{"--out", x.dir}, x.flags)
	if s.folder.keep {
		r, err := readRecord(filepath.Join(x.dir, "run.json"))
		switch {
		case err == nil && r.Status == finished:
			s.keepData(r)
			return r, nil
		case err == nil && hasFile(x.dir, checkpointName):
			args = []string{"train", "--resume", x.dir}
		default:
			args = append(args, "--overwrite") // what is left of the training, of which the record or the checkpoint was removed
			if err := s.inDirectory(filepath.Base(x.dir)); err != nil {
				return r, err
			}
		}
	}
	s.printf("%s\n", x.title)
	r, err := s.train(append(args, s.passed...), x)
	if err == nil && x.brief {
		s.printf("  %s\n", describeRun(r))
	}
	s.stopUnheard()
	return r, err
}

// train trains as a command line says, and returns the record.
func (s *severalRuns) train(args []string, x subRun) (record, error) {
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
	sub.args, sub.json, sub.stderr = args, false, s.warned
	if x.brief {
		sub.text = io.Discard
		defer s.showSteps(&sub, x.label)()
	}
	if err := sub.prepareInputs(k); err != nil {
		return record{}, err
	}
	err = c.Train.Run(&sub, k)
	r, unread := readRecord(filepath.Join(x.dir, "run.json"))
	diverged := divergedAt(err) != nil
	if unread == nil && !r.Started.Before(s.record.Started) { // else it is that of an earlier run
		s.begun = true
		if err == nil || diverged {
			s.keepData(r)
		}
	}
	return r, cmp.Or(err, unread)
}

// showSteps shows the steps of a training in a terminal, on a line that the returned function removes.
func (s *severalRuns) showSteps(sub *env, label string) (end func()) {
	if s.display().Mode != progress.Live {
		return func() {}
	}
	var counter *progress.Counter
	erase := func() {
		if counter != nil {
			counter.Erase()
		}
	}
	sub.steps = func(done, total int) {
		if counter == nil { // the total is known now
			counter = s.counter(label, total)
		}
		counter.Set(done)
	}
	s.warned.before = erase
	return func() {
		erase()
		s.warned.before = nil
	}
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

// begin writes the record and opens the log.
func (s *severalRuns) begin() error {
	if err := s.startSaving(); err != nil {
		return err
	}
	if err := s.record.platform(s.threads); err != nil {
		return err
	}
	if err := s.folder.begin("run.json", s.record.write); err != nil {
		return err
	}
	return s.log.open(s.folder)
}
