package torch

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"strings"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/pickle"
)

// saveIt says how to save a state dict.
const saveIt = `save its state dict with Python: torch.save(model.state_dict(), "weights.pth")`

// explain adds to an error of the pickle what the user can do.
func explain(err error) error {
	var r *pickle.RefusedError
	if errors.As(err, &r) {
		return fmt.Errorf("the file has an object of the class %.100s.%.100s, and only tensors, dicts, lists, text and numbers are read, because a pickle of other classes can run code; load the file with torch.load(FILE, weights_only=False) if you trust it, and %s", r.Module, r.Name, saveIt)
	}
	return fmt.Errorf("the pickle of its objects %w", err)
}

const (
	maxMembers = 1 << 20 // of an archive
	maxPickle  = 8 << 20 // bytes of the pickle, beside 16 times its stored size
)

// zip reads the form of PyTorch 1.6 and later: an archive whose members are NAME/data.pkl and NAME/data/KEY for each storage.
func (d *decoder) zip() (any, error) {
	z, err := zip.NewReader(d.r, d.size)
	if err != nil {
		return nil, fmt.Errorf("the archive: %w", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("the archive has %d members, want at most %d", len(z.File), maxMembers)
	}
	members := map[string]*zip.File{}
	root, found := "", false
	stored, inflated := int64(0), int64(0)
	for _, m := range z.File {
		if !fs.ValidPath(strings.TrimSuffix(m.Name, "/")) || strings.ContainsAny(m.Name, "\\\x00") || m.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("the archive's member %.100q is a link, or its name is not a relative path without \"..\"", m.Name)
		}
		if members[m.Name] != nil {
			return nil, fmt.Errorf("the archive has two members %.100q", m.Name)
		}
		members[m.Name] = m
		if name, ok := strings.CutSuffix(m.Name, "data.pkl"); ok && (name == "" || strings.Count(name, "/") == 1 && strings.HasSuffix(name, "/")) {
			root, found = name, true
		}
		if m.Method == zip.Store && m.UncompressedSize64 != m.CompressedSize64 || m.UncompressedSize64 > math.MaxInt64/2 || m.CompressedSize64 > uint64(d.size) { //nolint:gosec // a size is not negative
			return nil, fmt.Errorf("the archive's member %.100q has %d bytes, of which %d are stored", m.Name, m.UncompressedSize64, m.CompressedSize64)
		}
		stored += int64(m.CompressedSize64)                                      //nolint:gosec // checked above
		if inflated += int64(m.UncompressedSize64); inflated < 0 || stored < 0 { //nolint:gosec // checked above
			return nil, errors.New("the archive's members are too large")
		}
	}
	switch {
	case stored > d.size:
		return nil, errors.New("the archive's members overlap")
	case inflated > 16*d.size+64<<20:
		return nil, fmt.Errorf("the archive's members have %d bytes, far more than the file's %d", inflated, d.size)
	}
	for name := range members {
		if strings.HasSuffix(name, "/constants.pkl") || strings.Contains(name, "/code/") {
			return nil, fmt.Errorf(`the file is a TorchScript archive, which holds code; load it with model = torch.jit.load(FILE), and %s`, saveIt)
		}
	}
	if !found {
		return nil, errors.New("the archive has no data.pkl; it is not one that torch.save wrote")
	}
	order, err := member(members[root+"byteorder"], 16)
	if err != nil {
		return nil, err
	}
	text, err := member(members[root+"data.pkl"], maxPickle)
	if err != nil {
		return nil, err
	}
	d.find = func(s *storage) error {
		m := members[root+"data/"+s.key]
		if m == nil {
			return errors.New("it is missing in the archive")
		}
		if m.UncompressedSize64 != uint64(s.bytes) { //nolint:gosec // a size is not negative
			return fmt.Errorf("it has %d bytes, want %d", m.UncompressedSize64, s.bytes)
		}
		s.fromZip(m)
		return nil
	}
	if string(order) == "big" {
		return nil, errors.New("its numbers are big-endian, which is not supported")
	}
	v, _, err := d.options(int(min(d.size, int64(len(text))))).Load(text)
	if err != nil {
		return nil, explain(err)
	}
	return v, nil
}

// member reads a member of the archive, nil if m is nil. It may have limit bytes more than 16 times its stored size.
func member(m *zip.File, limit int64) ([]byte, error) {
	if m == nil {
		return nil, nil
	}
	r, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("%.100q: %w", m.Name, err)
	}
	defer func() { _ = r.Close() }()                                                         // only read
	limit += 16 * int64(m.CompressedSize64)                                                  //nolint:gosec // at most the file's size
	b, err := bounded.ReadAll(nil, r, min(int64(m.UncompressedSize64), 1<<20, limit), limit) //nolint:gosec // checked before
	if err != nil {
		return nil, fmt.Errorf("%.100q: %w", m.Name, err)
	}
	return b, nil
}

// old reads the form before PyTorch 1.6: pickles of the magic number, the protocol's version, facts about the machine, the
// objects, and the keys of the storages; and for each key the number of elements and the elements. The first pickle ends at an offset.
func (d *decoder) old(at int64) (any, error) {
	d.elements = map[string]int64{}
	var values [4]any // version, machine, objects, keys
	for i := range values {
		var err error
		if values[i], at, err = d.pickle(at); err != nil {
			return nil, explain(err)
		}
	}
	if v, _ := values[0].(int64); v != 1001 {
		return nil, fmt.Errorf("the protocol's version is %v, want 1001", values[0])
	}
	machine, _ := values[1].(*pickle.Dict)
	if machine == nil || machine.Items["little_endian"] != true {
		return nil, errors.New("its numbers are not little-endian, which is not supported")
	}
	keys, _ := values[3].(*pickle.List)
	if keys == nil {
		return nil, errors.New("it has no list of storages")
	}
	for _, k := range keys.Items {
		key, _ := text(k)
		s := d.stores[key]
		if s == nil || s.load != nil {
			return nil, fmt.Errorf("its list of storages has %.40q, to which no tensor belongs, or has it twice", key)
		}
		var n [8]byte
		if err := readAt(d.r, n[:], at); err != nil {
			return nil, fmt.Errorf("storage %.40q: %w", key, err)
		}
		at += int64(len(n))
		if e := binary.LittleEndian.Uint64(n[:]); e != uint64(s.bytes/d.elements[key]) { //nolint:gosec // sizes are not negative
			return nil, fmt.Errorf("storage %.40q has %d elements, its tensors say %d", key, e, s.bytes/d.elements[key])
		}
		if s.bytes > d.size-at {
			return nil, fmt.Errorf("storage %.40q needs %d bytes, the file has %d more; it is truncated", key, s.bytes, d.size-at)
		}
		s.fromFile(d.r, at)
		at += s.bytes
	}
	for key, s := range d.stores {
		if s.load == nil {
			return nil, fmt.Errorf("storage %.40q is not in the file's list of storages", key)
		}
	}
	return values[2], nil
}

// pickle reads the pickle at an offset, whose length is not known, and returns the offset after it.
func (d *decoder) pickle(at int64) (v any, end int64, err error) {
	for n := int64(1 << 16); ; n *= 8 {
		n = min(n, d.size-at)
		b := make([]byte, n)
		if err := readAt(d.r, b, at); err != nil {
			return nil, 0, err
		}
		budget, stores := d.budget, maps.Clone(d.stores)
		v, rest, err := d.options(len(b)).Load(b)
		if err == nil {
			return v, at + n - int64(len(rest)), nil
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || n == d.size-at {
			return nil, 0, err
		}
		d.budget, d.stores = budget, stores
	}
}
