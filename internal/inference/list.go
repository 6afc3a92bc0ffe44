package inference

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// maxRank limits the dimensions of a list in JSON, as NumPy does.
const maxRank = 64

// ParseList reads numbers from a valid JSON value: a nested list of numbers, or a number. true and false are 1 and 0. All lists of a depth must have the
// same length. A list without elements ends the shape: the shape of [[]] is (1, 0). stop, if not nil, is called from time to time; its error ends the parsing.
func ParseList(stop func() error, json []byte) (numbers []float64, shape tensor.Shape, err error) {
	p := listParser{stop: stop, text: json, numbers: make([]float64, 0, Numbers(json))}
	if err := p.value(0); err != nil {
		return nil, nil, err
	}
	if p.shape == nil {
		p.shape = tensor.Shape{}
	}
	return p.numbers, p.shape, nil
}

// ParseRows reads numbers as ParseList does from the list of so many values.
func ParseRows[T ~[]byte](stop func() error, rows []T) (numbers []float64, shape tensor.Shape, err error) {
	n := 0
	for _, row := range rows {
		n += Numbers(row)
	}
	p := listParser{stop: stop, numbers: make([]float64, 0, n), shape: tensor.Shape{len(rows)}}
	for _, row := range rows {
		p.text, p.at = row, 0
		if err := p.value(1); err != nil {
			return nil, nil, err
		}
	}
	return p.numbers, p.shape, nil
}

// Numbers returns the largest number of numbers that a JSON value can have.
func Numbers(json []byte) int { return bytes.Count(json, []byte{','}) + 1 }

// listParser reads a list. The text is valid JSON, so it looks at the first byte of each token only.
type listParser struct {
	stop    func() error
	text    []byte
	at      int
	numbers []float64
	shape   tensor.Shape
}

// next returns the first byte of the next token, or 0 at the end.
func (p *listParser) next() byte {
	for ; p.at < len(p.text); p.at++ {
		switch b := p.text[p.at]; b {
		case ' ', '\t', '\r', '\n', ',':
		default:
			return b
		}
	}
	return 0
}

// value reads a value. Lists that contain it are depth levels deep.
func (p *listParser) value(depth int) error {
	first := p.next()
	if first != '[' {
		v, err := p.number(first)
		if err != nil {
			return err
		}
		if depth != len(p.shape) {
			return errors.New("the lists have different depths")
		}
		p.numbers = append(p.numbers, v)
		if p.stop != nil && len(p.numbers)%(1<<16) == 0 {
			return p.stop()
		}
		return nil
	}
	p.at++
	if depth == len(p.shape) && len(p.numbers) == 0 {
		if depth == maxRank {
			return fmt.Errorf("lists are nested more than %d deep", maxRank)
		}
		p.shape = append(p.shape, tensor.Unknown)
	}
	if depth >= len(p.shape) {
		return errors.New("the lists have different depths")
	}
	n := 0
	for ; ; n++ {
		if b := p.next(); b == ']' {
			p.at++
			break
		} else if b == 0 {
			return errors.New("the list has no end")
		}
		if err := p.value(depth + 1); err != nil {
			return err
		}
	}
	if p.shape[depth] == tensor.Unknown {
		p.shape[depth] = n
	}
	if p.shape[depth] != n {
		return fmt.Errorf("lists at depth %d have different lengths: %d and %d", depth+1, p.shape[depth], n)
	}
	return nil
}

// number reads a number that starts with the byte first.
func (p *listParser) number(first byte) (float64, error) {
	start := p.at
	for p.at < len(p.text) {
		switch b := p.text[p.at]; {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b == '-', b == '+', b == '.', b == 'E':
			p.at++
			continue
		}
		break
	}
	switch text := string(p.text[start:p.at]); {
	case text == "true":
		return 1, nil
	case text == "false":
		return 0, nil
	case first == '-' || first >= '0' && first <= '9':
		v, err := strconv.ParseFloat(text, 64)
		if err != nil { // the text is a number of JSON
			return 0, fmt.Errorf("the number %s is too large", shortened(p.text[start:p.at]))
		}
		return v, nil
	case text == "null":
		return 0, errors.New("want numbers in lists, got null")
	}
	what := map[byte]string{'"': "a string", '{': "an object"}[first]
	if what == "" {
		what = "the end"
	}
	return 0, fmt.Errorf("want numbers in lists, got %s", what)
}

// shortened returns the start of a number for a message.
func shortened(number []byte) string {
	const most = 32
	if len(number) > most {
		return string(number[:most]) + "..."
	}
	return string(number)
}

// maxExact is the largest integer up to which float64 holds every integer.
const maxExact = 1 << 53

// FromFloats makes a tensor of numbers, which must fit its type.
func FromFloats(dtype tensor.DType, shape tensor.Shape, numbers []float64) (*tensor.Tensor, error) {
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
