package numbers

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

func TestConvert(t *testing.T) {
	bf := tensor.Of([]tensor.BF16{0x3fc0, 0xc000}, 2) // 1.5, -2
	for _, src := range []*tensor.Tensor{
		tensor.Of([]float32{3, -4}, 2), tensor.Of([]float64{3, -4}, 2), tensor.Of([]int8{3, -4}, 2), tensor.Of([]int16{3, -4}, 2),
		tensor.Of([]int32{3, -4}, 2), tensor.Of([]int64{3, -4}, 2),
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int32, tensor.Int64} {
			dst := tensor.New(d, 2)
			if err := Convert(dst, src); err != nil {
				t.Errorf("%v to %v: %v", src.DType(), d, err)
				continue
			}
			if at := At(dst); at(0) != 3 || at(1) != -4 {
				t.Errorf("%v to %v: %v, %v", src.DType(), d, at(0), at(1))
			}
		}
	}
	dst := tensor.New(tensor.Float32, 2)
	if err := Convert(dst, bf); err != nil || !slices.Equal(dst.Float32s(), []float32{1.5, -2}) {
		t.Errorf("bfloat16 is %v, %v", dst.Float32s(), err)
	}
	if at := At(bf); at(0) != 1.5 || at(1) != -2 {
		t.Errorf("bfloat16 is %v, %v", at(0), at(1))
	}
	for _, c := range []struct {
		dst  tensor.DType
		src  *tensor.Tensor
		want string
	}{
		{tensor.Int32, tensor.Of([]float32{1, 2.5}, 2), "number 1 must be an integer of type int32, got 2.5"},
		{tensor.Int32, tensor.Of([]int64{1 << 40, 0}, 2), "number 0 must be an integer of type int32"},
		{tensor.Int64, tensor.Of([]float64{math.NaN(), 0}, 2), "number 0 must be an integer"},
		{tensor.Uint8, tensor.Of([]float32{1, 2}, 2), "got float32, want uint8"},
		{tensor.Float32, tensor.Of([]bool{true, false}, 2), "got bool, want float32"},
	} {
		if err := Convert(tensor.New(c.dst, 2), c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v to %v: error is %v, want %s", c.src.DType(), c.dst, err, c.want)
		}
	}
}
