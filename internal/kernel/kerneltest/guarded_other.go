//go:build !linux

package kerneltest

import (
	"testing"
	"time"
)

// Guarded returns a buffer of n elements. On Linux it ends at an inaccessible page.
func Guarded[T float32 | uint8 | int32](_ testing.TB, n int) []T { return make([]T, n) }

var start = time.Now()

// threadTime is the elapsed time; on Linux it is the processor time of the thread.
func threadTime() time.Duration { return time.Since(start) }
