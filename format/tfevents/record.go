package tfevents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// maxRecord is the length of the longest record that is read or written, 1 GiB.
const maxRecord = 1 << 30

// Record lengths: the header has the length of the data and its checksum; the footer has the checksum of the data.
const (
	headerSize = 12
	footerSize = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC returns TFRecord's checksum. A CRC of data that contains CRCs would be weak, so TFRecord masks it.
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendRecord appends a TFRecord with the given data.
func appendRecord(to, data []byte) []byte {
	start := len(to)
	to = binary.LittleEndian.AppendUint64(to, uint64(len(data)))
	to = binary.LittleEndian.AppendUint32(to, maskedCRC(to[start:]))
	to = append(to, data...)
	return binary.LittleEndian.AppendUint32(to, maskedCRC(data))
}

// readRecord reads the data of the next TFRecord. It returns io.EOF at the end of the file, and an error that wraps
// io.ErrUnexpectedEOF if the file ends within a record.
func readRecord(r io.Reader, buf *bytes.Buffer) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the header of the record is incomplete: %w", err)
		}
		return nil, err
	}
	n := binary.LittleEndian.Uint64(header[:8])
	if sum := binary.LittleEndian.Uint32(header[8:]); sum != maskedCRC(header[:8]) {
		return nil, errors.New("the checksum of the record's length is wrong; the file is corrupt, or no event file")
	}
	if n > maxRecord {
		return nil, fmt.Errorf("the record has %d bytes, want at most %d", n, maxRecord)
	}
	// The buffer grows with the bytes that the file has, not with the length that the header claims.
	buf.Reset()
	if m, err := io.CopyN(buf, r, int64(n)+footerSize); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the record has %d of %d bytes: %w", m, n+footerSize, io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	b := buf.Bytes()
	if sum := binary.LittleEndian.Uint32(b[n:]); sum != maskedCRC(b[:n]) {
		return nil, errors.New("the checksum of the record is wrong; the file is corrupt")
	}
	return b[:n], nil
}
