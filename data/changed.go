package data

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// changedError is the cause of an image that cannot be read since its file, or the archive that has it, was written while lince was running: by a download that
// began again, for example.
type changedError struct {
	path string
	size int64
	at   time.Time
	err  error
}

func (e *changedError) Error() string {
	return fmt.Sprintf("%s was changed while lince was running: it was written at %s, after it had been opened, and has now %d bytes; wait until it is complete, and continue then. %v",
		e.path, e.at.Format(time.TimeOnly), e.size, e.err)
}

func (e *changedError) Unwrap() error { return e.err }

// changed returns the error of an image that cannot be read or decoded: an AccessError if its file or its archive was written after the table was opened. An image that
// was faulty before is only that.
func (t *Table) changed(f file, err error) error {
	if err == nil || unreachable(err) || t.src == nil || t.src.opened.IsZero() {
		return err
	}
	path := onDiskPath(f)
	if path == "" {
		return err
	}
	info, statErr := os.Stat(path)
	if statErr != nil || !info.ModTime().After(t.src.opened) {
		return err
	}
	return &AccessError{f.where(), &changedError{path, info.Size(), info.ModTime(), err}}
}

// onDiskPath returns the path of a file, or of the archive that has it, "" if it has none.
func onDiskPath(f file) string {
	switch f := f.(type) {
	case diskFile:
		return string(f)
	case zipFile:
		return outermost(f.archive)
	case tarFile:
		return outermost(f.archive)
	}
	return ""
}

// outermost returns the path of an archive, of which name may have an archive inside it: outer.zip: inner.zip.
func outermost(name string) string {
	if _, err := os.Stat(name); err == nil {
		return name
	}
	outer, _, _ := strings.Cut(name, ": ")
	return outer
}
