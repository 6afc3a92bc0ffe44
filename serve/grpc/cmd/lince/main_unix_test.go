//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/serve/grpc/inference"
)

// TestMain is the command itself in the process that TestServe starts.
func TestMain(m *testing.M) {
	if os.Getenv("LINCE_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// TestServe starts the command, and calls it over gRPC and HTTP at the same address, until SIGTERM ends it.
func TestServe(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog"}
	m.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 8, Width: 8}, preprocess.Rescale{Scale: 1. / 255}}
	file := filepath.Join(t.TempDir(), "pets.keras")
	if err := m.Save(file); err != nil {
		t.Fatal(err)
	}
	set, err := demo.Parse("demo:cats-and-dogs?n=2")
	if err != nil {
		t.Fatal(err)
	}
	var photo bytes.Buffer
	if err := set.WritePNG(&photo, 0); err != nil {
		t.Fatal(err)
	}

	c := exec.Command(os.Args[0], "serve", file, "--listen", "127.0.0.1:0", "--max-body", "1MiB")
	c.Env = append(os.Environ(), "LINCE_TEST_MAIN=1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }() // it has ended, unless the test fails
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "Listening on "))

	conn, err := rpc.NewClient("passthrough:///"+strings.TrimPrefix(url, "http://"), rpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := inference.NewGRPCInferenceServiceClient(conn)
	a, err := client.ModelInfer(t.Context(), &inference.ModelInferRequest{
		ModelName: "pets", Inputs: []*inference.ModelInferRequest_InferInputTensor{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}},
		RawInputContents: [][]byte{append(binary.LittleEndian.AppendUint32(nil, uint32(photo.Len())), photo.Bytes()...)},
	})
	if err != nil || len(a.RawOutputContents) != 1 || len(a.RawOutputContents[0]) != 8 {
		t.Errorf("over gRPC: %v, %v", a, err)
	}
	b, err := http.Post(url, "application/octet-stream", &photo)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(b.Body)
	_ = b.Body.Close()
	if err != nil || b.StatusCode != http.StatusOK || !strings.Contains(string(text), "dog") {
		t.Errorf("over HTTP: status %d, %s, %v", b.StatusCode, text, err)
	}
	if _, err := client.ModelInfer(t.Context(), &inference.ModelInferRequest{ModelName: "pets", RawInputContents: [][]byte{make([]byte, 3<<20)}}); err == nil || !strings.Contains(err.Error(), "ResourceExhausted") {
		t.Errorf("a message beyond --max-body: %v", err)
	}
	_ = conn.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %s", err, &stderr)
	}
}
