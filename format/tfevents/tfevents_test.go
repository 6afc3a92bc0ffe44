package tfevents

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lince-ml/lince/internal/graphtest"
)

// golden returns the events that tf.summary wrote.
func golden(t testing.TB) (file []byte, events []Event) {
	t.Helper()
	file, err := os.ReadFile("testdata/values.tfevents")
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(bytes.NewReader(file))
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return file, events
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
}

// numbers has what the golden file was made of.
type numbers struct {
	Scalars    map[string]float64
	Histograms map[string][]float32
}

func readNumbers(t testing.TB) (n numbers) {
	t.Helper()
	b, err := os.ReadFile("testdata/values.json")
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The events that tf.summary wrote are read, and the values of this package are the same.
func TestAgainstTensorFlow(t *testing.T) {
	_, events := golden(t)
	n := readNumbers(t)
	if e := events[0]; e.FileVersion != FileVersion || e.Source == "" || len(e.Values) != 0 {
		t.Errorf("the first event is %+v", e)
	}
	met := 0
	for _, e := range events[1:] {
		v := e.Values[0]
		var want Value
		if x, ok := n.Scalars[v.Tag]; ok {
			want = Scalar(v.Tag, x)
		} else if x, ok := n.Histograms[v.Tag]; ok {
			want = Histogram(v.Tag, x)
			if e.Step < 100 {
				t.Errorf("%s: step %d", v.Tag, e.Step)
			}
			// Edges are rounded otherwise, by TensorFlow's linspace.
			if diff := cmp.Diff(want.Tensor.Floats(), v.Tensor.Floats(), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-15*math.Max(1, math.Abs(a)) })); diff != "" {
				t.Errorf("%s: -want +got\n%s", v.Tag, diff)
			}
			want.Tensor.Content, v.Tensor.Content = nil, nil
		} else if v.Tag == "keras" {
			want = KerasModel([]byte(`{"a": 1}`))
		} else {
			want = Images("image", 4, 3, v.Tensor.Strings[2:]...)
			if len(v.Tensor.Strings) != 4 {
				t.Errorf("the images have %d strings", len(v.Tensor.Strings))
			}
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("%s: -want +got\n%s", v.Tag, diff)
		}
		met++
	}
	if want := len(n.Scalars) + len(n.Histograms) + 2; met != want {
		t.Errorf("%d values, want %d", met, want)
	}
}

func TestHistogramEdgeCases(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, values := range map[string][]float32{"none": nil, "not finite": {nan, inf, -inf}} {
		for _, v := range Histogram("h", values).Tensor.Floats() {
			if v != 0 {
				t.Errorf("%s: %v, want only zeros", name, v)
			}
		}
	}
	sum := 0.
	f := Histogram("h", []float32{1, nan, 2, inf, 2}).Tensor.Floats()
	for i := 2; i < len(f); i += 3 {
		sum += f[i]
	}
	if sum != 3 || f[0] != 1 || f[len(f)-2] != 2 {
		t.Errorf("%v values from %v to %v, want 3 from 1 to 2", sum, f[0], f[len(f)-2])
	}
}

// sample returns events of all kinds.
func sample() []Event {
	described := Scalar("a/b", 1)
	described.DisplayName, described.Description = "shown", "a *description*"
	return []Event{
		Head(1.5, "lince"),
		{WallTime: 2, Step: 3, Values: []Value{described, Scalar("nan", math.NaN()), Scalar("inf", math.Inf(1))}},
		{WallTime: 3, Step: 1 << 40, Values: []Value{Histogram("h", []float32{1, 2, 3})}},
		{WallTime: 3, Step: -1, Values: []Value{Images("i", 1, 1, []byte("no real PNG"), []byte("\xff\x00"))}},
		{WallTime: 4, Values: []Value{KerasModel([]byte("{}"))}},
		{WallTime: 5, Graph: []Node{{Name: "a", Op: "InputLayer"}, {Name: "b/c", Op: "Dense", Inputs: []string{"a", "a"}}}},
	}
}

