//go:build !unix

package machine

import "os"

// PeakMemory returns ok = false: this system does not report the peak memory of a process.
func PeakMemory(*os.ProcessState) (bytes int64, ok bool) { return 0, false }
