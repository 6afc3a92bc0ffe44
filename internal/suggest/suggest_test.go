package suggest

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"relu", "softmax", "sigmoid", "categorical_crossentropy", "sparse_categorical_crossentropy", "a", "1", "12"}
	for _, c := range []struct{ word, want string }{
		{"ReLU", "relu"}, {"rleu", "relu"}, {"sofmax", "softmax"}, {"sigmoidd", "sigmoid"},
		{"categorical_cross_entropy", "categorical_crossentropy"}, {"banana", ""}, {"", ""},
		{"d", ""}, {"A", "a"}, {"11", ""}, {"é", ""},
		{"silu", ""},
	} {
		if got := Nearest(c.word, names); got != c.want {
			t.Errorf("%q: got %q, want %q", c.word, got, c.want)
		}
	}
	if got, want := Hint("x", []string{"a_long_one", "another"}), "; want one of a_long_one, another"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
