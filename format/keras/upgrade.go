package keras

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/config"
)

// upgrade says how the config of a layer of Keras 1 or 2 becomes that of Keras 3.
type upgrade struct {
	// class is the class in Keras 3, "" if it has the same name.
	class string
	// args maps old names of arguments to those of Keras 3. Arguments that map to "" have no meaning any more.
	args map[string]string
	// then does what is more than renaming.
	then func(*upgrading)
}

// The values of data_format.
const (
	channelsFirst = "channels_first"
	channelsLast  = "channels_last"
)

// upgrading is a layer whose config is being upgraded.
type upgrading struct {
	class string
	conf  map[string]any
	errs  []error
}

// upgrades lists the classes of which Keras 1 or 2 wrote another name or other arguments.
var upgrades = map[string]upgrade{
	"InputLayer": {args: map[string]string{"input_dtype": "dtype"}},

	"Dense":     {args: merged(keras1, map[string]string{"output_dim": "units"})},
	"Embedding": {args: map[string]string{"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer", "W_constraint": "embeddings_constraint", "input_dtype": "", "weights": "", "dropout": ""}},

	"Conv1D":                 {args: conv1D},
	"Convolution1D":          {class: "Conv1D", args: conv1D},
	"AtrousConvolution1D":    {class: "Conv1D", args: conv1D},
	"Conv2D":                 {args: conv2D, then: kernelOf},
	"Convolution2D":          {class: "Conv2D", args: conv2D, then: kernelOf},
	"AtrousConvolution2D":    {class: "Conv2D", args: conv2D, then: kernelOf},
	"AtrousConv2D":           {class: "Conv2D", args: conv2D, then: kernelOf},
	"Deconvolution2D":        {class: "Conv2DTranspose", args: merged(conv2D, map[string]string{"output_shape": ""}), then: kernelOf},
	"Deconv2D":               {class: "Conv2DTranspose", args: merged(conv2D, map[string]string{"output_shape": ""}), then: kernelOf},
	"DepthwiseConv2D":        {args: separable},
	"SeparableConv1D":        {args: separable},
	"SeparableConv2D":        {args: merged(conv2D, separable), then: kernelOf},
	"SeparableConvolution2D": {class: "SeparableConv2D", args: merged(conv2D, separable), then: kernelOf},

	"MaxPooling1D":           {args: pool1D},
	"AveragePooling1D":       {args: pool1D},
	"MaxPooling2D":           {args: image},
	"AveragePooling2D":       {args: image},
	"GlobalMaxPooling2D":     {args: image},
	"GlobalAveragePooling2D": {args: image},
	"UpSampling1D":           {args: map[string]string{"length": "size"}},
	"UpSampling2D":           {args: image},
	"ZeroPadding2D":          {args: image, then: func(u *upgrading) { u.sides("padding") }},
	"Cropping2D":             {args: image, then: func(u *upgrading) { u.sides("cropping") }},
	"SpatialDropout1D":       {args: map[string]string{"p": "rate"}},
	"SpatialDropout2D":       {args: merged(image, map[string]string{"p": "rate"})},

	"Dropout":         {args: map[string]string{"p": "rate"}},
	"FixedDropout":    {class: "Dropout"}, // of the package efficientnet
	"GaussianDropout": {args: map[string]string{"p": "rate"}},
	"GaussianNoise":   {args: map[string]string{"sigma": "stddev"}},

	"BatchNormalization":     {args: normalization, then: onlyMode0},
	"BatchNormalizationV1":   {class: "BatchNormalization", args: normalization}, // of TensorFlow 1
	"BatchNormalizationV2":   {class: "BatchNormalization", args: normalization},
	"SyncBatchNormalization": {class: "BatchNormalization", args: normalization},

	"PReLU":           {args: map[string]string{"init": "alpha_initializer", "weights": ""}},
	"LeakyReLU":       {then: func(u *upgrading) { u.number("alpha") }},
	"ELU":             {then: func(u *upgrading) { u.number("alpha") }},
	"ReLU":            {then: func(u *upgrading) { u.number("max_value", "negative_slope", "threshold") }},
	"ThresholdedReLU": {class: "ReLU", args: map[string]string{"theta": "threshold"}, then: func(u *upgrading) { u.number("threshold") }},

	"Merge": {then: mergeMode},
}

