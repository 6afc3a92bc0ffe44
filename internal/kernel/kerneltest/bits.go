package kerneltest

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

var update = flag.Bool("update", false, "write testdata/bits.txt of the results of AVX2")

// bitsFile has a line for each result: its name and a hash of its bits.
const bitsFile = "testdata/bits.txt"

// Bits compares results with the bits that AVX2 gives, by hashes in testdata/bits.txt. It compares instruction
// sets that no machine has together: NEON and those of amd64. A test with Bits runs for all of
// kernel.Available, with operands from Random. After a change that changes the order of sums on purpose, the
// file is written by `go test ./internal/kernel/<family> -run Bits -update` on a machine with AVX2.
type Bits struct {
	t    *testing.T
	want map[string]string
	made map[string]string // by AVX2
	new  []string          // names without a line in the file
}

// remedy says how to write the file.
func remedy() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return "run `go test ./internal/kernel/" + filepath.Base(dir) + " -run Bits -update` on a machine with AVX2"
}

// NewBits reads the hashes. With -update, they are written at the end of the test.
func NewBits(t *testing.T) *Bits {
	b := &Bits{t: t, want: map[string]string{}, made: map[string]string{}}
	if *update {
		t.Cleanup(b.write)
		return b
	}
	text, err := os.ReadFile(bitsFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no %s: if all other tests pass, %s", bitsFile, remedy())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if len(b.new) > 0 {
			t.Errorf("%s has no line for %s: if all other tests pass, %s", bitsFile, strings.Join(b.new, "; "), remedy())
		}
	})
	for line := range strings.Lines(string(text)) {
		if at := strings.LastIndexByte(line, ' '); at > 0 {
			b.want[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return b
}

// Check compares results with those of AVX2. All NaNs are equal. Results of portable Go are not compared.
func (b *Bits) Check(isa kernel.ISA, name string, results ...[]float32) {
	b.t.Helper()
	if isa == kernel.Generic {
		return
	}
	hash := fnv.New64a()
	for _, result := range results {
		for _, v := range result {
			bits := math.Float32bits(v)
			if v != v {
				bits = math.Float32bits(float32(math.NaN()))
			}
			hash.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
	got := fmt.Sprintf("%016x", hash.Sum64())
	switch want, ok := b.want[name]; {
	case *update && isa == kernel.AVX2:
		b.made[name] = got
	case *update:
	case !ok:
		if !slices.Contains(b.new, name) {
			b.new = append(b.new, name)
		}
	case got == want:
	case isa == kernel.AVX2:
		b.t.Errorf("%s: AVX2 gives bits with hash %s, but %s has %s. If the results have changed on purpose, %s", name, got, bitsFile, want, remedy())
	case isa == kernel.NEON:
		b.t.Errorf("%s: NEON gives bits with hash %s, but %s has %s, from AVX2. They must agree. On arm64 Go's compiler fuses a product with an addition: "+
			"write float32(x*y) + z in Go loops", name, got, bitsFile, want)
	default:
		b.t.Errorf("%s: %v gives bits with hash %s, but %s has %s, from AVX2. They must agree", name, isa, got, bitsFile, want)
	}
}

func (b *Bits) write() {
	if len(b.made) == 0 {
		b.t.Errorf("%s has the bits of AVX2, which this machine does not have", bitsFile)
		return
	}
	if err := os.MkdirAll(filepath.Dir(bitsFile), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		b.t.Error(err)
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(b.made)) {
		fmt.Fprintln(&text, name, b.made[name])
	}
	if err := os.WriteFile(bitsFile, []byte(text.String()), 0o644); err != nil {
		b.t.Error(err)
	}
}

// Floats converts bytes to numbers, for Bits.
func Floats(bytes []uint8) []float32 {
	x := make([]float32, len(bytes))
	for i, b := range bytes {
		x[i] = float32(b)
	}
	return x
}
