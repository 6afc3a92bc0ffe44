package offheap

import (
	"testing"
	"unsafe"

	"github.com/lince-ml/lince/tensor"
)

func TestBlock(t *testing.T) {
	for _, size := range []int{0, 1, 100, least - 1, least, least + 1, 3*least + 17} {
		b := New(size)
		if len(b.Bytes) != size {
			t.Fatalf("got %d bytes, want %d", len(b.Bytes), size)
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b.Bytes))); at%tensor.Align != 0 {
			t.Errorf("%d bytes: not aligned", size)
		}
		for i := range b.Bytes {
			if b.Bytes[i] != 0 {
				t.Fatalf("%d bytes: number %d is not 0", size, i)
			}
			b.Bytes[i] = 1
		}
		b.Free()
		b.Free() // does nothing
		if b.Bytes != nil {
			t.Error("a block that was freed has bytes")
		}
	}
}
