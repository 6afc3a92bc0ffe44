//go:build !linux

package main

import "errors"

// firstStep is implemented on Linux only.
func firstStep([]string, int) (values, error) {
	return nil, errors.New("the time to the first step can be measured on Linux only")
}
