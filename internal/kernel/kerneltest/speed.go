package kerneltest

import (
	"runtime"
	"testing"
)

// Speed times step and reports GFLOP/s when flops is not 0, and GB/s when bytes is not 0, of
// the processor time that the thread had: the same on a machine that does other things, too.
func Speed(b *testing.B, flops, bytes int, step func()) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	step()
	start := threadTime()
	for b.Loop() {
		step()
	}
	spent := (threadTime() - start).Seconds()
	if flops > 0 {
		b.ReportMetric(float64(flops)*float64(b.N)/spent/1e9, "GFLOP/s")
	}
	if bytes > 0 {
		b.ReportMetric(float64(bytes)*float64(b.N)/spent/1e9, "GB/s")
	}
	b.ReportMetric(spent/float64(b.N)*1e9, "cpu-ns/op")
}
