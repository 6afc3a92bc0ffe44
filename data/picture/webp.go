package picture

import "image"

// webpToRGB converts the 4:2:0 planes of a lossy WebP file as libwebp does: "fancy" upsampling of chroma (weights 9, 3, 3, 1), and
// colors in fixed point with 14 bits. alpha may be nil.
func webpToRGB(n native, m *image.YCbCr, alpha []byte, alphaStride int) {
	cw, ch := (n.w+1)/2, (n.h+1)/2
	size := layoutBytes[n.layout]
	u0, v0 := make([]byte, 2*cw+1), make([]byte, 2*cw+1)
	for y := range n.h {
		// Chroma row y/2 is the nearer one. The farther one is above or below.
		near := y / 2
		far := min(max(near-1+2*(y&1), 0), ch-1)
		webpUpsample(u0, m.Cb[near*m.CStride:], m.Cb[far*m.CStride:], cw)
		webpUpsample(v0, m.Cr[near*m.CStride:], m.Cr[far*m.CStride:], cw)
		row := m.Y[y*m.YStride:]
		for x := range n.w {
			o := n.pix[(y*n.w+x)*size:]
			o[0], o[1], o[2] = webpRGB(int(row[x]), int(u0[x]), int(v0[x]))
			if alpha != nil {
				o[3] = alpha[y*alphaStride+x]
			}
		}
	}
}

// webpUpsample makes 2*n samples from a row of n: libwebp's UPSAMPLE_FUNC, which rounds twice.
func webpUpsample(dst, near, far []byte, n int) {
	dst[0] = byte((3*int(near[0]) + int(far[0]) + 2) >> 2)
	for i := 1; i < n; i++ {
		nl, nr, fl, fr := int(near[i-1]), int(near[i]), int(far[i-1]), int(far[i])
		sum := nl + nr + fl + fr + 8
		dst[2*i-1] = byte(((sum+2*(nr+fl))>>3 + nl) >> 1)
		dst[2*i] = byte(((sum+2*(nl+fr))>>3 + nr) >> 1)
	}
	dst[2*n-1] = byte((3*int(near[n-1]) + int(far[n-1]) + 2) >> 2)
}

// webpRGB is libwebp's VP8YUVToRGB.
func webpRGB(y, u, v int) (r, g, b uint8) {
	hi := func(v, coeff int) int { return v * coeff >> 8 }
	clip := func(v int) uint8 {
		if v>>14 == 0 {
			return uint8(v >> 6)
		}
		if v < 0 {
			return 0
		}
		return 255
	}
	l := hi(y, 19077)
	return clip(l + hi(v, 26149) - 14234), clip(l - hi(u, 6419) - hi(v, 13320) + 8708), clip(l + hi(u, 33050) - 17685)
}
