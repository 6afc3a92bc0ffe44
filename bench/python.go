package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// environment creates a virtual environment with the peers in the user's cache folder, or updates it.
// If a package cannot be installed, the rows of the peers that need it report an error.
func environment(root string) (python string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "lince", "bench")
	python = filepath.Join(dir, "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(dir, "Scripts", "python.exe")
	}
	if _, err := os.Stat(python); err != nil {
		if err := loud("python3", "-m", "venv", dir); err != nil {
			return "", err
		}
	}
	if err := loud(python, "-m", "pip", "install", "-q", "-r", filepath.Join(root, "bench", "requirements.txt")); err != nil {
		fmt.Fprintln(os.Stderr, "bench: cannot install all of bench/requirements.txt:", err)
	}
	return python, nil
}

func loud(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}
