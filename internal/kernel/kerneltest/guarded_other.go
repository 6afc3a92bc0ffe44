//go:build !linux

package kerneltest

import (
	"testing"
	"time"
)

// Guarded is a buffer of n elements; on Linux a page that cannot be touched follows.
func Guarded[T float32 | uint8 | int32](_ testing.TB, n int) []T { return make([]T, n) }

var start = time.Now()

// threadTime is the time; on Linux, that of this thread.
func threadTime() time.Duration { return time.Since(start) }
