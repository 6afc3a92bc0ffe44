package data

// Checksum returns the CRC-32 (IEEE) and the length of a row's file, if the table knows them without reading the file: archives store them, and Check
// computes them. Rows of other parts of the source may be asked for, too.
func (t *Table) Checksum(r Row) (crc uint32, size int64, known bool) {
	if r.file == nil {
		return 0, 0, false
	}
	if crc, size, known = r.file.crc(); known {
		return crc, size, true
	}
	s, known := t.checked[r.file.where()]
	return s.crc, s.size, known
}
