package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/data"
)

// byteSize is an amount of memory: "512MB", "2GB", "1.5GiB", "0".
type byteSize int64

// byteUnits are what an amount may end in. An empty one is last.
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
	return fmt.Errorf("%q is no amount of memory: want a number with B, KB, MB, GB, KiB, MiB or GiB, as in 512MB, or 0", text)
}

// String prints the amount for people, in binary units.
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

// cacheFlag is --cache.
type cacheFlag struct {
	Cache byteSize `default:"128MiB" placeholder:"128MB" help:"Memory to keep decoded pictures in, if they fit; 0 is none."`
}

// cache is the budget of a run; nil is none.
func (c cacheFlag) cache() *data.Cache {
	if c.Cache == 0 {
		return nil
	}
	return data.NewCache(int64(c.Cache))
}

// kept says which of the data sets' decoded pictures stay in memory. A set whose use is ""
// is the only one.
func (c cacheFlag) kept(sets ...cachedSet) string {
	if c.Cache == 0 {
		return ""
	}
	var in, out []string
	var held, wanted byteSize
	for _, s := range sets {
		n := byteSize(s.flow.DecodedBytes())
		if n == 0 {
			continue // they cannot be kept
		}
		what := count(s.flow.Len(), "decoded "+s.use+"picture")
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
		return fmt.Sprintf("Keeping %s in memory (%v of a budget of %v).\n", strings.Join(in, " and "), held, c.Cache)
	case len(in) == 0:
		return fmt.Sprintf("Not keeping %s in memory: they would take %v, the budget is %v; --cache raises it.\n", strings.Join(out, " and "), wanted, c.Cache)
	}
	return fmt.Sprintf("Keeping %s in memory (%v of a budget of %v), but not %s, which would take %v; --cache raises it.\n",
		strings.Join(in, " and "), held, c.Cache, strings.Join(out, " and "), wanted)
}

// cachedSet is a data set, and what it is for: "training ".
type cachedSet struct {
	use  string
	flow *data.Flow
}
