//go:build !amd64

package jpeg

const haveAVX2 = false

func inverseDCTAVX2(*byte, int, *[64]int16, *[64]uint16, *dctConstants) {}

func h2v1AVX2(_, _ *byte, _ int, _ *wordConstants) {}

func h2v2AVX2(_, _, _ *byte, _ int, _ *wordConstants) {}

func ycc2rgbAVX2(_, _, _, _ *byte, _ int, _ *wordConstants) {}
