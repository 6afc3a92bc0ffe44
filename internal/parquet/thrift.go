package parquet

import "encoding/binary"

// The types of Thrift's compact protocol.
const (
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift encodes structs in Thrift's compact protocol. Fields must be added in ascending order.
//
// Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type thrift struct {
	b    []byte
	last []int // the latest field of each open struct
}

// field begins a field. Its index differs from the previous one by at most 15.
func (t *thrift) field(id, kind int) {
	at := &t.last[len(t.last)-1]
	t.b = append(t.b, byte((id-*at)<<4|kind))
	*at = id
}

func (t *thrift) i32(id int, v int) {
	t.field(id, thriftI32)
	t.b = binary.AppendVarint(t.b, int64(v)) // zigzag, as Thrift has it
}

func (t *thrift) i64(id int, v int64) {
	t.field(id, thriftI64)
	t.b = binary.AppendVarint(t.b, v)
}

func (t *thrift) text(id int, s string) {
	t.field(id, thriftBinary)
	t.bytes(s)
}

func (t *thrift) bytes(s string) {
	t.b = binary.AppendUvarint(t.b, uint64(len(s)))
	t.b = append(t.b, s...)
}

// structure adds a field that is a struct.
func (t *thrift) structure(id int, fields func()) {
	t.field(id, thriftStruct)
	t.element(fields)
}

// element adds a struct without the header of a field: the whole message, or an element of a list.
func (t *thrift) element(fields func()) {
	t.last = append(t.last, 0)
	fields()
	t.last = t.last[:len(t.last)-1]
	t.b = append(t.b, 0)
}

// list adds a field that is a list; element adds the element i.
func (t *thrift) list(id, kind, n int, element func(i int)) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n<<4|kind))
	} else {
		t.b = append(t.b, byte(0xf0|kind))
		t.b = binary.AppendUvarint(t.b, uint64(n))
	}
	for i := range n {
		element(i)
	}
}
