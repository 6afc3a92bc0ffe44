package data

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/lince-ml/lince/data/picture"
)

// Files are the different files of a table. Rows have the same file if they name it twice, or if links on disk lead to it.
type Files struct {
	Of    []int32 // for each row, the number of its file
	First []int32 // for each file, the first row that has it
}

// ErrTooManyFiles is the error of Check and Files if there are more files than the caller allows.
var ErrTooManyFiles = errors.New("there are too many files")

// Files finds the different files of the table, at most as many as the given number, or any number if it is 0. If there are more, the error is
// ErrTooManyFiles. It opens no file.
func (t *Table) Files(ctx context.Context, most int) (*Files, error) {
	n := t.Len()
	f := &Files{Of: make([]int32, n)}
	if t.checked != nil && t.checked.of != nil {
		number := slices.Repeat([]int32{-1}, t.checked.files)
		for i := range n {
			of := t.checked.of[t.at(i)]
			if number[of] < 0 {
				number[of] = int32(len(f.First))
				f.First = append(f.First, int32(i))
			}
			f.Of[i] = number[of]
		}
		if most > 0 && len(f.First) > most {
			return nil, ErrTooManyFiles
		}
		return f, nil
	}
	// A block of rows is looked up on disk by several goroutines.
	const block = 1 << 14
	at := map[fileID]int32{}
	ids, known := make([]fileID, block), make([]bool, block)
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		var next atomic.Int64
		var all sync.WaitGroup
		for range min(runtime.GOMAXPROCS(0), to-from) {
			all.Go(func() {
				for i := int(next.Add(1) - 1); i < to-from && ctx.Err() == nil; i = int(next.Add(1) - 1) {
					known[i] = false
					if d, disk := t.file(from + i).(diskFile); disk {
						ids[i], known[i] = identify(string(d))
					}
				}
			})
		}
		all.Wait()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			number, seen := int32(0), false
			if known[i-from] {
				number, seen = at[ids[i-from]]
			}
			if !seen {
				number = int32(len(f.First))
				if f.First = append(f.First, int32(i)); most > 0 && len(f.First) > most {
					return nil, ErrTooManyFiles
				}
				if known[i-from] {
					at[ids[i-from]] = number
				}
			}
			f.Of[i] = number
		}
	}
	return f, nil
}

// eachFile calls do for each file, by several goroutines, each of which has its own reader. An error of do ends it.
func (t *Table) eachFile(ctx context.Context, files *Files, o CheckOptions, do func(ctx context.Context, r *fileReader, number int) error) error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	n := len(files.First)
	var next atomic.Int64
	var mu sync.Mutex
	rep := reading{ctx: ctx, progress: o.Progress}
	g, ctx := errgroup.WithContext(ctx)
	for range min(o.Workers, n) {
		g.Go(func() error {
			var r fileReader
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				if err := do(ctx, &r, i); err != nil {
					return err
				}
				mu.Lock()
				err := rep.next(n)
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// fileReader is the memory of one goroutine that reads files.
type fileReader struct {
	decoder picture.Decoder
	buf     []byte
}

// read returns the content of a file. It is valid until the next call.
func (r *fileReader) read(ctx context.Context, f file) ([]byte, error) {
	b, err := readFile(ctx, f, r.buf)
	if err == nil {
		r.buf = b
	}
	return b, err
}

// scan reads all files but drawn ones, and calls look with the content of each. found is the sum over the rows. errs has the errors of reading and of look, by the
// number of the file; an error of reading for which stop is true ends it.
func (t *Table) scan(ctx context.Context, files *Files, o CheckOptions, stop func(error) bool, look func(r *fileReader, number int, f file, content []byte) (Findings, error)) (s *sums, found Findings, errs map[int]error, err error) {
	each, of := make([]sum, len(files.First)), make([]Findings, len(files.First))
	var mu sync.Mutex
	errs = map[int]error{}
	err = t.eachFile(ctx, files, o, func(ctx context.Context, r *fileReader, k int) error {
		each[k].size = -1
		f := t.file(int(files.First[k]))
		if _, drawn := f.(drawnFile); drawn || f == nil {
			return nil // a generated image is always valid
		}
		b, err := r.read(ctx, f)
		if err = t.changed(f, err); stop(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			each[k] = sumOf(b)
			if of[k], err = look(r, k, f, b); ctx.Err() != nil {
				return ctx.Err()
			}
			if err = t.changed(f, err); stop(err) {
				return err
			}
		}
		if err != nil {
			mu.Lock()
			errs[k] = err
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return nil, Findings{}, nil, err
	}
	s = newSums(t.stored())
	s.take(t, files, each)
	for _, k := range files.Of {
		found.Add(of[k])
	}
	return s, found, errs, nil
}

// fileErrors gives the error of each file to its rows, in the table's order.
func (t *Table) fileErrors(files *Files, errs map[int]error) (bad []BadFile, good []int) {
	good = make([]int, 0, t.Len())
	for i, of := range files.Of {
		if err := errs[int(of)]; err != nil {
			bad = append(bad, BadFile{t.Row(i).Filename, err})
		} else {
			good = append(good, i)
		}
	}
	return bad, good
}
