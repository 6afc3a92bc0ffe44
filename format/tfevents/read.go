package tfevents

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Reader reads the events of a file.
type Reader struct {
	r     io.Reader
	buf   bytes.Buffer
	count int
}

// NewReader returns a reader of the events in r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next returns the next event, or io.EOF after the last one. If the file ends within an event, as after a crash of the
// writer, the error wraps io.ErrUnexpectedEOF.
//
// Fields of messages that Event does not have, and values without a tensor of numbers or text, are skipped.
func (r *Reader) Next() (Event, error) {
	b, err := readRecord(r.r, &r.buf)
	if err == io.EOF { //nolint:errorlint // readRecord returns it unwrapped
		return Event{}, io.EOF
	}
	var e Event
	if err == nil {
		if e, err = decodeEvent(b); err != nil {
			// Not %w: protowire's errors wrap io.ErrUnexpectedEOF, but the file did not end here.
			err = fmt.Errorf("the message is malformed: %v", err) //nolint:errorlint // as the comment says
		}
	}
	if err != nil {
		return Event{}, fmt.Errorf("event %d: %w", r.count, err)
	}
	r.count++
	return e, nil
}

func text(raw []byte) string { return strings.ToValidUTF8(string(raw), "\uFFFD") }

func decodeEvent(b []byte) (e Event, err error) {
	err = fields(b, func(field protowire.Number, typ protowire.Type, raw []byte, v uint64) error {
		switch {
		case field == eventWallTime && typ == protowire.Fixed64Type:
			e.WallTime = math.Float64frombits(v)
		case field == eventStep && typ == protowire.VarintType:
			e.Step = int64(v)
		case field == eventFileVersion && typ == protowire.BytesType:
			e.FileVersion = text(raw)
		case field == eventSource && typ == protowire.BytesType:
			return fields(raw, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
				if field == sourceWriter && typ == protowire.BytesType {
					e.Source = text(raw)
				}
				return nil
			})
		case field == eventGraph && typ == protowire.BytesType:
			var err error
			e.Graph, err = decodeGraph(raw)
			return err
		case field == eventSummary && typ == protowire.BytesType:
			return fields(raw, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
				if field != summaryValue || typ != protowire.BytesType {
					return nil
				}
				x, err := decodeValue(raw)
				if err == nil && x.Tensor.DType != 0 {
					e.Values = append(e.Values, x)
				}
				return err
			})
		}
		return nil
	})
	return e, err
}

func decodeValue(b []byte) (x Value, err error) {
	err = fields(b, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch field {
		case valueTag:
			x.Tag = text(raw)
		case valueTensor:
			var err error
			x.Tensor, err = decodeTensor(raw)
			return err
		case valueMetadata:
			return x.decodeMetadata(raw)
		}
		return nil
	})
	return x, err
}

func (x *Value) decodeMetadata(b []byte) error {
	return fields(b, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch field {
		case metadataDisplayName:
			x.DisplayName = text(raw)
		case metadataDescription:
			x.Description = text(raw)
		case metadataPlugin:
			return fields(raw, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
				switch {
				case typ != protowire.BytesType:
				case field == pluginName:
					x.Plugin = text(raw)
				case field == pluginContent:
					x.PluginData = bytes.Clone(raw)
				}
				return nil
			})
		}
		return nil
	})
}

// decodeTensor reads a tensor. The DType of the result is 0 if it is none of the types that Tensor can hold, or if the
// elements are not in tensor_content.
func decodeTensor(b []byte) (t Tensor, err error) {
	err = fields(b, func(field protowire.Number, typ protowire.Type, raw []byte, v uint64) error {
		switch {
		case field == tensorDType && typ == protowire.VarintType:
			t.DType = DType(v)
		case field == tensorContent && typ == protowire.BytesType:
			t.Content = bytes.Clone(raw)
		case field == tensorString && typ == protowire.BytesType:
			t.Strings = append(t.Strings, bytes.Clone(raw))
		case field == tensorShape && typ == protowire.BytesType:
			return fields(raw, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
				if field != shapeDim || typ != protowire.BytesType {
					return nil
				}
				size := int64(0)
				err := fields(raw, func(field protowire.Number, typ protowire.Type, _ []byte, v uint64) error {
					if field == dimSize && typ == protowire.VarintType {
						size = int64(v)
					}
					return nil
				})
				t.Shape = append(t.Shape, size)
				return err
			})
		}
		return nil
	})
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor: %w", err)
	}
	return t.checked()
}

// checked returns an error if the number of elements does not fit the shape.
func (t Tensor) checked() (Tensor, error) {
	n, size := int64(1), int64(0)
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > maxRecord/d {
			return Tensor{}, fmt.Errorf("the tensor has the shape %v, which is no shape or too large", t.Shape)
		}
		n *= d
	}
	switch t.DType {
	case Float:
		size = 4
	case Double:
		size = 8
	case String:
		if int64(len(t.Strings)) != n {
			return Tensor{}, fmt.Errorf("the tensor has %d strings for the shape %v", len(t.Strings), t.Shape)
		}
		return t, nil
	default:
		return Tensor{}, nil
	}
	if t.Content == nil && n > 0 {
		return Tensor{}, nil // the elements are in another field
	}
	if int64(len(t.Content)) != n*size {
		return Tensor{}, fmt.Errorf("the tensor has %d bytes for the shape %v, want %d", len(t.Content), t.Shape, n*size)
	}
	return t, nil
}
