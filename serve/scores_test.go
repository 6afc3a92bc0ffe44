package serve

import (
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// TestScores checks that a model whose outputs are no probabilities answers with its outputs as they are.
func TestScores(t *testing.T) {
	s := newServer(t, Options{})
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes, m.Preprocessing = []string{"cat", "dog"}, imageModel(t, 1).Preprocessing
	if err := m.SetWeights([]*tensor.Tensor{tensor.New(tensor.Float32, 3, 2), tensor.Of([]float32{-.25, 1.5}, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Loss: loss.CategoricalHinge{}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Add("pets", m); err != nil {
		t.Fatal(err)
	}
	var status struct{ Models []struct{ Scores bool } }
	want(t, ask(t, s, "GET", "/v1/models", nil), 200, &status)
	if len(status.Models) != 1 || !status.Models[0].Scores {
		t.Errorf("the status is %+v", status)
	}
	var list []label
	want(t, ask(t, s, "POST", "/", photo(t, 0)), 200, &list)
	if len(list) != 2 || list[0] != (label{"dog", 1.5}) || list[1] != (label{"cat", -.25}) {
		t.Errorf("the answer is %v", list)
	}
}
