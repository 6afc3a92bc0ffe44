package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSpellings opens tables whose names of files are those before a conversion or an upload, with the images in a folder and in an archive.
func TestSpellings(t *testing.T) {
	const end = "with another extension: "
	for _, c := range []struct {
		files, names string
		cut          string // what is before each name in the table
		want         string // the files, or "" for an error
		note         string // part of the notes, the warnings and the error
	}{
		// Converted images.
		{files: "a.png b.png", names: "a.dcm b.dcm", want: "a.png b.png", note: "Found 2 of the 2 file names " + end + "a.dcm is a.png."},
		{files: "a.png b.png", names: "a.dicom b.DICOM", want: "a.png b.png", note: end + "a.dicom is a.png."},
		{files: "a.png b.png", names: "a.jpg b.jpg", want: "a.png b.png", note: end},
		{files: "a.jpg b.jpg", names: "a.jpeg b.JPEG", want: "a.jpg b.jpg", note: end},
		{files: "a.jpg b.jpg", names: "a.tif b.tiff", want: "a.jpg b.jpg", note: end},
		{files: "a.png b.png", names: "a.nii.gz b.nii.gz", want: "a.png b.png", note: end},
		{files: "a.jpg.jpg b.jpg.jpg", names: "a.jpg b.jpg", want: "a.jpg.jpg b.jpg.jpg", note: end},
		{files: "a.jpg b.jpg", names: "a.jpg.jpg b.jpg.jpg", want: "a.jpg b.jpg", note: end},
		{files: "a.jpg b.jpg", names: "a.heic b.CR2", want: "a.jpg b.jpg", note: end},
		{files: "a.dcm.png b.dcm.png", names: "a.dcm b.dcm", want: "a.dcm.png b.dcm.png", note: "without the extension"},
		{files: "1.2.840.1.png 1.2.840.2.png", names: "1.2.840.1.dcm 1.2.840.2.dcm", want: "1.2.840.1.png 1.2.840.2.png", note: end},
		{files: "x/a.png y/b.png", names: "a.dcm b.dcm", want: "x/a.png y/b.png", note: end},
		{files: "x/a.png y/b.png", names: "x/a.dcm y/b.dcm", cut: "/kaggle/input/", want: "x/a.png y/b.png", note: end},

		// Names that have no image, or several.
		{files: "a.png b.png", names: "a.png b.dcm", want: "a.png", note: `Found 1 invalid image filename(s) in x_col="filename". These filename(s) will be ignored. For b.dcm, there is b.png.`},
		{files: "x/a.png y/b.png", names: "x/a.png x/b.png", want: "x/a.png", note: "For x/b.png, there is y/b.png."},
		{files: "a.png a.jpg", names: "a.dcm", note: "several files of IMAGES fit this name without its extension; write the name of the right one: a.jpg, a.png"},
		{files: "x/a.png y/a.png", names: "a.png", note: "several files of IMAGES fit this name; add their folder to the name: x/a.png, y/a.png"},
		{files: "a.png b.png", names: "a.txt b.txt", note: "rows can be used; the first"},
		{files: "0012.png 13.png", names: "12.dcm 0013.dcm", note: "rows can be used; the first"},

		// Names that Label Studio gives to uploads.
		{files: "x/a.jpg y/b.jpg", names: "0a1b2c3d-a.jpg ffffffff-b.jpg", cut: "/data/upload/1/", want: "x/a.jpg y/b.jpg",
			note: "Found 2 of the 2 file names without the 8 digits that Label Studio puts before the name of an upload: /data/upload/1/0a1b2c3d-a.jpg is x/a.jpg."},
		{files: "a.jpg b.jpg", names: "00000000-a.jpg 00000001-b.jpg", cut: "images/", want: "a.jpg b.jpg", note: "8 digits"},
		{files: "a.jpg b.jpg", names: "00000000-a.jpg 00000001-b.jpg", want: "a.jpg b.jpg", note: "8 digits"},
		{files: "cat (1).jpg;a, b.jpg", names: "00000000-cat_1.jpg 00000001-a_b.jpg", want: "cat (1).jpg;a, b.jpg", note: "8 digits"},
		{files: "00000000-a.jpg a.jpg", names: "00000000-a.jpg", cut: "/data/upload/1/", want: "00000000-a.jpg", note: "with other folders"},
		{files: "00000000-a.jpg", names: "00000001-a.jpg", note: "rows can be used; the first"},
		{files: "x/a.jpg y/a.jpg", names: "00000000-a.jpg", cut: "/data/upload/1/", note: "several files of IMAGES fit this name; add their folder to the name: x/a.jpg, y/a.jpg"},
		// Names that Roboflow gives to the images of an export.
		{files: "train/x/a_jpg.rf.H.jpg valid/x/b_png.rf.H.jpg", names: "a.jpg b.png", want: "train/x/a_jpg.rf.H.jpg valid/x/b_png.rf.H.jpg",
			note: "Found 2 of the 2 file names without what Roboflow adds to the names of an export: a.jpg is train/x/a_jpg.rf.H.jpg."},
		{files: "a_jpg.rf.H.jpg b_jpg.rf.H.jpg", names: "x/a.JPG x/b.jpg", want: "a_jpg.rf.H.jpg b_jpg.rf.H.jpg", note: "Roboflow"},
		{files: "a_jpg.rf.H.jpg b_JPG.rf.H.jpg", names: "a b", want: "a_jpg.rf.H.jpg b_JPG.rf.H.jpg", note: "Roboflow"},
		{files: "my-cat-1-_jpg.rf.H.jpg 10-11-12_jpeg.rf.H.jpg", names: "my%20cat%20(1).jpg 10.11.12.jpeg", want: "my-cat-1-_jpg.rf.H.jpg 10-11-12_jpeg.rf.H.jpg", note: "Roboflow"},
		{files: "x/a_jpg.rf.H.jpg x/a_jpg.rf.G.jpg x/b_jpg.rf.H.jpg", names: "a.jpg b.jpg", want: "x/a_jpg.rf.G.jpg x/b_jpg.rf.H.jpg x/a_jpg.rf.H.jpg",
			note: "1 images are other versions of these in the export of Roboflow, and have their labels."},
		{files: "x/a_jpg.rf.H.jpg y/a_jpg.rf.G.jpg", names: "a.jpg", note: "several files of IMAGES fit this name; add their folder to the name: x/a_jpg.rf.H.jpg, y/a_jpg.rf.G.jpg"},
		{files: "x/a_jpg.rf.H.jpg y/a_jpg.rf.G.jpg", names: "x/a.jpg y/a.jpg", want: "x/a_jpg.rf.H.jpg y/a_jpg.rf.G.jpg", note: "Roboflow"},
		{files: "a_jpg.rf.H.jpg a_png.rf.H.jpg", names: "a.jpg a.png", want: "a_jpg.rf.H.jpg a_png.rf.H.jpg", note: "Roboflow"},
		{files: "a_jpg.rf.H.jpg a_png.rf.H.jpg", names: "a", note: "several files"},

		{files: "a.png b.jpg", names: "00000000-a.jpg 00000000-b.jpg", cut: "/data/upload/1/", want: "b.jpg", note: "For /data/upload/1/00000000-a.jpg, there is a.png."},
	} {
		for _, hash := range []string{"G", "H"} {
			long := ".rf." + strings.Repeat(strings.ToLower(hash), 32) + "."
			c.files, c.want, c.note = strings.ReplaceAll(c.files, ".rf."+hash+".", long), strings.ReplaceAll(c.want, ".rf."+hash+".", long), strings.ReplaceAll(c.note, ".rf."+hash+".", long)
		}
		files, names := strings.Fields(c.files), strings.Fields(c.names)
		if strings.Contains(c.files, ";") {
			files = strings.Split(c.files, ";")
		}
		dir := tree(t, files...)
		text := "filename,category\n"
		for _, n := range names {
			text += c.cut + n + ",x\n"
		}
		table := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, images := range []string{dir, zipOf(t, dir)} {
			tab, err := Open(t.Context(), table, OpenOptions{Images: images})
			var got []string
			said := ""
			if err != nil {
				said = err.Error()
			} else {
				for _, r := range tab.All() {
					at := r.Where()
					if images == dir {
						at, _ = filepath.Rel(dir, at)
					}
					_, entry, ok := strings.Cut(at, ": ")
					if !ok {
						entry = filepath.ToSlash(at)
					}
					got = append(got, entry)
				}
				said = strings.Join(slices.Concat(tab.Notes(), tab.Warnings()), "\n")
				if err := tab.Close(); err != nil {
					t.Error(err)
				}
			}
			sep := " "
			if strings.Contains(c.want, ";") {
				sep = ";"
			}
			if strings.Join(got, sep) != c.want || !strings.Contains(strings.ReplaceAll(said, images, "IMAGES"), c.note) {
				t.Errorf("the files %s, the names %s in %s: got %q, want %q\n%s\nwant %s", c.files, c.names, filepath.Base(images), got, c.want, said, c.note)
			}
		}
	}
}