func encode(t testing.TB, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, e := range events {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	b := encode(t, want)
	r := NewReader(bytes.NewReader(b))
	for i, e := range want {
		got, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("event %d: -want +got\n%s", i, diff)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
}

// Each way to damage a file is an error that says what is wrong.
func TestDamagedFiles(t *testing.T) {
	b := encode(t, sample()[:2])
	first := len(encode(t, sample()[:1]))
	forged := binary.LittleEndian.AppendUint64(nil, 1<<62)
	forged = binary.LittleEndian.AppendUint32(forged, maskedCRC(forged))
	long := binary.LittleEndian.AppendUint64(nil, maxRecord)
	long = binary.LittleEndian.AppendUint32(long, maskedCRC(long))
	damage := func(i int) []byte {
		c := slices.Clone(b)
		c[i] ^= 1
		return c
	}
	for name, c := range map[string]struct {
		file      []byte
		want      string
		truncated bool
	}{
		"length":         {damage(0), "event 0: the checksum of the record's length is wrong", false},
		"data":           {damage(first + 14), "event 1: the checksum of the record is wrong", false},
		"header cut":     {b[:first+5], "event 1: the header of the record is incomplete", true},
		"data cut":       {b[:len(b)-1], "event 1: the record has", true},
		"too long":       {forged, "want at most 1073741824", false},
		"claims 1 GiB":   {long, "the record has 0 of 1073741828 bytes", true},
		"no message":     {appendRecord(nil, []byte{0xff}), "event 0: the message is malformed", false},
		"strings":        {encode(t, []Event{{Values: []Value{{Tensor: Tensor{DType: String, Shape: []int64{2}}}}}}), "0 strings for the shape [2]", false},
		"content":        {encode(t, []Event{{Values: []Value{{Tensor: Tensor{DType: Float, Shape: []int64{2}, Content: make([]byte, 4)}}}}}), "4 bytes for the shape [2], want 8", false},
		"negative shape": {encode(t, []Event{{Values: []Value{{Tensor: Tensor{DType: Float, Shape: []int64{-2}, Content: make([]byte, 4)}}}}}), "no shape or too large", false},
		"huge shape":     {encode(t, []Event{{Values: []Value{{Tensor: Tensor{DType: Float, Shape: []int64{1 << 40, 1 << 40}, Content: make([]byte, 4)}}}}}), "no shape or too large", false},
	} {
		r := NewReader(bytes.NewReader(c.file))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if !strings.Contains(err.Error(), c.want) || errors.Is(err, io.ErrUnexpectedEOF) != c.truncated {
			t.Errorf("%s: the error is %v, want one with %q", name, err, c.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	file, _ := golden(f)
	f.Add(file)
	f.Add(encode(f, sample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		for {
			e, err := r.Next()
			if err != nil {
				break
			}
			again, err := NewReader(bytes.NewReader(encode(t, []Event{e}))).Next()
			if err != nil {
				t.Fatalf("%+v cannot be read again: %v", e, err)
			}
			if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", e); got != want {
				t.Fatalf("%s came back as %s", want, got)
			}
		}
		// The fuzzer does not find checksums, so the messages are also tried without them.
		_, _ = decodeEvent(b)
	})
}

// readScript prints what TensorBoard's reader finds in an event file. TensorFlow's reader checks the checksums.
const readScript = `
import json, sys
import numpy as np, tensorflow as tf
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.util import tensor_util
path = json.load(sys.stdin)
values = []
for e in event_file_loader.EventFileLoader(path).Load():
    for v in e.summary.value:
        t = tensor_util.make_ndarray(v.tensor)
        numbers = [repr(float(x)) for x in t.reshape(-1)] if t.dtype != object else [x.hex() for x in t.reshape(-1)]
        values.append({"Step": e.step, "Tag": v.tag, "Plugin": v.metadata.plugin_data.plugin_name, "Name": v.metadata.display_name, "Numbers": numbers})
records = sum(1 for _ in tf.data.TFRecordDataset(path))
json.dump({"Records": records, "Values": values}, sys.stdout)
`

// TensorBoard and TensorFlow read what Writer writes.
func TestTensorBoardReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.out.tfevents.1")
	events := sample()
	if err := os.WriteFile(path, encode(t, events), 0o666); err != nil {
		t.Fatal(err)
	}
	type value struct {
		Step              int64
		Tag, Plugin, Name string
		Numbers           []string
	}
	var got struct {
		Records int
		Values  []value
	}
	graphtest.Keras(t, readScript, path, &got)
	var want []value
	for _, e := range events {
		for _, v := range e.Values {
			x := value{Step: e.Step, Tag: v.Tag, Plugin: v.Plugin, Name: v.DisplayName}
			for _, f := range v.Tensor.Floats() {
				s := fmt.Sprint(f)
				switch {
				case math.IsNaN(f):
					s = "nan"
				case math.IsInf(f, 1):
					s = "inf"
				case f == math.Trunc(f):
					s = fmt.Sprintf("%.1f", f)
				}
				x.Numbers = append(x.Numbers, s)
			}
			for _, s := range v.Tensor.Strings {
				x.Numbers = append(x.Numbers, fmt.Sprintf("%x", s))
			}
			want = append(want, x)
		}
		if e.Graph != nil { // TensorBoard turns it into a value
			want = append(want, value{Step: e.Step, Tag: "__run_graph__", Plugin: "graphs", Numbers: []string{fmt.Sprintf("%x", encodeGraph(e.Graph))}})
		}
	}
	if diff := cmp.Diff(want, got.Values); diff != "" || got.Records != len(events) {
		t.Errorf("%d records, want %d; -want +got\n%s", got.Records, len(events), diff)
	}
}
