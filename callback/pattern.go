package callback

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pattern is a text with placeholders for numbers in the syntax of Python's str.format: {name}, {name:02d} or
// {name:.3f}. {{ means { and }} means }.
type pattern struct {
	text  string // the original text, for messages
	parts []patternPart
}

type patternPart struct {
	literal string
	name    string // name of the number; "" for a literal
	verb    string // verb of package fmt; "" for Python's str()
	whole   bool   // the verb needs an integer
}

// Literal returns a text for ModelCheckpoint.Path that stands for the text itself: its braces are doubled. It is for folders whose names the
// program does not choose:
//
//	callback.ModelCheckpoint{Path: filepath.Join(callback.Literal(dir), "{epoch:02d}.keras")}
func Literal(text string) string { return braces.Replace(text) }

var braces = strings.NewReplacer("{", "{{", "}", "}}")

var placeholder = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(?::(0?[0-9]{0,2})(\.[0-9]{1,2})?([dfeg]?))?$`)

func parsePattern(text string) (*pattern, error) {
	p := &pattern{text: text}
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			i = len(rest)
		}
		if i > 0 {
			p.parts = append(p.parts, patternPart{literal: rest[:i]})
			rest = rest[i:]
			continue
		}
		if strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}") {
			p.parts = append(p.parts, patternPart{literal: rest[:1]})
			rest = rest[2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if rest[0] == '}' || end < 0 {
			return nil, fmt.Errorf("the path %q has an unmatched brace", text)
		}
		m := placeholder.FindStringSubmatch(rest[1:end])
		if m == nil || m[4] == "d" && m[3] != "" {
			return nil, fmt.Errorf("the path %q: cannot read %s; write it as {epoch:02d} or {val_loss:.2f}", text, rest[:end+1])
		}
		part := patternPart{name: m[1], whole: m[4] == "d"}
		switch {
		case m[4] != "":
			part.verb = "%" + m[2] + m[3] + m[4]
		case m[2] != "" || m[3] != "":
			part.verb = "%" + m[2] + m[3] + "g"
		}
		p.parts = append(p.parts, part)
		rest = rest[end+1:]
	}
	return p, nil
}

func (p *pattern) format(values *Logs) (string, error) {
	var s strings.Builder
	for _, part := range p.parts {
		if part.name == "" {
			s.WriteString(part.literal)
			continue
		}
		v, ok := values.Get(part.name)
		if !ok {
			return "", fmt.Errorf("the path %q: there is no %s; the logs have %s", p.text, part.name, strings.Join(values.Names(), ", "))
		}
		if values.Vector(part.name) != nil {
			return "", fmt.Errorf("the path %q: %s is a vector; use a metric that is a number", p.text, part.name)
		}
		isInt := part.name == "epoch" || part.name == "batch"
		switch {
		case part.whole && !isInt:
			return "", fmt.Errorf("the path %q: %s is not an integer; write it as {%s:.2f}", p.text, part.name, part.name)
		case part.whole || isInt && part.verb == "":
			verb := part.verb
			if verb == "" {
				verb = "%d"
			}
			fmt.Fprintf(&s, verb, int(v))
		case part.verb == "":
			s.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		default:
			fmt.Fprintf(&s, part.verb, v)
		}
	}
	return s.String(), nil
}
