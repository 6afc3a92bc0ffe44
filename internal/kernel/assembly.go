package kernel

// CallProducts is the approximate number of multiplications in one call of assembly, which takes about
// 0.1 ms. A goroutine cannot be preempted while it runs assembly.
const CallProducts = 4 << 20

// laneMasks has 16 lanes that are set, 16 that are not, and 16 that are set.
var laneMasks = func() (m [48]int32) {
	for i := range 16 {
		m[i], m[32+i] = -1, -1
	}
	return m
}()

// LaneMask points to a vector of 16 lanes, of which the first n are -1 (all bits set) and the others 0. n
// is at most 16. Shorter vectors have the same first lanes.
func LaneMask(n int) *int32 { return &laneMasks[16-n] }

// LastLaneMask points to a vector of the given number of lanes, at most 16, of which the last n are -1 and the
// others 0.
func LastLaneMask(lanes, n int) *int32 { return &laneMasks[32-lanes+n] }
