//go:build race

package lince_test

const raceDetector = true
