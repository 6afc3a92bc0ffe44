package pickle

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// operation returns the operation with the given code, or nil if it is not supported.
func operation(code byte) func(*machine) error {
	switch code {
	// The frame of the pickle. Frames only help readers of streams.
	case '\x80':
		return func(m *machine) error {
			if v, err := m.uint(1); err != nil || v > 5 {
				return fmt.Errorf("protocol %d is not supported, want 0 to 5", v)
			}
			return nil
		}
	case '\x95':
		return func(m *machine) error { _, err := m.bytes(8); return err }
	case '.':
		return func(*machine) error { return nil }

	// Constants
	case 'N':
		return constant(nil)
	case '\x88':
		return constant(true)
	case '\x89':
		return constant(false)
	case '(':
		return constant(mark{})
	case ')':
		return constant(Tuple{})

	// Numbers
	case 'I', 'L':
		return inLine(number)
	case 'F':
		return inLine(func(s string) (any, error) { return strconv.ParseFloat(s, 64) })
	case 'K':
		return unsigned(1)
	case 'M':
		return unsigned(2)
	case 'J':
		return func(m *machine) error {
			v, err := m.uint(4)
			m.push(int64(int32(v)))
			return err
		}
	case '\x8a':
		return fromBytes(1, long)
	case '\x8b':
		return fromBytes(4, long)
	case 'G':
		return func(m *machine) error {
			b, err := m.bytes(8)
			if err == nil {
				m.push(float(b))
			}
			return err
		}

	// Strings and bytes
	case 'S':
		return inLine(quoted)
	case 'V':
		return inLine(latin1)
	case 'U', 'C':
		return fromBytes(1, asBytes)
	case 'T', 'B':
		return fromBytes(4, asBytes)
	case '\x8e', '\x96':
		return fromBytes(8, asBytes)
	case '\x8c':
		return fromBytes(1, asText)
	case 'X':
		return fromBytes(4, asText)
	case '\x8d':
		return fromBytes(8, asText)
	}
	return collection(code)
}

// collection is operation for lists, tuples, dicts, the memo, and objects.
func collection(code byte) func(*machine) error {
	switch code {
	case ']':
		return func(m *machine) error { m.push(&List{}); return nil }
	case 'l':
		return fromGroup(func(items []any) (any, error) { return &List{items}, plain(items) })
	case 'a':
		return func(m *machine) error {
			v, err := m.popN(1)
			if err != nil {
				return err
			}
			return m.extend(v)
		}
	case 'e':
		return func(m *machine) error {
			items, err := m.group()
			if err != nil {
				return err
			}
			return m.extend(items)
		}
	case 't':
		return fromGroup(func(items []any) (any, error) { return Tuple(items), nil })
	case '\x85', '\x86', '\x87':
		return func(m *machine) error {
			items, err := m.popN(int(code - '\x84'))
			m.push(Tuple(items))
			return err
		}
	case '}':
		return func(m *machine) error { m.push(&Dict{}); return nil }
	case 'd':
		return fromGroup(func(items []any) (any, error) {
			d := &Dict{}
			return d, d.set(items)
		})
	case 's':
		return func(m *machine) error {
			pair, err := m.popN(2)
			if err != nil {
				return err
			}
			return m.update(pair)
		}
	case 'u':
		return func(m *machine) error {
			pairs, err := m.group()
			if err != nil {
				return err
			}
			return m.update(pairs)
		}
	case '0':
		return func(m *machine) error { _, err := m.pop(); return err }
	case '1':
		return func(m *machine) error { _, err := m.group(); return err }
	case 'p', 'g':
		return func(m *machine) error {
			s, err := m.line()
			if err != nil {
				return err
			}
			key, err := strconv.ParseUint(s, 10, 32)
			if err != nil {
				return fmt.Errorf("the memo's key is %.40q", s)
			}
			return m.remember(code == 'p', key)
		}
	case 'q', 'h':
		return memo(code == 'q', 1)
	case 'r', 'j':
		return memo(code == 'r', 4)
	case '\x94':
		return func(m *machine) error { return m.put(uint64(len(m.memo))) }
	case 'c':
		return func(m *machine) error {
			module, err := m.line()
			if err != nil {
				return err
			}
			name, err := m.line()
			if err != nil {
				return err
			}
			return m.find(module, name)
		}
	case '\x93':
		return func(m *machine) error {
			pair, err := m.popN(2)
			if err != nil {
				return err
			}
			module, _ := text(pair[0])
			name, _ := text(pair[1])
			return m.find(module, name)
		}
	case 'Q':
		return (*machine).persistent
	case 'R':
		return (*machine).reduce
	case 'b':
		return (*machine).build
	}
	return nil
}

