package inference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/internal/suggest"
)

// json reads a list for the port name, or an object with a list for each port.
func (r *reader) json(name string, b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value in the file")
	}
	if value[0] != '{' {
		if name == "" {
			return fmt.Errorf(`the model has several %ss; want an object, such as {"%s": [...], ...}`, r.side, r.ports[0].Name)
		}
		return r.list(name, value)
	}
	d = json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token() // the brace
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		if err := d.Decode(&value); err != nil {
			return notJSON(err)
		}
		if err := r.list(key.(string), value); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	return nil
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is no JSON: the file ends too early")
	}
	return fmt.Errorf("is no JSON: %w", err)
}

// list reads a nested list of numbers for a port.
func (r *reader) list(name string, value []byte) error {
	p := r.port(name)
	if p == nil {
		return fmt.Errorf("there is no %s %s%s", r.side, name, suggest.Hint(name, Names(r.ports)))
	}
	numbers, shape, err := ParseList(nil, value)
	if err != nil {
		return err
	}
	t, err := FromFloats(p.DType, shape, numbers)
	if err != nil {
		return err
	}
	return r.add(name, t)
}
