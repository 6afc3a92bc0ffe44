package kerneltest

import (
	"runtime"
	"testing"
)

// Speed measures step and reports GFLOP/s if flops is not 0, and GB/s if bytes is not 0. It counts the
// processor time of the thread, so that other processes disturb it less.
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
