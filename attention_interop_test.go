package lince

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// transformer is a vision transformer in Keras: patches, a position embedding and two blocks. One of them has the dense layers of
// query, key and value outside, and passes them by keyword, so that Keras numbers key before query; the other has a causal mask.
const transformer = `
import sys, json, keras, numpy as np
from keras import layers as L
def formula(salt, lo, hi, shape):
    k = (np.arange(np.prod(shape), dtype=np.int64) * 7919 + salt * 104729 + 12345) % 10007
    return (lo + (hi - lo) * (k / 10007)).astype("float32").reshape(shape)
def make():
    image = keras.Input((8, 8, 3))
    x = L.Reshape((16, 12))(L.Conv2D(12, 2, strides=2)(image))
    zeros = L.Rescaling(0.0, offset=np.arange(16))(L.Reshape((16,))(L.AveragePooling2D(2)(L.Conv2D(1, 1)(image))))
    x = L.Add()([x, L.Embedding(16, 12)(zeros)])
    y = L.LayerNormalization()(x)
    q, k, v = L.Dense(12)(y), L.Dense(12)(y), L.Dense(12)(y)
    x = L.Add()([x, L.MultiHeadAttention(3, 4)(query=q, key=k, value=v)])
    x = L.Add()([x, L.Dense(12)(L.Dense(24, activation="tanh")(L.LayerNormalization()(x)))])
    y = L.GroupNormalization(2)(x)
    y = L.GroupQueryAttention(3, 4, 2)(y, value=y, use_causal_mask=True)
    y = L.Attention(use_scale=True)([y, x, y], use_causal_mask=True)
    x = L.RMSNormalization()(L.Add()([x, L.UnitNormalization()(y)]))
    x = L.SpectralNormalization(L.Dense(6, name="inner"))(x)
    x = L.EinsumDense("abc,bcd->ad", 2, bias_axes="d")(x)
    model = keras.Model(image, x)
    model.set_weights([formula(i, -0.5, 0.5, w.shape) for i, w in enumerate(model.weights)])
    return model
x, y = formula(1, 0, 1, (6, 8, 8, 3)), formula(2, 0, 1, (6, 2))
`

// Keras and lince train the transformer alike, and open each other's files.
func TestTransformerBothWays(t *testing.T) {
	dir := t.TempDir()
	path, back := filepath.Join(dir, "keras.keras"), filepath.Join(dir, "lince.keras")
	var want struct {
		Before, After []float32
		Loss          float64
	}
	graphtest.Keras(t, transformer+`
model = make()
model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mse")
model.save(json.load(sys.stdin))
before = model(x, training=False).numpy().ravel().tolist()
for _ in range(3):
    loss = model.train_on_batch(x, y)
print(json.dumps({"before": before, "after": model(x, training=False).numpy().ravel().tolist(), "loss": float(loss)}))
`, path, &want)
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	x, y := graphtest.Formula(1, 0, 1, 6, 8, 8, 3), graphtest.Formula(2, 0, 1, 6, 2)
	predict := func(m *Model) []float32 { return must(m.PredictBatch(x)).Float32s() }
	compare(t, "predictions", predict(m), want.Before, 1e-5)
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 6, NoShuffle: true}))
	fit(t, m, ds, FitOptions{Epochs: 3})
	compare(t, "predictions after three steps", predict(m), want.After, 2e-5)

	if err := m.Save(back); err != nil {
		t.Fatal(err)
	}
	compare(t, "predictions of lince's file", predict(must(Open(back))), want.After, 2e-5)
	var again struct{ Before, After []float32 }
	graphtest.Keras(t, transformer+`
model = keras.models.load_model(json.load(sys.stdin))
before = model(x, training=False).numpy().ravel().tolist()
model.train_on_batch(x, y)
print(json.dumps({"before": before, "after": model(x, training=False).numpy().ravel().tolist()}))
`, back, &again)
	compare(t, "Keras' predictions of lince's file", again.Before, want.After, 2e-5)
	fit(t, m, ds, FitOptions{Epochs: 1})
	compare(t, "predictions after a fourth step", predict(m), again.After, 2e-5)
	if _, err := m.Evaluate(context.Background(), ds, EvaluateOptions{Verbose: Silent}); err != nil {
		t.Error(err)
	}
}

