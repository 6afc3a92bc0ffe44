package lince_test

import (
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

func loadHostile(t *testing.T, path string) error {
	t.Helper()
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.LoadWeights(path, lince.WeightsOptions{})
	return err
}
