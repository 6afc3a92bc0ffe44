package depthwise

// line is what assembly would need.
type line struct{}

func (g *gather) prepare(int, int, int) {}

func (g *gather) vector(_, _, _, _ []float32, _, _, _ int) bool { return false }

func (b *BackwardFilter) prepare() {}

func (b *BackwardFilter) vector(_, _, _ []float32, _ taps, _, _, _, _ int) bool { return false }
