package machine

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Processors returns how many threads can compute at the same time: GOMAXPROCS, or the limit of the process's control group (cgroup) if that is lower.
// Go's runtime sets GOMAXPROCS to the limit, but to at least 2. With a limit of one processor, two threads would use it up in half of each period, and wait for
// the other half.
//
// If the environment sets GOMAXPROCS, that is the result.
func Processors() int {
	if os.Getenv("GOMAXPROCS") != "" {
		return runtime.GOMAXPROCS(0)
	}
	return processors("/", runtime.GOMAXPROCS(0))
}

// processors is Processors for the files below root. A fraction of a processor counts as one, as in Go's runtime.
func processors(root string, most int) int {
	limit := quota(root)
	if limit >= float64(most) {
		return most
	}
	return max(int(math.Ceil(limit)), 1)
}

// quota returns the lowest limit of the process's control group and of those above it, in processors. It is infinite if there is none.
func quota(root string) float64 {
	least := math.Inf(1)
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return least
	}
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(fields) != 3 {
			continue
		}
		dirs, read := []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}, quotaV2
		if fields[1] != "" {
			if !slices.Contains(strings.Split(fields[1], ","), "cpu") {
				continue
			}
			dirs, read = []string{"sys/fs/cgroup/" + fields[1], "sys/fs/cgroup/cpu"}, quotaV1
		}
		for _, dir := range dirs {
			// In a container, the path may be that of the host, and the limit in the root of the container's files.
			for at := path.Clean("/" + fields[2]); ; at = path.Dir(at) {
				least = min(least, read(filepath.Join(root, dir, at)))
				if at == "/" {
					break
				}
			}
		}
	}
	return least
}

// quotaV2 reads the limit of a group of version 2: microseconds in each period, or max, and the period.
func quotaV2(dir string) float64 {
	text, err := os.ReadFile(filepath.Join(dir, "cpu.max"))
	if err != nil {
		return math.Inf(1)
	}
	time, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return ratio(time, period)
}

// quotaV1 reads the limit of a group of version 1: microseconds in each period, or -1, and the period.
func quotaV1(dir string) float64 {
	time, err := os.ReadFile(filepath.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return math.Inf(1)
	}
	period, err := os.ReadFile(filepath.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return math.Inf(1)
	}
	return ratio(strings.TrimSpace(string(time)), strings.TrimSpace(string(period)))
}

// ratio divides two numbers of microseconds. Without a limit, the result is infinite.
func ratio(time, period string) float64 {
	t, err := strconv.ParseInt(time, 10, 64)
	p, err2 := strconv.ParseInt(period, 10, 64)
	if err != nil || err2 != nil || t <= 0 || p <= 0 {
		return math.Inf(1)
	}
	return float64(t) / float64(p)
}
