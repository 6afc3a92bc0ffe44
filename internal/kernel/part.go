package kernel

// Block is the number of elements in a part of a kernel that walks over memory once. It is large enough that
// handing out parts costs little, and small enough that a goroutine can be stopped soon: assembly cannot be
// preempted.
const Block = 1 << 14

// Blocks is the number of blocks in n elements.
func Blocks(n int) int { return (n + Block - 1) / Block }

// BlockRange returns the elements [lo, hi) of block i of n elements.
func BlockRange(n, i int) (lo, hi int) { return i * Block, min(n, (i+1)*Block) }

// Split divides n items into parts whose sizes differ by at most one, and returns the items [lo, hi) of part i.
func Split(n, parts, i int) (lo, hi int) { return n * i / parts, n * (i + 1) / parts }

// CeilDiv is n/d rounded up, for n >= 0 and d > 0.
func CeilDiv(n, d int) int { return (n + d - 1) / d }

// RowBlocks is the number of parts of a matrix of rows with cols elements. A part has whole rows, about a Block
// of elements.
func RowBlocks(rows, cols int) int {
	if rows == 0 {
		return 0
	}
	return min(rows, max(1, rows*cols/Block))
}
