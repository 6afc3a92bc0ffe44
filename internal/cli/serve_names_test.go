package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestServedNames: NAME=PATH names a model, but a path that exists is a path, with any "=" in it.
func TestServedNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll(filepath.Join("lr=0.1", "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []namedModel
	}{
		{[]string{"pets=runs/a.keras", "runs/b.keras"}, []namedModel{{"pets", "runs/a.keras"}, {"b", "runs/b.keras"}}},
		{[]string{"lr=0.1/run"}, []namedModel{{"run", "lr=0.1/run"}}},
		{[]string{"pets=lr=0.1/run"}, []namedModel{{"pets", "lr=0.1/run"}}},
		{[]string{"lr=0.2/run"}, []namedModel{{"lr", "0.2/run"}}},
		{[]string{"./lr=0.2/run"}, []namedModel{{"run", "./lr=0.2/run"}}},
	} {
		if got, err := (&serveCommand{Models: c.args}).named(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, %v; want %v", c.args, got, err, c.want)
		}
	}
}
