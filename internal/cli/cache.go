package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
)

// byteSize is an amount of memory such as "512MB", "1.5GiB" or "0".
type byteSize int64

// byteUnits lists the units. The longer units come first, because some end with a shorter one.
var byteUnits = []struct {
	name string
	size float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1},
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteSize) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.TrimSpace(string(text)))
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if n *= u.size; err != nil || !(n >= 0) || n > math.MaxInt64/2 {
			break
		}
		*b = byteSize(n)
		return nil
	}
	return fmt.Errorf("must be an amount of memory such as 512MB (units: B, KB, MB, GB, TB, KiB, MiB, GiB, TiB), got %q", text)
}

// String formats the amount in binary units, rounded.
func (b byteSize) String() string {
	unit, n := "B", float64(b)
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n < 1024 {
			break
		}
		unit, n = u, n/1024
	}
	if n < 10 && n != math.Trunc(n) {
		return fmt.Sprintf("%.1f %s", n, unit)
	}
	return fmt.Sprintf("%.0f %s", n, unit)
}

// cacheFlag is the flag --cache.
type cacheFlag struct {
	Cache byteSize `default:"128MiB" placeholder:"128MiB" help:"Memory for decoded images. Images that fit are decoded only once (default: 128MiB; train has 512MiB for transfer learning). With 0, images are decoded each time they are used."`
}

// cache returns the cache of a run, or nil if the flag is 0.
func (c cacheFlag) cache() *data.Cache {
	if c.Cache == 0 {
		return nil
	}
	return data.NewCache(int64(c.Cache))
}

// keep returns how the check of the images keeps them, or nil if it keeps none: there is no cache, or it is not known yet how the model will load
// images.
func (t *training) keep() *data.ImageOptions {
	load := t.loads()
	steps, err := load.Compile()
	if err != nil { // the datasets report it
		return nil
	}
	if h, w := steps.Size(); len(load) == 0 || h == 0 || w == 0 {
		return nil
	}
	return &data.ImageOptions{Preprocessing: load, Cache: t.cache()}
}

// loads returns how the model loads images, as far as that is known.
func (t *training) loads() lince.Preprocessing {
	if t.model != nil {
		return t.model.Preprocessing
	}
	return t.loading
}

// grayRange returns the range of gray values that the model keeps, as far as that is known.
func (t *training) grayRange() grayRange { return grayRangeOf(t.decoded(t.loads())) }

// cache returns the cache of the run, or nil if --cache is 0.
func (t *training) cache() *data.Cache {
	if t.pixels == nil {
		t.pixels = t.cacheFlag.cache()
	}
	return t.pixels
}

// kept says for each dataset whether its decoded images stay in memory.
func (c cacheFlag) kept(sets ...cachedSet) string {
	if c.Cache == 0 {
		return ""
	}
	var in, out []string
	var held, wanted byteSize
	for _, s := range sets {
		n := byteSize(s.flow.DecodedBytes())
		if n == 0 {
			continue // decoded images cannot be reused
		}
		what := count(s.flow.Len(), "decoded "+s.use+"image")
		if s.flow.KeepsDecoded() {
			in, held = append(in, what), held+n
		} else {
			out, wanted = append(out, what), wanted+n
		}
	}
	switch {
	case len(in)+len(out) == 0:
		return ""
	case len(out) == 0:
		return fmt.Sprintf("Keeping %s in memory (%v of --cache %v).\n", strings.Join(in, " and "), held, c.Cache)
	case len(in) == 0:
		return fmt.Sprintf("Not keeping %s in memory: they need %v, more than --cache %v.\n", strings.Join(out, " and "), wanted, c.Cache)
	}
	return fmt.Sprintf("Keeping %s in memory (%v of --cache %v), but not %s, which need %v.\n",
		strings.Join(in, " and "), held, c.Cache, strings.Join(out, " and "), wanted)
}

// cachedSet is a dataset with its use as an adjective: "training ", or "" if it is the only one.
type cachedSet struct {
	use  string
	flow *data.Flow
}
