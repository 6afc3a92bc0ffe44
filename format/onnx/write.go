package onnx

import (
	"io"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Numbers of fields in ModelProto and GraphProto.
const (
	graphField       = 7
	initializerField = 5
)

// write writes the model's fields, then the graph's, and its initializers last, whose data it does not copy.
func write(w io.Writer, m *onnxpb.ModelProto) error {
	deterministic := proto.MarshalOptions{Deterministic: true, AllowPartial: true}
	head, err := deterministic.Marshal(shallow(m))
	if err != nil || m.Graph == nil {
		if err == nil {
			_, err = w.Write(head)
		}
		return err
	}
	initializers := m.Graph.Initializer
	m.Graph.Initializer = nil
	graph, err := deterministic.Marshal(m.Graph)
	m.Graph.Initializer = initializers
	if err != nil {
		return err
	}
	heads := make([][]byte, len(initializers))
	size := len(graph)
	for i, t := range initializers {
		raw := t.RawData
		t.RawData = nil
		b, err := deterministic.Marshal(t)
		t.RawData = raw
		if err != nil {
			return err
		}
		n := len(b)
		if raw != nil {
			b = protowire.AppendTag(b, rawData, protowire.BytesType)
			b = protowire.AppendVarint(b, uint64(len(raw)))
			n = len(b) + len(raw)
		}
		tag := protowire.AppendTag(nil, initializerField, protowire.BytesType)
		heads[i] = append(protowire.AppendVarint(tag, uint64(n)), b...)
		size += len(heads[i]) + len(raw)
	}
	head = protowire.AppendTag(head, graphField, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(size))
	if _, err := w.Write(append(head, graph...)); err != nil {
		return err
	}
	for i, t := range initializers {
		if _, err := w.Write(heads[i]); err != nil {
			return err
		}
		if _, err := w.Write(t.RawData); err != nil {
			return err
		}
	}
	return nil
}

// shallow returns the model without its graph.
func shallow(m *onnxpb.ModelProto) *onnxpb.ModelProto {
	return &onnxpb.ModelProto{
		IrVersion: m.IrVersion, OpsetImport: m.OpsetImport, ProducerName: m.ProducerName, ProducerVersion: m.ProducerVersion, Domain: m.Domain,
		ModelVersion: m.ModelVersion, DocString: m.DocString, MetadataProps: m.MetadataProps, TrainingInfo: m.TrainingInfo,
		Functions: m.Functions, Configuration: m.Configuration,
	}
}
