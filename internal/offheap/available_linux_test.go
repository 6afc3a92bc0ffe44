package offheap

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAddressSpace: what a process with a limited address space can have, it can allocate.
func TestAddressSpace(t *testing.T) {
	const limit = 5 << 30
	if os.Getenv("LINCE_ADDRESS_SPACE") != "" {
		if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			t.Skip(err)
		}
		has := Available()
		if has > limit-1<<20 || has < 1<<30 {
			t.Fatalf("it has %d bytes", has)
		}
		const spare = 256 << 20 // Go reserves addresses for its own tables, too
		x, y := make([]byte, (has-spare)/2), make([]byte, (has-spare)/2)
		if x[len(x)-1]+y[len(y)-1] != 0 {
			t.Error("it is not 0")
		}
		return
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAddressSpace$")
	c.Env = append(os.Environ(), "LINCE_ADDRESS_SPACE=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %.2000s", err, out)
	}
}
