package data

// Checksum returns the CRC-32 (IEEE) and the length of a row's file, if they are known without reading the file: archives store them.
func (r Row) Checksum() (crc uint32, size int64, known bool) {
	if r.file == nil {
		return 0, 0, false
	}
	return r.file.crc()
}

// Checked reports whether Check or Inspect has read the files.
func (t *Table) Checked() bool { return t.checked != nil }

// Checksum returns the CRC-32 (IEEE) and the length of the file of row i, if they are known without reading the file: archives store them, and Check
// computes them.
func (t *Table) Checksum(i int) (crc uint32, size int64, known bool) {
	if t.checked != nil {
		if at := t.at(i); t.checked.size[at] >= 0 {
			return t.checked.crc[at], int64(t.checked.size[at]), true
		}
	}
	f := t.file(i)
	if f == nil {
		return 0, 0, false
	}
	return f.crc()
}
