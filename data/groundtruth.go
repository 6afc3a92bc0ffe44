package data

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A manifest of Amazon SageMaker Ground Truth, or of Amazon Rekognition, has JSON lines. Beside the label, which is a class index, they have an object with the class name:
// {"source-ref": "s3://b/1.jpg", "species": 0, "species-metadata": {"class-name": "cat", ...}}. For several labels, it has the class names by index.

// metadataSuffix follows the key of a label in that of what is known about it.
const metadataSuffix = "-metadata"

// labelMetadata is what a manifest knows about a label.
type labelMetadata struct {
	Type    string            `json:"type"`
	Class   *string           `json:"class-name"`
	Classes map[string]string `json:"class-map"`
	Failure string            `json:"failure-reason"`
}

// manifestLabels returns the columns of a manifest that are labels.
func manifestLabels(header []string) (labels []string) {
	known := map[string]bool{}
	for _, name := range header {
		if label, ok := strings.CutSuffix(name, metadataSuffix); ok && !strings.HasSuffix(label, "-ref") {
			known[label] = true
		}
	}
	for _, name := range header {
		if known[name] {
			labels = append(labels, name)
		}
	}
	return labels
}

// setLabels finds the keys of labels in the first object.
func (j *jsonRecords) setLabels() {
	j.labels = map[string]bool{}
	for _, name := range manifestLabels(j.names) {
		j.labels[name] = true
	}
}

// metadata returns what the current object of a manifest knows about the label with the given key; nil if it is no such label.
func (j *jsonRecords) metadata(key string) *labelMetadata {
	raw, ok := j.raw[key+metadataSuffix]
	if !ok || raw[0] != '{' {
		return nil
	}
	m := &labelMetadata{}
	if json.Unmarshal(raw, m) != nil || m.Class == nil && !strings.HasPrefix(m.Type, "groundtruth/") {
		return nil
	}
	return m
}

// fromManifest sets a cell to the class names of a label of a manifest. It reports whether the label is one. Manifests of Rekognition have a key for each class, so keys that are no
// column, since the first object does not have them, are further labels.
func (c *value) fromManifest(j *jsonRecords, key string) (bool, error) {
	if len(j.labels) == 0 || !j.labels[key] {
		return false, nil
	}
	keys := []string{key}
	for _, k := range slices.Sorted(maps.Keys(j.raw)) {
		if _, label := j.raw[k+metadataSuffix]; label && !j.labels[k] {
			keys = append(keys, k)
		}
	}
	known, failed := false, true
	var names []string
	for _, k := range keys {
		m := j.metadata(k)
		raw, has := j.raw[k]
		if m == nil || !has {
			continue
		}
		known = true
		list, err := m.names(k, raw)
		if err != nil {
			return true, err
		}
		names, failed = append(names, list...), failed && list == nil
	}
	if !known {
		return false, nil
	}
	j.manifest = key
	c.isList, c.list = !failed, names
	return true, nil
}

// names returns the class names of a label, nil if the labeling has failed.
func (m *labelMetadata) names(key string, label json.RawMessage) ([]string, error) {
	switch {
	case m.Failure != "":
		return nil, nil
	case m.Class != nil:
		return []string{*m.Class}, nil
	case label[0] == '{' || !strings.Contains(m.Type, "classification"):
		return nil, fmt.Errorf("the label %q is of the type %s, not classes of the whole image; %s", key, m.Type, boxAdvice)
	case m.Classes == nil:
		return nil, fmt.Errorf("%q has neither class-name nor class-map", key+metadataSuffix)
	}
	var text string
	if json.Unmarshal(label, &text) == nil {
		label = json.RawMessage(text)
	}
	var indexes []json.Number
	if err := json.Unmarshal(label, &indexes); err != nil {
		return nil, fmt.Errorf("the label %q is %.60s, want a list of class indexes", key, label)
	}
	names := []string{}
	for _, i := range indexes {
		name, ok := m.Classes[i.String()]
		if !ok {
			return nil, fmt.Errorf("the class-map of %q has no class %s", key+metadataSuffix, i)
		}
		names = append(names, name)
	}
	return names, nil
}
