package keras

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Object is how Keras writes a model, a layer, an optimizer, an initializer, anything that
// it can build again, as JSON: the class and its configuration.
type Object struct {
	// Module is where the class is, as in "keras.layers".
	Module string `json:"module"`
	// ClassName is the class, as in "Conv2D".
	ClassName string `json:"class_name"`
	// Config is what the class' from_config takes.
	Config json.RawMessage `json:"config"`
	// RegisteredName is null for what Keras has itself.
	RegisteredName *string `json:"registered_name"`
	// BuildConfig has the input_shape of a layer or model that was built.
	BuildConfig json.RawMessage `json:"build_config,omitempty"`
	// CompileConfig has optimizer, loss and metrics of a model.
	CompileConfig json.RawMessage `json:"compile_config,omitempty"`
	// Name and InboundNodes place a layer in a Functional model's graph.
	Name         string          `json:"name,omitempty"`
	InboundNodes json.RawMessage `json:"inbound_nodes,omitempty"`
	// SharedObjectID is the same in two places that are one object.
	SharedObjectID *int64 `json:"shared_object_id,omitempty"`
}

// Marshal is JSON as Python's json.dumps spaces it.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	// RawMessages come out compacted, so that every comma and colon outside of text wants a
	// space after it.
	src := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	out := make([]byte, 0, len(src)+len(src)/8)
	text, escaped := false, false
	for _, c := range src {
		out = append(out, c)
		switch {
		case escaped:
			escaped = false
		case text && c == '\\':
			escaped = true
		case c == '"':
			text = !text
		case !text && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out, nil
}

// Float is a number that stays a float in Python: 0.0, not 0; otherwise as Python's repr
// writes it.
type Float float64

// MarshalJSON writes the shortest number that reads back as f.
func (f Float) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("keras: JSON has no number %v", v)
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	s := strconv.FormatFloat(v, format, -1, 64)
	if format == 'f' && !strings.Contains(s, ".") {
		s += ".0"
	}
	return []byte(s), nil
}
