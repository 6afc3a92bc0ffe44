package augment

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		spec string
		want Generator
		text string // the expected String
	}{
		{"", Generator{}, ""},
		{"rotation=15,shear=.1,zoom=.2,hflip,shift=.1,rescale=1/255", Tutorial(), "rotation=15,shift=0.1,shear=0.1,zoom=0.8:1.2,hflip,rescale=1/255"},
		{
			" rotation_range = 15 , horizontal_flip=True,width_shift_range=.1,height_shift_range=5",
			Generator{RotationRange: 15, HorizontalFlip: true, WidthShiftRange: ShiftBy(.1), HeightShiftRange: ShiftPixels(5)},
			"rotation=15,wshift=0.1,hshift=5,hflip",
		},
		{"wshift=5.", Generator{WidthShiftRange: ShiftBy(5)}, "wshift=5."},
		{"hshift=-4/0/2.5", Generator{HeightShiftRange: ShiftChoice(-4, 0, 2.5)}, "hshift=-4/0/2.5"},
		{"wshift=3/", Generator{WidthShiftRange: ShiftChoice(3)}, "wshift=3/"},
		{"hflip=false,shift=0,fill=nearest,order=1", Generator{}, ""},
		{"zoom=.8:1.3,brightness=0:2", Generator{ZoomRange: Between(.8, 1.3), BrightnessRange: Between(0, 2)}, "zoom=0.8:1.3,brightness=0:2"},
		{
			"fill=constant,cval=7,channel=20,vflip,order=3", Generator{
				FillMode: FillConstant, Cval: 7, ChannelShiftRange: 20, VerticalFlip: true, InterpolationOrder: Cubic,
			}, "channel=20,vflip,fill=constant,cval=7,order=3",
		},
		{
			"zca,zca-epsilon=1e-3,featurewise-std,featurewise-center,samplewise-std,samplewise-center,validation-split=.25", Generator{
				ZCAWhitening: true, ZCAEpsilon: 1e-3, FeaturewiseStdNormalization: true, FeaturewiseCenter: true,
				SamplewiseStdNormalization: true, SamplewiseCenter: true, ValidationSplit: .25,
			}, "samplewise-center,samplewise-std,featurewise-center,featurewise-std,zca,zca-epsilon=0.001,validation-split=0.25",
		},
	} {
		got, err := Parse(test.spec)
		if err != nil {
			t.Errorf("%q: %v", test.spec, err)
			continue
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %+v, want %+v", test.spec, got, test.want)
		}
		if s := got.String(); s != test.text {
			t.Errorf("%q: String gives %q, want %q", test.spec, s, test.text)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		spec  string
		wants []string
	}{
		{"rotatoin=15", []string{`unknown option "rotatoin"`, `did you mean rotation?`}},
		{"flip", []string{`unknown option "flip"`, `did you mean hflip?`}},
		{"xyzzyplugh", []string{"want one of rotation, shift"}},
		{"=3", []string{`unknown option ""`}},
		{"rotation", []string{"rotation needs a value, such as rotation=15"}},
		{"rotation=abc,shear=x,zoom=1:y,hflip=perhaps", []string{`rotation: want a number, got "abc"`, "shear", `zoom: want a number, got "y"`, `hflip: want true or false, got "perhaps"`}},
		{"rotation=1,rotation=2", []string{"rotation is set twice"}},
		{"shift=.1,wshift=.2", []string{"wshift is set twice"}},
		{"hshift=.1,shift=.2", []string{"shift is set twice"}},
		{"brightness=.5", []string{"want two numbers"}},
		{"fill=nearset", []string{`unknown mode "nearset"`, `did you mean nearest?`}},
		{"order=6", []string{"0 to 5"}},
		{"rescale=1/0", []string{`want a number, got "1/0"`}},
		{"rotation=nan", []string{"want a number"}},
		{"shift=-3", []string{"number of pixels greater than or equal to 0"}},
		{"shift=1/x", []string{`want a number, got "x"`}},
		{"validation-split=2", []string{"strictly between 0 and 1"}},
	} {
		_, err := Parse(test.spec)
		if err == nil {
			t.Errorf("%q: no error", test.spec)
			continue
		}
		for _, want := range test.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %q does not say %q", test.spec, err, want)
			}
		}
	}
}

func TestText(t *testing.T) {
	data, err := json.Marshal(struct{ Augment Generator }{Tutorial()})
	if err != nil {
		t.Fatal(err)
	}
	var back struct{ Augment Generator }
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Augment, Tutorial()) {
		t.Errorf("%s came back as %+v", data, back.Augment)
	}
	if _, err := json.Marshal(Generator{PreprocessingFunction: func([]float32, int, int, int) {}}); err == nil {
		t.Error("a function was written as text")
	}
	if help := Help(); strings.Count(help, "\n") != len(Keys()) {
		t.Errorf("Help:\n%s", help)
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{
		"", "rotation=15,shear=.1,zoom=.2,hflip,shift=.1,rescale=1/255", "wshift=-4/0/4,hshift=3/", "zoom=.8:1.2,brightness=0:2,fill=wrap,cval=-1e-9",
		"zca,order=0,validation-split=.2,rotation_range=1e308", "hflip=,,=", "shift=5.,channel=0x1p-3",
	} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		g, err := Parse(spec)
		if err != nil {
			return
		}
		back, err := Parse(g.String())
		if err != nil {
			t.Fatalf("%q is written as %q: %v", spec, g.String(), err)
		}
		if !reflect.DeepEqual(g, back) {
			t.Fatalf("%q: %+v is written as %q, which is %+v", spec, g, g.String(), back)
		}
	})
}
