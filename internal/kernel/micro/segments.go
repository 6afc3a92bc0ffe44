package micro

// noSegment is the unused distance after the only segment of a row.
var noSegment int

// Contiguous makes each row of A one segment of k elements, for N and P.
func (a *Args) Contiguous(k int) { a.K, a.Segs, a.Seg = k, 1, &noSegment }
