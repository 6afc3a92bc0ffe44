package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/escape"
	"github.com/lince-ml/lince/internal/patherr"
)

// logName is the file that has the output of a training.
const logName = "train.log"

// runLog keeps what a training prints, as it stands in a terminal at the end: of a line that was drawn several times, it has the last state. Lines are
// written to the file as they are complete. If the file cannot be written, the training continues, and the lines are written later.
type runLog struct {
	mu     sync.Mutex
	file   *os.File
	text   bytes.Buffer // complete lines
	saved  int          // number of bytes of text that are in the file
	failed error        // of the last write
	line   []rune       // the current line
	at     int          // the column of the cursor
	escape []byte       // an escape sequence that is not complete
	rest   []byte       // of a character whose bytes are not all there
}

// Write implements io.Writer. It never fails.
func (l *runLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := slices.Concat(l.rest, b)
	l.rest = nil
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			l.rest = bytes.Clone(text)
			break
		}
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		l.put(r)
	}
	l.flush()
	return len(b), nil
}

// put handles a character as a terminal does.
func (l *runLog) put(r rune) {
	switch {
	case len(l.escape) == 1 && r == '[':
		l.escape = append(l.escape, '[')
	case len(l.escape) == 1: // a sequence of two characters
		l.escape = nil
	case len(l.escape) > 1:
		if r >= '@' && r <= '~' { // its end
			l.escape = nil
		}
	case r == '\x1b':
		l.escape = []byte{'\x1b'}
	case r == '\n':
		l.text.WriteString(strings.TrimRight(string(l.line), " "))
		l.text.WriteByte('\n')
		l.line, l.at = l.line[:0], 0
	case r == '\r':
		l.at = 0
	case r == '\b':
		l.at = max(0, l.at-1)
	case escape.IsHidden(r):
	default:
		if l.at == len(l.line) {
			l.line = append(l.line, r)
		} else {
			l.line[l.at] = r
		}
		l.at++
	}
}

// flush writes the complete lines to the file.
func (l *runLog) flush() {
	if l.file == nil || l.saved == l.text.Len() {
		return
	}
	var n int
	n, l.failed = l.file.Write(l.text.Bytes()[l.saved:])
	l.saved += n
}

// open creates the file in the folder of the run, or opens that of the run to resume.
func (l *runLog) open(f *folder) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if f.keep {
		how = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	file, err := os.OpenFile(f.path(logName), how, 0o666)
	if f.wroteIf(logName, err) != nil {
		return unwritable(f.dir, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = file
	l.flush()
	return nil
}

// keep writes the file again if it was removed, and returns an error if lines are missing in it.
func (l *runLog) keep(f *folder) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if _, err := os.Stat(f.path(logName)); err != nil {
		file, err := os.OpenFile(f.path(logName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return patherr.Bare(err)
		}
		_ = l.file.Close() // of the file that is gone
		l.file, l.saved = file, 0
	}
	l.flush()
	if l.failed != nil {
		return fmt.Errorf("%s: %w", logName, patherr.Bare(l.failed))
	}
	return nil
}

// end adds the error of the command, and closes the file. It returns the error.
func (l *runLog) end(err error) error {
	if err != nil {
		_, _ = fmt.Fprintf(l, "%s\n", indent(err.Error()))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close() // keep has checked it
		l.file = nil
	}
	return err
}

// logged returns an environment whose output is also written to a log. The log also gets what cannot be written to the output: the copier is around
// the writer, which may be listened, that stops at an error.
func (e *env) logged(l *runLog) *env {
	c := *e
	switch w := e.text.(type) {
	case *os.File:
		c.text = &fileCopier{copier{w, l}, w}
	case *fileCopier: // of the run that this run is a part of
		c.text = &fileCopier{copier{w, l}, w.file}
	default:
		if !e.quiet {
			c.text = copier{w, l}
		}
	}
	c.stderr = copier{e.stderr, l}
	return &c
}

// copier writes to a writer and to a log.
type copier struct {
	w   io.Writer
	log *runLog
}

// Write implements io.Writer.
func (c copier) Write(b []byte) (int, error) {
	_, _ = c.log.Write(b) // it never fails
	return c.w.Write(b)
}

// fileCopier is a copier whose writer ends at a file, which may be a terminal.
type fileCopier struct {
	copier
	file *os.File
}

// Shown implements progress.Copier.
func (c *fileCopier) Shown() *os.File { return c.file }
