package preprocess

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/picture"
)

// The form in which older files have preprocessing.
func TestOlderForm(t *testing.T) {
	for text, want := range map[string]Steps{
		`null`: nil,
		`[]`:   nil,
		`{"target_size":[64,48],"color_mode":"grayscale","interpolation":"bicubic","rescale":0.00392156862745098}`: {
			Decode{ColorMode: picture.Grayscale}, Resize{Height: 64, Width: 48, Interpolation: picture.Bicubic}, Rescale{Scale: 1. / 255}},
		`{"target_size":[1,2],"color_mode":"","interpolation":"","rescale":0}`: {Decode{}, Resize{Height: 1, Width: 2}},
		`{"target_size":[1,2]}`: {Decode{}, Resize{Height: 1, Width: 2}},
	} {
		var got Steps
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestHostileJSON(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`3`, "want a list of steps"},
		{`"decode"`, "want a list of steps"},
		{`[3]`, "step 1: want an object"},
		{`[null]`, "step 1: want an object"},
		{`[{"height":3}]`, "step 1: the step's name is missing"},
		{`[{"step":7}]`, "step 1: the step's name is missing"},
		{`[{"step":"jpeg"}]`, `step 1: unknown step "jpeg"`},
		{`[{"step":"centre_crop","height":3,"width":3}]`, "did you mean center_crop?"},
		{`[{"step":"` + strings.Repeat("x", 1<<20) + `"}]`, `"xxx`},
		{`[{"step":"resize","height":3,"width":3,"side":4}]`, `step 1 (resize): unknown field "side"`},
		{`[{"step":"resize","height":"3","width":3}]`, "step 1 (resize): height is a string, want a whole number"},
		{`[{"step":"resize","height":3.5,"width":3}]`, "height is a number 3.5, want a whole number"},
		{`[{"step":"resize","height":3}]`, "step 1 (resize): the size is 3x0"},
		{`[{"step":"resize"}]`, "want either height and width or the short side"},
		{`[{"step":"resize","height":3,"width":3,"short_side":3}]`, "want either height and width or the short side"},
		{`[{"step":"resize","short_side":-1}]`, "short side -1: want 1 to 16384"},
		{`[{"step":"resize","short_side":4,"pad_to_aspect_ratio":true}]`, "need Height and Width"},
		{`[{"step":"resize","height":4,"width":4,"pad_to_aspect_ratio":true,"crop_to_aspect_ratio":true}]`, "want only one of them"},
		{`[{"step":"resize","height":4,"width":4,"interpolation":"bilinear-tf","resize_with_pad":true,"crop_to_aspect_ratio":true}]`, "remove KeepAspectRatio"},
		{`[{"step":"resize","height":4,"width":4,"interpolation":"bilinear","resize_with_pad":true}]`, "supports only the interpolation bilinear-tf"},
		{`[{"step":"resize","short_side":4,"interpolation":"bilinear-tf","resize_with_pad":true}]`, "need Height and Width"},
		{`[{"step":"resize","height":100000,"width":3}]`, "want a height and a width of 1 to 16384"},
		{`[{"step":"resize","height":3,"width":3,"interpolation":"area"}]`, `step 1 (resize): unknown interpolation "area"`},
		{`[{"step":"center_crop","height":3}]`, "step 1 (center_crop): the size is 3x0"},
		{`[{"step":"decode","color_mode":"cmyk"}]`, `step 1 (decode): unknown color mode "cmyk"`},
		{`[{"step":"decode","color_mode":1}]`, "color_mode is a number, want a string"},
		{`[{"step":"resize","height":3,"width":3},{"step":"decode"}]`, "step 2 (decode): it comes after resize"},
		{`[{"step":"bgr"},{"step":"center_crop","height":3,"width":3}]`, "step 2 (center_crop): it comes after bgr"},
		{`[{"step":"decode"},{"step":"decode"}]`, "step 2 (decode): there is already one before it"},
		{`[{"step":"decode","color_mode":"rgba"},{"step":"bgr"}]`, "images are rgba, want rgb"},
		{`[{"step":"decode","color_mode":"grayscale"},{"step":"preprocess_input","mode":"torch"}]`, "want rgb for the mode torch"},
		{`[{"step":"preprocess_input","mode":"none"}]`, `unknown mode "none"`},
		{`[{"step":"rescale","scale":1e999}]`, "step 1 (rescale): scale is a number 1e999"},
		{`[{"step":"rescale","scale":1e300}]`, "scale is 1e+300, want a finite float32"},
		{`[{"step":"rescale","scale":1e-60}]`, "scale is 1e-60, want a float32 that is not 0"},
		{`[{"step":"rescale","offset":-1e39}]`, "offset is -1e+39, want a finite float32"},
		{`[{"step":"normalize","std":[0]}]`, "std is 0, want a float32 that is not 0"},
		{`[{"step":"normalize","std":[1,2]}]`, "std has 2 values and images have 3 channels"},
		{`[{"step":"normalize","mean":[1,2,3,4]}]`, "mean has 4 values"},
		{`[{"step":"normalize","mean":1}]`, "mean is a number, want a list"},
		{`[{"step":"bgr","order":"rgb"}]`, `unknown field "order"`},
		{`[` + strings.Repeat(`{"step":"bgr"},`, 64) + `{"step":"bgr"}]`, "65 steps, want at most 64"},
		{`{"target_size":[64,64],"color_mode":"purple"}`, `unknown color mode "purple"`},
		{`{"target_size":[64,64],"interpolation":"nearest2"}`, `unknown interpolation "nearest2"`},
		{`{"target_size":[0,64]}`, "the size is 0x64"},
		{`{"target_size":"64x64"}`, "target_size is a string, want a list"},
		{`{"target_size":[64,64],"rescale":1e200}`, "want a finite float32"},
		{`{"steps":[]}`, `unknown field "steps"`},
	} {
		s := Steps{BGR{}}
		err := json.Unmarshal([]byte(c.text), &s)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: error is %v, want one with %q", c.text, err, c.want)
		} else if len(err.Error()) > 500 || strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "json:") {
			t.Errorf("%.80s: error is %.600v", c.text, err)
		}
		if !reflect.DeepEqual(s, Steps{BGR{}}) {
			t.Errorf("%.80s: changed to %+v", c.text, s)
		}
	}
	// All mistakes are reported at once.
	err := new(Steps).UnmarshalJSON([]byte(`[{"step":"a"},{"step":"decode"},{"step":"b"}]`))
	if err == nil || !strings.Contains(err.Error(), "step 1:") || !strings.Contains(err.Error(), "step 3:") {
		t.Errorf("error is %v", err)
	}
}

