package keras

import (
	"slices"

	"github.com/lince-ml/lince/internal/config"
)

// The modules of ops.
const (
	numpyOps = opsModule + "numpy"
	nnOps    = opsModule + "nn"
)

// tensorflowOp says which op of Keras 3 does what a function of TensorFlow does.
type tensorflowOp struct {
	module, class string
	// operands are the names of the function's arguments that are positional arguments of the op.
	operands []string
	// config maps names of the function's other arguments to those in the op's config.
	config map[string]string
}

// tensorflowOps lists the functions that Keras 2 writes as layers of class TFOpLambda and SlicingOpLambda.
var tensorflowOps = map[string]tensorflowOp{
	"__operators__.add":     {numpyOps, "Add", []string{"x", "y"}, nil},
	"math.add":              {numpyOps, "Add", []string{"x", "y"}, nil},
	"math.subtract":         {numpyOps, "Subtract", []string{"x", "y"}, nil},
	"math.multiply":         {numpyOps, "Multiply", []string{"x", "y"}, nil},
	"math.truediv":          {numpyOps, "TrueDivide", []string{"x", "y"}, nil},
	"math.divide":           {numpyOps, "TrueDivide", []string{"x", "y"}, nil},
	"math.maximum":          {numpyOps, "Maximum", []string{"x", "y"}, nil},
	"math.minimum":          {numpyOps, "Minimum", []string{"x", "y"}, nil},
	"math.pow":              {numpyOps, "Power", []string{"x", "y"}, nil},
	"nn.bias_add":           {numpyOps, "Add", []string{"value", "bias"}, nil},
	"math.abs":              {numpyOps, "Absolute", []string{"x"}, nil},
	"math.exp":              {numpyOps, "Exp", []string{"x"}, nil},
	"math.log":              {numpyOps, "Log", []string{"x"}, nil},
	"math.negative":         {numpyOps, "Negative", []string{"x"}, nil},
	"math.sqrt":             {numpyOps, "Sqrt", []string{"x"}, nil},
	"math.square":           {numpyOps, "Square", []string{"x"}, nil},
	"math.tanh":             {numpyOps, "Tanh", []string{"x"}, nil},
	"math.sigmoid":          {nnOps, "Sigmoid", []string{"x"}, nil},
	"nn.relu":               {nnOps, "Relu", []string{"features"}, nil},
	"nn.relu6":              {nnOps, "Relu6", []string{"features"}, nil},
	"nn.silu":               {nnOps, "Silu", []string{"features"}, nil},
	"nn.swish":              {nnOps, "Silu", []string{"features"}, nil},
	"nn.softmax":            {nnOps, "Softmax", []string{"logits"}, map[string]string{"axis": "axis"}},
	"clip_by_value":         {numpyOps, "Clip", []string{"t"}, map[string]string{"clip_value_min": "x_min", "clip_value_max": "x_max"}},
	"math.reduce_mean":      {numpyOps, "Mean", []string{"input_tensor"}, map[string]string{"axis": "axis", "keepdims": "keepdims"}},
	"math.reduce_sum":       {numpyOps, "Sum", []string{"input_tensor"}, map[string]string{"axis": "axis", "keepdims": "keepdims"}},
	"math.reduce_max":       {numpyOps, "Max", []string{"input_tensor"}, map[string]string{"axis": "axis", "keepdims": "keepdims"}},
	"concat":                {numpyOps, "Concatenate", []string{"values"}, map[string]string{"axis": "axis"}},
	"stack":                 {numpyOps, "Stack", []string{"values"}, map[string]string{"axis": "axis"}},
	"expand_dims":           {numpyOps, "ExpandDims", []string{"input"}, map[string]string{"axis": "axis"}},
	"squeeze":               {numpyOps, "Squeeze", []string{"input"}, map[string]string{"axis": "axis"}},
	"reverse":               {numpyOps, "Flip", []string{"tensor"}, map[string]string{"axis": "axis"}},
	"reshape":               {numpyOps, "Reshape", []string{"tensor"}, map[string]string{"shape": "newshape"}},
	"transpose":             {numpyOps, "Transpose", []string{"a"}, map[string]string{"perm": "axes"}},
	"__operators__.getitem": {numpyOps, "GetItem", []string{"tensor", "slice_spec"}, nil},
}

