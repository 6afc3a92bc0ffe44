// Command load measures a server of image classifiers: clients that each send an image again as soon as they have the answer to the last one.
//
//	go run ./serve/load -image photo.jpg -clients 1,8,64 -time 10s http://localhost:8080/
//
// It prints the requests a second, the percentiles of their time, and the number of answers with each status.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	image := flag.String("image", "", "image file to send")
	clients := flag.String("clients", "1,8,64", "numbers of clients")
	media := flag.String("type", "image/jpeg", "Content-Type of the image")
	period := flag.Duration("time", 10*time.Second, "time of each measurement, after a tenth of it that is not counted")
	flag.Parse()
	if flag.NArg() != 1 || *image == "" {
		flag.Usage()
		os.Exit(2)
	}
	body, err := os.ReadFile(*image)
	if err != nil {
		log.Fatal(err)
	}
	for text := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			log.Fatalf("-clients must be numbers such as 1,8,64, got %q", *clients)
		}
		measure(flag.Arg(0), *media, body, n, *period)
	}
}

// measured has the answers of a client after the time that is not counted.
type measured struct {
	took  []time.Duration // of answers with the status 200
	codes map[int]int     // 0 is a request without an answer
}

func measure(url, media string, body []byte, clients int, period time.Duration) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	defer transport.CloseIdleConnections()
	from := time.Now().Add(period / 10)
	to := from.Add(period)
	all := make([]measured, clients)
	var group sync.WaitGroup
	for i := range all {
		m := &all[i]
		m.codes = map[int]int{}
		group.Go(func() {
			for {
				start := time.Now()
				if start.After(to) {
					return
				}
				code := 0
				if a, err := client.Post(url, media, bytes.NewReader(body)); err == nil {
					_, err = io.Copy(io.Discard, a.Body)
					_ = a.Body.Close()
					if err == nil {
						code = a.StatusCode
					}
				}
				if start.Before(from) {
					continue
				}
				m.codes[code]++
				if code == http.StatusOK {
					m.took = append(m.took, time.Since(start))
				}
			}
		})
	}
	group.Wait()
	var took []time.Duration
	codes := map[int]int{}
	for _, m := range all {
		took = append(took, m.took...)
		for code, n := range m.codes {
			codes[code] += n
		}
	}
	slices.Sort(took)
	at := func(q float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Printf("%4d clients: %7.1f requests/s, p50 %v, p90 %v, p99 %v;", clients, float64(len(took))/period.Seconds(), at(.5), at(.9), at(.99))
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Printf(" %d: %d", code, codes[code])
	}
	fmt.Println()
}
