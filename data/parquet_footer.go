package data

// withValues returns a footer in which each pair of a key and a value has a value. The format allows pairs without one, but the library takes a file with one for
// damaged. ends are the ends of these pairs, in order.
func withValues(footer []byte, ends []int) []byte {
	if len(ends) == 0 {
		return footer
	}
	out := make([]byte, 0, len(footer)+2*len(ends))
	from := 0
	for _, end := range ends {
		out = append(append(out, footer[from:end]...), 1<<4|8, 0) // the next field, an empty text
		from = end
	}
	return append(out, footer[from:]...)
}

// keyValues are the paths of the lists of pairs in a footer: those of the file, and those of a column in a group.
var keyValues = [][]int16{{5}, {4, 1, 3, 8}}
