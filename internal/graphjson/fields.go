package graphjson

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/lince-ml/lince/tensor"
)

// fields returns the fields of a struct that are not zero. An embedded struct's fields are under the struct's name.
func fields(s reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range s.NumField() {
		if f := s.Field(i); !f.IsZero() {
			m[s.Type().Field(i).Name] = encode(f)
		}
	}
	return m
}

func encode(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case tensor.DType:
		return x.String()
	case *tensor.Tensor:
		return map[string]any{"dtype": x.DType().String(), "shape": x.Shape(), "data": base64.StdEncoding.EncodeToString(x.Raw())}
	}
	switch v.Kind() {
	case reflect.Float64, reflect.Float32:
		if f := v.Float(); math.IsInf(f, 0) || math.IsNaN(f) { // JSON has no such numbers
			return fmt.Sprint(f)
		}
		return v.Float()
	case reflect.Struct:
		return fields(v)
	case reflect.Pointer: // a nil pointer is zero, and has been left out
		return encode(v.Elem())
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = encode(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// setFields sets the fields of a struct from what fields returned.
func setFields(s reflect.Value, m map[string]any) error {
	for name, x := range m {
		f := s.FieldByName(name)
		if _, ok := s.Type().FieldByName(name); !ok {
			return fmt.Errorf("it has no attribute %.100q", name)
		}
		if err := decode(f, x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func decode(v reflect.Value, x any) error {
	switch v.Interface().(type) {
	case tensor.DType:
		name, _ := x.(string)
		d, err := tensor.ParseDType(name)
		v.Set(reflect.ValueOf(d))
		return err
	case tensor.Shape:
		var s []float64
		list, ok := x.([]any)
		for _, d := range list {
			f, isNumber := d.(float64)
			ok = ok && isNumber && f == math.Trunc(f) && f >= tensor.Unknown && f <= maxElements
			s = append(s, f)
		}
		if !ok {
			return fmt.Errorf("got %.100v, want a shape", x)
		}
		shape := make(tensor.Shape, len(s))
		for i, f := range s {
			shape[i] = int(f)
		}
		v.Set(reflect.ValueOf(shape))
		return nil
	case *tensor.Tensor:
		t, err := decodeTensor(x)
		v.Set(reflect.ValueOf(t))
		return err
	}
	wrong := fmt.Errorf("got %.100v, want a value of type %v", x, v.Type())
	switch v.Kind() {
	case reflect.Bool:
		b, ok := x.(bool)
		if !ok {
			return wrong
		}
		v.SetBool(b)
	case reflect.String:
		s, ok := x.(string)
		if !ok {
			return wrong
		}
		v.SetString(s)
	case reflect.Int:
		f, ok := x.(float64)
		if !ok || f != math.Trunc(f) || math.Abs(f) > maxAttribute {
			return wrong
		}
		v.SetInt(int64(f))
	case reflect.Uint8:
		f, ok := x.(float64)
		if !ok || f != math.Trunc(f) || f < 0 || f > 255 {
			return wrong
		}
		v.SetUint(uint64(f))
	case reflect.Float64, reflect.Float32:
		switch f := x.(type) {
		case float64:
			v.SetFloat(f)
		case string:
			n, ok := map[string]float64{"+Inf": math.Inf(1), "-Inf": math.Inf(-1), "NaN": math.NaN()}[f]
			if !ok {
				return wrong
			}
			v.SetFloat(n)
		default:
			return wrong
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(v.Elem(), x)
	case reflect.Struct:
		m, ok := x.(map[string]any)
		if !ok {
			return wrong
		}
		return setFields(v, m)
	case reflect.Slice:
		list, ok := x.([]any)
		if !ok {
			return wrong
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		return decodeList(v, list)
	case reflect.Array:
		list, ok := x.([]any)
		if !ok || len(list) != v.Len() {
			return wrong
		}
		return decodeList(v, list)
	default:
		return wrong
	}
	return nil
}

func decodeList(v reflect.Value, list []any) error {
	for i, x := range list {
		if err := decode(v.Index(i), x); err != nil {
			return err
		}
	}
	return nil
}

// decodeTensor returns the value of a Const.
func decodeTensor(x any) (*tensor.Tensor, error) {
	m, _ := x.(map[string]any)
	name, _ := m["dtype"].(string)
	dtype, err := tensor.ParseDType(name)
	if err != nil {
		return nil, err
	}
	var shape tensor.Shape
	if dims := m["shape"]; dims != nil { // a scalar's is null
		if err := decode(reflect.ValueOf(&shape).Elem(), dims); err != nil {
			return nil, err
		}
	}
	text, _ := m["data"].(string)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	n, err := shape.CheckedElements()
	if err != nil || !shape.Known() || n > maxElements || len(data) != n*dtype.Size() {
		return nil, errors.New("the number of bytes does not fit the shape")
	}
	if dtype == tensor.Bool {
		for i, b := range data {
			data[i] = min(b, 1)
		}
	}
	t := tensor.New(dtype, shape...) // aligned, as data need not be
	copy(t.Raw(), data)
	return t, nil
}
