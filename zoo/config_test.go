package zoo

import (
	"os"
	"testing"

	"github.com/lince-ml/lince/internal/graphtest"
)

// TestConfigs compares the settings of all layers with Keras': those that only training needs, too, such as momenta, initializers and rates. The smallest
// networks of the families are enough. ConvNeXt is not among them: it has nested models.
func TestConfigs(t *testing.T) {
	if os.Getenv("LINCE_PYTHON") == "" {
		t.Skip("needs real Keras: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	type entry struct {
		Name, JSON string
	}
	var in []entry
	for _, title := range []string{
		"ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "Xception", "DenseNet121", "InceptionV3", "NASNetMobile",
		"EfficientNetB0", "EfficientNetV2B0",
	} {
		n, err := Find(title)
		if err != nil {
			t.Fatal(err)
		}
		m, err := n.New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.ToJSON()
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, entry{n.Title, string(text)})
	}
	var differences []string
	graphtest.Keras(t, `
import json, sys, keras

found = []
for e in json.load(sys.stdin):
    keras.utils.clear_session()
    model = getattr(keras.applications, e["Name"])(weights=None)
    classes = {type(layer).__name__: type(layer) for layer in model.layers if not type(layer).__module__.startswith("keras.src.layers")}
    for entry in json.loads(e["JSON"])["config"]["layers"]:
        entry.pop("build_config", None)
        if any(layer.name == entry["name"] for layer in model.layers): # else it is an operation
            got = keras.saving.deserialize_keras_object(entry, custom_objects=classes).get_config()
            want = model.get_layer(entry["name"]).get_config()
            for c in (got, want):
                if c.get("axis") in (-1, 3):  # of an image
                    c["axis"] = "channels"
            if json.dumps(got, sort_keys=True, default=str) != json.dumps(want, sort_keys=True, default=str):
                for k in want:
                    if str(got.get(k)) != str(want[k]):
                        found.append(f"{e['Name']}: {entry['name']}: {k}: lince has {got.get(k)}, Keras {want[k]}")
print(json.dumps(found))
`, in, &differences)
	for i, d := range differences {
		if i < 100 {
			t.Error(d)
		}
	}
	if len(differences) > 100 {
		t.Errorf("%d differences", len(differences))
	}
}
