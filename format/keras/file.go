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

// Version is the version of Keras whose file format Write writes.
const Version = "3.15.1"

// File is a .keras file.
type File struct {
	Metadata Metadata
	// Config is config.json, the model as a Keras object; see Object.
	Config json.RawMessage
	// Weights holds the variables of the layers and the optimizer: model.weights.h5.
	Weights Weights
	// Assets holds the members below assets/. The keys are their names without this prefix.
	Assets map[string][]byte
	// Extra holds lince's additions, such as class names and preprocessing. It is stored under the key "lince" of metadata.json.
	// Keras ignores the key when it loads a model, and drops it when it saves the model again. nil means none.
	Extra json.RawMessage
}

// Metadata is metadata.json.
type Metadata struct {
	// KerasVersion is the version of Keras that wrote the file. Write writes Version if it is empty.
	KerasVersion string
	// DateSaved is the time in Keras' form, such as 2026-11-23@15:25:26. It may be empty, so that saving the same model twice gives
	// the same bytes.
	DateSaved string
}

// metadataJSON is the JSON of metadata.json. Keras' file editor needs both of Keras' keys.
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
	npzMember      = "model.weights.npz"
	assetsFolder   = "assets/"
)

// Write writes f as a .keras archive. Equal files give equal bytes. The weights are written directly from the memory of the
// tensors. They are read twice, because their checksum comes before them. Write fails if Config or Extra is not JSON, if the weights have
// invalid or duplicate paths, or if the name of an asset would lead outside the archive.
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

// writeBytes is an io.WriterTo that can be used more than once.
type writeBytes []byte

func (b writeBytes) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, bytes.NewReader(b))
}

// writeMember stores a member as Python's zipfile does: with sizes and checksum before the data, and the time 1980-01-01.
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
