package data

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeShard writes a tar archive of names and contents.
func writeShard(t *testing.T, name string, members ...string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for i := 0; i < len(members); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: members[i], Mode: 0o600, Size: int64(len(members[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestShards reads tar archives as WebDataset writes them.
func TestShards(t *testing.T) {
	img, err := os.ReadFile(filepath.Join(tree(t, "a.png"), "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	png := string(img)
	writeShard(t, filepath.Join(dir, "train-08.tar"), "s1.png", png, "s1.cls", "2\n", "s2.png", png, "s2.json", `{"label": 10, "caption": "x"}`, "s3.png", png)
	writeShard(t, filepath.Join(dir, "train-09.tar"), "s1.cls", "10", "s1.seg.png", png, "s2.png", png, "s2.txt", " 2 ")
	writeShard(t, filepath.Join(dir, "train-10.tar"), "x/s1.png", png, "x/s1.cls", "2")
	name := filepath.Join(dir, "train-{08..10}.tar")
	tab := open(t, name, OpenOptions{})
	var rows []string
	for _, r := range tab.All() {
		rows = append(rows, r.Filename+"="+r.Label)
	}
	want := "[train-08/s1.png=2 train-08/s2.png=10 train-09/s1.seg.png=10 train-09/s2.png=2 train-10/x/s1.png=2]"
	if fmt.Sprint(rows) != want || fmt.Sprint(tab.Classes()) != "[2 10]" {
		t.Errorf("got %v %v, want %s", rows, tab.Classes(), want)
	}
	if tab.Dropped() != 1 || !strings.Contains(tab.Ignored()[0].Err.Error(), "there is no train-08/s3.cls") || len(tab.Warnings()) != 1 {
		t.Error(tab.Ignored(), tab.Warnings())
	}
	if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
		t.Error(bad, err)
	}
	// The range may be in the name of a folder, also below one with braces.
	for _, n := range []string{"1", "2"} {
		day := filepath.Join(dir, "{0..3} {x}", "day-"+n)
		if err := os.MkdirAll(day, 0o700); err != nil {
			t.Fatal(err)
		}
		writeShard(t, filepath.Join(day, "train.tar"), "s"+n+".png", png, "s"+n+".cls", n)
	}
	if days := open(t, filepath.Join(dir, "{0..3} {x}", "day-{1..2}", "train.tar"), OpenOptions{}); days.Dropped() != 0 || fmt.Sprint(days.Labels()) != "[1 2]" {
		t.Error(days.Labels(), days.Ignored())
	}
	if plain := open(t, name, OpenOptions{LabelRule: Unlabeled}); plain.Len() != 6 || len(plain.Classes()) != 0 {
		t.Error(plain.Len())
	}
	for _, c := range []struct {
		name string
		o    OpenOptions
		want string
	}{
		{"train-{08..12}.tar", OpenOptions{}, "2 of the 5 shards cannot be opened, such as"},
		{"train-{10..08}.tar", OpenOptions{}, "must be ascending"},
		{"train-{08..10}.tar", OpenOptions{LabelRule: Folder}, "remove the label rule"},
	} {
		if _, err := Open(t.Context(), filepath.Join(dir, c.name), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	// The batches depend neither on the number of threads nor on where they begin.
	var first []string
	for _, workers := range []int{1, 3} {
		f, err := Images(tab, ImageOptions{TargetSize: [2]int{8, 8}, BatchSize: 2, Seed: 1, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for b, err := range f.Batches(t.Context(), 1, 1) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(b.Index, b.X.Float32s(), b.Y.Float32s()))
		}
		if first == nil {
			first = got
		} else if fmt.Sprint(got) != fmt.Sprint(first) {
			t.Error("the batches depend on the number of workers")
		}
	}
}

// TestShardsWebDataset compares the samples with those that WebDataset reads (internal/golden/webdataset_shards.py).
func TestShardsWebDataset(t *testing.T) {
	dir := filepath.Join("testdata", "shards")
	b, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []struct{ Key, Label, SHA256 string }
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	tab := open(t, filepath.Join(dir, "train-{000000..000001}.tar"), OpenOptions{})
	if tab.Len() != len(want) || len(want) != 5 {
		t.Fatalf("%d rows, want %d", tab.Len(), len(want))
	}
	// WebDataset reads the members in their order, which is that of the keys within each folder of these shards.
	got := map[string]string{}
	for _, r := range tab.All() {
		b, err := r.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		key, _ := sampleKey(r.Filename)
		_, key, _ = strings.Cut(key, "/")
		got[key] = fmt.Sprintf("%s %x", r.Label, sha256.Sum256(b))
	}
	for _, w := range want {
		if got[w.Key] != w.Label+" "+w.SHA256 {
			t.Errorf("%s: %s, want %s %s", w.Key, got[w.Key], w.Label, w.SHA256)
		}
	}
}
