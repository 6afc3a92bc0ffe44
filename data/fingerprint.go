package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
)

// ManyFiles is the number of different files that Fingerprint reads at most. Commands do not decode more files than that before a training.
const ManyFiles = 200_000

// Fingerprint identifies the content: the SHA-256 hash of each row's filename, label, length and CRC-32, in
// order. It does not depend on the location of the files: an archive and the folder with its unpacked files
// have the same fingerprint. Archives store the CRC-32. Files on disk are read, unless Check has read them. If these are
// more than ManyFiles, the fingerprint has their lengths only.
func (t *Table) Fingerprint() string {
	sums, unknown := make([]sum, t.Len()), []int{}
	for i := range sums {
		var known bool
		if sums[i].crc, sums[i].size, known = t.Checksum(i); !known {
			sums[i].size = -1
			unknown = append(unknown, i)
		}
	}
	if len(unknown) > 0 {
		for k, s := range t.Take(unknown).read() {
			sums[unknown[k]] = s
		}
	}
	h := sha256.New()
	for i, r := range t.All() {
		// The hash of a file that cannot be read differs from the hash of any content.
		s := sums[i]
		fmt.Fprintf(h, "%q %q %d %08x %v\n", r.Filename, r.Label, max(s.size, 0), s.crc, s.size >= 0)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// read returns the checksums of the rows' files, with a size of -1 for those that cannot be read, or their lengths if they are more than
// ManyFiles.
func (t *Table) read() []sum {
	ctx := context.Background()
	out := make([]sum, t.Len())
	files, err := t.Files(ctx, ManyFiles)
	if err != nil {
		for i := range out {
			out[i].size = -1
			if d, disk := t.file(i).(diskFile); disk {
				if info, err := os.Stat(string(d)); err == nil {
					out[i].size = info.Size()
				}
			}
		}
		return out
	}
	each := make([]sum, len(files.First))
	_ = t.eachFile(ctx, files, CheckOptions{}, func(ctx context.Context, r *fileReader, k int) error {
		each[k].size = -1
		if f := t.file(int(files.First[k])); f != nil {
			if b, err := r.read(ctx, f); err == nil {
				each[k] = sumOf(b)
			}
		}
		return nil
	}) // the function never fails
	for i, k := range files.Of {
		out[i] = each[k]
	}
	return out
}
