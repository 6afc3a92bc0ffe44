package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Write writes tensors by name, and a map of text, which may be nil. Equal arguments give equal bytes: those of the
// safetensors library, which sorts tensors by type, widest first, and then by name. The library writes metadata in a
// random order, Write sorts it.
//
// It fails, before it writes anything, if a name is not valid UTF-8 or is "__metadata__", and if the header would be longer
// than MaxHeader.
func Write(w io.Writer, tensors map[string]*tensor.Tensor, metadata map[string]string) error {
	if err := write(w, tensors, metadata); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

func write(w io.Writer, tensors map[string]*tensor.Tensor, metadata map[string]string) error {
	names := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Or(cmp.Compare(written(tensors[b].DType()), written(tensors[a].DType())), cmp.Compare(a, b))
	})
	header, err := header(names, tensors, metadata)
	if err != nil {
		return err
	}
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	if _, err := w.Write(append(start, header...)); err != nil {
		return err
	}
	for _, name := range names {
		raw := tensors[name].Raw()
		if nativeBig {
			raw = bytes.Clone(raw)
			numbers.Swap(raw, tensors[name].DType().Size())
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// nativeBig is set if this machine is big-endian.
var nativeBig = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

func header(names []string, tensors map[string]*tensor.Tensor, metadata map[string]string) ([]byte, error) {
	var errs mistakes
	b := []byte{'{'}
	key := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
	}
	if metadata != nil {
		key(metadataKey)
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(k) || !utf8.ValidString(metadata[k]) {
				errs.add(fmt.Errorf("metadata %.100q is not valid UTF-8", k))
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(append(appendString(b, k), ':'), metadata[k])
		}
		b = append(b, '}')
	}
	at := 0
	for _, name := range names {
		t := tensors[name]
		switch {
		case name == metadataKey:
			errs.add(fmt.Errorf("a tensor cannot have the name %s", name))
		case !utf8.ValidString(name):
			errs.add(fmt.Errorf("the name %.100q is not valid UTF-8", name))
		}
		key(name)
		b = fmt.Appendf(b, `{"dtype":%q,"shape":[`, written(t.DType()))
		for i, n := range t.Shape() {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Append(b, n)
		}
		b = fmt.Appendf(b, `],"data_offsets":[%d,%d]}`, at, at+len(t.Raw()))
		at += len(t.Raw())
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b) > MaxHeader {
		errs.add(fmt.Errorf("the header would have %d bytes, want at most %d", len(b), MaxHeader))
	}
	return b, errs.err()
}

// appendString appends s as JSON, without the escapes that encoding/json adds for HTML.
func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(errors.Join(errors.New("safetensors: a string cannot be encoded"), err))
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
