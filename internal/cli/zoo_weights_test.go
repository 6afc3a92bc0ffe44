package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWeights lists files of weights that are there, damaged and missing.
func TestWeights(t *testing.T) {
	workIn(t)
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KERAS_HOME", home)
	put(t, "models", map[string][]byte{"mobilenet_2_5_128_tf.h5": {1}, "vgg16_weights_tf_dim_ordering_tf_kernels.h5": {1}}) // MobileNet's has no hash

	o := succeed(t, "weights")
	for _, want := range []string{"mobilenet missing 13 MB 1 of 32 files there", "vgg16 missing 59 MB 0 of 2 files there, 1 damaged", "resnet50 missing 94 MB 0 of 2 files there", "efficientnetlite0 Keras has no weights for it; lince train --model efficientnetlite0 --weights FILE"} {
		if text := strings.Join(strings.Fields(o.stdout), " "); !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, o.stdout)
		}
	}
	o = succeed(t, "weights", "mobilenetv2")
	contains(t, "the short list", o.stdout, "_1.0_224_no_top.h5  missing  9 MB  for lince train --model mobilenetv2\n59 files for other sizes and widths, and with classifiers: lince weights mobilenetv2 --all\n", "\nTo fetch what is missing:\n  curl ")
	if n := strings.Count(o.stdout, "\n"); n != 6 {
		t.Errorf("it has %d lines: %s", n, o.stdout)
	}
	o = succeed(t, "weights", "mobilenetv2", "--all")
	if n := strings.Count(o.stdout, "curl"); n != 60 || strings.Index(o.stdout, "_1.0_224_no_top.h5") > strings.Index(o.stdout, "_0.35_96.h5") {
		t.Errorf("it has %d commands: %s", n, o.stdout)
	}
	o = succeed(t, "weights", "VGG16", "--all")
	path := filepath.Join(home, "models", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5")
	contains(t, "the list", o.stdout, "kernels.h5        damaged  553 MB", "_notop.h5  missing  59 MB  for lince train --model vgg16", "\n  curl --fail --create-dirs --output \""+path+"\" https://storage.googleapis.com/")
	if o := succeed(t, "weights", "efficientnetlite0"); !strings.Contains(o.stdout, "Keras has no weights for it") {
		t.Errorf("it prints %s", o.stdout)
	}
	var r weightsResult
	if err := json.Unmarshal([]byte(succeed(t, "weights", "mobilenet", "vgg19", "--json").stdout), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Networks) != 2 || r.Networks[1].Name != "vgg19" || len(r.Networks[0].Files) != 32 {
		t.Fatalf("got %+v", r)
	}
	first := r.Networks[0].Files[0]
	if first.State != "there" || first.Alpha != .25 || first.Side != 128 || first.MB != 2 || first.NoTop || r.Networks[1].Files[1].State != "missing" {
		t.Errorf("got %+v", r)
	}
	o = run(t, "weights", "mobilnet", "x")
	contains(t, "the error", o.stderr, "did you mean mobilenet?", `no network is called "x"`)
	if o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
}