// These mistakes can only be made in Go code, not in a file.
func TestCompileRefuses(t *testing.T) {
	for want, s := range map[string]Steps{
		"step 1 is <nil>":                          {nil},
		"step 2 is *preprocess.Resize":             {Decode{}, &Resize{Height: 1, Width: 1}},
		"step 1 is *preprocess.BGR":                {(*BGR)(nil), Decode{}},
		"scale is NaN":                             {Rescale{Scale: math.NaN()}},
		"std is -Inf":                              {Normalize{Std: []float64{math.Inf(-1)}}},
		"step 1 (decode): unknown color mode 9":    {Decode{ColorMode: 9}},
		"step 1 (resize): unknown interpolation 9": {Resize{Height: 1, Width: 1, Interpolation: 9}},
		"unknown mode 3":                           {Input{Mode: 3}},
	} {
		if _, err := s.Compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error is %v, want one with %q", s, err, want)
		}
		if _, err := json.Marshal(s); err == nil {
			t.Errorf("%+v: is written", s)
		}
		s.Split() // does not panic
	}
}

// A list is encoded with the name first in each step.
func TestJSONForm(t *testing.T) {
	got, err := json.Marshal(struct{ A, B Steps }{Steps{
		Decode{}, Resize{ShortSide: 256, Interpolation: picture.Bilinear}, CenterCrop{224, 224}, BGR{}, Rescale{Scale: 2}, Normalize{Mean: []float64{.5}}, Input{},
	}, nil})
	want := `{"A":[{"step":"decode","color_mode":"rgb"},{"step":"resize","short_side":256,"interpolation":"bilinear"},{"step":"center_crop","height":224,"width":224},` +
		`{"step":"bgr"},{"step":"rescale","scale":2},{"step":"normalize","mean":[0.5]},{"step":"preprocess_input","mode":"caffe"}],"B":null}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// A small file must not become a huge image.
func TestBounded(t *testing.T) {
	var b bytes.Buffer
	if err := picture.WritePNG(&b, picture.Image{H: 1, W: 20000, C: 3, Pix: make([]byte, 60000)}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Steps{
		{Resize{ShortSide: 500}},
		{Resize{ShortSide: MaxSize, Interpolation: picture.BilinearTF}, CenterCrop{8, 8}},
		{Resize{Height: 8, Width: 8, PadToAspectRatio: true}},
	} {
		p, err := s.Compile()
		if err != nil {
			t.Fatal(err)
		}
		_, _, _, err = new(picture.Decoder).AppendFloat32(nil, b.Bytes(), p.Options())
		if err == nil || !strings.Contains(err.Error(), "an image of 20000x1 pixels would become") {
			t.Errorf("%+v: error is %v", s, err)
		}
	}
	// Resizing before padding needs no more than the result.
	p, err := Steps{Resize{Height: 8, Width: 6, Interpolation: picture.BilinearTF, ResizeWithPad: true}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if x, h, w, err := new(picture.Decoder).AppendFloat32(nil, b.Bytes(), p.Options()); err != nil || h != 8 || w != 6 || len(x) != 8*6*3 {
		t.Errorf("%d values, %dx%d, %v; want an image of 8x6", len(x), h, w, err)
	}
}

func FuzzSteps(f *testing.F) {
	for _, c := range readGolden(f).Cases {
		f.Add([]byte(c.Steps))
	}
	f.Add([]byte(`{"target_size":[64,48],"color_mode":"grayscale","interpolation":"bicubic","rescale":0.1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Steps
		if json.Unmarshal(text, &s) != nil {
			return
		}
		p, err := s.Compile()
		if err != nil {
			t.Fatalf("%s is read, and does not compile: %v", text, err)
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("%s is read, and not written: %v", text, err)
		}
		var again Steps
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s is written as %s, and not read: %v", text, written, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%s became %s", written, twice)
		}
		p.Apply(make([]float32, 6*p.Channels()))
		p.Undo(make([]float32, 6*p.Channels()))
	})
}
