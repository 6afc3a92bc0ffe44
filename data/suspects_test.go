package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSuspects opens folders with images that are probably no data: those that are never data are passed over, and the others are named in a warning.
func TestSuspects(t *testing.T) {
	two := []string{"cats/1.png", "cats/2.png", "cats/3.png", "cats/4.png", "dogs/5.png", "dogs/6.png", "dogs/7.png", "dogs/8.png"}
	for _, c := range []struct {
		name, passed, warning string
		files                 []string
		classes               string // "" for cats dogs
		n                     int    // of rows; 0 for 8
	}{
		{name: "never data", files: []string{"LOST.DIR/a.png", "FOUND.000/a.png", "cats/found.012/DIR0001.CHK/a.png", "msdownld.tmp/a.png", "@Recently-Snapshot/a.png", "_gsdata_/a.png", "#recycle/a.png", "~snapshot/hourly.0/cats/a.png", "dogs/~Snapshot/a.png", "@GMT-2024.01.31-00.00.00/cats/a.png", "RECYCLER/a.png", "node_modules/x/a.png", "venv/lib/python3/a.png", "cats/site-packages/a.png", "cats/Photos Library.photoslibrary/originals/a.png", "Catalog Previews.lrdata/a.png", "cats/.picasaoriginals/1.png"},
			passed: "17 files that are hidden or belong to other programs, such as #recycle/a.png"},
		{name: "results of a training", files: append(under("wandb/run-1/files/media/images/", "a.png", "b.png"), "mlruns/0/artifacts/a.png", "lightning_logs/version_0/a.png", "tb_logs/a.png", "runs/classify/train/train_batch0.png", "MLRuns/a.png", "dvclive/a.png", "__pycache__/a.png", ".dvc/cache/a.png", ".git/a.png"),
			passed: "11 files that are hidden or belong to other programs"},
		{name: "results in usual folders", files: append(under("outputs/", "a.png", "b.png"), "logs/a.png"), classes: "cats dogs logs outputs", n: 11, warning: "The folders logs, outputs, with 3 of the images, look like those to which programs write their results."},
		{name: "a class among three", files: []string{"runs/a.png"}, classes: "cats dogs runs", n: 9, warning: "The folder runs, with 1 of the images, looks like one to which a program writes its results."},
		{name: "an extension alone is a name", files: []string{"cats/.lrdata/a.png"}, passed: "1 file that is hidden"},
		{name: "thumbnails as a class", files: []string{"thumbnails/1.png"}, classes: "cats dogs thumbnails", n: 9, warning: "The folder thumbnails looks like one in which a program keeps copies; it has 1 of the images."},
		{name: "copies in a class", files: []string{"cats/thumbs/a.png", "dogs/Originals/b.png", "dogs/Originals/c.png"}, n: 11, warning: "The folders cats/thumbs, dogs/Originals look like those in which programs keep copies; they have 3 of the images."},
		{name: "originals as a class", files: []string{"originals/1.png", "originals/2.png"}, classes: "cats dogs originals", n: 10},
		{name: "trash", files: []string{"Trash/1.png"}, classes: "Trash cats dogs", n: 9, warning: ""},
		{name: "little trash", files: []string{"Trash/a.png", "cats/a.png", "cats/b.png"}, classes: "Trash cats dogs", n: 11, warning: "The folder Trash, with 1 of the images, looks like one for deleted files."},
		{name: "two domains", files: []string{"trainA/1.png", "trainB/2.png", "testA/1.png", "testB/2.png"}, classes: "cats dogs testA testB trainA trainB", n: 12, warning: "rename testA to test/A, testB to test/B, and so on"},
		{name: "masks by their names", files: []string{"cats/1_mask.png", "cats/2_mask.png", "dogs/5_Mask.png"}, n: 11, warning: "3 images have the names of others and the end of a mask, such as dogs/5_Mask.png."},
		{name: "masks without images", files: []string{"cats/a_mask.png", "cats/b_mask.png", "dogs/c_mask.png"}, n: 11},
		{name: "masks in a class", files: []string{"cats/images/a.png", "cats/images/b.png", "cats/masks/a.png", "cats/masks/b.png"}, n: 12, warning: "The images in cats/masks have the names of those in cats/images (2 of them). They are probably for a segmentation"},
	} {
		dir := files(t, append(slices.Clone(two), c.files...)...)
		for kind, source := range map[string]string{"folder": dir, "zip": zipOf(t, dir), "tar": tarOf(t, dir, false)} {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				tab := open(t, source, OpenOptions{})
				want, n := c.classes, c.n
				if want == "" {
					want = "cats dogs"
				}
				if n == 0 {
					n = len(two)
				}
				if got := strings.Join(tab.Classes(), " "); got != want || tab.Len() != n {
					t.Errorf("%d images of %s, want %d of %s", tab.Len(), got, n, want)
				}
				if got := passedOf(tab); !strings.HasPrefix(got, c.passed) || c.passed == "" && got != "" {
					t.Errorf("passed over: %s\nwant %s", got, c.passed)
				}
				if w := strings.Join(tab.Warnings(), "\n"); !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
					t.Errorf("warnings %q, want %q", w, c.warning)
				}
			})
		}
	}
}