// inLine makes an operation whose value is the rest of the line.
func inLine(parse func(string) (any, error)) func(*machine) error {
	return func(m *machine) error {
		s, err := m.line()
		if err != nil {
			return err
		}
		v, err := parse(s)
		m.push(v)
		if number := (*strconv.NumError)(nil); errors.As(err, &number) { // it quotes all of the line
			return fmt.Errorf("the number %.40q is not valid: %w", s, number.Err)
		}
		return err
	}
}

// unsigned makes an operation whose value is a number of n bytes.
func unsigned(n uint64) func(*machine) error {
	return func(m *machine) error {
		v, err := m.uint(n)
		m.push(int64(v))
		return err
	}
}

// fromBytes makes an operation whose value is made of bytes, which follow their number. The number has n bytes.
func fromBytes(n uint64, parse func([]byte) (any, error)) func(*machine) error {
	return func(m *machine) error {
		b, err := m.counted(n)
		if err != nil {
			return err
		}
		v, err := parse(b)
		m.push(v)
		return err
	}
}

// fromGroup makes an operation whose value is made of the values above the mark.
func fromGroup(parse func([]any) (any, error)) func(*machine) error {
	return func(m *machine) error {
		items, err := m.group()
		if err != nil {
			return err
		}
		v, err := parse(items)
		m.push(v)
		return err
	}
}

func memo(put bool, n uint64) func(*machine) error {
	return func(m *machine) error {
		key, err := m.uint(n)
		if err != nil {
			return err
		}
		return m.remember(put, key)
	}
}

func (m *machine) remember(put bool, key uint64) error {
	if put {
		return m.put(key)
	}
	return m.get(key)
}

func asBytes(b []byte) (any, error) { return b, nil }
func asText(b []byte) (any, error)  { return string(b), nil }

// quoted parses a str of Python 2 in protocol 0.
func quoted(s string) (any, error) {
	if n := len(s); n >= 2 && s[0] == s[n-1] && (s[0] == '\'' || s[0] == '"') && !strings.ContainsRune(s, '\\') {
		return []byte(s[1 : n-1]), nil
	}
	return nil, errors.New("strings with escapes are not supported in protocol 0")
}

// latin1 parses a str of Python 3 in protocol 0: a byte for each character, with escapes for characters above 255.
func latin1(s string) (any, error) {
	if strings.ContainsRune(s, '\\') {
		return nil, errors.New("text with escapes is not supported in protocol 0")
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes), nil
}

// plain replaces arrays by tensors. It fails for values that are not plain data.
func plain(items []any) (err error) {
	for i, v := range items {
		if items[i], err = value(v); err != nil {
			return err
		}
	}
	return nil
}

// extend appends to the list on the stack.
func (m *machine) extend(items []any) error {
	l, err := m.list()
	if err != nil {
		return err
	}
	if err := plain(items); err != nil {
		return err
	}
	l.Items = append(l.Items, items...)
	return nil
}

// update adds to the dict on the stack.
func (m *machine) update(pairs []any) error {
	d, err := m.dict()
	if err != nil {
		return err
	}
	return d.set(pairs)
}
