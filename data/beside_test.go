package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// besideSet makes a folder and an archive of images and texts. names are those of the images.
func besideSet(t *testing.T, names []string, texts map[string]string) (folder, zip string) {
	t.Helper()
	folder = files(t, names...)
	var entries []entryOf
	for _, n := range names {
		entries = append(entries, entryOf{name: n, content: append(png(t), filepath.Base(n)...)})
	}
	for _, n := range sortedKeys(texts) {
		p := filepath.Join(folder, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(texts[n]), 0o600); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entryOf{name: n, content: []byte(texts[n])})
	}
	return folder, file1(t, "set.zip", archive(t, entries...))
}

const twoNames = "a1.png b2.png c3.png d4.png"

// rowsOf returns a table of names, with labels in turn.
func rowsOf(header, names string, labels ...string) string {
	text := header + "\n"
	for i, n := range strings.Fields(names) {
		text += n + "," + labels[i%len(labels)] + "\n"
	}
	return text
}

// TestTableBeside opens folders and archives of images whose labels are in a table beside them. The error has the command that opens that table, which does.
func TestTableBeside(t *testing.T) {
	ids := strings.ReplaceAll(twoNames, ".png", "")
	train, test := under("train/", strings.Fields(twoNames)...), under("test/", strings.Fields(twoNames)...)
	for _, c := range []struct {
		name   string
		images []string
		texts  map[string]string
		o      OpenOptions
		want   string // the command, for a folder photos; "" if the table is not proposed
		zip    string // the command for the archive photos.zip
		table  string // what the command opens
		open   OpenOptions
	}{
		{name: "beside the images", images: strings.Fields(twoNames), texts: map[string]string{"labels.csv": rowsOf("filename,label", twoNames, "x", "y")},
			want: "lince data photos/labels.csv", zip: "take labels.csv out of the archive, and open it instead (lince data labels.csv --images photos.zip)", table: "labels.csv"},
		{name: "ImageFolder with metadata", images: append(train, test...), texts: map[string]string{"test/metadata.csv": rowsOf("file_name,label", twoNames, "x", "y"), "train/metadata.csv": rowsOf("file_name,label", twoNames, "x", "y")},
			want: "lince data photos/train/metadata.csv", zip: "take train/metadata.csv out of the archive", table: "train/metadata.csv"},
		{name: "JSON lines", images: train, texts: map[string]string{"train/metadata.jsonl": `{"file_name": "a1.png", "label": 0}` + "\n" + `{"file_name": "b2.png", "label": 1}`},
			want: "lince data photos/train/metadata.jsonl", table: "train/metadata.jsonl"},
		{name: "Kaggle", images: append(train, under("test/", "e5.png", "f6.png")...), texts: map[string]string{"labels.csv": rowsOf("id,breed", ids, "pug", "boxer"), "sample_submission.csv": "id,boxer,pug\ne5,.5,.5\nf6,.5,.5\n"},
			want: "lince data photos/labels.csv --images photos/train --filename id --category breed", zip: "lince data labels.csv --images photos.zip --filename id --category breed", table: "labels.csv",
			open: OpenOptions{Images: "train", FilenameColumn: "id", LabelColumn: "breed"}},
		{name: "names with the folder", images: train, texts: map[string]string{"t.csv": rowsOf("path,class", strings.Join(train, " "), "x", "y")}, want: "lince data photos/t.csv", table: "t.csv"},
		{name: "0 and 1", images: train, texts: map[string]string{"train/_classes.csv": strings.NewReplacer(",", ", ").Replace(rowsOf("filename,cat,big dog", twoNames, "1,0", "0,1"))},
			want: "lince data photos/train/_classes.csv --category 'cat,big dog'", table: "train/_classes.csv", open: OpenOptions{LabelColumns: []string{"cat", "big dog"}}},
		{name: "several columns", images: train, texts: map[string]string{"t.csv": rowsOf("name,kind,age", twoNames, "x,1", "y,2")},
			want: "lince data photos/t.csv --images photos/train --filename name --category COLUMN, where COLUMN is the one with the labels: kind, age"},
		{name: "an option for the table", images: train, texts: map[string]string{"t.csv": rowsOf("name,kind,age", twoNames, "x,1", "y,2")}, o: OpenOptions{LabelColumn: "kind"},
			want: "lince data photos/t.csv --images photos/train --filename name --category kind", table: "t.csv", open: OpenOptions{Images: "train", FilenameColumn: "name", LabelColumn: "kind"}},
		{name: "a label that is a name, too", images: []string{"1.png", "2.png", "3.png", "4.png"}, texts: map[string]string{"t.csv": "digit,id\n1,1\n2,2\n1,3\n2,4\n"},
			want: "lince data photos/t.csv --filename id --category digit", table: "t.csv", open: OpenOptions{FilenameColumn: "id", LabelColumn: "digit"}},
		{name: "names of an export", images: under("train/", "a_jpg.rf.0123456789abcdef0123.png", "b_jpg.rf.0123456789abcdef0124.png"), texts: map[string]string{"train/_classes.csv": "filename, a, b\na_jpg.rf.0123456789abcdef0123.png, 1, 0\nb_jpg.rf.0123456789abcdef0124.png, 0, 1\n"},
			want: "lince data photos/train/_classes.csv --category a,b", table: "train/_classes.csv", open: OpenOptions{LabelColumns: []string{"a", "b"}}},
		{name: "a table compressed by Zstandard", images: strings.Fields(twoNames), texts: map[string]string{"t.csv.zst": string(zstd1(t, []byte(rowsOf("filename,label", twoNames, "x", "y"))))}, want: "lince data photos/t.csv.zst", table: "t.csv.zst"},
		{name: "a table of other files", images: strings.Fields(twoNames), texts: map[string]string{"t.csv": rowsOf("filename,label", "x1.png x2.png", "x")}},
		{name: "no table", images: strings.Fields(twoNames), texts: map[string]string{"t.csv": "\xff\xfe\x00", "u.csv.gz": "\x1f\x8b", "u.csv.bz2": "BZh9", "v.parquet": "PAR1", "w.jsonl": "{"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, zip := besideSet(t, c.images, c.texts)
			for source, want := range map[string]string{folder: c.want, zip: c.zip} {
				tab, err := Open(t.Context(), source, c.o)
				if err == nil {
					t.Fatalf("%s: %s", source, list1(tab))
				}
				got := strings.NewReplacer(folder, "photos", zip, "photos.zip").Replace(err.Error())
				if !strings.Contains(got, want) || source == folder && want == "" && strings.Contains(got, "lince data") {
					t.Errorf("the error %q, want %q", got, want)
				}
			}
			if c.table == "" {
				return
			}
			if c.open.Images != "" {
				c.open.Images = filepath.Join(folder, c.open.Images)
			}
			tab, err := Open(t.Context(), filepath.Join(folder, c.table), c.open)
			if err != nil || len(tab.Classes()) != 2 || len(tab.Ignored()) > 0 {
				t.Errorf("the command gives %v %v", tab, err)
			}
		})
	}
	// A rule that fits is used.
	folder, _ := besideSet(t, []string{"cats/1.png", "cats/2.png", "dogs/3.png"}, map[string]string{"labels.csv": "filename,label\ncats/1.png,x\n", "cats/1.xml": "<annotation>", "cats/1.txt": "0 1 1 1 1"})
	if tab, err := Open(t.Context(), folder, OpenOptions{}); err != nil || list1(tab) != "cats/1.png=cats cats/2.png=cats dogs/3.png=dogs" {
		t.Error(tab, err)
	}
}

