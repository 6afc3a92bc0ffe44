package data

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go"
)

// plainTexts returns the values of a page in the encoding PLAIN. In the page they have the encoding DELTA_BYTE_ARRAY: each has a length of the beginning that it shares with the
// value before it, and the rest. A short page may so stand for any number of bytes, so limit is how many the result may have.
func plainTexts(page []byte, leaf *parquet.Column, values, limit int64) ([]byte, error) {
	shared, page, err := deltaNumbers(page, values)
	if err != nil {
		return nil, err
	}
	lengths, page, err := deltaNumbers(page, values)
	if err != nil {
		return nil, err
	}
	if len(shared) != len(lengths) {
		return nil, errThrift
	}
	fixed := leaf.Type().Kind() == parquet.FixedLenByteArray
	var out, last []byte
	for i, n := range lengths {
		k := shared[i]
		if n < 0 || int(n) > len(page) || k < 0 || int(k) > len(last) {
			return nil, errThrift
		}
		size := int(k) + int(n)
		switch {
		case int64(len(out)+size+4) > limit:
			return nil, fmt.Errorf("a page of %d values unpacks to more than %d bytes, which is more than is allowed", values, limit)
		case fixed && size != leaf.Type().Length():
			return nil, errThrift
		case !fixed:
			out = binary.LittleEndian.AppendUint32(out, uint32(size))
		}
		out = append(append(out, last[:k]...), page[:n]...)
		last, page = out[len(out)-size:], page[n:]
	}
	return out, nil
}

// deltaNumbers decodes numbers of 32 bits in the encoding DELTA_BINARY_PACKED, of which there are at most so many. rest is what follows them.
//
// Source: Apache Parquet, Parquet encoding definitions, Delta Encoding.
func deltaNumbers(b []byte, most int64) (list []int32, rest []byte, err error) {
	var head [3]uint64 // the values of a block, its parts, and the number of all values
	for i := range head {
		x, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, nil, errThrift
		}
		head[i], b = x, b[n:]
	}
	first, n := binary.Varint(b)
	block, parts, total := head[0], head[1], head[2]
	if n <= 0 || block == 0 || block > maxDeltaBlock || parts == 0 || parts > block || block%parts != 0 || block/parts%8 != 0 || total > uint64(max(most, 0)) {
		return nil, nil, errThrift
	}
	b = b[n:]
	if total == 0 {
		return nil, b, nil
	}
	list = append(make([]int32, 0, total), int32(first))
	for len(list) < int(total) {
		least, n := binary.Varint(b)
		if n <= 0 || len(b)-n < int(parts) {
			return nil, nil, errThrift
		}
		widths := b[n : n+int(parts)]
		b = b[n+int(parts):]
		for _, w := range widths {
			if len(list) == int(total) { // no bytes follow for further parts
				break
			}
			size := int(block/parts) / 8 * int(w)
			if w > 32 || size > len(b) {
				return nil, nil, errThrift
			}
			list = addDeltas(list, b[:size], int(w), least, min(int(block/parts), int(total)-len(list)))
			b = b[size:]
		}
	}
	return list, b, nil
}

// addDeltas appends n numbers. The difference of each to the one before is least plus a number of width bits.
func addDeltas(list []int32, b []byte, width int, least int64, n int) []int32 {
	last := list[len(list)-1]
	var have uint64
	count := 0
	for range n {
		for count < width {
			have |= uint64(b[0]) << count
			b, count = b[1:], count+8
		}
		last += int32(least) + int32(uint32(have&(1<<width-1)))
		list = append(list, last)
		have >>= width
		count -= width
	}
	return list
}

// levelBits returns how many bits the levels of a column have.
func levelBits(leaf *parquet.Column) (repetition, definition int) {
	return bits.Len(uint(leaf.MaxRepetitionLevel())), bits.Len(uint(leaf.MaxDefinitionLevel()))
}
