package data

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonText decodes a text of JSON that is valid. Half of a surrogate pair from \udc80 to \udcff becomes a byte: Python's os.fsdecode and json.dumps write a byte of the name of a file that
// is not in UTF-8 so.
func jsonText(raw []byte) (string, error) {
	var text string
	if !bytes.Contains(raw, []byte(`\udc`)) && !bytes.Contains(raw, []byte(`\uDC`)) {
		err := json.Unmarshal(raw, &text)
		return text, err
	}
	var out []byte
	piece := []byte{'"'} // what follows the last such byte, still as JSON
	end := func() error {
		err := json.Unmarshal(append(piece, '"'), &text)
		out, piece = append(out, text...), piece[:1]
		return err
	}
	for body := raw[1 : len(raw)-1]; len(body) > 0; {
		n := 1
		if body[0] == '\\' {
			n = min(2, len(body))
			switch code := codeUnit(body); {
			case code >= 0xd800 && code < 0xdc00 && codeUnit(body[6:])>>10 == 0xdc00>>10: // a whole pair
				n = 12
			case code >= 0xdc80 && code <= 0xdcff:
				if err := end(); err != nil {
					return "", err
				}
				out, body = append(out, byte(code)), body[6:]
				continue
			case code >= 0:
				n = 6
			}
		}
		piece, body = append(piece, body[:n]...), body[n:]
	}
	err := end()
	return string(out), err
}

// codeUnit returns the number of the escape with which a text begins, such as \u00e9, -1 if it does not begin with one.
func codeUnit(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
