package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Labels in objects are what other programs write into a cell of a table: Label Studio {"choices": ["cats", "dogs"]}, the VGG Image Annotator {"kind": "cats"}, Amazon Mechanical Turk
// [{"category": {"label": "cats"}}], and pandas a dict as Python prints it, {'label': 'cats'}.

// boxKeys are the keys of objects that describe boxes and other areas in an image.
var boxKeys = []string{"x", "y", "left", "top", "bbox", "box", "boxes", "points", "rle", "coordinates", "xmin", "x_min", "x1", "boundingBoxes", "boundingBox",
	"rectanglelabels", "ellipselabels", "polygonlabels", "keypointlabels", "brushlabels"}

// deepestObject is the number of nested objects with labels.
const deepestObject = 4

// labelObject is what an object in a cell says.
type labelObject struct {
	labels []string
	key    string // of the labels; the keys of nested objects have a point between them
}

// areasError is the error of objects that describe areas in an image, which have these keys.
type areasError struct{ keys []string }

func (e *areasError) Error() string {
	return fmt.Sprintf("is a list of boxes or other areas in an image (%s), so the table is one for object detection; %s", listNames(e.keys), boxAdvice)
}

// objects takes the labels out of the objects in cells. An object that has other contents is an error.
func (in *interpreter) objects() error {
	lines := map[string]int{} // by key, the first line that has it
	line, column := 0, 0
	var wrong error
	for i, v := range in.values {
		for k, c := range v.cells {
			o, err := c.object()
			switch {
			case o == nil && err == nil:
				continue
			case err != nil:
				if wrong == nil || v.line < line {
					wrong, line, column = err, v.line, k
				}
				continue
			}
			if l, seen := lines[o.key]; o.key != "" && (!seen || v.line < l) {
				lines[o.key] = v.line
			}
			in.values[i].cells[k] = labelCell{list: o.labels, isList: true}
		}
	}
	if wrong != nil {
		return fmt.Errorf("%s %d: the label in the column %q %w", in.unit, line, in.columns[column], wrong)
	}
	keys := sortedKeys(lines)
	if slices.SortFunc(keys, func(a, b string) int { return lines[a] - lines[b] }); len(keys) > 1 && len(in.columns) == 1 {
		return fmt.Errorf("the column %q has JSON objects with different keys, %q in %s %d and %q in %s %d: write the labels into the column in their place",
			in.columns[0], keys[0], in.unit, lines[keys[0]], keys[1], in.unit, lines[keys[1]])
	}
	for _, k := range keys {
		in.notes = append(in.notes, fmt.Sprintf("The labels are the values of %q in JSON objects, as in %s %d.", k, in.unit, lines[k]))
	}
	return nil
}

// object returns the labels in a cell that is an object or a list of objects. It returns nil for another cell.
func (c labelCell) object() (*labelObject, error) {
	if !c.isList {
		return objectOf(c.text)
	}
	if !slices.ContainsFunc(c.list, func(s string) bool { return strings.HasPrefix(s, "{") && quotedList(s) == nil }) {
		return nil, nil
	}
	return objectOf("[" + strings.Join(c.list, ",") + "]")
}

// objectOf returns the labels in a text that is an object or a list of objects, in JSON or as Python prints it. It returns nil for another text, also for a set, as {'cats', 'dogs'}.
func objectOf(text string) (*labelObject, error) {
	plain := strings.Join(strings.Fields(text[:min(len(text), 64)]), "")
	if !slices.ContainsFunc([]string{`{"`, `{'`, "[{", "{}"}, func(s string) bool { return strings.HasPrefix(plain, s) }) || quotedList(text) != nil {
		return nil, nil
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil && json.Unmarshal(jsonOfPython(text), &v) != nil {
		return nil, fmt.Errorf("begins like a JSON object, and is none: %s; write the label in its place", beginning(text))
	}
	o := &labelObject{}
	return o, o.add(v, "")
}

// add adds the labels in a value. key is that of the value.
func (o *labelObject) add(v any, key string) error {
	switch v := v.(type) {
	case nil:
	case string:
		if key == "" {
			return errors.New("is a list of objects and texts; write the labels in its place")
		}
		if o.key != "" && o.key != key {
			return fmt.Errorf("is a list of JSON objects with different keys, %q and %q; write the labels in its place", o.key, key)
		}
		o.key = key
		if s := strings.TrimSpace(v); s != "" {
			o.labels = append(o.labels, s)
		}
	case []any:
		for _, p := range v {
			if _, nested := p.([]any); nested {
				return fmt.Errorf("is a JSON object with a list of lists (%s); write the labels in its place", key)
			}
			if err := o.add(p, key); err != nil {
				return err
			}
		}
	case map[string]any:
		keys := sortedKeys(v)
		for _, k := range keys {
			if len(keys) > 1 && slices.Contains(boxKeys, k) || strings.HasSuffix(k, "labels") && slices.Contains(boxKeys, k) {
				return &areasError{keys}
			}
		}
		if len(keys) > 1 {
			return fmt.Errorf("is a JSON object with %d keys, want a text, or an object with one key; write the value of one of its keys in its place (%s)", len(keys), listNames(keys))
		}
		if strings.Count(key, ".") > deepestObject {
			return fmt.Errorf("is a JSON object with too many objects inside (%s); write the labels in its place", key)
		}
		for _, k := range keys {
			name := k
			if key != "" {
				name = key + "." + k
			}
			if err := o.add(v[k], name); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("is a JSON object whose value of %q is %v, want a text or a list of texts; write the label in its place", key, v)
	}
	return nil
}

// jsonOfPython writes the text of Python's dicts, lists, texts, numbers and None as JSON. The result is not valid JSON if the text is another one.
func jsonOfPython(text string) []byte {
	var out []byte
	quote := byte(0) // of the text that is not yet at its end
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case quote == 0 && (b == '\'' || b == '"'):
			quote = b
			out = append(out, '"')
		case quote == 0:
			word := text[i:]
			at := slices.IndexFunc(pythonWords, func(w [2]string) bool { return strings.HasPrefix(word, w[0]) })
			if at < 0 {
				out = append(out, b)
				continue
			}
			out = append(out, pythonWords[at][1]...)
			i += len(pythonWords[at][0]) - 1
		case b == quote:
			quote = 0
			out = append(out, '"')
		case b == '"':
			out = append(out, `\"`...)
		case b == '\\' && i+1 < len(text):
			switch i++; text[i] {
			case '\'':
				out = append(out, '\'')
			case 'x':
				out = append(out, `\u00`...)
			default:
				out = append(out, b, text[i])
			}
		default:
			out = append(out, b)
		}
	}
	return out
}

// pythonWords are Python's words for values, and JSON's. A tuple is a list.
var pythonWords = [][2]string{{"None", "null"}, {"True", "true"}, {"False", "false"}, {"nan", "null"}, {"(", "["}, {")", "]"}}
