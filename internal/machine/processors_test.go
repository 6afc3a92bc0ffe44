package machine

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProcessors(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int
	}{
		"no groups":              {nil, 8},
		"version 2, no limit":    {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 8},
		"version 2, a container": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1},
		"version 2, a slice": {map[string]string{
			"proc/self/cgroup": "0::/lince.slice/lince.service\n", "sys/fs/cgroup/lince.slice/cpu.max": "250000 100000\n", "sys/fs/cgroup/lince.slice/lince.service/cpu.max": "max 100000\n",
		}, 3},
		"version 2 above the machine": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 8},
		"version 2, a tenth":          {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1},
		"version 2, damaged":          {map[string]string{"proc/self/cgroup": "0::/\nx\n", "sys/fs/cgroup/cpu.max": "\n"}, 8},
		"version 1": {map[string]string{
			"proc/self/cgroup": "9:name=systemd:/\n3:cpuset:/\n1:cpu,cpuacct:/a/b\n0::/\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
		}, 2},
		"version 1, a container with the path of the host": {map[string]string{
			"proc/self/cgroup": "1:cpu:/docker/0123\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 1},
		"a path that leaves the folder": {map[string]string{"proc/self/cgroup": "0::/../../x\n", "x/cpu.max": "100000 100000\n"}, 8},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			file = filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := processors(root, 8); got != c.want {
			t.Errorf("%s: %d processors, want %d", name, got, c.want)
		}
	}
}
