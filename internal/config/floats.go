package config

// EncodeFloats returns numbers in the form of configs: one as a number, and several as a list.
func EncodeFloats(x []float64) any {
	if len(x) == 1 {
		return x[0]
	}
	list := make([]any, len(x))
	for i, v := range x {
		list[i] = v
	}
	return list
}

// DecodeFloats converts v, a number or a list of numbers. ok is false if v is neither, or if one of the numbers is not finite.
func DecodeFloats(v any) (x []float64, ok bool) {
	list, ok := List(v)
	if !ok {
		list = []any{v}
	}
	x = make([]float64, len(list))
	for i, v := range list {
		if x[i], ok = Float(v); !ok {
			return nil, false
		}
	}
	return x, true
}
