package graphtest

import (
	"encoding/json"
	"os"
	"testing"
)

// Golden reads a JSON file of results of real Keras: testdata/<name>.json of the package under test.
func Golden(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s.json: %v", name, err)
	}
}

// Nested returns JSON's nested lists of numbers as a flat list with their shape.
func Nested(v any) (shape []int, values []float32) {
	list, ok := v.([]any)
	if !ok {
		return nil, []float32{float32(v.(float64))}
	}
	for _, x := range list {
		s, n := Nested(x)
		shape = s
		values = append(values, n...)
	}
	return append([]int{len(list)}, shape...), values
}
