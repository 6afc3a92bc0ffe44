package tfevents

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Scalar returns a value of the scalars dashboard, as tf.summary.scalar writes it. TensorBoard keeps float32.
func Scalar(tag string, v float64) Value {
	return Value{Tag: tag, Plugin: "scalars", Tensor: Tensor{DType: Float, Content: binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))}}
}

// HistogramBuckets is the number of buckets of a histogram.
const HistogramBuckets = 30

// Histogram returns the distribution of values, as tf.summary.histogram writes it: 30 buckets of equal width from the
// smallest to the largest value, each with its left edge, right edge and count. If all values are equal, the last
// bucket has all of them. Without values, all numbers are 0. Values that are NaN or infinite are left out, because a
// histogram cannot show them.
func Histogram(tag string, values []float32) Value {
	low, high, n := math.Inf(1), math.Inf(-1), 0
	for _, v := range values {
		if v-v == 0 { // finite
			low, high = min(low, float64(v)), max(high, float64(v))
			n++
		}
	}
	buckets := make([][3]float64, HistogramBuckets)
	const last = HistogramBuckets - 1
	switch width := (high - low) / HistogramBuckets; {
	case n == 0:
	case low == high:
		for i := range buckets {
			buckets[i] = [3]float64{low, low, 0}
		}
		buckets[last][2] = float64(n)
	default:
		edge := func(i int) float64 { return low + float64(i)*width }
		for i := range buckets {
			buckets[i][0], buckets[i][1] = edge(i), edge(i+1)
		}
		buckets[last][1] = high // despite rounding
		for _, v := range values {
			if v-v == 0 {
				buckets[min(int((float64(v)-low)/width), last)][2]++
			}
		}
	}
	var b []byte
	for _, row := range buckets {
		for _, v := range row {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return Value{Tag: tag, Plugin: "histograms", Tensor: Tensor{DType: Double, Shape: []int64{HistogramBuckets, 3}, Content: b}}
}

// Images returns a value of the images dashboard, as tf.summary.image writes them. pngs are PNG files of the given
// size in pixels.
func Images(tag string, width, height int, pngs ...[]byte) Value {
	t := Tensor{DType: String, Strings: [][]byte{[]byte(strconv.Itoa(width)), []byte(strconv.Itoa(height))}}
	t.Strings = append(t.Strings, pngs...)
	t.Shape = []int64{int64(len(t.Strings))}
	return Value{Tag: tag, Plugin: "images", Tensor: t}
}

// KerasModel returns the network of the graphs dashboard, as keras.callbacks.TensorBoard writes it. json is the result
// of Keras' to_json.
func KerasModel(json []byte) Value {
	return Value{Tag: "keras", Plugin: "graph_keras_model", PluginData: []byte("1"), Tensor: Tensor{DType: String, Strings: [][]byte{json}}}
}
