package tfevents

import (
	"fmt"
	"io"
)

// Writer appends events to a file.
type Writer struct {
	w   io.Writer
	buf []byte
}

// NewWriter returns a writer that appends to w. A new file must begin with the event that Head returns.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Head returns the first event of a file. wallTime is in seconds since 1970, source names the program that writes the
// file.
func Head(wallTime float64, source string) Event {
	return Event{WallTime: wallTime, FileVersion: FileVersion, Source: source}
}

// Write appends an event with one call of the underlying Write, so that a reader of a growing file sees few
// incomplete records.
func (w *Writer) Write(e Event) error {
	data := e.encode()
	if len(data) > maxRecord {
		return fmt.Errorf("the event has %d bytes, want at most %d", len(data), maxRecord)
	}
	w.buf = appendRecord(w.buf[:0], data)
	_, err := w.w.Write(w.buf)
	return err
}