// TestOtherTasks opens datasets for object detection and segmentation, whose folders and names are no classes.
func TestOtherTasks(t *testing.T) {
	export := "IMG_1_jpg.rf.0123456789abcdef0123"
	for _, c := range []struct {
		name   string
		images []string
		texts  map[string]string
		want   string
	}{
		{"YOLO", []string{"images/train/1.png", "images/val/2.png"}, map[string]string{"labels/train/1.txt": "0 .5 .5 0.1 1e-2\n1 0 0 1 1\n", "classes.txt": "cat\ndog\n"}, "object detection (YOLO: labels/train/1.txt)"},
		{"YOLO's polygons", []string{"1.png", "2.png"}, map[string]string{"1.txt": "12 0.5 0.5 0.1 0.1 0.3 0.4\r\n"}, "object detection (YOLO: 1.txt)"},
		{"YOLO's list", []string{"images/1.png", "images/2.png"}, map[string]string{"data.yaml": "# x\ntrain: images\nnc: 1\nnames: [cat]\n", "readme.txt": "hello"}, "object detection (YOLO: data.yaml)"},
		{"YOLO from Roboflow", []string{"train/images/" + export + ".png", "valid/images/" + export + "4.png"}, map[string]string{"train/labels/" + export + ".txt": "0 1 1 1 1"}, "object detection (YOLO: "},
		{"COCO", []string{"train2017/0001.png", "val2017/0002.png"}, map[string]string{"annotations/instances_train2017.json": `{"info": {}, "licenses": [], "images": [`}, "object detection (COCO: annotations/instances_train2017.json)"},
		{"COCO, perhaps without boxes", []string{"0001.png", "0002.png"}, map[string]string{"train2019.json": `{"info": {}, "images": [{"id": 0, "file_name": "0001.png"`}, "the labels are in train2019.json, in the form of COCO; write a table of its labels"},
		{"labels of MATLAB", []string{"jpg/image_00001.png", "jpg/image_00002.png", "jpg/image_00003.png"}, map[string]string{"setid.mat": "MATLAB 5.0 MAT-file", "imagelabels.mat": "MATLAB 5.0 MAT-file"}, "imagelabels.mat > labels.csv"},
		{"classes in the names of images, and masks", []string{"images/a_b_1.png", "images/a_b_2.png", "images/c_1.png", "images/c_2.png", "annotations/trimaps/a_b_1.png", "annotations/trimaps/c_1.png"},
			map[string]string{"annotations/xmls/c_1.xml": "<annotation>"}, "has images in the folder images, whose names have 2 classes, such as a_b, and probably masks in annotations. To classify the images, use only theirs (--part images)"},
		{"images and masks", []string{"images/1.png", "images/2.png", "masks/1.png", "masks/2.png"}, map[string]string{"x/1.xml": "<annotation>"}, "Pascal VOC"},
		{"numbered folders and a table", []string{"HAM_images_part_1/a.png", "HAM_images_part_2/b.png"}, map[string]string{"meta.csv": "image_id,dx\na,nv\nb,mel\n"}, "the table meta.csv names the images: "},
		{"COCO, one key", []string{"1.png", "2.png"}, map[string]string{"_annotations.coco.json": `{"categories": [`}, "object detection (COCO: _annotations.coco.json)"},
		{"Pascal VOC", []string{"VOC/JPEGImages/2007_1.png", "VOC/JPEGImages/2007_2.png", "VOC/SegmentationClass/2007_1.png"}, map[string]string{"VOC/Annotations/2007_1.xml": "<annotation>\n<folder>"}, "object detection (Pascal VOC: VOC/Annotations/2007_1.xml)"},
		{"Pascal VOC from Roboflow", []string{"train/" + export + ".png"}, map[string]string{"train/" + export + ".xml": "<?xml version='1.0'?><annotation>"}, "object detection (Pascal VOC: "},
		{"TensorFlow", []string{"train/" + export + ".png"}, map[string]string{"train/_annotations.csv": "filename,width,height,class,xmin,ymin,xmax,ymax\n" + export + ".png,1,1,a,0,0,1,1\n"}, "object detection (TensorFlow Object Detection: train/_annotations.csv)"},
		{"CreateML", []string{"1.png", "2.png"}, map[string]string{"_annotations.createml.json": `[{"image":"1.png","annotations":[{"label":"a","coordinates":{`}, "object detection (CreateML: "},
		{"LabelMe", []string{"1.png", "2.png"}, map[string]string{"1.json": `{"version": "5.0.1", "flags": {}, "shapes": [`}, "object detection (LabelMe: 1.json)"},
		{"images and masks of two years", []string{"2023/images/1.png", "2023/images/2.png", "2024/masks/1.png", "2024/masks/2.png"}, nil,
			"images in the folder images and probably masks in masks: it is a dataset for segmentation, which lince does not learn. To classify the images, use only theirs (--part 2023/images)"},
		{"images and masks of each of two years", []string{"2023/images/1.png", "2023/masks/1.png", "2024/images/2.png", "2024/masks/2.png"}, nil, "To classify the images, open their folder alone; if"},
		{"masks", []string{"train/Images/1.png", "train/masks/1.png"}, nil, "images in the folder Images and probably masks in masks: it is a dataset for segmentation, which lince does not learn. To classify the images, use only theirs (--part train/Images)"},
		{"names of an export", []string{"train/" + export + ".png", "test/" + export + "a.png"}, nil, "are those of an export of Roboflow"},
		{"other files", []string{"1.png", "2.png"}, map[string]string{"1.txt": "a caption", "2.txt": "1 2", "x.xml": "<x/>", "x.json": `{"a": 1}`, "x.yml": "a: 1"}, "none of the 2 images has a label"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, zip := besideSet(t, c.images, c.texts)
			for _, source := range []string{folder, zip} {
				if tab, err := Open(t.Context(), source, OpenOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, %v, want %q", tab, err, c.want)
				}
				// Without labels, or with a rule that is named, the images are used.
				if _, err := Open(t.Context(), source, OpenOptions{LabelRule: Unlabeled}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	folder, _ := besideSet(t, []string{"images/1.png", "masks/1.png"}, nil)
	if tab, err := Open(t.Context(), folder, OpenOptions{LabelRule: Folder}); err != nil || len(tab.Classes()) != 2 {
		t.Error(tab, err)
	}
}
