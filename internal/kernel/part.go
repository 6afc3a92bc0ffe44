package kernel

// Block is the number of elements in a part of a kernel that walks over memory once: large
// enough to pay for handing it out, short enough that the goroutine can be stopped soon
// (assembly cannot be preempted).
const Block = 1 << 14

// Blocks is the number of blocks in n elements.
func Blocks(n int) int { return (n + Block - 1) / Block }

// BlockRange is the half-open range of block i of n elements.
func BlockRange(n, i int) (lo, hi int) { return i * Block, min(n, (i+1)*Block) }

// Split is the half-open range of part i of n things in parts that differ by at most one.
func Split(n, parts, i int) (lo, hi int) { return n * i / parts, n * (i + 1) / parts }

// CeilDiv is n/d rounded up, for n >= 0 and d > 0.
func CeilDiv(n, d int) int { return (n + d - 1) / d }

// RowBlocks is the number of parts for rows of cols elements: whole rows, about a Block
// each.
func RowBlocks(rows, cols int) int {
	if rows == 0 {
		return 0
	}
	return min(rows, max(1, rows*cols/Block))
}
