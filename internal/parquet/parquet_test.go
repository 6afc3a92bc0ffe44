package parquet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// sample returns a table of n rows.
func sample(n, numbers int) Table {
	t := Table{Strings: []Strings{{Name: "filename", Values: make([]string, n)}, {Name: "category", Values: make([]string, n)}}}
	for i := range n {
		t.Strings[0].Values[i] = fmt.Sprintf("é/%d \"x\".jpg", i)
		t.Strings[1].Values[i] = []string{"cat", "", "a\nb"}[i%3]
	}
	for j := range numbers {
		t.Names = append(t.Names, fmt.Sprintf("feature_%d", j))
	}
	for i := range n * numbers {
		t.Matrix = append(t.Matrix, float32(i)/7-3)
	}
	return t
}

func encoded(t *testing.T, table Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, table); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestArrow has pyarrow and pandas read files: without rows, with more columns than fit the short form of a list, with several row
// groups, and with strings only.
func TestArrow(t *testing.T) {
	folder := t.TempDir()
	for name, table := range map[string]Table{
		"empty": sample(0, 2), "one": sample(1, 1), "small": sample(5, 3), "wide": sample(3, 40), "groups": sample(2*groupRows+7, 1),
		"strings": {Strings: sample(4, 0).Strings}, "numbers": {Names: []string{"x"}, Matrix: []float32{1, -2}},
	} {
		columns := []string{}
		for _, s := range table.Strings {
			columns = append(columns, column(t, s.Name, s.Values))
		}
		for j, n := range table.Names {
			values := []float32{}
			for i := j; i < len(table.Matrix); i += len(table.Names) {
				values = append(values, table.Matrix[i])
			}
			columns = append(columns, column(t, n, values))
		}
		for suffix, b := range map[string][]byte{".parquet": encoded(t, table), ".json": []byte("{" + strings.Join(columns, ",") + "}")} {
			if err := os.WriteFile(filepath.Join(folder, name+suffix), b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	testenv.Python(t, "parquet_read.py", folder)
}

func column(t *testing.T, name string, values any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{name: values})
	if err != nil {
		t.Fatal(err)
	}
	return string(b[1 : len(b)-1])
}

// TestFile compares a file with one that pyarrow has read, and checks that its footer and pages are where they should be.
func TestFile(t *testing.T) {
	got := encoded(t, sample(5, 3))
	want, err := os.ReadFile("testdata/small.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the file of %d bytes differs from testdata/small.parquet", len(got))
	}
	n := len(got)
	size := int(binary.LittleEndian.Uint32(got[n-8:]))
	if string(got[:4]) != "PAR1" || string(got[n-4:]) != "PAR1" || size <= 0 || size > n-12 {
		t.Errorf("a footer of %d in %d bytes", size, n)
	}
}

type failing struct{ left int }

var errFull = errors.New("no space left")

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestErrors(t *testing.T) {
	for want, table := range map[string]Table{
		"at least one column": {},
		"do not fill rows":    {Names: []string{"a", "b"}, Matrix: make([]float32, 3)},
		"has 1 rows, want 2":  {Strings: []Strings{{"a", []string{"x"}}}, Names: []string{"b"}, Matrix: make([]float32, 2)},
		"have the same name":  {Strings: []Strings{{"a", []string{"x"}}}, Names: []string{"a"}, Matrix: make([]float32, 1)},
		"has 2 rows, want 1":  {Strings: []Strings{{"a", []string{"x"}}, {"b", []string{"x", "y"}}}},
	} {
		if err := Write(&failing{1 << 20}, table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for room := range len(encoded(t, sample(5, 3))) {
		if err := Write(&failing{room}, sample(5, 3)); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
	}
}
