package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// jsonRecords are the objects of a file of JSON lines. Their keys are the columns.
type jsonRecords struct {
	r     *bufio.Reader
	line  int
	start int
	names []string
	first []byte // the first line, which newJSONLines has read
	raw   map[string]json.RawMessage
	notes []string

	labels   map[string]bool // the keys of labels in the first object of a manifest
	manifest string          // the label whose class names a manifest has, "" if there is none; see groundtruth.go
}

const oneObject = `each line must be an object, as in {"filename": "cat.0.jpg", "category": "cat"}`

// newJSONLines reads the first object of a file of JSON lines. With detect, its encoding is found out.
func newJSONLines(r io.Reader, detect bool) (records, error) {
	text, notes, err := decodedText(r, detect)
	if err != nil {
		return nil, err
	}
	j := &jsonRecords{r: bufio.NewReaderSize(text, 1<<16), notes: notes}
	line, err := j.readLine()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("is empty; " + oneObject)
	} else if err != nil {
		return nil, err
	}
	j.first = line
	if err := j.unmarshal(line); err != nil {
		return nil, fmt.Errorf("line %d: %w%s", j.line, err, jsonAdvice(line))
	}
	// The keys in their order. The line has been decoded, so there is no error.
	d := json.NewDecoder(bytes.NewReader(withoutNaN(line)))
	_, _ = d.Token()
	for d.More() {
		t, _ := d.Token()
		var v json.RawMessage
		if name, ok := t.(string); !ok || d.Decode(&v) != nil {
			break
		} else {
			j.names = append(j.names, name)
		}
	}
	if len(j.names) == 0 {
		return nil, fmt.Errorf("line %d: the first object has no keys, which name the columns; %s", j.line, oneObject)
	}
	j.setLabels()
	return j, nil
}

// jsonAdvice says what to do with a file whose first line is no object.
func jsonAdvice(line []byte) string {
	switch body := bytes.TrimRight(line, ", \t"); {
	case line[0] == '[':
		return "; " + listAdvice("FILE")
	case bytes.HasPrefix(line, []byte("{'")):
		return "; it is a dict as Python prints it: write it with json.dumps"
	case len(body) < len(line) && json.Valid(body):
		return "; remove the comma at the end of each line (sed 's/, *$//' FILE > NEW.jsonl)"
	case line[0] == '{' && !json.Valid(line) && bytes.Count(line, []byte("{")) > bytes.Count(line, []byte("}")):
		return "; the object continues in the next line: write each object in one line (jq -c . FILE > NEW.jsonl)"
	}
	return "; " + oneObject
}

// listAdvice says how the objects of a list in JSON become lines. name is that of its file, quoted for a command line.
func listAdvice(name string) string {
	return "write each object of the list in a line, and name the file .jsonl " +
		`(python3 -c 'import json, sys; [print(json.dumps(r)) for r in json.load(open(sys.argv[1]))]' ` + name + " > NEW.jsonl)"
}

// readLine returns the next line that is not blank. It is valid until the next call.
func (j *jsonRecords) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := j.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRecord:
			return nil, fmt.Errorf("line %d: %w", j.line+1, errTooLong)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
		j.line++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, io.EOF
		}
	}
}

func (j *jsonRecords) columns() []string { return j.names }
func (j *jsonRecords) unit() string      { return "line" }

func (j *jsonRecords) notices() []string {
	if j.manifest == "" {
		return j.notes
	}
	return append(slices.Clip(j.notes), fmt.Sprintf("The labels are the class names in %q, as in a manifest of SageMaker Ground Truth.", j.manifest+metadataSuffix))
}

// unmarshal decodes the object in a line.
func (j *jsonRecords) unmarshal(line []byte) error {
	clear(j.raw)
	err := json.Unmarshal(line, &j.raw)
	if err != nil {
		if plain := withoutNaN(line); !bytes.Equal(plain, line) && json.Unmarshal(plain, &j.raw) == nil {
			return nil
		}
		clear(j.raw)
	} else if j.raw == nil {
		return errors.New("is not a JSON object: it is null")
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) { // its text names types of Go
		err = fmt.Errorf("it is a JSON %s", kind.Value)
	} else if err != nil && line[0] == '[' {
		err = errors.New("it is a JSON array")
	}
	if err != nil {
		return fmt.Errorf("is not a JSON object: %w", err)
	}
	return nil
}

// notFinite are the numbers that Python's json and pandas write and JSON does not have. A missing value is null, and the others are what pandas writes in a CSV file.
var notFinite = []struct{ word, is string }{{"NaN", "null"}, {"-Infinity", `"-inf"`}, {"Infinity", `"inf"`}}

// withoutNaN returns a line in which the numbers that JSON does not have are replaced: the line itself if there are none.
func withoutNaN(line []byte) []byte {
	if !bytes.Contains(line, []byte("NaN")) && !bytes.Contains(line, []byte("Infinity")) {
		return line
	}
	var out []byte
	inText := false
next:
	for i := 0; i < len(line); i++ {
		switch b := line[i]; {
		case inText && b == '\\' && i+1 < len(line):
			out = append(out, b)
			i++
		case b == '"':
			inText = !inText
		case !inText:
			for _, n := range notFinite {
				if bytes.HasPrefix(line[i:], []byte(n.word)) {
					out = append(out, n.is...)
					i += len(n.word) - 1
					continue next
				}
			}
		}
		out = append(out, line[i])
	}
	return out
}

func (j *jsonRecords) next(want []int, cells []value) (int, error) {
	line := j.first
	if j.first = nil; line == nil {
		var err error
		if line, err = j.readLine(); err != nil {
			return 0, err
		}
	}
	j.start = j.line
	clear(cells)
	if err := j.unmarshal(line); err != nil {
		return j.start, recordError{err}
	}
	for i, w := range want {
		if w < 0 {
			continue
		}
		if label, err := cells[i].fromManifest(j, j.names[w]); err != nil {
			return j.start, recordError{err}
		} else if label {
			continue
		}
		raw, ok := j.raw[j.names[w]]
		if !ok {
			cells[i].absent = true
			continue
		}
		if err := cells[i].fromJSON(raw); err != nil {
			return j.start, recordError{fmt.Errorf("the value of %q %w", j.names[w], err)}
		}
	}
	return j.start, nil
}

// fromJSON sets a cell to a string, number, truth value, null, or a list of these. An object keeps its text.
func (c *value) fromJSON(raw json.RawMessage) error {
	switch raw[0] {
	case '[':
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			return err
		}
		c.isList = true
		for _, p := range parts {
			var v value
			if err := v.fromJSON(p); err != nil {
				return err
			}
			if v.isList {
				return errors.New("is a list of lists")
			}
			c.list, c.object = append(c.list, string(v.text)), c.object || v.object
		}
	case '{':
		c.text, c.object = raw, true
	case '"':
		s, err := jsonText(raw)
		if err != nil {
			return err
		}
		c.text = []byte(s)
	case 'n':
	default:
		c.text = raw
	}
	return nil
}

// objectError is the error of a value that is an object, where that cannot be used.
func (c *value) objectError() error {
	var inner map[string]json.RawMessage
	if err := json.Unmarshal(c.text, &inner); err != nil || len(inner) == 0 {
		return errors.New("is an object, want a string, a number or a list")
	}
	return fmt.Errorf("is an object, want a string, a number or a list; write the value of one of its keys in its place (%s)", listNames(sortedKeys(inner)))
}
