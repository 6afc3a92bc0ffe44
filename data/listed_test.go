package data

import (
	"strings"
	"testing"
)

// TestLists opens images whose labels are in a text or a table beside them, and others that have no labels.
func TestLists(t *testing.T) {
	const header = "filename,label\n"
	train := []string{"train/a/images/a_0.png", "train/a/images/a_1.png", "train/b/images/b_0.png", "train/b/images/b_1.png"}
	val := under("val/images/", "v_0.png", "v_1.png", "v_2.png", "v_3.png")
	tiny := "v_0.png\ta\t0\t1\t2\t3\nv_1.png\tb\t0\t1\t2\t3\nv_2.png\ta\t0\t1\t2\t3\nv_3.png\ta\t0\t1\t2\t3\n"
	rows := "v_0.png=a v_1.png=b v_2.png=a v_3.png=a"
	for _, c := range []struct {
		name   string
		images []string
		texts  map[string]string
		o      OpenOptions
		want   string // rows, or "" for an error
		parts  string // images with labels of the parts
		note   string // or the error
	}{
		{name: "Tiny ImageNet", images: append(train, val...), texts: map[string]string{"train/a/a_boxes.txt": "a_0.png\t1\t2\t3\t4\n", "val/val_annotations.txt": tiny, "wnids.txt": "a\nb\n", "words.txt": "a\tx\nb\ty\n"},
			want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "train=4/4 val=4/4", note: "The labels of the part val are from val/val_annotations.txt."},
		{name: "its part", images: append(train, val...), texts: map[string]string{"val/val_annotations.txt": tiny}, o: OpenOptions{Part: "val"}, want: rows, parts: "train=4/4 val=4/4", note: "The labels of the part val are from val/val_annotations.txt."},
		{name: "a part alone", images: val, texts: map[string]string{"val/val_annotations.txt": tiny}, want: rows, note: "The labels of the images are from val/val_annotations.txt."},
		{name: "classes of a model", images: val, texts: map[string]string{"val/list.txt": strings.ReplaceAll(tiny, "\t0\t1", "\t1")}, o: OpenOptions{Classes: []string{"a", "b", "c"}}, want: rows, note: "val/list.txt"},
		{name: "a list of the whole source", images: append(train, val...), texts: map[string]string{"val.txt": strings.ReplaceAll(strings.ReplaceAll(tiny, "\t", " "), "v_", "val/images/v_")}, o: OpenOptions{Part: "val"}, want: rows, parts: "train=4/4 val=4/4", note: "from val.txt"},
		{name: "labels first, with a header", images: val, texts: map[string]string{"l.txt": "kind,file\na,v_0.png\nb,v_1.png\na,v_2.png\na,v_3.png\n"}, want: rows, note: "l.txt"},
		{name: "a table", images: append(train, val...), texts: map[string]string{"val/labels.csv": header + "v_0.png,a\nv_1.png,b\nv_2.png,a\nv_3.png,a\n"}, o: OpenOptions{Part: "val"}, want: rows, parts: "train=4/4 val=4/4", note: "val/labels.csv"},
		{name: "a compressed table", images: append(train, val...), texts: map[string]string{"val/labels.csv.gz": string(gzipped1(t, []byte(header+"v_0.png,a\nv_1.png,b\nv_2.png,a\nv_3.png,a\n")))}, o: OpenOptions{Part: "val"}, want: rows, parts: "train=4/4 val=4/4", note: "val/labels.csv.gz"},
		{name: "ImageNet of Kaggle", images: append(train, val...), texts: map[string]string{"LOC_val_solution.csv": "ImageId,PredictionString\nv_0,a 1 2 3 4 \nv_1,b 1 2 3 4 b 5 6 7 8 \nv_2,a 7 2 3 4 \nv_3,a 9 2 3 4 \n", "LOC_sample_submission.csv": "ImageId,PredictionString\nv_0,b\nv_1,b\nv_2,b\nv_3,b\n"},
			want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "train=4/4 val=4/4", note: "The labels of the part val are from LOC_val_solution.csv."},
		{name: "boxes of two classes, and an index", images: append(train, val...), texts: map[string]string{"l.csv": "id,label\nv_0,a 1 2 3 4 b 1 2 3 4\nv_1,1 b\nv_2,0 a\nv_3,a\n"}, o: OpenOptions{Part: "val"}, want: "v_1.png=b v_2.png=a v_3.png=a", parts: "train=4/4 val=4/3", note: "l.csv"},
		{name: "a submission alone", images: append(train, under("val/images/", "val_0.png", "val_1.png", "val_2.png", "val_3.png")...), texts: map[string]string{"sample_submission.csv": "id,label\nval_0,a\nval_1,a\nval_2,a\nval_3,a\n"}, o: OpenOptions{Part: "val"}, note: "(none of them is in the folder of a class or has the name of one), so they can only be predicted"},
		{name: "a table with other names of the classes", images: append(train, under("val/images/", "val_0.png", "val_1.png", "val_2.png", "val_3.png")...), texts: map[string]string{"val.csv": "id,word\nval_0,tench\nval_1,goldfish\nval_2,tench\nval_3,tench\n"}, o: OpenOptions{Part: "val"},
			note: "or has the name of one, and val.csv, which names them, has no column with the classes of the training images), so they can only be predicted"},
		{name: "that table, for all parts", images: append(train, val...), texts: map[string]string{"val.csv": "id,word\nv_0,tench\nv_1,goldfish\nv_2,tench\nv_3,tench\n"}, want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "train=4/4 val=4/0",
			note: "put each class in a folder of its name. For those of val, val.csv, which names them, has no column with the classes of the training images."},
		{name: "a list that names some", images: append(train, val...), texts: map[string]string{"val/labels.txt": "v_0.png a\nv_1.png b\nv_2.png a\n"}, o: OpenOptions{Part: "val"}, want: "v_0.png=a v_1.png=b v_2.png=a", parts: "train=4/4 val=4/3"},
		{name: "a list of another part", images: append(train, "val/images/0.png", "test/images/0.png"), texts: map[string]string{"val/val.txt": "0.png a\n"},
			want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "test=1/0 train=4/4 val=1/1"},
		{name: "folders that are no classes", images: append(train, append(val, "test/JPEGImages/0.png")...),
			want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "test=1/0 train=4/4 val=4/0",
			note: "The images of the parts test, val have no labels: names such as images are no classes of the training images."},
		{name: "one of them", images: append(train, val...), want: "a/images/a_0.png=a a/images/a_1.png=a b/images/b_0.png=b b/images/b_1.png=b", parts: "train=4/4 val=4/0",
			note: "The images of the part val have no labels: images is no class of the training images. To give them labels, put each class in a folder of its name."},
		{name: "without labels", images: append(train, "test/images/test_0.png", "test/images/test_1.png"), o: OpenOptions{Part: "test"}, note: "the 2 images of the part test have no labels"},
		{name: "without labels, for a model", images: []string{"test_0.png", "test_1.png"}, o: OpenOptions{Classes: []string{"a", "b"}}, note: "the 2 images have no labels (test is no class of the model"},
		{name: "numbers", images: val, texts: map[string]string{"l.txt": "v_0.png 1.5\nv_1.png 2.5\nv_2.png 1.5\nv_3.png 2.5\n"}, want: "v_0.png=v v_1.png=v v_2.png=v v_3.png=v"},
		{name: "a column for each class", images: under("x/", "0.png", "1.png", "2.png", "3.png"), texts: map[string]string{"attr.txt": "4\nBald Smiling\n0.png -1 1\n1.png 1 -1\n2.png -1 1\n3.png -1 1\n"}, note: "attr.txt"},
		{name: "a column for each class, with names of columns", images: under("x/", "0.png", "1.png", "2.png", "3.png"), texts: map[string]string{"attr.txt": "image_name Bald Smiling\n0.png -1 1\n1.png 1 -1\n2.png -1 1\n3.png -1 1\n"}, note: "--category Bald,Smiling"},
		{name: "captions", images: under("x/", "0.png", "1.png"), texts: map[string]string{"l.txt": "image,caption\n0.png,a cat\n0.png,a dog\n1.png,a cat\n1.png,a dog\n"}, note: "the table l.txt names the images"},
		{name: "bytes", images: under("x/", "0.png", "1.png"), texts: map[string]string{"l.txt": "\"0.png a\n1.png b", "m.txt": "\xff\xfe\x00", "n.txt": ""}, note: "none of the 2 images has a label"},
	} {
		folder, zip := besideSet(t, c.images, c.texts)
		for kind, source := range map[string]string{"folder": folder, "zip": zip} {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				tab, err := Open(t.Context(), source, c.o)
				if err != nil || c.want == "" {
					if err == nil || c.want != "" || !strings.Contains(err.Error(), c.note) {
						t.Errorf("%v, %v; want %s or an error with %q", tab, err, c.want, c.note)
					}
					return
				}
				if got := list1(tab); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				if got := partsOf(t, tab); got != c.parts {
					t.Errorf("parts %s, want %s", got, c.parts)
				}
				if got := strings.Join(tab.Notes(), "\n"); !strings.Contains(got, c.note) {
					t.Errorf("notes %q, want %q", got, c.note)
				}
			})
		}
	}
}
