package jpeg

// The upsampling of libjpeg's jdsample.c. It makes a row of output samples from a row of n samples (near) and, for vertical upsampling, from the
// neighboring row that is closer to the output row (far). lower is set if the output row is the lower one of the two that are made from near.

// h2v1FancyGo doubles a row horizontally by the triangle filter: 3/4 of the nearer sample and 1/4 of the other, with alternating rounding.
// n > 2.
func h2v1FancyGo(dst, src, _ []byte, n int, _ bool) {
	src = src[:n]
	dst = dst[:2*n]
	dst[0] = src[0]
	dst[1] = byte((uint32(src[0])*3 + uint32(src[1]) + 2) >> 2)
	prev, this := uint32(src[0]), uint32(src[1])
	for i := 1; i < n-1; i++ {
		next := uint32(src[i+1])
		o := dst[2*i:][:2]
		o[0] = byte((this*3 + prev + 1) >> 2)
		o[1] = byte((this*3 + next + 2) >> 2)
		prev, this = this, next
	}
	dst[2*n-2] = byte((this*3 + prev + 1) >> 2)
	dst[2*n-1] = byte(this)
}

// h2v2FancyGo doubles a row in both directions by the triangle filter. n > 2.
func h2v2FancyGo(dst, near, far []byte, n int, _ bool) {
	near, far = near[:n], far[:n]
	dst = dst[:2*n]
	this := uint32(near[0])*3 + uint32(far[0])
	next := uint32(near[1])*3 + uint32(far[1])
	dst[0] = byte((this*4 + 8) >> 4)
	dst[1] = byte((this*3 + next + 7) >> 4)
	prev := this
	this = next
	for i := 1; i < n-1; i++ {
		next = uint32(near[i+1])*3 + uint32(far[i+1])
		o := dst[2*i:][:2]
		o[0] = byte((this*3 + prev + 8) >> 4)
		o[1] = byte((this*3 + next + 7) >> 4)
		prev, this = this, next
	}
	dst[2*n-2] = byte((this*3 + prev + 8) >> 4)
	dst[2*n-1] = byte((this*4 + 7) >> 4)
}

// h1v2Fancy doubles a row vertically by the triangle filter.
func h1v2Fancy(dst, near, far []byte, n int, lower bool) {
	bias := uint32(1)
	if lower {
		bias = 2
	}
	near, far, dst = near[:n], far[:n], dst[:n]
	for i, v := range near {
		dst[i] = byte((uint32(v)*3 + uint32(far[i]) + bias) >> 2)
	}
}

// replicate repeats each sample h times.
func replicate(h int) func(dst, src, _ []byte, n int, _ bool) {
	return func(dst, src, _ []byte, n int, _ bool) {
		for i, v := range src[:n] {
			o := dst[i*h:][:h]
			for j := range o {
				o[j] = v
			}
		}
	}
}
