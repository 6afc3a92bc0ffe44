package keras

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

const (
	maxMembers = 10_000
	// The size of a member or of all members, inflated, may be maxGrowth times the stored size plus freeBytes. It bounds the
	// memory that a file can claim. The process may need three times as much: compressed weights, tensors of them, and the variables of a
	// model may be in memory together.
	maxGrowth = 5
	freeBytes = 20 << 20
	// JSON needs more memory when it is decoded. That of large networks is 1 MB and can be compressed 40 times.
	maxTextGrowth = 64
	freeTextBytes = 2 << 20
)

// Read reads a .keras archive of size bytes into memory. Members that Keras does not know are ignored. It fails
// if the archive, config.json or the weights are invalid, and names the member in the error.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{}
	if err := f.readTexts(a.text); err != nil {
		return nil, err
	}
	if f.Weights, err = a.weights(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.members)) {
		asset, ok := strings.CutPrefix(name, assetsFolder)
		if !ok || asset == "" || strings.HasSuffix(name, "/") {
			continue
		}
		b, err := a.read(name)
		if err != nil {
			return nil, err
		}
		if f.Assets == nil {
			f.Assets = map[string][]byte{}
		}
		f.Assets[asset] = b
	}
	return f, nil
}

// readTexts reads metadata.json, which may be missing, and config.json.
func (f *File) readTexts(text func(name string) ([]byte, error)) error {
	switch b, err := text(metadataMember); {
	case err == nil:
		if err := f.readMetadata(b); err != nil {
			return fmt.Errorf("%s: %w", metadataMember, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	var err error
	if f.Config, err = text(configMember); err != nil {
		return err
	}
	config, err := scan(f.Config)
	if err != nil {
		return fmt.Errorf("%s: %w", configMember, err)
	}
	if config.fields("class_name")[0].text() == "" {
		return fmt.Errorf("%s: not a Keras object: it has no class_name", configMember)
	}
	return nil
}

// readMetadata reads metadata.json, including lince's key.
func (f *File) readMetadata(b []byte) error {
	v, err := scan(b)
	if err != nil {
		return err
	}
	if v.kind() != '{' {
		return fmt.Errorf("want an object, got %s", v.show())
	}
	m := v.fields("keras_version", "date_saved", "lince")
	for i, text := range []*string{&f.Metadata.KerasVersion, &f.Metadata.DateSaved} {
		s, ok := m[i].str()
		if m[i].ok && !ok {
			return fmt.Errorf("%s is %s, want a string", []string{"keras_version", "date_saved"}[i], m[i].show())
		}
		*text = s
	}
	if m[2].ok {
		f.Extra = m[2].raw()
	}
	return nil
}

// archive is an open zip archive whose member names are checked.
type archive struct {
	r       io.ReaderAt
	size    int64
	members map[string]*zip.File
	left    uint64 // bytes of memory that its members may still use
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("not a .keras archive, or truncated: %w", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("want at most %d members in the archive, got %d", maxMembers, len(z.File))
	}
	a := &archive{r: r, size: size, members: map[string]*zip.File{}, left: maxGrowth*uint64(size) + freeBytes}
	var names []string
	for _, m := range z.File {
		names = append(names, m.Name)
	}
	folder, err := Folder(names)
	if err != nil {
		return nil, err
	}
	stored := uint64(0)
	for _, m := range z.File {
		// No sum overflows, because a size is checked before the next one is added.
		if stored += min(m.CompressedSize64, uint64(size)+1); stored > uint64(size) {
			return nil, errors.New("the members overlap: together they have more bytes than the archive")
		}
		if err := checkMemberName(strings.TrimSuffix(m.Name, "/")); err != nil {
			return nil, err
		}
		if t := m.Mode().Type(); t != 0 && t != fs.ModeDir {
			return nil, fmt.Errorf("member %q is a link or a device, which is not supported", m.Name)
		}
		name, ok := strings.CutPrefix(m.Name, folder)
		if !ok {
			continue
		}
		if a.members[name] != nil && name != npzMember { // the error about npz says more
			return nil, fmt.Errorf("two members have the name %q", m.Name)
		}
		a.members[name] = m
	}
	return a, nil
}

// checkMemberName returns an error for a name that would lead outside a folder to which the archive is extracted.
func checkMemberName(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("member name %q: want a relative path without \"..\"", name)
	}
	return nil
}

// member finds a member and checks that its claimed sizes are possible.
func (a *archive) member(name string) (*zip.File, error) {
	m := a.members[name]
	if m == nil {
		return nil, fmt.Errorf("no %s in the archive: %w", name, fs.ErrNotExist)
	}
	switch {
	case m.Flags&1 != 0:
		return nil, fmt.Errorf("%s: encrypted", name)
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return nil, fmt.Errorf("%s: compressed by method %d; only stored and deflated members are supported", name, m.Method)
	case m.CompressedSize64 > uint64(a.size):
		return nil, fmt.Errorf("%s: claims %d bytes in an archive of %d", name, m.CompressedSize64, a.size)
	case m.Method == zip.Store && m.CompressedSize64 != m.UncompressedSize64:
		return nil, fmt.Errorf("%s: it is stored, but its two sizes differ", name)
	case m.UncompressedSize64 > maxGrowth*m.CompressedSize64+freeBytes:
		return nil, fmt.Errorf("%s: claims to inflate from %d bytes to %d, which is not plausible", name, m.CompressedSize64, m.UncompressedSize64)
	}
	return m, nil
}

// text reads a member with JSON.
func (a *archive) text(name string) ([]byte, error) {
	m, err := a.member(name)
	if err != nil {
		return nil, err
	}
	if n, most := m.UncompressedSize64, maxTextGrowth*m.CompressedSize64+freeTextBytes; n > most {
		return nil, fmt.Errorf("%s: has %d bytes of JSON in %d compressed ones; the limit is %d", name, n, m.CompressedSize64, most)
	}
	return a.read(name)
}

// read reads a whole member and checks its checksum.
func (a *archive) read(name string) ([]byte, error) {
	m, err := a.member(name)
	if err != nil {
		return nil, err
	}
	if m.UncompressedSize64 > a.left {
		return nil, fmt.Errorf("%s: the archive's members need too much memory for its size", name)
	}
	a.left -= m.UncompressedSize64
	rc, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = rc.Close() }()       // there is nothing to flush
	b := make([]byte, m.UncompressedSize64) // within the limit for the archive
	if _, err := io.ReadFull(rc, b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch _, err := io.ReadFull(rc, make([]byte, 1)); { // at the end, the checksum is verified
	case err == nil:
		return nil, fmt.Errorf("%s: has more data than it claims", name)
	case err != io.EOF:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// weights reads the weights. Stored weights, as Keras writes them, are read in place.
func (a *archive) weights() (Weights, error) {
	if a.members[weightsMember] == nil && a.members[npzMember] != nil {
		return nil, errNPZ
	}
	m, err := a.member(weightsMember)
	if err != nil {
		return nil, err
	}
	if m.Method != zip.Store {
		b, err := a.read(weightsMember)
		if err != nil {
			return nil, err
		}
		return readWeights(weightsMember, bytes.NewReader(b), int64(len(b)))
	}
	start, err := m.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", weightsMember, err)
	}
	n := int64(m.UncompressedSize64)
	if start > a.size-n {
		return nil, fmt.Errorf("%s: claims %d bytes in an archive of %d", weightsMember, n, a.size)
	}
	section := io.NewSectionReader(a.r, start, n)
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, section); err != nil {
		return nil, fmt.Errorf("%s: %w", weightsMember, err)
	}
	if sum.Sum32() != m.CRC32 {
		return nil, fmt.Errorf("%s: %w", weightsMember, zip.ErrChecksum)
	}
	return readWeights(weightsMember, section, n)
}
