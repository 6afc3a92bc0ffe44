package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolderOfShards opens folders of shards, and one shard, without a range of numbers.
func TestFolderOfShards(t *testing.T) {
	img, err := os.ReadFile(filepath.Join(tree(t, "a.png"), "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	png := string(img)
	shard := func(label func(i int) (ext, text string)) []string {
		var members []string
		for i := range 4 {
			ext, text := label(i)
			members = append(members, fmt.Sprintf("%04d.png", i), png, fmt.Sprintf("%04d.%s", i, ext), text)
		}
		return members
	}
	cls := func(i int) (string, string) { return "cls", fmt.Sprint(i % 2) }
	object := func(i int) (string, string) { return "json", fmt.Sprintf(`{"label": "x%d"}`, i%2) }
	caption := func(i int) (string, string) { return "txt", fmt.Sprintf("photo %d", i) }

	dir := t.TempDir()
	for _, name := range []string{"train-000000", "train-000001", "val-000000"} {
		writeShard(t, filepath.Join(dir, name+".tar"), shard(cls)...)
	}
	tab := open(t, dir, OpenOptions{})
	if tab.Len() != 8 || fmt.Sprint(tab.Classes()) != "[0 1]" || tab.HeldPart() != "train" || tab.ValidationPart() != "validation" || len(tab.Passed()) != 0 {
		t.Errorf("a folder of shards: %d rows, %v, the part %q, %v", tab.Len(), tab.Classes(), tab.HeldPart(), tab.Passed())
	}
	if val, err := tab.Part("validation"); err != nil || val.Len() != 4 || val.Row(1).Label != "1" {
		t.Errorf("the part for validation: %v", err)
	}
	if n := open(t, dir, OpenOptions{Part: "val"}).Len(); n != 4 {
		t.Errorf("the part val has %d rows", n)
	}
	if tab := open(t, dir, OpenOptions{LabelRule: Unlabeled}); tab.Len() != 8 || tab.Row(0).Label != "" {
		t.Errorf("without labels: %d rows", tab.Len())
	}
	if _, err := Open(t.Context(), dir, OpenOptions{Part: "test"}); err == nil || !strings.Contains(err.Error(), `has no part "test"; it has train, validation`) {
		t.Error(err)
	}
	if tab := open(t, filepath.Join(dir, "val-000000.tar"), OpenOptions{}); fmt.Sprint(tab.Classes()) != "[0 1]" {
		t.Errorf("one shard: %v", tab.Classes())
	}

	objects := t.TempDir()
	writeShard(t, filepath.Join(objects, "s-0.tar"), shard(object)...)
	writeShard(t, filepath.Join(objects, "s-1.tar"), shard(object)...)
	if tab := open(t, objects, OpenOptions{}); fmt.Sprint(tab.Classes()) != "[x0 x1]" || tab.Len() != 8 {
		t.Errorf("labels in JSON: %v", tab.Classes())
	}

	// The classes of these are the archives, folders and names: captions, annotations and notes are no labels.
	others := t.TempDir()
	writeShard(t, filepath.Join(others, "cat.tar"), shard(caption)...)
	writeShard(t, filepath.Join(others, "dog.tar"), shard(caption)...)
	if tab := open(t, others, OpenOptions{}); fmt.Sprint(tab.Classes()) != "[cat dog]" {
		t.Errorf("archives with captions: %v", tab.Classes())
	}
	kaggle := filepath.Join(t.TempDir(), "set.tar")
	writeShard(t, kaggle, "cat.0.png", png, "cat.0.json", "{}", "cat.1.png", png, "dog.0.png", png, "dog.1.png", png, "dog.json", "{}", "cat.json", "{}", "dog.2.png", png)
	if tab := open(t, kaggle, OpenOptions{}); fmt.Sprint(tab.Classes()) != "[cat dog]" {
		t.Errorf("names with classes, and annotations: %v", tab.Classes())
	}
}
