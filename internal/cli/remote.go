package cli

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/remote"
)

// remotePredictors are the predictors of flags and arguments that name something to read, which may be the address of it.
var remotePredictors = []string{"data", "model", "start", "body", "file"}

// prepareInputs fetches what the command's inputs are the addresses of, and chooses the models in folders.
func (e *env) prepareInputs(k *kong.Context) error {
	if err := e.fetch(k); err != nil {
		return err
	}
	e.chooseModels(k)
	return nil
}

// fetch replaces the addresses among the command's inputs by the paths of copies. It downloads only what is missing or has changed.
func (e *env) fetch(k *kong.Context) error {
	for _, v := range inputs(k, remotePredictors) {
		if err := e.fetchValue(v.Target); err != nil {
			return err
		}
	}
	return nil
}

// inputs returns the arguments and flags of a command that have one of these predictors, and name something to read.
func inputs(k *kong.Context, predictors []string) (list []*kong.Value) {
	for v := range commandValues(k) {
		if v.Tag.Get("writes") == "" && slices.Contains(predictors, v.Tag.Get("predictor")) {
			list = append(list, v)
		}
	}
	return list
}

// commandValues yields the arguments and the flags of a command. The flag is "--name", and "" for an argument.
func commandValues(k *kong.Context) iter.Seq2[*kong.Value, string] {
	return func(yield func(*kong.Value, string) bool) {
		for _, v := range k.Selected().Positional {
			if !yield(v, "") {
				return
			}
		}
		for _, f := range k.Flags() {
			if !yield(f.Value, "--"+f.Name) {
				return
			}
		}
	}
}

// fetchValue replaces the addresses in a flag's value.
func (e *env) fetchValue(v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if err := e.fetchValue(v.Index(i)); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.String && remote.IsURL(v.String()):
		local, err := e.fetched(v.String())
		if err != nil {
			return err
		}
		v.SetString(local)
	}
	return nil
}

// fetched returns the path of a copy of what is at an address.
func (e *env) fetched(address string) (string, error) {
	dir, err := remote.DefaultDir()
	if err != nil {
		return "", err
	}
	c := remote.Cache{
		Dir:     dir,
		Buckets: e.buckets,
		Notice:  func(text string) { e.printf("%s\n", text) },
		Progress: func(name string, total int64) (add func(bytes int64), end func()) {
			const mega = 1_000_000
			counter := e.counter(fmt.Sprintf("Downloading %s (MB)", visibleLine(name)), int((total+mega-1)/mega))
			var done atomic.Int64
			return func(bytes int64) { counter.Set(int((done.Add(bytes) + mega - 1) / mega)) }, counter.Finish
		},
	}
	var parts []string
	if data.IsShards(address) {
		if parts, err = data.ExpandShards(address); err != nil {
			return "", usageError{err}
		}
	}
	local, err := c.Fetch(e.ctx, address, parts...)
	if err == nil {
		e.printf("%s is in %s.\n", remote.Redacted(address), local)
	}
	return local, err
}
