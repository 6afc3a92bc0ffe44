package check

import "math"

// The limits of similar images: the correlation of the luma before and after the images are aligned, and of their details.
const (
	roughLuma  = .5
	coarseLuma = .75
	placedLuma = .85
	leastLuma  = .9
	leastFine  = .75
)

// similarity compares two images whose hashes are alike. It returns how well their thumbnails correlate, at most 1, or 0 if they are
// different images. One may be a crop of the other.
func similarity(a, b *thumb) float64 {
	// The cheap tests come first: most pairs fail them.
	if whole := a.correlation(b); whole < roughLuma {
		return 0
	} else if whole < coarseLuma && a.against(b, 1) < coarseLuma && a.against(b, 2) < coarseLuma && b.against(a, 1) < coarseLuma && b.against(a, 2) < coarseLuma {
		return 0
	}
	if max(a.placed(b), b.placed(a)) < placedLuma {
		return 0
	}
	luma, fine := match(a, b)
	if l, f := match(b, a); l+f > luma+fine {
		luma, fine = l, f
	}
	if luma < leastLuma || fine < leastFine {
		return 0
	}
	return min(luma, fine)
}

// correlation is the function of this name, for whole thumbnails, without floating point until the end.
func (t *thumb) correlation(u *thumb) float64 {
	return correlationOf[uint8, uint32]((*[side * side]uint8)(t), (*[side * side]uint8)(u))
}

// against returns the correlation of the middle of t, without a margin, with the whole of u.
func (t *thumb) against(u *thumb, margin int) float64 {
	var a, b [side * side]float64
	t.cut(&a, window{float64(margin), float64(margin), float64(side - margin), float64(side - margin)})
	for i, v := range u {
		b[i] = float64(v)
	}
	return correlation(&a, &b)
}

// window is a part of a thumbnail, from the left, top to the right, bottom edge, in pixels.
type window [4]float64

// placements are windows of about the size of a crop, from which match refines.
var placements = func() []window {
	list := []window{{0, 0, side, side}}
	for _, cut := range []float64{.06 * side, .12 * side} {
		for _, x := range []float64{0, .5, 1} {
			for _, y := range []float64{0, .5, 1} {
				list = append(list, window{x * cut, y * cut, side - (1-x)*cut, side - (1-y)*cut})
			}
		}
	}
	return list
}()

// placed returns the highest correlation of the luma of a placement of t with the whole of u.
func (t *thumb) placed(u *thumb) float64 {
	var pixels, other [side * side]float64
	for i, v := range u {
		other[i] = float64(v)
	}
	best := -1.
	for _, w := range placements {
		t.cut(&pixels, w)
		best = max(best, correlation(&pixels, &other))
	}
	return best
}

// match finds the window of a that is most like the whole of b. It returns the correlation of the luma, and that of its details.
func match(a, b *thumb) (luma, detail float64) {
	var pixels, fine, other, otherFine [side * side]float64
	for i, v := range b {
		other[i] = float64(v)
	}
	details(&otherFine, &other)
	try := func(w window) (float64, float64) {
		a.cut(&pixels, w)
		details(&fine, &pixels)
		return correlation(&pixels, &other), correlation(&fine, &otherFine)
	}
	best := placements[0]
	luma, detail = try(best)
	for _, w := range placements[1:] {
		if l, d := try(w); l+d > luma+detail {
			best, luma, detail = w, l, d
		}
	}
	// Refine each edge.
	for step := .5; step > .2; step /= 2 {
		for again := true; again; {
			again = false
			for edge := range best {
				for _, by := range []float64{-step, step} {
					w := best
					w[edge] += by
					if w[edge] < 0 || w[edge] > side || w[2]-w[0] < .7*side || w[3]-w[1] < .7*side {
						continue
					}
					if l, d := try(w); l+d > luma+detail {
						best, luma, detail, again = w, l, d, true
					}
				}
			}
		}
	}
	return luma, detail
}

// cut samples a window of a thumbnail bilinearly.
func (t *thumb) cut(out *[side * side]float64, w window) {
	var xs [side]int
	var fx [side]float64
	for x := range side {
		xs[x], fx[x] = sample(w[0], w[2], x)
	}
	for y := range side {
		at, fy := sample(w[1], w[3], y)
		top, bottom := t[at*side:][:side], t[(at+1)*side:][:side]
		for x := range side {
			i, f := xs[x], fx[x]
			upper := float64(top[i])*(1-f) + float64(top[i+1])*f
			lower := float64(bottom[i])*(1-f) + float64(bottom[i+1])*f
			out[y*side+x] = upper*(1-fy) + lower*fy
		}
	}
}

// sample returns where pixel i of a window is: between pixels at and at+1.
func sample(from, to float64, i int) (at int, fraction float64) {
	p := min(max(from+(float64(i)+.5)*(to-from)/side-.5, 0), side-1)
	at = min(int(p), side-2)
	return at, p - float64(at)
}

// details subtracts from each pixel the mean of the 5x5 pixels around it. What is left is texture and outlines: plain backgrounds and
// gradients, which many images share, are gone.
func details(out, in *[side * side]float64) {
	var rows [side * side]float64
	for y := range side {
		for x := range side {
			sum := 0.
			for d := -2; d <= 2; d++ {
				sum += in[y*side+min(max(x+d, 0), side-1)]
			}
			rows[y*side+x] = sum
		}
	}
	for y := range side {
		for x := range side {
			sum := 0.
			for d := -2; d <= 2; d++ {
				sum += rows[min(max(y+d, 0), side-1)*side+x]
			}
			out[y*side+x] = in[y*side+x] - sum/25
		}
	}
}

// correlation returns Pearson's correlation, or 0 if one side is constant.
func correlation(a, b *[side * side]float64) float64 { return correlationOf[float64, float64](a, b) }

// correlationOf is correlation for elements of the type E, which it adds up as S.
func correlationOf[E uint8 | float64, S uint32 | float64](a, b *[side * side]E) float64 {
	var sa, sb, saa, sbb, sab S
	for i, v := range a {
		x, y := S(v), S(b[i])
		sa += x
		sb += y
		saa += x * x
		sbb += y * y
		sab += x * y
	}
	const n = side * side
	ma, mb := float64(sa), float64(sb)
	va, vb := float64(saa)-ma*ma/n, float64(sbb)-mb*mb/n
	if va < n || vb < n { // a deviation of less than one level is noise
		return 0
	}
	return (float64(sab) - ma*mb/n) / math.Sqrt(va*vb)
}
