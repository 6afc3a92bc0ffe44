package lince

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/beside"
	"github.com/lince-ml/lince/internal/bounded"
)

func openKeras(o Options, f source) (*Model, error) {
	file, err := readKeras(f)
	if err != nil {
		return nil, err
	}
	m, err := o.fromFile(file)
	if err == nil && strings.HasPrefix(file.Metadata.KerasVersion, "2.") {
		m.notes = append(m.notes, keras2Notes(file.Config)...)
	}
	return m, err
}

// readKeras reads a .keras file, or the folder to which one was unpacked.
func readKeras(f source) (*keras.File, error) {
	if f.folder == nil {
		return keras.Read(f.r, f.size)
	}
	members := beside.To(filepath.Join(f.path, "config.json"))
	defer members.Close()
	return keras.ReadFolder(members.Open)
}

// keras2Notes lists in what the model of a config of Keras 1 or 2 differs from what they computed.
func keras2Notes(text []byte) (notes []string) {
	if bytes.Contains(text, []byte(`"hard_sigmoid"`)) {
		notes = append(notes, "The activation hard_sigmoid is computed as in Keras 3, by clip(x/6+0.5, 0, 1). In Keras 2 it was clip(0.2*x+0.5, 0, 1).")
	}
	return notes
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