// TestClassesNamedAsParts checks which folders with the name of a part are classes.
func TestClassesNamedAsParts(t *testing.T) {
	for _, c := range []struct {
		files   []string
		want    string
		warning string
	}{
		{[]string{"bus/1.png", "car/2.png", "train/3.png"}, "bus car train", ""},
		{[]string{"training/1.png", "racing/2.png"}, "racing training", ""},
		{[]string{"valid/1.png", "invalid/2.png"}, "invalid valid", ""},
		{[]string{"Test/1.png", "Control/2.png"}, "Control Test", ""},
		{[]string{"train/bus/1.png", "train/train/2.png", "test/bus/3.png", "test/train/4.png"}, "bus train", ""},
		{[]string{"cats/1.png", "dogs/2.png", "test/3.png"}, "cats dogs test", "The folder test looks like a part of the data, not like a class. If it is one, move it elsewhere, or the classes into a folder train beside it."},
		{[]string{"extra/1.png", "train/cat.1.png"}, "extra train", "The folder train looks like a part"},
		{[]string{"extra/1.png", "train/cats/1.png"}, "extra train", "The folder train looks like a part"},
		{[]string{"valid/1.png", "test/2.png"}, "test valid", "The folders test, valid look like parts of the data, not like classes; select one of them with --part."},
	} {
		tab := open(t, files(t, c.files...), OpenOptions{})
		if got, w := strings.Join(tab.Classes(), " "), strings.Join(tab.Warnings(), "\n"); got != c.want || !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
			t.Errorf("%v: classes %s and warnings %q, want %s and %q", c.files, got, w, c.want, c.warning)
		}
	}
}

