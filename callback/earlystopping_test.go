package callback

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// layers is a run of a model with several weights.
type layers struct {
	fake
	weights []float32
}

func (l *layers) Weights() []*tensor.Tensor {
	var list []*tensor.Tensor
	for _, w := range l.weights {
		list = append(list, tensor.Scalar(w))
	}
	return list
}

func (l *layers) SetWeights(list []*tensor.Tensor) error {
	for i, w := range list {
		l.weights[i] = w.Float32s()[0]
	}
	return nil
}

// The state holds the best weights that differ from those of the model. What is read from it is all of them.
func TestEarlyStoppingState(t *testing.T) {
	run := &layers{weights: []float32{1, 2, 3}}
	h, err := EarlyStopping{Patience: 9, RestoreBestWeights: true, Monitor: "loss"}.Begin(run)
	if err != nil {
		t.Fatal(err)
	}
	logs := func(v float64) *Logs {
		l := &Logs{}
		l.Set("loss", v)
		return l
	}
	if err := h.EpochEnd(0, logs(1)); err != nil {
		t.Fatal(err)
	}
	text := func() string {
		b, err := json.Marshal(h.State)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := text(); !strings.Contains(got, `"best_weights_changed":[]`) || strings.Contains(got, `"best_weights":`) {
		t.Errorf("the state after the best epoch is %s", got)
	}
	run.weights = []float32{1, 20, 3} // the others are frozen
	if err := h.EpochEnd(1, logs(2)); err != nil {
		t.Fatal(err)
	}
	state := text()
	if !strings.Contains(state, `"best_weights_changed":[1]`) || strings.Count(state, `"dtype"`) != 1 {
		t.Errorf("the state is %s", state)
	}

	resumed := &layers{weights: []float32{1, 20, 3}}
	h, err = EarlyStopping{Patience: 9, RestoreBestWeights: true, Monitor: "loss"}.Begin(resumed)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(state), h.State); err != nil {
		t.Fatal(err)
	}
	if err := h.End(); err != nil {
		t.Fatal(err)
	}
	if resumed.weights[1] != 2 || resumed.weights[0] != 1 || resumed.weights[2] != 3 {
		t.Errorf("the weights are %v, want those of the best epoch", resumed.weights)
	}
	for damaged, want := range map[string]string{
		strings.Replace(state, "changed\":[1]", "changed\":[3]", 1):   "position 3 among 3",
		strings.Replace(state, "changed\":[1]", "changed\":[-1]", 1):  "position -1 among 3",
		strings.Replace(state, "changed\":[1]", "changed\":[1,2]", 1): "1 tensors for 2 positions",
	} {
		if err := json.Unmarshal([]byte(damaged), h.State); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}
