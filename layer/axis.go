package layer

import (
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// Axis is the index of a dimension. 1 is the first dimension after the batch, and -1 is the last
// one. 0, the batch, is not valid.
type Axis int

// decodeAxis reads an integer, or a list of one integer, as Keras 2 writes it.
func decodeAxis(r *config.Reader, key string, v any) (Axis, bool) {
	if list, ok := config.List(v); ok && len(list) == 1 {
		v = list[0]
	}
	n, ok := config.Int(v)
	if !ok || n == 0 || n < -maxSize || n > maxSize {
		r.Errorf("%s is %s, want an integer other than 0, the batch", key, config.Show(v))
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

// axisOf returns the index of a dimension of x other than the batch. A negative axis counts from
// the last dimension.
func axisOf(b *graph.Builder, what string, axis int, x *graph.Value) (int, bool) {
	i := axis
	if i < 0 {
		i += x.Rank()
	}
	if i < 1 || i >= x.Rank() {
		b.Errorf("%s is %d for shape %v, want a dimension after the batch", what, axis, x.Shape)
		return 0, false
	}
	return i, true
}