// TestDividedDownloads opens folders with the archives of a download that was divided, and with their unpacked folders. The classes are those inside.
func TestDividedDownloads(t *testing.T) {
	p := png(t)
	image := func(name string) entryOf { return entryOf{name: name, content: p} }
	one, two := []entryOf{image("cats/1.png"), image("cats/2.png"), image("dogs/5.png")}, []entryOf{image("dogs/6.png"), image("dogs/7.png")}
	flat, more := []entryOf{image("1.png"), image("2.png")}, []entryOf{image("3.png"), image("4.png")}
	for _, c := range []struct {
		files   map[string][]entryOf
		want    string
		warning string
	}{
		{map[string][]entryOf{"drive-download-20240101T120000Z-001.zip": one, "drive-download-20240101T120000Z-002.zip": two}, "cats=2 dogs=3", ""},
		{map[string][]entryOf{"drive-download-20240101T120000Z-1-001.zip": one, "drive-download-20240101T120000Z-1-002.zip": two}, "cats=2 dogs=3", ""},
		{map[string][]entryOf{"cats-20240101T120000Z-001.zip": one[:1], "cats-20240101T120000Z-002.zip": one[1:2], "dogs-20240101T120100Z-001.zip": two}, "cats=2 dogs=2", ""},
		{map[string][]entryOf{"cats-20240101T120000Z-001.zip": flat, "cats-20240101T120000Z-002.zip": more, "dogs-20240101T120100Z-001.zip": flat}, "cats=4 dogs=2", ""},
		{map[string][]entryOf{"part1.zip": one, "part2.zip": two}, "cats=2 dogs=3", "The folders part1, part2 look like dates, cameras, parts of a download or similar, not like classes. The classes are the folders inside them: cats, dogs."},
		{map[string][]entryOf{"part1": one, "part2": two}, "cats=2 dogs=3", "The folders part1, part2 look like"},
		{map[string][]entryOf{"cats-20240101T120000Z-001": one[:2], "dogs-20240101T120100Z-001": two}, "cats=2 dogs=2", "The folders cats-20240101T120000Z-001, dogs-20240101T120100Z-001 look like"},
		{map[string][]entryOf{"archive.zip": one, "archive (1).zip": two}, "cats=2 dogs=3", "The folders archive, archive (1) look like"},
		{map[string][]entryOf{"images_001.zip": one, "images_002.zip": two}, "cats=2 dogs=3", "The folders images_001, images_002 look like"},
		{map[string][]entryOf{"class_1.zip": flat, "class_2.zip": more}, "class_1=2 class_2=2", ""},
		{map[string][]entryOf{"7.zip": flat, "8.zip": more}, "7=2 8=2", ""},
	} {
		dir := t.TempDir()
		for name, entries := range c.files {
			if filepath.Ext(name) == ".zip" {
				if err := os.WriteFile(filepath.Join(dir, name), archive(t, entries...), 0o600); err != nil {
					t.Fatal(err)
				}
				continue
			}
			var names []string
			for _, e := range entries {
				names = append(names, e.name)
			}
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(files(t, names...))); err != nil {
				t.Fatal(err)
			}
		}
		tab := open(t, dir, OpenOptions{})
		counts := map[string]int{}
		for _, r := range tab.All() {
			counts[r.Label]++
		}
		var got []string
		for _, class := range sortedKeys(counts) {
			got = append(got, class+"="+string(rune('0'+counts[class])))
		}
		if w := strings.Join(tab.Warnings(), "\n"); strings.Join(got, " ") != c.want || !strings.Contains(w, c.warning) || c.warning == "" && w != "" {
			t.Errorf("%v: %s with warnings %q, want %s with %q", sortedKeys(c.files), got, w, c.want, c.warning)
		}
	}
}

// TestResultsOfLince checks that images that lince has written are passed over, in a folder and in an archive, and others in the same folders are not.
func TestResultsOfLince(t *testing.T) {
	dir := files(t, "cats/1.png", "dogs/2.png", "runs/train-1/batch.png", "runs/train-1/curves.png", "runs/train-1/mine.png", "ev/confusion.png", "report/blurred.png", "other/batch.png", "served/batch.png")
	for name, text := range map[string]string{
		"runs/train-1/run.json": "{\n  \"status\": \"finished\",\n  \"command\": \"train\",\n", "ev/predictions.csv": "filename,category,predicted,cats,dogs\n",
		"report/findings.csv": "finding,kind,filename,category,part,detail\n", "served/run.json": `{"status": "on", "command": "serve"}`, "other/predictions.csv": "id,label\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for kind, source := range map[string]string{"folder": dir, "zip": zipOf(t, dir), "tar": tarOf(t, dir, false)} {
		tab := open(t, source, OpenOptions{})
		if got, want := list1(tab), "cats/1.png=cats dogs/2.png=dogs other/batch.png=other runs/train-1/mine.png=runs served/batch.png=served"; got != want {
			t.Errorf("%s: got  %s\nwant %s", kind, got, want)
		}
		if got, want := passedOf(tab), "5 files that are not images (3 .csv, 2 .json), such as "; !strings.HasPrefix(got, want) || !strings.Contains(got, "4 images that lince has written to folders of results, such as ") || strings.Contains(got, "no class") {
			t.Errorf("%s: passed over %s", kind, got)
		}
		for _, p := range tab.Passed() {
			if p.Loss {
				t.Errorf("%s: %v is a reason for --strict", kind, p)
			}
		}
	}
	_, err := Open(t.Context(), filepath.Join(dir, "ev"), OpenOptions{})
	if err == nil || !strings.Contains(err.Error(), "1 image that lince has written to a folder of results: confusion.png") {
		t.Error(err)
	}
}
