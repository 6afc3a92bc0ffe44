package depthwise

// taps describes the sum that an element of a result is, along an axis: the source's elements at+t*step times the
// filter's taps tap+t*tapStep, for t < n. The source's elements ascend.
type taps struct {
	n            int
	at, step     int
	tap, tapStep int
}

// like reports whether two elements have the same taps of the filter, at the same distances.
func (t *taps) like(u *taps) bool {
	return t.n == u.n && t.tap == u.tap && t.tapStep == u.tapStep && t.step == u.step
}

// run is count elements of a result that have the same taps. They are first, first+every and so on. The distance
// between their sources is advance.
type run struct {
	first, every, count int
	advance             int
	taps
}

// results returns the taps of each result along an axis of n pixels.
func results(n, out, k, stride, dilation, pad int) []taps {
	list := make([]taps, out)
	for o := range list {
		at := o*stride - pad
		from := max(0, (-at+dilation-1)/dilation)
		to := k
		for to > from && at+(to-1)*dilation >= n {
			to--
		}
		list[o] = taps{to - from, at + from*dilation, dilation, from, 1}
		if list[o].n <= 0 {
			list[o] = taps{}
		}
	}
	return list
}

// pixels returns the taps of each pixel's gradient along an axis of out results: the results that read the pixel, and
// the taps of the filter through which they do.
func pixels(n, out, k, stride, dilation, pad int) []taps {
	list := make([]taps, n)
	for i := range list {
		t := &list[i]
		for tap := k - 1; tap >= 0; tap-- {
			o := i + pad - tap*dilation
			if o < 0 || o%stride != 0 || o/stride >= out {
				continue
			}
			o /= stride
			switch t.n {
			case 0:
				t.at, t.tap = o, tap
			case 1:
				t.step, t.tapStep = o-t.at, tap-t.tap
			}
			t.n++
		}
	}
	return list
}

// runs joins elements that have the same taps and whose distance is every.
func runs(list []taps, every int) []run {
	var out []run
	for r := range min(every, len(list)) {
		for i := r; i < len(list); i += every {
			t := list[i]
			if n := len(out) - 1; i > r {
				last := &out[n]
				advance := t.at - (last.at + (last.count-1)*last.advance)
				if t.like(&last.taps) && (last.count == 1 || advance == last.advance) {
					last.count++
					last.advance = advance
					continue
				}
			}
			out = append(out, run{i, every, 1, 0, t})
		}
	}
	return out
}

// seen returns the range [low, high) of the source that elements with these taps read.
func seen(list []taps) (low, high int) {
	none := true
	for _, t := range list {
		switch {
		case t.n == 0:
		case none:
			none, low, high = false, t.at, t.at+(t.n-1)*t.step+1
		default:
			low, high = min(low, t.at), max(high, t.at+(t.n-1)*t.step+1)
		}
	}
	return low, high
}
