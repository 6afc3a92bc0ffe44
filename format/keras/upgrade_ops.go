package keras

import (
	"math"
	"slices"
	"strings"

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
	// then converts the config to that of the op, unless it has the same values and defaults. It returns false if the op cannot do what the
	// function does.
	then func(conf map[string]any) bool
}

// tensorflowOps lists the functions that Keras 2 writes as layers of class TFOpLambda and SlicingOpLambda.
var tensorflowOps = map[string]tensorflowOp{
	"__operators__.add":     {numpyOps, "Add", []string{"x", "y"}, nil, nil},
	"math.add":              {numpyOps, "Add", []string{"x", "y"}, nil, nil},
	"math.subtract":         {numpyOps, "Subtract", []string{"x", "y"}, nil, nil},
	"math.multiply":         {numpyOps, "Multiply", []string{"x", "y"}, nil, nil},
	"math.truediv":          {numpyOps, "TrueDivide", []string{"x", "y"}, nil, nil},
	"math.divide":           {numpyOps, "TrueDivide", []string{"x", "y"}, nil, nil},
	"math.maximum":          {numpyOps, "Maximum", []string{"x", "y"}, nil, nil},
	"math.minimum":          {numpyOps, "Minimum", []string{"x", "y"}, nil, nil},
	"math.pow":              {numpyOps, "Power", []string{"x", "y"}, nil, nil},
	"nn.bias_add":           {numpyOps, "Add", []string{"value", "bias"}, nil, nil},
	"math.abs":              {numpyOps, "Absolute", []string{"x"}, nil, nil},
	"math.exp":              {numpyOps, "Exp", []string{"x"}, nil, nil},
	"math.log":              {numpyOps, "Log", []string{"x"}, nil, nil},
	"math.negative":         {numpyOps, "Negative", []string{"x"}, nil, nil},
	"math.sqrt":             {numpyOps, "Sqrt", []string{"x"}, nil, nil},
	"math.square":           {numpyOps, "Square", []string{"x"}, nil, nil},
	"math.tanh":             {numpyOps, "Tanh", []string{"x"}, nil, nil},
	"math.sigmoid":          {nnOps, "Sigmoid", []string{"x"}, nil, nil},
	"nn.relu":               {nnOps, "Relu", []string{"features"}, nil, nil},
	"nn.relu6":              {nnOps, "Relu6", []string{"features"}, nil, nil},
	"nn.silu":               {nnOps, "Silu", []string{"features"}, nil, nil},
	"nn.swish":              {nnOps, "Silu", []string{"features"}, nil, nil},
	"nn.softmax":            {nnOps, "Softmax", []string{"logits"}, map[string]string{"axis": "axis"}, nil},
	"clip_by_value":         {numpyOps, "Clip", []string{"t"}, map[string]string{"clip_value_min": "x_min", "clip_value_max": "x_max"}, nil},
	"math.reduce_mean":      {numpyOps, "Mean", []string{"input_tensor"}, reduceConfig, nil},
	"math.reduce_sum":       {numpyOps, "Sum", []string{"input_tensor"}, reduceConfig, nil},
	"math.reduce_max":       {numpyOps, "Max", []string{"input_tensor"}, reduceConfig, nil},
	"concat":                {numpyOps, "Concatenate", []string{"values"}, map[string]string{"axis": "axis"}, nil},
	"stack":                 {numpyOps, "Stack", []string{"values"}, map[string]string{"axis": "axis"}, nil},
	"expand_dims":           {numpyOps, "ExpandDims", []string{"input"}, map[string]string{"axis": "axis"}, nil},
	"squeeze":               {numpyOps, "Squeeze", []string{"input"}, map[string]string{"axis": "axis"}, nil},
	"reverse":               {numpyOps, "Flip", []string{"tensor"}, map[string]string{"axis": "axis"}, nil},
	"reshape":               {numpyOps, "Reshape", []string{"tensor"}, map[string]string{"shape": "newshape"}, nil},
	"transpose":             {numpyOps, "Transpose", []string{"a"}, map[string]string{"perm": "axes"}, nil},
	"math.reduce_min":       {numpyOps, "Min", []string{"input_tensor"}, reduceConfig, nil},
	"math.softplus":         {nnOps, "Softplus", []string{"features"}, nil, nil},
	"math.rsqrt":            {nnOps, "Rsqrt", []string{"x"}, nil, nil},
	"math.sign":             {numpyOps, "Sign", []string{"x"}, nil, nil},
	"math.floor":            {numpyOps, "Floor", []string{"x"}, nil, nil},
	"math.ceil":             {numpyOps, "Ceil", []string{"x"}, nil, nil},
	"math.sin":              {numpyOps, "Sin", []string{"x"}, nil, nil},
	"math.cos":              {numpyOps, "Cos", []string{"x"}, nil, nil},
	"math.log1p":            {numpyOps, "Log1p", []string{"x"}, nil, nil},
	"nn.softplus":           {nnOps, "Softplus", []string{"features"}, nil, nil},
	"nn.softsign":           {nnOps, "Softsign", []string{"features"}, nil, nil},
	"nn.elu":                {nnOps, "Elu", []string{"features"}, nil, nil},
	"nn.selu":               {nnOps, "Selu", []string{"features"}, nil, nil},
	"nn.gelu":               {nnOps, "Gelu", []string{"features"}, map[string]string{"approximate": "approximate"}, defaults("approximate", false)},
	"nn.leaky_relu":         {nnOps, "LeakyRelu", []string{"features"}, map[string]string{"alpha": "negative_slope"}, defaults("negative_slope", .2)},
	"math.l2_normalize":     {nnOps, "Normalize", []string{"x"}, l2Config, l2Normalize},
	"nn.l2_normalize":       {nnOps, "Normalize", []string{"x"}, l2Config, l2Normalize},
	"linalg.l2_normalize":   {nnOps, "Normalize", []string{"x"}, l2Config, l2Normalize},
	"linalg.matmul":         {numpyOps, "Matmul", []string{"a", "b"}, nil, nil},
	"cast":                  {opsModule + "core", "Cast", []string{"x"}, map[string]string{"dtype": "dtype"}, nil},
	"image.resize":          {opsModule + "image", "Resize", []string{"images"}, map[string]string{"size": "size", "method": "interpolation", "antialias": "antialias"}, resizeImages},
	"nn.max_pool2d":         {nnOps, "MaxPool", []string{"input"}, poolConfig, poolImages},
	"nn.max_pool":           {nnOps, "MaxPool", []string{"input"}, poolConfig, poolImages},
	"nn.avg_pool2d":         {nnOps, "AveragePool", []string{"input"}, poolConfig, poolImages},
	"nn.avg_pool":           {nnOps, "AveragePool", []string{"input"}, poolConfig, poolImages},
	"compat.v1.pad":         {numpyOps, "Pad", []string{"tensor"}, padConfig, padWithZeros},
	"pad":                   {numpyOps, "Pad", []string{"tensor"}, padConfig, padWithZeros},
	"split":                 {numpyOps, "Split", []string{"value"}, map[string]string{"num_or_size_splits": "indices_or_sections", "axis": "axis"}, splitSizes},
	"compat.v1.transpose":   {numpyOps, "Transpose", []string{"a"}, map[string]string{"perm": "axes"}, nil},
	"compat.v1.squeeze":     {numpyOps, "Squeeze", []string{"input"}, map[string]string{"axis": "axis"}, nil},
	"__operators__.getitem": {numpyOps, "GetItem", []string{"tensor", "slice_spec"}, nil, nil},
}

