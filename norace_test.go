//go:build !race

package lince_test

const raceDetector = false