// Calls that lince does not support are refused, and say which argument it is.
func TestCallArguments(t *testing.T) {
	x := Input(layer.Input{Shape: []int{4, 3}})
	m := must(Functional(x, Apply(layer.MultiHeadAttention{NumHeads: 2, KeyDim: 4}, x, x)))
	text := string(must(m.ToJSON()))
	tensors := text[strings.Index(text, `"args": [`)+len(`"args": [`):]
	one := tensors[:strings.Index(tensors, `}},`)+2]
	two := one + ", " + one
	if !strings.Contains(text, two) {
		t.Fatalf("no call with %s in %s", two, text)
	}
	for _, c := range []struct{ args, kwargs, want string }{
		{two, `{"use_causal_mask":true}`, ""},
		{two, `{"use_causal_mask":false,"return_attention_scores":false,"attention_mask":null,"training":false}`, ""},
		{"", `{"query":` + one + `,"value":` + one + `}`, ""},
		{one, `{"value":` + one + `,"key":` + one + `}`, ""},
		{two, `{"use_causal_mask":1}`, "it is called with use_causal_mask=1, want true or false"},
		{two, `{"return_attention_scores":true}`, "it is called with return_attention_scores=true, which is not supported"},
		{two, `{"attention_mask":` + one + `}`, "it is called with a tensor as attention_mask, which is not supported"},
		{one, `{"key":` + one + `}`, "it is called with key, but without an operand before it: want query, value, key"},
		{"[" + two + "]", `{}`, "it is called with a list as query, want a tensor"},
		{two + "," + two, `{}`, "argument 3 of its call is a tensor, which is not supported"},
	} {
		changed := strings.Replace(text, `"args": [`+two+`], "kwargs": {}`, `"args":[`+c.args+`],"kwargs":`+c.kwargs, 1)
		if changed == text && c.kwargs != "{}" {
			t.Fatal("the call is not as the test expects: ", text)
		}
		opened, err := FromJSON([]byte(changed))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.kwargs, err)
		case c.want == "":
			again := must(opened.ToJSON())
			if strings.Contains(c.kwargs, "query") != strings.Contains(string(again), `"query": {"class_name"`) {
				t.Errorf("%s became %s", c.kwargs, again)
			}
			if strings.Contains(c.kwargs, "mask\":true") != strings.Contains(string(again), `"use_causal_mask": true`) {
				t.Errorf("%s became %s", c.kwargs, again)
			}
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: got %v, want %s", c.kwargs, err, c.want)
		}
	}
}

// A file in which a group of an attention layer's variables is missing or has another shape is refused.
func TestAttentionWeights(t *testing.T) {
	x := Input(layer.Input{Shape: []int{4, 3}})
	m := must(Functional(x, Apply(layer.MultiHeadAttention{NumHeads: 2, KeyDim: 4}, x, x)))
	f, unlock, err := m.file(nil)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	for i, e := range f.Weights {
		if e.Path != "layers/multi_head_attention/key_dense" {
			continue
		}
		short := append(keras.Weights(nil), f.Weights...)
		short[i].Vars = e.Vars[:1]
		if err := m.load(short); err == nil || err.Error() != "layer multi_head_attention: want 2 variables in key_dense, the file has 1" {
			t.Error(err)
		}
		wrong := append(keras.Weights(nil), f.Weights...)
		wrong[i].Vars = []*tensor.Tensor{e.Vars[1], e.Vars[1]}
		if err := m.load(wrong); err == nil || !strings.HasPrefix(err.Error(), "layer multi_head_attention: multi_head_attention/key/kernel must be float32 (3, 2, 4), the file has") {
			t.Error(err)
		}
		return
	}
	t.Error("the file has no key_dense")
}
