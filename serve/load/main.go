// Command load measures a server of image classifiers: clients that each send an image again as soon as they have the answer to the last one.
//
//	go run ./serve/load -image photo.jpg -clients 1,8,64 -time 10s http://localhost:8080/
//
// It prints the requests a second, the percentiles of their time, and the number of answers with each status.
//
// The clients write the same bytes again and again, and read little more than the status and the length of an answer: the client shares the
// processor with the server, and an HTTP library would take as much of it as some servers do.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/url"
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
	every := flag.Duration("every", 0, "print a line for each such period of a measurement")
	flag.Parse()
	if flag.NArg() != 1 || *image == "" {
		flag.Usage()
		os.Exit(2)
	}
	body, err := os.ReadFile(*image)
	if err != nil {
		log.Fatal(err)
	}
	to, err := newTarget(flag.Arg(0), *media, body)
	if err != nil {
		log.Fatal(err)
	}
	for text := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			log.Fatalf("-clients must be numbers such as 1,8,64, got %q", *clients)
		}
		measure(to, n, *period, *every)
	}
}

// target is what all clients send, and where.
type target struct {
	address string
	request []byte
}

func newTarget(address, media string, body []byte) (*target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("the server must be http://HOST:PORT/PATH, got %s", address)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "80")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", u.RequestURI(), u.Host, media, len(body))
	b.Write(body)
	return &target{host, b.Bytes()}, nil
}

// client has a connection, which it opens again after an error.
type client struct {
	to   *target
	conn net.Conn
	in   []byte
}

// ask sends the request, and returns the status of the answer. An error, such as a closed connection, is the status 0.
func (c *client) ask() (status int) {
	var err error
	if c.conn == nil {
		if c.conn, err = net.DialTimeout("tcp", c.to.address, time.Minute); err != nil {
			c.conn = nil
			return 0
		}
	}
	var last bool
	if err = c.conn.SetDeadline(time.Now().Add(time.Minute)); err == nil {
		// A server may refuse a request and close the connection before it has read all of the request.
		_, sent := c.conn.Write(c.to.request)
		if status, last, err = c.answer(); err == nil {
			err = sent
		}
	}
	if err != nil || last {
		_ = c.conn.Close()
		c.conn = nil
	}
	return status
}

// answer reads an answer. last reports that the server closes the connection.
func (c *client) answer() (status int, last bool, err error) {
	if c.in == nil {
		c.in = make([]byte, 64<<10)
	}
	n, head := 0, -1
	for head < 0 {
		if n == len(c.in) {
			return 0, false, errors.New("the header of the answer is too large")
		}
		got, err := c.conn.Read(c.in[n:])
		if n += got; err != nil {
			return 0, false, err
		}
		head = bytes.Index(c.in[:n], []byte("\r\n\r\n"))
	}
	status, length, last, err := parse(c.in[:head])
	if err != nil {
		return 0, false, err
	}
	for n -= head + 4; n < length; {
		got, err := c.conn.Read(c.in[:min(len(c.in), length-n)])
		if n += got; err != nil {
			return 0, false, err
		}
	}
	return status, last, nil
}

// parse reads the header of an answer, which must have a Content-Length.
func parse(head []byte) (status, length int, last bool, err error) {
	first, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if status, err = code(first); err != nil {
		return 0, 0, false, err
	}
	length = -1
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, false, err
			}
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if length < 0 {
		return 0, 0, false, errors.New("the answer has no Content-Length")
	}
	return status, length, last, nil
}

// measured has the answers to requests that began in the same period.
type measured struct {
	took  []time.Duration // of answers with the status 200
	codes map[int]int     // 0 is a request without an answer
}

func (m *measured) add(code int, took time.Duration) {
	if m.codes == nil {
		m.codes = map[int]int{}
	}
	m.codes[code]++
	if code == 200 {
		m.took = append(m.took, took)
	}
}

func (m *measured) join(other measured) {
	for code, n := range other.codes {
		if m.codes == nil {
			m.codes = map[int]int{}
		}
		m.codes[code] += n
	}
	m.took = append(m.took, other.took...)
}

// print prints a line about a period.
func (m *measured) print(w io.Writer, period time.Duration) {
	slices.Sort(m.took)
	at := func(q float64) time.Duration {
		if len(m.took) == 0 {
			return 0
		}
		return m.took[int(q*float64(len(m.took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Fprintf(w, "%7.1f requests/s, p50 %v, p90 %v, p99 %v, max %v;", float64(len(m.took))/period.Seconds(), at(.5), at(.9), at(.99), at(1))
	for _, code := range slices.Sorted(maps.Keys(m.codes)) {
		fmt.Fprintf(w, " %d: %d", code, m.codes[code])
	}
	fmt.Fprintln(w)
}

func measure(to *target, clients int, period, every time.Duration) {
	from := time.Now().Add(period / 10)
	end := from.Add(period)
	if every <= 0 || every > period {
		every = period
	}
	all := make([][]measured, clients)
	var group sync.WaitGroup
	for i := range all {
		all[i] = make([]measured, (period+every-1)/every)
		group.Go(func() {
			c := &client{to: to}
			for {
				start := time.Now()
				if !start.Before(end) {
					break
				}
				code := c.ask()
				if !start.Before(from) {
					all[i][start.Sub(from)/every].add(code, time.Since(start))
				}
			}
			if c.conn != nil {
				_ = c.conn.Close()
			}
		})
	}
	group.Wait()
	var total measured
	for k := range all[0] {
		var m measured
		for i := range all {
			m.join(all[i][k])
		}
		if len(all[0]) > 1 {
			fmt.Printf("%8v ", (time.Duration(k+1) * every).Round(time.Millisecond))
			m.print(os.Stdout, every)
		}
		total.join(m)
	}
	fmt.Printf("%4d clients: ", clients)
	total.print(os.Stdout, period)
}

// code returns the status of an answer's first line.
func code(line []byte) (int, error) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, fmt.Errorf("no answer of HTTP/1.1: %q", line)
	}
	return strconv.Atoi(string(line[9:12]))
}
