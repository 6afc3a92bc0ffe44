package keras

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// Version is the version of Keras whose files are written.
const Version = "3.15.1"

// File is a .keras file.
type File struct {
	Metadata Metadata
	// Config is config.json, the model as a Keras object; see Object.
	Config json.RawMessage
	// Weights are the variables of layers and optimizer, model.weights.h5.
	Weights Weights
	// Assets are the members under assets/, by their names without it.
	Assets map[string][]byte
	// Extra is what is not Keras' own: class names, preprocessing. It travels as the key
	// "lince" of metadata.json, which Keras does not look at when it loads a model, and which
	// is gone when Keras saves the model again. Nil if there is none.
	Extra json.RawMessage
}

// Metadata is metadata.json.
type Metadata struct {
	// KerasVersion is the version that wrote the file; Write takes Version if it is empty.
	KerasVersion string
	// DateSaved is the time in Keras' form, 2026-11-23@15:25:26. Write leaves it empty if it
	// is, so that the same model gives the same bytes.
	DateSaved string
}

// metadataJSON is the member itself. Keras' file editor needs both of Keras' keys.
type metadataJSON struct {
	KerasVersion string          `json:"keras_version"`
	DateSaved    string          `json:"date_saved"`
	Lince        json.RawMessage `json:"lince,omitempty"`
}

// The members of the archive.
const (
	metadataMember = "metadata.json"
	configMember   = "config.json"
	weightsMember  = "model.weights.h5"
	assetsFolder   = "assets/"
)

// Write writes f as a .keras archive. Equal files give equal bytes. The weights go from
// the tensors' memory to w, without a copy of all of them; they are read twice, for the
// checksum that comes before them.
func Write(w io.Writer, f *File) error {
	if err := write(w, f); err != nil {
		return fmt.Errorf("keras: %w", err)
	}
	return nil
}

func write(w io.Writer, f *File) error {
	if len(f.Config) == 0 || !json.Valid(f.Config) {
		return errors.New(configMember + ": the configuration is not JSON")
	}
	if len(f.Extra) > 0 && !json.Valid(f.Extra) {
		return errors.New(metadataMember + ": the extra data is not JSON")
	}
	m := metadataJSON{f.Metadata.KerasVersion, f.Metadata.DateSaved, f.Extra}
	if m.KerasVersion == "" {
		m.KerasVersion = Version
	}
	metadata, err := Marshal(m)
	if err != nil {
		return fmt.Errorf("%s: %w", metadataMember, err)
	}
	tree, err := f.Weights.tree()
	if err != nil {
		return fmt.Errorf("%s: %w", weightsMember, err)
	}

	z := zip.NewWriter(w)
	if err := writeMember(z, metadataMember, writeBytes(metadata)); err != nil {
		return err
	}
	if err := writeMember(z, configMember, writeBytes(f.Config)); err != nil {
		return err
	}
	if err := writeMember(z, weightsMember, tree); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(f.Assets)) {
		if err := checkMemberName(assetsFolder + name); err != nil {
			return err
		}
		if err := writeMember(z, assetsFolder+name, writeBytes(f.Assets[name])); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeBytes is an io.WriterTo of a slice that can be written more than once.
type writeBytes []byte

func (b writeBytes) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, bytes.NewReader(b))
}

// writeMember stores a member as Python's zipfile does: sizes and checksum before the
// data, the time 1980-01-01.
func writeMember(z *zip.Writer, name string, content io.WriterTo) error {
	sum := crc32.NewIEEE()
	n, err := content.WriteTo(sum)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	w, err := z.CreateRaw(&zip.FileHeader{
		Name:               name,
		Method:             zip.Store,
		CreatorVersion:     3<<8 | 20, // Unix, 2.0
		ReaderVersion:      20,
		ExternalAttrs:      0o600 << 16,
		ModifiedDate:       1<<5 | 1, //nolint:staticcheck // CreateRaw writes this field and not Modified
		CRC32:              sum.Sum32(),
		CompressedSize64:   uint64(n),
		UncompressedSize64: uint64(n),
	})
	if err == nil {
		_, err = content.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
