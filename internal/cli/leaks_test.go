package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLeaks checks that copies of training images in validation images that are not split off are found: in a folder, where only Check knows checksums, in an archive,
// and between the two.
func TestLeaks(t *testing.T) {
	workIn(t)
	images := pngs(t, 24)
	more := map[string][]byte{"cat.90.png": images["cat.0.png"], "dog.91.png": images["dog.1.png"], "cat.92.png": append(slices.Clone(images["cat.2.png"]), 1)}
	put(t, "set", images)
	put(t, "more", more)
	writeFile(t, "set.zip", string(zipped(t, "", images)))
	writeFile(t, "more.zip", string(zipped(t, "", more)))
	for _, c := range [][2]string{{"set", "more"}, {"set.zip", "more.zip"}, {"set", "more.zip"}, {"set.zip", "more"}} {
		o := succeed(t, "train", c[0], "--validation", c[1], "--model", network("two.json"), "--epochs", "1", "--out", "r", "--overwrite")
		contains(t, fmt.Sprintf("the warnings for %v", c), o.stderr, "2 groups of images with the same bytes are in both the training and the validation images, so the results for validation are too good: "+
			fmt.Sprintf("cat.0.png (cat in %s), cat.90.png (cat in %s), and 1 more; lince check %s --validation %s lists them", c[0], c[1], c[0], c[1]))
		contains(t, fmt.Sprintf("lince check of %v", c), succeed(t, "check", c[0], "--validation", c[1], "--kinds", "leak,conflict").stdout,
			"(leak): 3\n  cat.0.png, "+c[1]+"/cat.90.png: the same content\n  cat.2.png, "+c[1]+"/cat.92.png: nearly the same", "3 faults of the kinds searched (conflict, leak) in 27 images, those of "+c[1]+" included.")
		o = succeed(t, "clean", c[0], "--validation", c[1], "--out", "keep.csv", "--overwrite", "--drop", "leak")
		contains(t, fmt.Sprintf("lince clean of %v", c), o.stdout, "leak            3 left out\n", "To see them: lince check "+c[1]+"\n", "Wrote 21 of 24 images to keep.csv. To train on them: lince train keep.csv --images "+c[0]+" --validation "+c[1]+"\n")
		o = succeed(t, "train", "keep.csv", "--images", c[0], "--validation", c[1], "--model", network("two.json"), "--epochs", "1", "--limit-batches", "1", "--out", "r", "--overwrite")
		if strings.Contains(o.stderr, "the same bytes") {
			t.Errorf("the images of keep.csv have leaks: %s", o.stderr)
		}
	}
	put(t, "wrong", map[string][]byte{"cat.90.png": images["dog.1.png"], "dog.91.png": more["cat.92.png"]})
	o := succeed(t, "train", "set", "--validation", "wrong", "--model", network("two.json"), "--epochs", "1", "--out", "r", "--overwrite")
	contains(t, "the warning", o.stderr, "1 group of images with the same bytes is in both the training and the validation images, with different labels, so at least one of the labels is wrong: "+
		"dog.1.png (dog in set), cat.90.png (cat in wrong); lince check set --validation wrong lists them")
}

// TestCheckValidation opens --validation of lince check as lince train does, with all flags of the command line that the warning of lince train proposes.
func TestCheckValidation(t *testing.T) {
	workIn(t)
	images := pngs(t, 12)
	put(t, "img", images)
	put(t, ".", map[string][]byte{
		"train.csv": []byte("file,kind\ncat.0.png,gato\ncat.2.png,gato\ndog.1.png,perro\ndog.3.png,perro\n"),
		"val.csv":   []byte("file,kind\ncat.0.png,gato\ndog.1.png,wolf\ncat.4.png,gato\n"),
	})
	put(t, "set/train", map[string][]byte{"cat/a.png": images["cat.0.png"], "cat/b.png": images["cat.2.png"], "dog/c.png": images["dog.1.png"], "dog/d.png": images["dog.3.png"]})
	put(t, "set/val", map[string][]byte{"cat/e.png": images["cat.4.png"], "cat/f.png": images["dog.3.png"]})
	flags := []string{"train.csv", "--images", "img", "--filename", "file", "--category", "kind", "--rename", "gato=cat", "--rename", "wolf=perro", "--validation", "val.csv"}
	o := succeed(t, slices.Concat([]string{"train"}, flags, []string{"--limit", "4", "--size", "16", "--epochs", "1", "--limit-batches", "1", "--out", "r"})...)
	contains(t, "the warning", o.stderr, "2 groups of images with the same bytes are in both the training and the validation images, so the results for validation are too good: "+
		"cat.0.png (cat in train.csv), cat.0.png (cat in val.csv), and 1 more; lince check train.csv --images img --filename file --category kind --rename gato=cat --rename wolf=perro --validation val.csv lists them")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{flags, []string{"(leak): 2\n  cat.0.png, val.csv/cat.0.png: the same content\n  dog.1.png, val.csv/dog.1.png: the same content\n", "2 faults of the kinds searched (conflict, leak) in 7 images, those of val.csv included."}},
		{[]string{"set", "--validation", "val"}, []string{"(conflict): 1\n  dog/d.png, val/cat/f.png: the same content\n", "(leak): 1\n", "in 6 images, those of val included."}},
		{[]string{"set", "--validation", "set/val"}, []string{"(conflict): 1\n  dog/d.png, set/val/cat/f.png: the same content\n", "(leak): 1\n", "in 6 images, those of set/val included."}},
	} {
		o := run(t, slices.Concat([]string{"check"}, c.args, []string{"--kinds", "leak,conflict", "--strict"})...)
		if o.code != exitFailure {
			t.Errorf("%v: --strict exits with %d: %s", c.args, o.code, o.stderr)
		}
		contains(t, strings.Join(c.args, " "), o.stdout, c.want...)
	}
	for _, c := range []struct {
		more []string
		code int
		want string
	}{
		{[]string{"--validation", "none.csv"}, exitFailure, "--validation: none.csv: no such file or folder"},
		{[]string{"--validation", "train"}, exitUsage, "--validation train: these are the training images"},
		{[]string{"--validation", "val", "--rename", "owl=cat"}, exitUsage, `no class "owl" to rename`},
	} {
		if o := run(t, append([]string{"check", "set"}, c.more...)...); o.code != c.code || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: exit code %d, %s; want %d, %s", c.more, o.code, o.stderr, c.code, c.want)
		}
	}
}
