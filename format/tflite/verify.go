package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
)

// specs says what is on the wire in each field of each table of schema.fbs and metadata.fbs, in the order of the fields' numbers:
// 1, 4 or 8 for a scalar of so many bytes, s for a string, - for a field that is never read, or the name of a table or union.
// Brackets mean a vector. A union's type is the field before it.
//
// Package flatbuffers for Go does not check offsets: it panics on wrong ones. So verify uses this table to go through the whole
// buffer first.
var specs = map[string]string{
	"Model":                  "4 [OperatorCode] [SubGraph] s [Buffer] [4] [Metadata] [SignatureDef]",
	"OperatorCode":           "1 s 4 4",
	"SubGraph":               "[Tensor] [4] [4] [Operator] s",
	"Tensor":                 "[4] 1 4 s QuantizationParameters 1 SparsityParameters [4] 1",
	"QuantizationParameters": "[4] [4] [4] [8] 1 - 4",
	"SparsityParameters":     "",
	"Operator":               "4 [4] [4] 1 BuiltinOptions",
	"Buffer":                 "[1] 8 8",
	"Metadata":               "s 4",
	"SignatureDef":           "[TensorMap] [TensorMap] s - 4",
	"TensorMap":              "s 4",

	"Conv2DOptions":                "1 4 4 1 4 4",
	"DepthwiseConv2DOptions":       "1 4 4 4 1 4 4",
	"Pool2DOptions":                "1 4 4 4 4 1",
	"FullyConnectedOptions":        "1 1 1",
	"SoftmaxOptions":               "4",
	"ConcatenationOptions":         "4 1",
	"AddOptions":                   "1 1",
	"SubOptions":                   "1 1",
	"MulOptions":                   "1",
	"DivOptions":                   "1",
	"L2NormOptions":                "1",
	"ResizeBilinearOptions":        "- - 1 1",
	"ResizeNearestNeighborOptions": "1 1",
	"ReshapeOptions":               "[4]",
	"SpaceToDepthOptions":          "4",
	"DepthToSpaceOptions":          "4",
	"GatherOptions":                "4 4",
	"ReducerOptions":               "1",
	"SqueezeOptions":               "[4]",
	"StridedSliceOptions":          "4 4 4 4 4 1",
	"SplitOptions":                 "4",
	"SplitVOptions":                "4",
	"CastOptions":                  "1 1",
	"ArgMaxOptions":                "1",
	"ArgMinOptions":                "1",
	"TransposeConvOptions":         "1 4 4 1",
	"ShapeOptions":                 "1",
	"PackOptions":                  "4 4",
	"UnpackOptions":                "4 4",
	"OneHotOptions":                "4",
	"LeakyReluOptions":             "4",
	"MirrorPadOptions":             "1",
	"BatchMatMulOptions":           "1 1 1",
	"CumsumOptions":                "1 1",
	"GeluOptions":                  "1",

	"ModelMetadata":        "s s s [SubGraphMetadata] s s [AssociatedFile] s",
	"SubGraphMetadata":     "s s [TensorMetadata] [TensorMetadata] [AssociatedFile]",
	"TensorMetadata":       "s s [s] Content [ProcessUnit] Stats [AssociatedFile]",
	"Content":              "1 ContentProperties",
	"ImageProperties":      "1",
	"ProcessUnit":          "1 ProcessUnitOptions",
	"NormalizationOptions": "[4] [4]",
	"Stats":                "[4] [4]",
	"AssociatedFile":       "s s 1 s",
}

// unions lists the tables that a union can hold, by the number of their type. Other types are not read.
var unions = map[string]map[byte]string{
	"BuiltinOptions":     typesOf(tflitefb.EnumNamesBuiltinOptions),
	"ContentProperties":  typesOf(tflitefb.EnumNamesContentProperties),
	"ProcessUnitOptions": typesOf(tflitefb.EnumNamesProcessUnitOptions),
}

func typesOf[T ~byte](names map[T]string) map[byte]string {
	types := map[byte]string{}
	for t, name := range names {
		if t != 0 { // NONE
			types[byte(t)] = name
		}
	}
	return types
}

// field describes a field of a table: a scalar or the elements of a vector of size bytes, or else what kind names.
type field struct {
	kind   string
	size   int64
	vector bool
}

var fieldsOf = parseSpecs()

func parseSpecs() map[string][]field {
	m := map[string][]field{}
	for name, spec := range specs {
		for word := range strings.FieldsSeq(spec) {
			f := field{kind: strings.Trim(word, "[]"), vector: word[0] == '['}
			if n, err := strconv.ParseInt(f.kind, 10, 64); err == nil {
				f.size = n
			}
			m[name] = append(m[name], f)
		}
	}
	return m
}

