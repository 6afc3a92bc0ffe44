package data

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"
)

// zipName returns the name of an entry in UTF-8. A name without the flag for UTF-8 is decoded by Info-ZIP's field for Unicode
// names, if the entry has it; it is taken as UTF-8 if it is valid, as macOS writes it; and else it is in code page 437, as the format
// says and Python's zipfile assumes. old reports the last case.
func zipName(f *zip.File) (name string, old bool) {
	if n, ok := unicodeName(f); ok {
		return n, false
	}
	if utf8.ValidString(f.Name) {
		return f.Name, false
	}
	var b strings.Builder
	table := []rune(cp437)
	for _, c := range []byte(f.Name) {
		if c < 128 {
			b.WriteByte(c)
		} else {
			b.WriteRune(table[c-128])
		}
	}
	return b.String(), true
}

// cp437 has the characters of the bytes from 128.
const cp437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// unicodeName returns the name in the extra field 0x7075: a version, the CRC-32 of the other name, and the name.
func unicodeName(f *zip.File) (string, bool) {
	for b := f.Extra; len(b) >= 4; {
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			break
		}
		if field := b[:n]; id == 0x7075 && n > 5 && field[0] == 1 && binary.LittleEndian.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) {
			if name := string(field[5:]); utf8.ValidString(name) {
				return name, true
			}
		}
		b = b[n:]
	}
	return "", false
}
