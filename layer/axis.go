package layer

import (
	"strconv"

	"github.com/lince-ml/lince/internal/config"
)

// Axis is a dimension of a layer's operand, counted from 0, the batch, or backwards from -1, the
// last one.
type Axis int

// decodeAxis reads an integer, or a list of one, as Keras 2 writes it.
func decodeAxis(r *config.Reader, key string, v any) (Axis, bool) {
	if list, ok := config.List(v); ok && len(list) == 1 {
		v = list[0]
	}
	n, ok := config.Int(v)
	if !ok || n < -maxSize || n > maxSize {
		r.Errorf("%s is %s, want an integer", key, config.Show(v))
		return 0, false
	}
	return Axis(n), true
}

func parseAxis(text string) Axis {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return Axis(n)
}
