package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
)

// unmarshal decodes a message. The protobuf library would copy the data of all tensors and could need a hundred times the
// size of a hostile file, so a scanner goes through the file first. It copies everything but the large data to a second,
// small file, in which numbers stand for the data, and counts what decoding needs. The message keeps file, and file changes.
func unmarshal(file []byte, m proto.Message) error {
	s := scanner{budget: maxGrowth*len(file) + freeBytes}
	d := m.ProtoReflect().Descriptor()
	small, err := s.message(nil, file, d, 0)
	if err != nil {
		return err
	}
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(small, m); err != nil {
		return err
	}
	s.restore(m.ProtoReflect())
	return nil
}

// Fields of TensorProto: the data, and the place of the data in scanner.data, which no version of ONNX uses.
const (
	rawData   = 9
	rawNumber = 1 << 20
)

var tensorName = (&onnxpb.TensorProto{}).ProtoReflect().Descriptor().FullName()

type scanner struct {
	data   [][]byte // large data of tensors, inside the file
	budget int      // how many bytes decoding may still need
}

// Costs in memory of decoded parts, in bytes.
const (
	messageCost = 256
	elementCost = 24
)

var errBudget = errors.New("decoding it would need more memory than its size justifies")

func (s *scanner) spend(n int) error {
	if s.budget -= n; s.budget < 0 {
		return errBudget
	}
	return nil
}

// message appends a message to dst, without unknown fields and without large data.
func (s *scanner) message(dst, b []byte, d protoreflect.MessageDescriptor, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("messages nest more than %d deep", maxDepth)
	}
	if err := s.spend(messageCost); err != nil {
		return nil, err
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		k := protowire.ConsumeFieldValue(num, typ, b[n:])
		if k < 0 {
			return nil, protowire.ParseError(k)
		}
		field, value := b[:n+k], b[n:n+k]
		b = b[n+k:]
		f := d.Fields().ByNumber(num)
		if f == nil || !fits(f, typ) {
			continue
		}
		if typ != protowire.BytesType {
			if err := s.spend(elementCost); err != nil {
				return nil, err
			}
			dst = append(dst, field...)
			continue
		}
		content, _ := protowire.ConsumeBytes(value)
		switch {
		case f.Kind() == protoreflect.MessageKind:
			inner, err := s.message(nil, content, f.Message(), depth+1)
			if err != nil {
				return nil, err
			}
			dst = protowire.AppendTag(dst, num, protowire.BytesType)
			dst = protowire.AppendBytes(dst, inner)
		case num == rawData && d.FullName() == tensorName && len(content) > 64:
			dst = protowire.AppendTag(dst, rawNumber, protowire.VarintType)
			dst = protowire.AppendVarint(dst, uint64(len(s.data)))
			// The tag and the length before long data are at least three bytes, which are not needed anymore. The data move
			// to them, so that View needs no copy.
			if k := tensor.Misaligned(content, 4); k > 0 && len(content) >= 128 {
				start := n + len(value) - len(content) // in field
				moved := field[start-k : start-k+len(content)]
				copy(moved, content)
				content = moved
			}
			s.data = append(s.data, content)
		default:
			cost := len(content) + elementCost
			if f.IsPacked() && f.Kind() != protoreflect.FloatKind && f.Kind() != protoreflect.DoubleKind {
				cost = 8*len(content) + elementCost // a varint of one byte becomes a number of eight
			}
			if err := s.spend(cost); err != nil {
				return nil, err
			}
			dst = append(dst, field...)
		}
	}
	return dst, nil
}

// fits reports whether a field can have this encoding. The protobuf library treats other encodings as unknown fields.
func fits(f protoreflect.FieldDescriptor, t protowire.Type) bool {
	var want protowire.Type
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.StringKind, protoreflect.BytesKind:
		want = protowire.BytesType
	case protoreflect.FloatKind:
		want = protowire.Fixed32Type
	case protoreflect.DoubleKind:
		want = protowire.Fixed64Type
	default:
		want = protowire.VarintType
	}
	return t == want || t == protowire.BytesType && f.IsList()
}

// restore sets the data of all tensors in m.
func (s *scanner) restore(m protoreflect.Message) {
	if t, ok := m.Interface().(*onnxpb.TensorProto); ok {
		if unknown := m.GetUnknown(); len(unknown) > 0 {
			_, _, n := protowire.ConsumeTag(unknown)
			i, _ := protowire.ConsumeVarint(unknown[n:])
			t.RawData = s.data[i]
			m.SetUnknown(nil)
		}
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Kind() != protoreflect.MessageKind {
			return true
		}
		if !f.IsList() {
			s.restore(v.Message())
			return true
		}
		for i := range v.List().Len() {
			s.restore(v.List().Get(i).Message())
		}
		return true
	})
}
