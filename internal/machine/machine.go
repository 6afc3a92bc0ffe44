// Package machine measures the limits of the machine, for comparison with the speed of kernels: fused
// multiply-adds per second, and bytes per second from and to memory. It also tells what a process uses and may use.
package machine

import (
	"sync"
	"time"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// Limits are the limits of a machine for a number of threads.
type Limits struct {
	Threads int     `json:"threads"`
	FMA     float64 `json:"fma_gflops"` // 10^9 float32 additions and multiplications per second
	Read    float64 `json:"read_gbs"`   // 10^9 bytes read per second
	Copy    float64 `json:"copy_gbs"`   // 10^9 bytes read and written per second, when copying
}

// memory is the size of the block that each thread reads. To measure copying, the thread copies one half of
// the block to the other. It exceeds most caches.
const memory = 64 << 20

// Measure measures the limits. It takes about a third of a second, and 64 MiB of memory per thread.
func Measure(isa kernel.ISA, threads int) Limits {
	from := make([][]float32, threads)
	for t := range threads {
		from[t] = make([]float32, memory/4)
		for i := range from[t] {
			from[t][i] = 1
		}
	}
	l := Limits{Threads: threads, FMA: FMA(isa, threads)}
	l.Read = rate(threads, memory, func(t int) {
		var sum [16]float32
		for i := 0; i < len(from[t]); i += kernel.Block {
			reduce.AddRows(isa, sum[:], from[t][i:i+kernel.Block], kernel.Block/16, 16, false)
		}
	})
	l.Copy = rate(threads, memory, func(t int) { copy(from[t][memory/8:], from[t][:memory/8]) })
	return l
}

// FMA measures a micro-kernel on data in the first-level cache: 10^9 additions and multiplications per
// second. It takes about a tenth of a second.
func FMA(isa kernel.ISA, threads int) float64 {
	const k, calls = 128, 200
	columns := 2 * micro.Lanes(isa)
	a := make([][]float32, threads)
	for t := range threads {
		a[t] = make([]float32, k*(16+columns)+16*columns)
	}
	rows := 0
	flops := rate(threads, 1, func(t int) {
		var g micro.Args
		segment := 0
		g.K, g.Segs, g.Seg = k, 1, &segment
		g.Columns(isa, columns)
		g.Zero()
		g.A, g.AStride = unsafe.Pointer(&a[t][0]), 4*k
		g.B, g.BStride = unsafe.Pointer(&a[t][16*k]), uintptr(4*columns)
		g.C, g.CStride = unsafe.Pointer(&a[t][k*(16+columns)]), uintptr(4*columns)
		if t == 0 {
			rows = g.MaxRows()
		}
		for range calls {
			micro.N(g.MaxRows(), &g)
		}
	})
	return flops * float64(2*k*calls*rows*columns)
}

// rate returns the work that all threads do together per second, in units of 10^9. Each thread repeats work
// of the given size. The result is that of the best of several rounds.
func rate(threads, size int, work func(thread int)) float64 {
	var best time.Duration
	for end := time.Now().Add(100 * time.Millisecond); best == 0 || time.Now().Before(end); {
		start := time.Now()
		var all sync.WaitGroup
		for t := range threads {
			all.Go(func() { work(t) })
		}
		all.Wait()
		if took := time.Since(start); best == 0 || took < best {
			best = took
		}
	}
	return float64(size) * float64(threads) / float64(best.Nanoseconds())
}
