package jpeg

// The four loops that take most of the time. Each has a Go form, which is the reference, and may have an assembly form with the same
// results (kernels_amd64.go).

// inverseDCT computes the 8x8 samples of a block. All coefficients after zigzag position last must be zero.
func inverseDCT(dst []byte, stride int, block *[64]int16, quant *[64]uint16, last int) {
	if haveAVX2 && last > 0 {
		_ = dst[7*stride+7]
		inverseDCTAVX2(&dst[0], stride, block, quant, dctTable)
		return
	}
	inverseDCTGo(dst, stride, block, quant, last)
}

// upBlock is the number of samples that the assembly makes at a time from a row of chroma. The rest of a row is made by a block that overlaps
// the previous one.
const upBlock = 16

func h2v1Fancy(dst, src, _ []byte, n int, lower bool) {
	if !haveAVX2 || n < upBlock+2 {
		h2v1FancyGo(dst, src, nil, n, lower)
		return
	}
	src, dst = src[:n], dst[:2*n]
	dst[0] = src[0]
	dst[1] = byte((uint32(src[0])*3 + uint32(src[1]) + 2) >> 2)
	blocks := (n - 2) / upBlock
	h2v1AVX2(&dst[2], &src[1], blocks, wordTable)
	if blocks*upBlock < n-2 {
		h2v1AVX2(&dst[2*(n-1-upBlock)], &src[n-1-upBlock], 1, wordTable)
	}
	dst[2*n-2] = byte((uint32(src[n-1])*3 + uint32(src[n-2]) + 1) >> 2)
	dst[2*n-1] = src[n-1]
}

func h2v2Fancy(dst, near, far []byte, n int, lower bool) {
	if !haveAVX2 || n < upBlock+2 {
		h2v2FancyGo(dst, near, far, n, lower)
		return
	}
	near, far, dst = near[:n], far[:n], dst[:2*n]
	sum := func(i int) uint32 { return uint32(near[i])*3 + uint32(far[i]) }
	dst[0] = byte((sum(0)*4 + 8) >> 4)
	dst[1] = byte((sum(0)*3 + sum(1) + 7) >> 4)
	blocks := (n - 2) / upBlock
	h2v2AVX2(&dst[2], &near[1], &far[1], blocks, wordTable)
	if blocks*upBlock < n-2 {
		i := n - 1 - upBlock
		h2v2AVX2(&dst[2*i], &near[i], &far[i], 1, wordTable)
	}
	dst[2*n-2] = byte((sum(n-1)*3 + sum(n-2) + 8) >> 4)
	dst[2*n-1] = byte((sum(n-1)*4 + 7) >> 4)
}

const rgbBlock = 32 // pixels that the assembly converts at a time

// ycc2rgb converts n pixels.
func ycc2rgb(dst, y, cb, cr []byte, n int) {
	if !haveAVX2 || n < rgbBlock {
		ycc2rgbGo(dst, y, cb, cr, n)
		return
	}
	y, cb, cr, dst = y[:n], cb[:n], cr[:n], dst[:3*n]
	blocks := n / rgbBlock
	ycc2rgbAVX2(&dst[0], &y[0], &cb[0], &cr[0], blocks, wordTable)
	if i := n - rgbBlock; blocks*rgbBlock < n {
		ycc2rgbAVX2(&dst[3*i], &y[i], &cb[i], &cr[i], 1, wordTable)
	}
}
