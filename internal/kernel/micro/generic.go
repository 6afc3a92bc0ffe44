package micro

import "unsafe"

// The portable micro-kernels. The assembly gives the same results except for rounding.

// generic computes a.tiles tiles of the same height.
func generic(f form, height int, a *Args) {
	start := a.operands()
	for tile := range uintptr(a.tiles) {
		a.forward(start, tile*a.aTile, tile*a.cTile, tile*a.argmaxTile)
		switch f {
		case formN:
			genericTile(height, a, a.A, a.AStride, 4, a.C)
		case formT:
			genericTile(height, a, a.A, 4, a.AStride, a.C)
		default:
			genericP(height, a)
		}
	}
	a.forward(start, 0, 0, 0)
}

// genericP computes pooled pixels one by one. For each it computes two tiles of two rows, one for each line of the
// window.
func genericP(pooled int, a *Args) {
	var tile [4 * 32]float32
	n := a.columns
	part := *a
	part.ReLU, part.Residual = 0, nil
	part.CStride = uintptr(n) * 4
	for q := range pooled {
		next := uintptr(2*q) * a.AStride
		genericTile(2, &part, unsafe.Add(a.A, next), a.AStride, 4, unsafe.Pointer(&tile))
		genericTile(2, &part, unsafe.Add(a.A2, next), a.AStride, 4, unsafe.Pointer(&tile[2*n]))
		y := unsafe.Slice((*float32)(unsafe.Add(a.C, uintptr(q)*a.CStride)), n)
		argmax := unsafe.Slice((*uint8)(unsafe.Add(a.Argmax, uintptr(q)*a.ArgmaxStride)), n)
		for j := range n {
			best, position := tile[j], uint8(0)
			for i := 1; i < 4; i++ {
				if v := tile[i*n+j]; v > best {
					best, position = v, uint8(i)
				}
			}
			if best <= 0 {
				best, position = 0, 4
			}
			y[j], argmax[j] = best, position
		}
	}
}

// genericTile computes a tile of any height and width, eight columns of a row at a time.
func genericTile(rows int, a *Args, first unsafe.Pointer, aRow, aK uintptr, c unsafe.Pointer) {
	for r := range rows {
		at := unsafe.Add(first, uintptr(r)*aRow)
		init := unsafe.Add(a.Init, uintptr(r)*a.IStride)
		out := unsafe.Add(c, uintptr(r)*a.CStride)
		residual := a.Residual
		if residual != nil {
			residual = unsafe.Add(residual, uintptr(r)*a.CStride)
		}
		j := 0
		for ; j+8 <= a.columns; j += 8 {
			genericEight(a, at, aK, j, init, residual, out)
		}
		for ; j < a.columns; j++ {
			genericOne(a, at, aK, j, init, residual, out)
		}
	}
}

func genericEight(a *Args, at unsafe.Pointer, aK uintptr, j int, init, residual, out unsafe.Pointer) {
	s := *(*[8]float32)(unsafe.Add(init, 4*j))
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	b := uintptr(4 * j)
	x := uintptr(0)
	for seg := range a.Segs {
		for range a.K {
			v := *(*float32)(unsafe.Add(at, x))
			w := (*[8]float32)(unsafe.Add(a.B, b))
			s0 += v * w[0]
			s1 += v * w[1]
			s2 += v * w[2]
			s3 += v * w[3]
			s4 += v * w[4]
			s5 += v * w[5]
			s6 += v * w[6]
			s7 += v * w[7]
			x += aK
			b += a.BStride
		}
		x, b = a.next(seg, x, b)
	}
	s = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	for i, v := range s {
		if residual != nil {
			v += *(*float32)(unsafe.Add(residual, 4*(j+i)))
		}
		s[i] = a.activate(v)
	}
	*(*[8]float32)(unsafe.Add(out, 4*j)) = s
}

func genericOne(a *Args, at unsafe.Pointer, aK uintptr, j int, init, residual, out unsafe.Pointer) {
	s := *(*float32)(unsafe.Add(init, 4*j))
	b := uintptr(4 * j)
	x := uintptr(0)
	for seg := range a.Segs {
		for range a.K {
			s += *(*float32)(unsafe.Add(at, x)) * *(*float32)(unsafe.Add(a.B, b))
			x += aK
			b += a.BStride
		}
		x, b = a.next(seg, x, b)
	}
	if residual != nil {
		s += *(*float32)(unsafe.Add(residual, 4*j))
	}
	*(*float32)(unsafe.Add(out, 4*j)) = a.activate(s)
}

// activate applies ReLU and its limit.
func (a *Args) activate(v float32) float32 {
	switch {
	case a.ReLU == 0:
	case v < 0:
		return 0
	case a.Limit != 0 && v > a.Limit:
		return a.Limit
	}
	return v
}

// next moves the offsets of A and B from the end of a segment to the start of the next.
func (a *Args) next(seg int, x, b uintptr) (nextX, nextB uintptr) {
	if a.Seg != nil {
		return x + uintptr(*(*int)(unsafe.Add(unsafe.Pointer(a.Seg), seg*int(unsafe.Sizeof(seg))))), b
	}
	return x + uintptr(a.ASeg), b + uintptr(a.BSeg)
}
