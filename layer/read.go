package layer

import (
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
)

// readBase reads what all layers' configs have.
func readBase(r *config.Reader) (name string, frozen bool) {
	r.Float32("dtype")
	return r.Text("name", ""), !r.Bool("trainable", true)
}

func readSize(r *config.Reader, key string, otherwise Size) Size {
	n := r.Ints(key, otherwise.list(), 2, 1, maxSize)
	return Size{n[0], n[1]}
}

func readPadding(r *config.Reader) Padding {
	if r.OneOf("padding", "valid", "same") == "same" {
		return Same
	}
	return Valid
}

func readInitializer(r *config.Reader, key string) initializer.Initializer {
	v := r.Value(key)
	if v == nil {
		return nil
	}
	class, conf := config.Object(v)
	if class == "" {
		r.Errorf("%s is %s, want an initializer", key, config.Show(v))
		return nil
	}
	i, err := initializer.Decode(class, conf)
	r.Fail(key, err)
	return i
}

// readUnregularized wants what Keras can do to weights besides training them to be absent.
func readUnregularized(r *config.Reader, weights ...string) {
	for _, w := range weights {
		r.Only(w + "_regularizer")
		r.Only(w + "_constraint")
	}
	r.Only("activity_regularizer")
}

func wrapInitializer(i initializer.Initializer) map[string]any {
	return config.Wrap("keras.initializers", i.Class(), i.Config())
}
