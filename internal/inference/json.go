package inference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// maxRank limits the dimensions of a list in JSON, as NumPy does.
const maxRank = 64

// json reads a list for the port name, or an object with a list for each port.
func (r *reader) json(name string, b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return notJSON(err)
	}
	if token == json.Delim('{') {
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return notJSON(err)
			}
			first, err := d.Token()
			if err != nil {
				return notJSON(err)
			}
			if err := r.list(key.(string), d, first); err != nil {
				return fmt.Errorf("%v: %w", key, err)
			}
		}
		if _, err := d.Token(); err != nil {
			return notJSON(err)
		}
	} else if name == "" {
		return fmt.Errorf(`the model has several %ss; want an object, such as {"%s": [...], ...}`, r.side, r.ports[0].Name)
	} else if err := r.list(name, d, token); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value in the file")
	}
	return nil
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is no JSON: the file ends too early")
	}
	return fmt.Errorf("is no JSON: %w", err)
}

// list reads a nested list of numbers, whose first token is read, for a port.
func (r *reader) list(name string, d *json.Decoder, first json.Token) error {
	p := r.port(name)
	if p == nil {
		return fmt.Errorf("there is no %s %s%s", r.side, name, suggest.Hint(name, Names(r.ports)))
	}
	var numbers []float64
	var shape tensor.Shape
	var read func(token json.Token, depth int) error
	read = func(token json.Token, depth int) error {
		if token != json.Delim('[') {
			v, err := number(token)
			if err != nil {
				return err
			}
			if depth != len(shape) {
				return errors.New("the lists have different depths")
			}
			numbers = append(numbers, v)
			return nil
		}
		fresh := depth == len(shape) && len(numbers) == 0
		if fresh {
			if depth == maxRank {
				return fmt.Errorf("lists are nested more than %d deep", maxRank)
			}
			shape = append(shape, tensor.Unknown)
		}
		if depth >= len(shape) {
			return errors.New("the lists have different depths")
		}
		n := 0
		for ; d.More(); n++ {
			token, err := d.Token()
			if err != nil {
				return notJSON(err)
			}
			if err := read(token, depth+1); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return notJSON(err)
		}
		if shape[depth] == tensor.Unknown {
			shape[depth] = n
		}
		if shape[depth] != n {
			return fmt.Errorf("lists at depth %d have different lengths: %d and %d", depth+1, shape[depth], n)
		}
		return nil
	}
	if err := read(first, 0); err != nil {
		return err
	}
	t, err := fromFloats(p.DType, shape, numbers)
	if err != nil {
		return err
	}
	return r.add(name, t)
}

func number(token json.Token) (float64, error) {
	switch v := token.(type) {
	case json.Number:
		return v.Float64()
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	}
	return 0, fmt.Errorf("want numbers in lists, got %v", token)
}

// maxExact is the largest integer up to which float64 holds every integer.
const maxExact = 1 << 53

// fromFloats makes a tensor of numbers, which must fit its type.
func fromFloats(dtype tensor.DType, shape tensor.Shape, numbers []float64) (*tensor.Tensor, error) {
	t := tensor.New(dtype, shape...)
	var err error
	switch dtype {
	case tensor.Float32:
		for i, v := range numbers {
			t.Float32s()[i] = float32(v)
		}
	case tensor.Float64:
		copy(tensor.Values[float64](t), numbers)
	case tensor.Int8:
		err = integers[int8](t, numbers, math.MinInt8, math.MaxInt8)
	case tensor.Int16:
		err = integers[int16](t, numbers, math.MinInt16, math.MaxInt16)
	case tensor.Int32:
		err = integers[int32](t, numbers, math.MinInt32, math.MaxInt32)
	case tensor.Int64:
		err = integers[int64](t, numbers, -maxExact, maxExact)
	case tensor.Uint8:
		err = integers[uint8](t, numbers, 0, math.MaxUint8)
	case tensor.Bool:
		err = integers[uint8](tensor.Wrap(tensor.Uint8, shape, t.Raw()), numbers, 0, 1)
	default:
		err = fmt.Errorf("elements of type %v cannot be written in JSON; use a .npy file", dtype)
	}
	return t, err
}

func integers[T int8 | int16 | int32 | int64 | uint8](t *tensor.Tensor, numbers []float64, least, most float64) error {
	dst := tensor.Values[T](t)
	for i, v := range numbers {
		if v != math.Trunc(v) || v < least || v > most {
			return fmt.Errorf("number %d is %v, want an integer from %.0f to %.0f", i, v, least, most)
		}
		dst[i] = T(v)
	}
	return nil
}
