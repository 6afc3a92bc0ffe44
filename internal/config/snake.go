package config

import (
	"regexp"
	"strings"
)

var (
	notWord     = regexp.MustCompile(`\W+`)
	beforeWord  = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	beforeUpper = regexp.MustCompile(`([a-z])([A-Z])`)
)

// pythonNames has the names of Keras' Python classes that differ from the names in files. Keras derives from them.
var pythonNames = map[string]string{"GroupQueryAttention": "GroupedQueryAttention"}

// PythonName returns the __name__ of the Python class that Keras registers as class, which model.summary() prints. It is class, with few
// exceptions.
func PythonName(class string) string {
	if name, ok := pythonNames[class]; ok {
		return name
	}
	return class
}

// SnakeCase returns the name that Keras derives from a class: conv2d from Conv2D, max_pooling2d from MaxPooling2D, re_lu from
// ReLU, rm_sprop from RMSprop (keras.src.utils.naming.to_snake_case).
func SnakeCase(class string) string {
	s := notWord.ReplaceAllString(PythonName(class), "")
	s = beforeWord.ReplaceAllString(s, "${1}_${2}")
	s = beforeUpper.ReplaceAllString(s, "${1}_${2}")
	return strings.ToLower(s)
}
