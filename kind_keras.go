package lince

import (
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/bounded"
)

func openKeras(o Options, f source) (*Model, error) {
	file, err := keras.Read(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return o.fromFile(file)
}

func openJSON(o Options, f source) (*Model, error) {
	if f.size > bounded.MaxFile {
		return nil, fmt.Errorf("has %d bytes; a network's JSON may have at most %d", f.size, bounded.MaxFile)
	}
	text := make([]byte, f.size)
	if _, err := f.r.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return o.fromJSON(text)
}
