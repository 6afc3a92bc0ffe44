package grpc_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/serve"
	"github.com/lince-ml/lince/serve/grpc"
	"github.com/lince-ml/lince/serve/grpc/inference"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A server that answers HTTP and gRPC at one address, and a client. The model adds two numbers.
func ExampleHandler() {
	model, err := lince.Sequential(layer.Input{Shape: []int{2}, Name: "x"}, layer.Dense{Units: 1, KernelInitializer: initializer.Ones{}, Name: "y"})
	check(err)
	s, err := serve.New(serve.Options{})
	check(err)
	defer s.Close()
	check(s.Add("sum", model))
	handler, err := grpc.Handler(s, grpc.Options{})
	check(err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()

	conn, err := rpc.NewClient("passthrough:///"+server.Listener.Addr().String(), rpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	answer, err := inference.NewGRPCInferenceServiceClient(conn).ModelInfer(context.Background(), &inference.ModelInferRequest{
		ModelName: "sum",
		Inputs: []*inference.ModelInferRequest_InferInputTensor{
			{Name: "x", Datatype: "FP32", Shape: []int64{1, 2}, Contents: &inference.InferTensorContents{Fp32Contents: []float32{1, 2}}},
		},
	})
	check(err)
	check(conn.Close())
	fmt.Println(answer.Outputs[0].Name, answer.Outputs[0].Shape, math.Float32frombits(binary.LittleEndian.Uint32(answer.RawOutputContents[0])))
	// Output: y [1 1] 3
}
