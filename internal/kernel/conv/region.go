package conv

// Region is a block of a convolution's results, seen as a matrix of N*OH*OW rows of O channels:
// rows [From, To), channels [First, End).
type Region struct{ From, To, First, End int }

// Regional is implemented by convolutions each part of which makes a region. What is to be computed
// of results can be computed part by part, while they are in the cache.
type Regional interface {
	// Region is what a part makes, without a pool.
	Region(part int) Region
}

// Region implements Regional.
func (f *directForward) Region(part int) Region {
	s := f.shape
	image, from, to, first, end := f.part(part)
	return Region{(image*s.OH + from) * s.OW, (image*s.OH + to) * s.OW, first, end}
}

// Region implements Regional.
func (f *pointwiseForward) Region(part int) Region {
	from, to, first, end := f.region(part)
	return Region{from, to, first, end}
}
