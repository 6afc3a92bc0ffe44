package op

import "math"

// Resampling is a method of Resize.
type Resampling uint8

// The methods. Pixel i of n covers the range from i to i+1, so its center is i+1/2 (half-pixel
// centers). All methods but AdaptiveMean and Given compute the weights that TensorFlow's tf.image.resize uses.
const (
	Nearest      Resampling = iota // the pixel that contains the center of the new pixel
	Bilinear                       // a triangle of radius 1
	Bicubic                        // Keys' cubic of radius 2, with a = -1/2
	Lanczos3                       // Lanczos' kernel of radius 3
	Lanczos5                       // Lanczos' kernel of radius 5
	Area                           // the mean over the area of the new pixel
	AdaptiveMean                   // the mean over pixels floor(i*n/m) to ceil((i+1)*n/m)-1, for result i of m
	Given                          // weights that Resize.Given lists
	resamplings
)

// String returns the method's name in Keras. AdaptiveMean and Given have none there.
func (r Resampling) String() string {
	return [...]string{"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "adaptive mean", "given weights"}[r]
}

// Taps is a linear map along an axis of n pixels. Result i is the sum of Weights[i][j] times pixel
// First[i]+j. All of these pixels exist.
type Taps struct {
	First   []int
	Weights [][]float32
}

// add appends a result.
func (t *Taps) add(first int, weights ...float32) {
	t.First, t.Weights = append(t.First, first), append(t.Weights, weights)
}

// Taps returns the weights along an axis (0: height, 1: width) of n pixels. Positions are computed in
// float32, as in TensorFlow.
func (o Resize) Taps(axis, n int) Taps {
	if o.Method == Given {
		return o.Given[axis]
	}
	m := o.Out(axis, n)
	t := Taps{make([]int, 0, m), make([][]float32, 0, m)}
	scale := float32(n) / float32(m)
	switch {
	case o.Method == Nearest && o.Size == [2]int{}:
		for i := range m {
			t.add(i/o.Scale[axis], 1)
		}
	case o.Method == Nearest:
		for i := range m {
			t.add(min(int(float32(float32(i)+.5)*scale), n-1), 1)
		}
	case o.Method == Bilinear && !o.Antialias:
		for i := range m {
			t.bilinear(i, n, scale)
		}
	case o.Method == Bicubic && !o.Antialias:
		for i := range m {
			t.bicubic(i, n, scale)
		}
	case o.Method == Area:
		for i := range m {
			t.area(i, n, scale)
		}
	case o.Method == AdaptiveMean:
		for i := range m {
			lo, hi := Adaptive(i, n, m)
			t.add(lo, repeat(1/float32(hi-lo), hi-lo)...)
		}
	default:
		for i := range m {
			t.sample(i, n, float32(m)/float32(n), o.Method, o.Antialias)
		}
	}
	return t
}

// Adaptive returns the window [lo, hi) of result i of m of an adaptive pool over n elements.
func Adaptive(i, n, m int) (lo, hi int) { return i * n / m, ((i+1)*n + m - 1) / m }

func repeat(w float32, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = w
	}
	return s
}

// bilinear appends result i of a linear interpolation between the centers of n pixels. At the border
// the outermost pixel is repeated.
func (t *Taps) bilinear(i, n int, scale float32) {
	at := float32((float32(i)+.5)*scale) - .5
	below := floor32(at)
	lo, hi := max(int(below), 0), min(int(math.Ceil(float64(at))), n-1)
	if lo >= hi {
		t.add(hi, 1)
		return
	}
	t.add(lo, 1-(at-below), at-below)
}

// bicubic appends result i of a cubic interpolation. TensorFlow rounds the distances to multiples of
// 1/1024.
func (t *Taps) bicubic(i, n int, scale float32) {
	const steps = 1024
	at := float32((float32(i)+.5)*scale) - .5
	below := floor32(at)
	step := math.RoundToEven(float64(float32((at - below) * steps)))
	var weights []float32
	first := max(int(below)-1, 0)
	for p := first; p <= min(int(below)+2, n-1); p++ {
		weights = append(weights, cubic(math.Abs(float64(p)-float64(below)-step/steps)))
	}
	t.add(first, normalized(weights)...)
}

// area appends result i of the mean over scale pixels, some of which count in part.
func (t *Taps) area(i, n int, scale float32) {
	lo, hi := float32(i)*scale, float32(i+1)*scale
	first, last := int(floor32(lo)), min(int(math.Ceil(float64(hi))), n)
	var weights []float32
	for p := first; p < last; p++ {
		from, to := max(float32(p), lo), min(float32(p+1), hi)
		weights = append(weights, (to-from)/scale)
	}
	t.add(first, weights...)
}

// sample appends result i of a convolution with a kernel at the center of the new pixel. zoom is the
// new size divided by the old one.
func (t *Taps) sample(i, n int, zoom float32, method Resampling, antialias bool) {
	kernel, radius := cubic, float32(2)
	switch method {
	case Bilinear:
		kernel, radius = func(x float64) float32 { return float32(max(0, 1-x)) }, 1
	case Lanczos3:
		kernel, radius = func(x float64) float32 { return lanczos(x, 3) }, 3
	case Lanczos5:
		kernel, radius = func(x float64) float32 { return lanczos(x, 5) }, 5
	}
	inverse, wide := 1/zoom, float32(1)
	if antialias {
		wide = max(inverse, 1)
	}
	at := float32((float32(i) + .5) * inverse)
	reach := float32(radius * wide)
	first := max(0, min(n-1, int(math.Ceil(float64(at-reach-.5)))))
	last := max(0, min(n-1, int(math.Floor(float64(at+reach-.5)))))
	var weights []float32
	for p := first; p <= last; p++ {
		weights = append(weights, kernel(math.Abs(float64(float32((float32(p)+.5-at)*(1/wide))))))
	}
	t.add(first, normalized(weights)...)
}

// normalized divides weights by their sum, unless it is 0.
func normalized(w []float32) []float32 {
	sum := float32(0)
	for _, x := range w {
		sum += x
	}
	if math.Abs(float64(sum)) < 1e-30 {
		return w
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// cubic is Keys' kernel at the distance x >= 0 (Keys, "Cubic convolution interpolation for digital
// image processing", 1981).
func cubic(x float64) float32 {
	switch {
	case x >= 2:
		return 0
	case x >= 1:
		return float32(((-.5*x+2.5)*x-4)*x + 2)
	}
	return float32((1.5*x-2.5)*x*x + 1)
}

// lanczos is Lanczos' kernel of a radius at the distance x >= 0.
func lanczos(x, radius float64) float32 {
	switch {
	case x > radius:
		return 0
	case x <= 1e-3:
		return 1
	}
	return float32(radius * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/radius) / (math.Pi * math.Pi * x * x))
}

func floor32(x float32) float32 { return float32(math.Floor(float64(x))) }
