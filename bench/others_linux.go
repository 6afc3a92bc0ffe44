package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// userHz is the number of /proc/stat's units per second, which is 100 on all architectures.
const userHz = 100

// cpuTime returns processor times since the start of the system, in seconds, summed over all
// processors: the total, the time in use (including that stolen by other virtual machines), and the
// time used by this process and the child processes for which it has waited.
func cpuTime() (all, used, ours float64, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, 0, err
	}
	var user, nice, system, idle, iowait, irq, softirq, steal float64
	line, _, _ := strings.Cut(string(text), "\n")
	if _, err := fmt.Sscanf(line, "cpu %f %f %f %f %f %f %f %f", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		return 0, 0, 0, fmt.Errorf("/proc/stat: %w", err)
	}
	used = user + nice + system + irq + softirq + steal
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0, 0, 0, err
		}
		ours += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	return (used + idle + iowait) / userHz, used / userHz, ours, nil
}
