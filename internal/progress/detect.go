package progress

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Detect returns the display for a writer: Silent if quiet is set, else Live if w is a terminal that can move
// its cursor, else Lines. There are no colors if NO_COLOR is set (https://no-color.org).
func Detect(w io.Writer, quiet bool) *Display {
	d := &Display{Writer: w, Mode: Lines}
	file, isFile := w.(*os.File)
	if c, ok := w.(Copier); ok {
		file, isFile = c.Shown(), true
	}
	switch {
	case quiet:
		d.Mode = Silent
	case isFile && IsTerminal(file):
		d.Mode = Live
		d.Color = os.Getenv("NO_COLOR") == ""
		d.Columns = func() int { return Columns(file) }
	}
	return d
}

// Copier is a writer to a file that also copies what it writes to another place, such as a log.
type Copier interface {
	io.Writer
	// Shown returns the file.
	Shown() *os.File
}

// IsTerminal reports whether a file is a terminal that understands escape sequences. On Windows it enables
// them in the console.
func IsTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" && enableEscapes(f)
}

// Columns returns the width of a terminal, or 0 if it is not known.
func Columns(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
