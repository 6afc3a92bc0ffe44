package kernel

// CallProducts is the approximate number of multiplications in one call of assembly, which takes about
// 0.1 ms. A goroutine cannot be preempted while it runs assembly.
const CallProducts = 4 << 20

var laneMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// LaneMask points to a vector of 16 lanes, of which the first n are -1 (all bits set) and the others 0. n
// is at most 16. Shorter vectors have the same first lanes.
func LaneMask(n int) *int32 { return &laneMasks[16-n] }
