package conv

// Region is a block of a convolution's results, as a matrix of N*OH*OW rows with O channels: rows [From,
// To), channels [First, End).
type Region struct{ From, To, First, End int }

// Regional is implemented by convolutions of which each part computes a region. Sums over the results can
// then be computed part by part, while the results are in the cache.
type Regional interface {
	// Region returns the region that a part computes, for a convolution without Pool.
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
