//go:build amd64 || arm64

package kernel

// Pause tells the processor that this thread polls in a loop. It takes 10 to 50 ns.
func Pause()
