package keras

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Object is the JSON form of an object that Keras can recreate, such as a model, layer, optimizer or initializer: its class and its
// configuration.
type Object struct {
	// Module is the module of the class, such as "keras.layers".
	Module string `json:"module"`
	// ClassName is the name of the class, such as "Conv2D".
	ClassName string `json:"class_name"`
	// Config is the argument of the class' from_config.
	Config json.RawMessage `json:"config"`
	// RegisteredName is null for Keras' classes.
	RegisteredName *string `json:"registered_name"`
	// BuildConfig holds the input_shape of a layer or model that was built.
	BuildConfig json.RawMessage `json:"build_config,omitempty"`
	// CompileConfig holds the optimizer, loss and metrics of a model.
	CompileConfig json.RawMessage `json:"compile_config,omitempty"`
	// Name and InboundNodes connect a layer to others in a Functional model.
	Name         string          `json:"name,omitempty"`
	InboundNodes json.RawMessage `json:"inbound_nodes,omitempty"`
	// SharedObjectID is equal in all places that stand for the same object.
	SharedObjectID *int64 `json:"shared_object_id,omitempty"`
}

// Marshal encodes v as JSON with the spacing of Python's json.dumps.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	// The encoder compacts RawMessages. So every comma and colon outside strings needs a space.
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

// Float is a number that is encoded as a Python float: 0.0 instead of 0, and otherwise as Python's repr formats it.
type Float float64

// MarshalJSON encodes the shortest number that decodes to f. It fails for NaN and infinities, which JSON does not have.
func (f Float) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("keras: JSON cannot express %v", v)
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