// TestTwinFolders opens a table whose names are in two folders: with the same images, as HAM10000 has them, and with others.
func TestTwinFolders(t *testing.T) {
	for _, c := range []struct{ files, want, note string }{
		{"P1/a.png=a P2/b.png=b p1/a.png=a p2/b.png=b", "P1/a.png P2/b.png", "The folder p1 has the same images as P1, which is used."},
		{"x/P1/a.png=a x/b.png=b y/P1/a.png=a y/b.png=b", "x/P1/a.png x/b.png", "The folder y/P1 has the same images as x/P1, which is used."},
		{"P1/a.png=a P2/b.png=b p1/a.png=b", "P2/b.png", "several files"},
		{"P1/a.png=a P1/b.png=b p1/a.png=a", "P1/b.png", "several files"},
	} {
		dir := t.TempDir()
		for f := range strings.FieldsSeq(c.files) {
			name, content, _ := strings.Cut(f, "=")
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), append(png(t), content...), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		table := file1(t, "t.csv", []byte("image_id,dx\na,nv\nb,mel\n"))
		for _, images := range []string{dir, zipOf(t, dir)} {
			tab, err := Open(t.Context(), table, OpenOptions{Images: images, LabelColumn: "dx"})
			if err != nil {
				t.Error(err)
				continue
			}
			var got []string
			for _, r := range tab.All() {
				at := strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(r.Where(), images)), ": ")
				got = append(got, strings.TrimPrefix(at, "/"))
			}
			said := strings.Join(tab.Notes(), "\n")
			for _, b := range tab.Ignored() {
				said += "\n" + b.Err.Error()
			}
			if strings.Join(got, " ") != c.want || !strings.Contains(said, c.note) {
				t.Errorf("%s in %s: got %q, want %q\n%s\nwant %s", c.files, filepath.Base(images), got, c.want, said, c.note)
			}
			if err := tab.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
