package cli

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// shard returns a tar archive as WebDataset writes it, of images with their labels.
func shard(t *testing.T, images map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, name := range sorted(images) {
		for ext, content := range map[string][]byte{"png": images[name], "cls": []byte(name[:3])} {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%06d.%s", i, ext), Mode: 0o600, Size: int64(len(content))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestShardsAndParquet uses each command with shards and with folders and files of Parquet. One image of the shards is cut at half its bytes.
func TestShardsAndParquet(t *testing.T) {
	workIn(t)
	images := pngs(t, 16)
	put(t, "set", images)
	images["cat.1.png"] = images["cat.1.png"][:len(images["cat.1.png"])/2]
	put(t, "shards", map[string][]byte{"train-000000.tar": shard(t, images)})
	succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	model := filepath.Join("r", "best.keras")
	parquet := filepath.Join(packageDir, "..", "..", "data", "testdata", "parquet")
	// A folder of Parquet files is a table, so the flags for tables are those of the folder.
	parts := filepath.Join(parquet, "parts")
	for _, source := range []string{parts, filepath.Join(parts, "data")} {
		for column, want := range map[string]string{"label": "", "kind": `has no column "kind" for the labels`} {
			o := run(t, "train", "set", "--validation", source, "--category", column, "--model", network("two.json"), "--epochs", "1", "--out", "v"+column, "--overwrite")
			if (o.code == exitOK) != (want == "") || !strings.Contains(o.stderr, want) {
				t.Errorf("--validation %s --category %s: exit code %d, %s", source, column, o.code, o.stderr)
			}
		}
	}
	for _, c := range []struct {
		source     string
		args       []string
		rows, kept int
		damaged    bool
	}{
		{"shards", nil, 16, 15, true},
		{filepath.Join("shards", "train-000000.tar"), nil, 16, 15, true},
		{filepath.Join("shards", "train-{000000..000000}.tar"), nil, 16, 15, true},
		{filepath.Join(parquet, "parts"), nil, 6, 0, false},
		{filepath.Join(parquet, "parts"), []string{"--part", "validation"}, 3, 0, false},
		{filepath.Join(parquet, "huggingface.parquet"), nil, 5, 0, false},
	} {
		with := func(command ...string) []string { return append(command, c.args...) }
		found := fmt.Sprintf("Found %d ", c.rows)
		contains(t, "lince data "+c.source, succeed(t, with("data", c.source)...).stdout, found)
		o := succeed(t, with("predict", model, c.source, "--csv", "-")...)
		rows := c.rows
		if c.damaged {
			rows--
			contains(t, "predict's warnings", o.stderr, "1 of 16 images cannot be read, skipped:")
		}
		if strings.HasSuffix(c.source, "huggingface.parquet") {
			rows++ // with the one that has no label
		}
		if n := strings.Count(o.stdout, "\n") - 1; n != rows {
			t.Errorf("predict %s: %d rows, want %d", c.source, n, rows)
		}
		o = succeed(t, with("features", model, c.source, "--out", "f.npy", "--overwrite")...)
		if n := strings.Count(read(t, "f.csv"), "\n") - 1; n != c.rows && !c.damaged || n != c.rows-1 && c.damaged {
			t.Errorf("features %s: %d rows: %s", c.source, n, o.stderr)
		}
		// Images of one color each are copies of others, so only the damaged ones are left out.
		o = succeed(t, with("clean", c.source, "--drop", "corrupt", "--out", "k.csv", "--overwrite")...)
		kept := c.kept
		if !c.damaged {
			kept = c.rows
		}
		contains(t, "clean "+c.source, o.stdout, fmt.Sprintf("Wrote %d of %d images to k.csv. To train on them: lince train k.csv --images", kept, c.rows))
		contains(t, "what clean keeps of "+c.source, succeed(t, "data", "k.csv", "--images", c.source).stdout, fmt.Sprintf("Found %d ", kept))
	}
}