// opClasses has the modules of the ops that are not in tensorflowOps. Keras 3 writes ops to .h5 files without their modules.
var opClasses = map[string]string{
	"Divide": numpyOps, "Abs": numpyOps, "HardSigmoid": nnOps, "HardSilu": nnOps, "Softplus": nnOps, "Selu": nnOps, "LeakyRelu": nnOps, "Elu": nnOps,
}

func moduleOfOp(class string) string {
	for _, o := range tensorflowOps {
		if o.class == class {
			return o.module
		}
	}
	return opClasses[class]
}

// upgradeOp turns an entry that stands for a function of TensorFlow into the op of Keras 3, and gives ops of .h5 files their modules. It does
// nothing to other entries. The calls must have been read; legacy means that they have Keras 2's form.
func (l *NetworkLayer) upgradeOp(legacy bool) {
	conf, err := config.Unmarshal(l.Config)
	if err != nil || l.Network != nil || l.Op() {
		return
	}
	if l.Class != "TFOpLambda" && l.Class != "SlicingOpLambda" {
		// A layer of the same name, such as Add, has trainable in its config.
		if _, is := conf["trainable"]; !is && !legacy && l.Module == "" && len(l.Calls) > 0 && conf["dtype"] == nil {
			l.Module = moduleOfOp(l.Class)
		}
		return
	}
	function, _ := conf["function"].(string)
	o, ok := tensorflowOps[function]
	if !ok {
		l.Class += " tf." + cut(function)
		return
	}
	now := map[string]any{"name": conf["name"]}
	calls := make([]NetworkCall, len(l.Calls))
	for i, c := range l.Calls {
		call := NetworkCall{Kwargs: map[string]Arg{}}
		for k, name := range o.operands {
			a := c.Kwargs[name]
			if k < len(c.Args) {
				a = c.Args[k]
			}
			if a == nil {
				return
			}
			if c, is := a.(Constant); is && k > 0 && len(c) > 0 && c[0] == '[' && o.class != "GetItem" { // Keras 3 has tensors here
				a = Constant(`{"class_name": "__tensor__", "config": {"value": ` + string(c) + `, "dtype": "float32"}}`)
			}
			call.Args = append(call.Args, a)
		}
		if o.class == "GetItem" {
			key, ok := upgradeKey(call.Args[1])
			if !ok {
				return
			}
			call.Args[1] = key
		}
		for name, a := range c.Kwargs {
			key := o.config[name]
			constant, is := a.(Constant)
			switch {
			case slices.Contains(o.operands, name) || name == "name" || name == "data_format":
			case key == "" && is && string(constant) == "null":
			case key == "" || !is:
				return // an argument that the op does not have
			default:
				v, err := scan(constant)
				if err != nil || i > 0 && string(now[key].(rawJSON)) != string(v.raw()) {
					return
				}
				now[key] = rawJSON(v.raw())
			}
		}
		calls[i] = call
	}
	text, err := Marshal(now)
	if err != nil {
		return
	}
	l.Module, l.Class, l.RegisteredName, l.Config, l.Calls = o.module, o.class, o.class, text, calls
	l.Frozen = false
}

// rawJSON is JSON that is encoded unchanged.
type rawJSON []byte

// MarshalJSON implements json.Marshaler.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// upgradeKey turns the key of an index, such as [..., 0:2], into the form of Keras 3.
func upgradeKey(a Arg) (Constant, bool) {
	c, ok := a.(Constant)
	if !ok {
		return nil, false
	}
	v, err := scan(c)
	if err != nil {
		return nil, false
	}
	one := func(v value) []byte {
		f := v.fields("class_name", "start", "stop", "step")
		switch {
		case v.kind() != '{':
			return v.raw()
		case f[0].ok:
			return []byte(`{"class_name": "__ellipsis__", "config": {}}`)
		}
		out := []byte(`{"class_name": "__slice__", "config": {"start": `)
		out = append(append(out, f[1].raw()...), `, "stop": `...)
		out = append(append(out, f[2].raw()...), `, "step": `...)
		return append(append(out, f[3].raw()...), "}}"...)
	}
	if v.kind() != '[' {
		return one(v), true
	}
	out := []byte{'['}
	for x := range v.items() {
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		out = append(out, one(x)...)
	}
	return append(out, ']'), true
}