// The arguments of Keras 1 that several classes have.
var (
	keras1 = map[string]string{
		"init": "kernel_initializer", "bias": "use_bias",
		"W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
		"W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
		"input_dim": "", "input_length": "", "input_dtype": "", "weights": "",
	}
	image  = map[string]string{"border_mode": "padding", "dim_ordering": "data_format"}
	conv1D = merged(keras1, map[string]string{
		"nb_filter": "filters", "filter_length": "kernel_size", "subsample_length": "strides", "border_mode": "padding", "atrous_rate": "dilation_rate",
	})
	conv2D = merged(keras1, image, map[string]string{"nb_filter": "filters", "subsample": "strides", "atrous_rate": "dilation_rate"})
	pool1D = map[string]string{"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
	// Keras 2 wrote these for layers that do not use them.
	separable = map[string]string{
		"init": "depthwise_initializer", "kernel_initializer": "", "kernel_regularizer": "", "kernel_constraint": "",
	}
	normalization = map[string]string{
		"beta_init": "beta_initializer", "gamma_init": "gamma_initializer", "weights": "",
		"fused": "", "virtual_batch_size": "", "adjustment": "", "trainable_statistics": "",
	}
)

func merged(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// upgradeLayer returns the class and the config of a layer in the form of Keras 3. It returns the same bytes if the config has it already.
func upgradeLayer(class string, conf json.RawMessage) (string, json.RawMessage, error) {
	up, known := upgrades[class]
	variance := bytes.Contains(conf, []byte(`"VarianceScaling"`))
	if !known && !variance {
		return class, conf, nil
	}
	m, err := config.Unmarshal(conf)
	if err != nil {
		return class, conf, err
	}
	u := &upgrading{class: class, conf: m}
	if up.class != "" {
		u.class = up.class
	}
	for _, old := range slices.Sorted(maps.Keys(up.args)) {
		v, ok := m[old]
		if !ok {
			continue
		}
		delete(m, old)
		if now := up.args[old]; now != "" && m[now] == nil {
			m[now] = v
		}
	}
	if m["data_format"] != nil {
		u.rename("data_format", map[string]string{"th": channelsFirst, "tf": channelsLast, "default": channelsLast})
	}
	if up.then != nil {
		up.then(u)
	}
	m = u.conf
	for key, v := range m {
		switch {
		case strings.HasSuffix(key, "_initializer"):
			upgradeInitializer(v)
		case strings.HasSuffix(key, "_regularizer"), strings.HasSuffix(key, "_constraint"):
			m[key] = upgradeNamed(v)
		}
	}
	if before, err := config.Unmarshal(conf); err == nil && u.class == class && reflect.DeepEqual(before, m) {
		return class, conf, errors.Join(u.errs...)
	}
	text, err := Marshal(m)
	if err != nil {
		return class, conf, err
	}
	return u.class, text, errors.Join(u.errs...)
}

func (u *upgrading) errorf(format string, a ...any) {
	u.errs = append(u.errs, fmt.Errorf(format, a...))
}

// rename replaces an old value of an argument.
func (u *upgrading) rename(key string, now map[string]string) {
	if s, ok := u.conf[key].(string); ok && now[s] != "" {
		u.conf[key] = now[s]
	}
}

// number replaces NumPy's numbers in a file, {"type": "ndarray", "value": 0.1}, by plain ones.
func (u *upgrading) number(keys ...string) {
	for _, key := range keys {
		if m, ok := u.conf[key].(map[string]any); ok && m["type"] == "ndarray" {
			u.conf[key] = m["value"]
		}
	}
}

// kernelOf joins the two sizes of Keras 1's kernels.
func kernelOf(u *upgrading) {
	rows, cols := u.conf["nb_row"], u.conf["nb_col"]
	if rows == nil || cols == nil {
		return
	}
	delete(u.conf, "nb_row")
	delete(u.conf, "nb_col")
	u.conf["kernel_size"] = []any{rows, cols}
}

// sides reads the four numbers in which Keras 1.2 wrote the sides of an image: top, bottom, left, right.
func (u *upgrading) sides(key string) {
	l, ok := u.conf[key].([]any)
	if ok && len(l) == 4 {
		u.conf[key] = []any{l[:2:2], l[2:]}
	}
}

// onlyMode0 refuses the modes in which Keras 1 normalized by the statistics of the example or the batch, which Keras 2 removed.
func onlyMode0(u *upgrading) {
	if mode, ok := u.conf["mode"]; ok {
		if n, is := config.Int(mode); !is || n != 0 {
			u.errorf("mode is %s, which Keras 2 removed, want 0: normalization by the moving statistics", config.Show(mode))
		}
		delete(u.conf, "mode")
	}
}

// mergeModes has the classes of Keras 2 for the modes of Keras 1's Merge.
var mergeModes = map[string]string{
	"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate", "dot": "Dot", "cos": "Dot",
}

func mergeMode(u *upgrading) {
	mode, _ := u.conf["mode"].(string)
	class := mergeModes[mode]
	switch {
	case u.conf["layers"] != nil:
		u.errorf("it merges whole models, which Keras 2 removed; make a functional model of them")
		return
	case class == "":
		u.errorf("mode is %s, want one of ave, concat, cos, dot, max, mul, sum", config.Show(u.conf["mode"]))
		return
	}
	old := u.conf
	u.class, u.conf = class, map[string]any{}
	for _, key := range []string{"name", "trainable", "dtype"} {
		if v, ok := old[key]; ok {
			u.conf[key] = v
		}
	}
	switch class {
	case "Concatenate":
		u.conf["axis"] = old["concat_axis"]
	case "Dot":
		u.conf["axes"], u.conf["normalize"] = old["dot_axes"], mode == "cos"
	}
}

// upgradeInitializer renames the distribution "normal" of Keras 2.2 and earlier.
func upgradeInitializer(v any) {
	class, conf := config.Object(v)
	if class == "VarianceScaling" && conf != nil && conf["distribution"] == "normal" {
		conf["distribution"] = "truncated_normal"
	}
}

// upgradeNamed converts the regularizers and constraints of Keras 1, such as {"name": "L1L2Regularizer", "l1": 0, "l2": 0.01} or
// {"name": "MaxNorm", "m": 2, "axis": 0}, to Keras objects.
func upgradeNamed(v any) any {
	m, ok := v.(map[string]any)
	name, named := m["name"].(string)
	if !ok || !named || m["class_name"] != nil {
		return v
	}
	conf := map[string]any{}
	for key, x := range m {
		switch key {
		case "name":
		case "m":
			conf["max_value"] = x
		default:
			conf[key] = x
		}
	}
	switch name {
	case "WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer", "L1Regularizer", "L2Regularizer":
		name = "L1L2"
	}
	return map[string]any{"class_name": name, "config": conf}
}