// What the arguments of several functions are called in the config of an op.
var (
	reduceConfig = map[string]string{"axis": "axis", "keepdims": "keepdims"}
	l2Config     = map[string]string{"axis": "axis", "epsilon": "epsilon"}
	poolConfig   = map[string]string{"ksize": "pool_size", "strides": "strides", "padding": "padding"}
	padConfig    = map[string]string{"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"}
)

// defaults sets a default that Keras' op does not have.
func defaults(key string, v any) func(map[string]any) bool {
	return func(conf map[string]any) bool {
		if conf[key] == nil {
			conf[key] = v
		}
		return true
	}
}

// l2Normalize: TensorFlow divides by the root of max(sum of squares, epsilon), Keras by max(root of the sum of squares, epsilon).
func l2Normalize(conf map[string]any) bool {
	epsilon, ok := 1e-12, true
	if conf["epsilon"] != nil {
		epsilon, ok = config.Float(conf["epsilon"])
	}
	conf["epsilon"], conf["order"] = math.Sqrt(epsilon), 2
	_, one := config.Int(conf["axis"])
	return ok && one && epsilon > 0
}

func resizeImages(conf map[string]any) bool {
	if conf["interpolation"] == nil {
		conf["interpolation"] = "bilinear"
	}
	method, _ := conf["interpolation"].(string)
	return slices.Contains([]string{"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}, method)
}

// poolImages reads sizes of windows as TensorFlow takes them: one number, two, or four with those of the batch and the channels.
func poolImages(conf map[string]any) bool {
	for _, key := range []string{"pool_size", "strides"} {
		list, is := conf[key].([]any)
		if is && len(list) == 4 {
			for _, k := range []int{0, 3} {
				if n, ok := config.Int(list[k]); !ok || n != 1 {
					return false
				}
			}
			conf[key] = list[1:3]
		}
	}
	padding, ok := conf["padding"].(string)
	conf["padding"], conf["data_format"] = strings.ToLower(padding), channelsLast
	return ok && conf["strides"] != nil
}

func padWithZeros(conf map[string]any) bool {
	mode, named := conf["mode"].(string)
	value := 0.0
	if conf["constant_values"] != nil {
		value, _ = config.Float(conf["constant_values"])
	}
	delete(conf, "constant_values")
	conf["mode"] = "constant"
	return (!named || strings.EqualFold(mode, "constant")) && value == 0
}

// splitSizes: TensorFlow takes the sizes of the pieces, Keras the indexes at which to cut.
func splitSizes(conf map[string]any) bool {
	if conf["axis"] == nil {
		conf["axis"] = 0
	}
	sizes, is := conf["indices_or_sections"].([]any)
	if !is {
		return conf["indices_or_sections"] != nil
	}
	at := 0
	cuts := []any{}
	for i, size := range sizes {
		n, ok := config.Int(size)
		if !ok || n < 0 {
			return false
		}
		if at += n; i < len(sizes)-1 {
			cuts = append(cuts, at)
		}
	}
	conf["indices_or_sections"] = cuts
	return true
}

// opClasses has the modules of the ops that are not in tensorflowOps. Keras 3 writes ops to .h5 files without their modules.
var opClasses = map[string]string{
	"Divide": numpyOps, "Abs": numpyOps, "Log1p": numpyOps, "Expm1": numpyOps, "Round": numpyOps, "Reciprocal": numpyOps, "HardSigmoid": nnOps, "HardSilu": nnOps,
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
			case key == "" && is && (string(constant) == "null" || string(constant) == "false"): // flags are false by default
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
	if err == nil && o.then != nil {
		var now map[string]any
		if now, err = config.Unmarshal(text); err == nil && o.then(now) {
			text, err = Marshal(now)
		} else {
			l.Class += " tf." + cut(function) // in a form that no op has
			return
		}
	}
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
