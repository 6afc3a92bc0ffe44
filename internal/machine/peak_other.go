//go:build !unix

package machine

import "os"

// PeakMemory is the most memory that a process had, in bytes; this system does not tell.
func PeakMemory(*os.ProcessState) (bytes int64, ok bool) { return 0, false }