// verifier checks that everything that can be reached from a table is inside of the buffer.
type verifier struct {
	b []byte
	// budget limits the bytes that tables and vectors take, counted as often as they are reached. Without it, tables that share
	// vectors of tables that share others would make a small file claim any amount of memory.
	budget int64
}

// leastTable is the number of bytes for which a table counts at least.
const leastTable = 16

// verify checks a buffer whose root is a table with the given name and file identifier.
func verify(b []byte, identifier, root string) error {
	if len(b) < 8 || string(b[4:8]) != identifier {
		return fmt.Errorf("has no identifier %s", identifier)
	}
	v := verifier{b: b, budget: int64(len(b)) + 64<<10}
	pos, err := v.indirect(0)
	if err != nil {
		return err
	}
	return v.table(root, pos)
}

var errOutside = errors.New("an offset points outside of the file")

// has reports whether the buffer has n bytes at pos.
func (v *verifier) has(pos, n int64) bool {
	return pos >= 0 && n >= 0 && pos <= int64(len(v.b)) && n <= int64(len(v.b))-pos
}

// spend counts n bytes.
func (v *verifier) spend(n int64) error {
	if v.budget -= n; v.budget < 0 {
		return errors.New("its tables and lists overlap")
	}
	return nil
}

// indirect returns the position to which the offset at pos points.
func (v *verifier) indirect(pos int64) (int64, error) {
	if !v.has(pos, 4) {
		return 0, errOutside
	}
	to := pos + int64(binary.LittleEndian.Uint32(v.b[pos:]))
	if !v.has(to, 4) {
		return 0, errOutside
	}
	return to, nil
}

// vector checks a vector of n-byte elements to which the offset at pos points, and returns the position of its elements and
// their number.
func (v *verifier) vector(pos, size int64) (elements, n int64, err error) {
	at, err := v.indirect(pos)
	if err != nil {
		return 0, 0, err
	}
	n = int64(binary.LittleEndian.Uint32(v.b[at:]))
	if !v.has(at+4, n*size) {
		return 0, 0, fmt.Errorf("a list of %d elements does not fit into the file", n)
	}
	return at + 4, n, v.spend(4 + n*size)
}

// table checks a table and all that it holds.
func (v *verifier) table(name string, pos int64) error {
	if !v.has(pos, 4) {
		return errOutside
	}
	vtable := pos - int64(int32(binary.LittleEndian.Uint32(v.b[pos:])))
	if !v.has(vtable, 4) {
		return errOutside
	}
	entries, size := int64(binary.LittleEndian.Uint16(v.b[vtable:])), int64(binary.LittleEndian.Uint16(v.b[vtable+2:]))
	if entries < 4 || entries%2 != 0 || size < 4 || !v.has(vtable, entries) || !v.has(pos, size) {
		return fmt.Errorf("a table %s is malformed", name)
	}
	if err := v.spend(max(size, leastTable)); err != nil {
		return err
	}
	// at returns the position of field i, or 0 if the table does not have it.
	at := func(i int, n int64) (int64, error) {
		e := 4 + 2*int64(i)
		if e >= entries {
			return 0, nil
		}
		o := int64(binary.LittleEndian.Uint16(v.b[vtable+e:]))
		if o == 0 {
			return 0, nil
		}
		if o < 4 || o+n > size {
			return 0, fmt.Errorf("a table %s is malformed", name)
		}
		return pos + o, nil
	}
	fields := fieldsOf[name]
	for i, f := range fields {
		if f.kind == "-" {
			continue
		}
		n := int64(4)
		if f.size > 0 && !f.vector {
			n = f.size
		}
		p, err := at(i, n)
		if err == nil && p != 0 && (f.size == 0 || f.vector) {
			kind := f.kind
			if types, ok := unions[kind]; ok {
				t, err := at(i-1, 1)
				if err != nil {
					return err
				}
				if t == 0 || types[v.b[t]] == "" {
					continue
				}
				kind = types[v.b[t]]
			}
			err = v.field(kind, f, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// field checks what the offset at pos points to.
func (v *verifier) field(kind string, f field, pos int64) error {
	if !f.vector {
		return v.target(kind, pos)
	}
	size := f.size
	if size == 0 {
		size = 4 // offsets
	}
	first, n, err := v.vector(pos, size)
	if err != nil || f.size > 0 {
		return err
	}
	for i := range n {
		if err := v.target(kind, first+4*i); err != nil {
			return err
		}
	}
	return nil
}

// target checks the string or the table to which the offset at pos points.
func (v *verifier) target(kind string, pos int64) error {
	if kind == "s" {
		_, _, err := v.vector(pos, 1)
		return err
	}
	at, err := v.indirect(pos)
	if err != nil {
		return err
	}
	return v.table(kind, at)
}
