package lince_test

import (
	"slices"
	"strings"
	"testing"
)

// hostileRules lists attacks on readers of model files and the files of testdata/hostile that try them, by the suffix of their names. A name
// stands without its suffix. Where a format has no file, the table says why it cannot carry the attack:
//
//	code   the format has no code, classes or functions
//	flat   the format is no archive
//	names  the format has no paths or links to other files
//	plain  the format does not compress, and the sizes in it must be those of its bytes
//	state  the format has tensors alone, and no network or settings
var hostileRules = []struct {
	attack string
	files  map[string]string
}{
	{"a layer or an operator carries code (CVE-2024-3660)", map[string]string{
		".keras": "lambda lambda-keras2", ".h5": "lambda lambda-keras2", ".weights.h5": "*state", ".onnx": "python custom", ".tflite": "custom flex",
		".safetensors": "*code", ".pt": "system eval build", ".pth": "system eval build",
	}},
	{"a file names any class or function (CVE-2025-1550)", map[string]string{
		".keras": "layer-by-module layer-is-function activation-by-module initializer-by-module training", ".h5": "layer-by-module layer-is-function activation-by-module initializer-by-module training",
		".weights.h5": "*state", ".onnx": "custom", ".tflite": "custom", ".safetensors": "*code", ".pt": "getattr instance", ".pth": "getattr instance",
	}},
	{"a file switches off safe mode (CVE-2025-8747)", map[string]string{
		".keras": "lambda-safe-mode", ".h5": "lambda-safe-mode", ".weights.h5": "*state", ".onnx": "*code", ".tflite": "*code", ".safetensors": "*code", ".pt": "system", ".pth": "system",
	}},
	{"a path or URL inside a model is opened (CVE-2025-12058, CVE-2026-1462)", map[string]string{
		".keras": "vocabulary saved-model", ".h5": "vocabulary saved-model weight-names-outside", ".weights.h5": "external-storage",
		".onnx": "external-parent external-inside-parent external-absolute external-url external-backslash external-folder external-empty", ".tflite": "flex",
		".safetensors": "*names", ".pt": "torch-load key-parent", ".pth": "torch-load key-parent",
	}},
	{"members of archives lead out of them (CVE-2025-12638)", map[string]string{
		".keras": "member-parent member-absolute member-backslash member-drive member-link config-link", ".h5": "*flat", ".weights.h5": "*flat", ".onnx": "*flat", ".tflite": "*flat",
		".safetensors": "*flat", ".pt": "member-parent", ".pth": "*flat",
	}},
	{"a shape claims more than there is (CVE-2026-0897)", map[string]string{
		".keras": "shape chunked-shape compressed-shape units overflow negative", ".h5": "shape chunked-shape compressed-shape units overflow negative", ".weights.h5": "shape chunked-shape compressed-shape",
		".onnx": "shape overflow negative short long input-shape", ".tflite": "shape overflow negative four-bits", ".safetensors": "shape overflow negative-shape past-end header-huge header-limit",
		".pt": "shape overflow expand numel negative-stride past-end", ".pth": "shape overflow expand numel negative-stride past-end storage-numel storage-negative",
	}},
	{"links, external storage and virtual datasets (CVE-2026-1669)", map[string]string{
		".keras": "external-storage external-link soft-link virtual cycle", ".h5": "external-storage external-link soft-link virtual cycle",
		".weights.h5": "external-storage external-link soft-link virtual cycle", ".onnx": "external-link external-missing external-itself", ".tflite": "offset buffer",
		".safetensors": "*names", ".pt": "missing", ".pth": "missing",
	}},
	{"a name becomes a path (CVE-2026-12479)", map[string]string{
		".keras": "name-parent name-absolute", ".h5": "name-parent name-absolute layer-names-outside", ".weights.h5": "soft-link", ".onnx": "external-parent", ".tflite": "flex",
		".safetensors": "*names", ".pt": "key-parent", ".pth": "key-parent",
	}},
	{"compressed bombs", map[string]string{
		".keras": "config-bomb weights-bomb text-bomb zeros-zip zeros-chunk overlapping", ".h5": "compressed-shape", ".weights.h5": "edge-chunks compressed-shape", ".onnx": "*plain", ".tflite": "*plain",
		".safetensors": "*plain", ".pt": "bomb", ".pth": "*plain",
	}},
	{"sizes and offsets overflow or overlap (Triton 2025-23310, 2026-24146)", map[string]string{
		".keras": "overflow overlapping", ".h5": "overflow", ".weights.h5": "cycle", ".onnx": "overflow external-offset external-negative external-length", ".tflite": "overflow offset root root-itself root-header vtable",
		".safetensors": "overlap same hole rest reversed negative overflow", ".pt": "overflow negative-offset", ".pth": "overflow negative-offset storage-keys",
	}},
	{"few bytes make many values, ops or texts", map[string]string{
		".keras": "deep", ".h5": "deep many-classes name-long", ".weights.h5": "cycle",
		".onnx":        "doubling outer chain outputs loop deep recursion functions-doubling wide-sum wide-max wide-constant wide-einsum same-outputs same-inputs long-name",
		".tflite":      "wide-sum wide-pack same-inputs same-outputs some-outputs shared-floats shared-halves loop",
		".safetensors": "header-deep twice", ".pt": "doubling itself deep memo long text", ".pth": "doubling itself deep memo long text",
	}},
	{"names control the terminal", map[string]string{
		".keras": "name-escape", ".h5": "name-escape", ".weights.h5": "*state", ".onnx": "escape newline", ".tflite": "escape", ".safetensors": "escape", ".pt": "escape", ".pth": "escape",
	}},
	{"cut short or damaged", map[string]string{
		".keras": "cut", ".h5": "cut", ".weights.h5": "cut", ".onnx": "cut", ".tflite": "cut", ".safetensors": "cut not-json", ".pt": "cut", ".pth": "cut",
	}},
}

// TestHostileRules compares the table with the files.
func TestHostileRules(t *testing.T) {
	var list []hostile
	readJSON(t, &list, "testdata", "hostile", "models.json")
	var names []string
	for _, h := range list {
		names = append(names, h.Name)
	}
	formats := []string{".keras", ".h5", ".weights.h5", ".onnx", ".tflite", ".safetensors", ".pt", ".pth"}
	for _, r := range hostileRules {
		for _, suffix := range formats {
			files := strings.Fields(r.files[suffix])
			if len(files) == 0 {
				t.Errorf("%s: nothing about %s", r.attack, suffix)
			}
			for _, name := range files {
				if !strings.HasPrefix(name, "*") && !slices.Contains(names, name+suffix) {
					t.Errorf("%s: there is no file %s%s", r.attack, name, suffix)
				}
			}
		}
		if len(r.files) != len(formats) {
			t.Errorf("%s: %d formats, want %d", r.attack, len(r.files), len(formats))
		}
	}
}
