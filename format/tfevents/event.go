package tfevents

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// FileVersion is the FileVersion of the first event of a file.
const FileVersion = "brain.Event:2"

// Event is a record of an event file: tensorflow.Event.
type Event struct {
	// WallTime is the time of the event in seconds since 1970.
	WallTime float64
	// Step is the position on the horizontal axis, such as an epoch.
	Step int64
	// FileVersion is set in the first event of a file only.
	FileVersion string
	// Source names the program that wrote the file. It is set in the first event only.
	Source string
	// Graph is a graph of operations: tensorflow.GraphDef. Reader does not read the shapes of its nodes.
	Graph []Node
	// Values are what the event records: tensorflow.Summary.
	Values []Value
}

// Value is a named value of an event: tensorflow.Summary.Value.
type Value struct {
	// Tag is the name of the value. TensorBoard groups tags by the text before the first slash.
	Tag string
	// Plugin is the TensorBoard plugin that shows the value: "scalars", "histograms", "images" or another.
	Plugin string
	// PluginData are bytes for the plugin.
	PluginData []byte
	// DisplayName replaces Tag in TensorBoard's display. Description is an explanation in Markdown. Both are optional.
	DisplayName, Description string
	// Tensor is the value itself.
	Tensor Tensor
}

// DType is the type of a tensor's elements: tensorflow.DataType.
type DType int32

// The element types.
const (
	Float  DType = 1 // float32
	Double DType = 2 // float64
	String DType = 7
)

// Tensor is a tensorflow.TensorProto of one of the three types that event files use.
type Tensor struct {
	DType DType
	Shape []int64
	// Content has the elements of a Float or Double tensor, little-endian.
	Content []byte
	// Strings are the elements of a String tensor.
	Strings [][]byte
}

// Floats returns the elements of a Float or Double tensor; nil for other types.
func (t Tensor) Floats() []float64 {
	var v []float64
	switch t.DType {
	case Float:
		for b := t.Content; len(b) >= 4; b = b[4:] {
			v = append(v, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
	case Double:
		for b := t.Content; len(b) >= 8; b = b[8:] {
			v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	}
	return v
}

// The field numbers of the messages, from tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto,
// tensor.proto and tensor_shape.proto.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSource      = 10
	sourceWriter     = 1

	summaryValue = 1

	valueTag      = 1
	valueTensor   = 8
	valueMetadata = 9

	metadataPlugin      = 1
	metadataDisplayName = 2
	metadataDescription = 3
	pluginName          = 1
	pluginContent       = 2

	tensorDType   = 1
	tensorShape   = 2
	tensorContent = 4
	tensorString  = 8
	shapeDim      = 2
	dimSize       = 1
)

// appendBytes appends a field of bytes, text or a message.
func appendBytes(to []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), v)
}

// appendText appends a field of text, unless it is empty.
func appendText(to []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return to
	}
	return appendBytes(to, field, []byte(s))
}

// appendInt appends a field of an integer, unless it is 0.
func appendInt(to []byte, field protowire.Number, v int64) []byte {
	if v == 0 {
		return to
	}
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), uint64(v))
}

// encode returns the event as a protobuf message.
func (e Event) encode() []byte {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(e.WallTime))
	b = appendInt(b, eventStep, e.Step)
	b = appendText(b, eventFileVersion, e.FileVersion)
	if len(e.Graph) > 0 {
		b = appendBytes(b, eventGraph, encodeGraph(e.Graph))
	}
	if len(e.Values) > 0 {
		var s []byte
		for _, v := range e.Values {
			s = appendBytes(s, summaryValue, v.encode())
		}
		b = appendBytes(b, eventSummary, s)
	}
	if e.Source != "" {
		b = appendBytes(b, eventSource, appendText(nil, sourceWriter, e.Source))
	}
	return b
}

func (v Value) encode() []byte {
	b := appendText(nil, valueTag, v.Tag)
	b = appendBytes(b, valueTensor, v.Tensor.encode())
	var p []byte
	p = appendText(p, pluginName, v.Plugin)
	if len(v.PluginData) > 0 {
		p = appendBytes(p, pluginContent, v.PluginData)
	}
	m := appendBytes(nil, metadataPlugin, p)
	m = appendText(m, metadataDisplayName, v.DisplayName)
	m = appendText(m, metadataDescription, v.Description)
	return appendBytes(b, valueMetadata, m)
}

func (t Tensor) encode() []byte {
	b := appendInt(nil, tensorDType, int64(t.DType))
	b = appendBytes(b, tensorShape, encodeShape(t.Shape))
	if t.DType == String {
		for _, s := range t.Strings {
			b = appendBytes(b, tensorString, s)
		}
		return b
	}
	return appendBytes(b, tensorContent, t.Content)
}

// fields calls f for each field of a message. raw is the payload of a field of bytes, v that of a number.
func fields(b []byte, f func(field protowire.Number, typ protowire.Type, raw []byte, v uint64) error) error {
	for len(b) > 0 {
		field, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var raw []byte
		var v uint64
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			raw, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(field, typ, b)
		}
		if n < 0 {
			return fmt.Errorf("field %d: %w", field, protowire.ParseError(n))
		}
		b = b[n:]
		if err := f(field, typ, raw, v); err != nil {
			return err
		}
	}
	return nil
}
