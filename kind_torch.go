package lince

import (
	"github.com/lince-ml/lince/format/torch"
	"github.com/lince-ml/lince/tensor"
)

// openTorch opens a state dict as a network that Options.Recognize knows.
func openTorch(o Options, f source) (*Model, error) {
	tensors, err := torchTensors(f)
	if err != nil {
		return nil, err
	}
	return o.recognize(tensors, "a PyTorch state dict", f)
}

func weightsOfTorch(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	tensors, err := torchTensors(f)
	if err != nil {
		return nil, err
	}
	return m.planTensors(tensors, true, o)
}

func torchTensors(f source) ([]namedTensor, error) {
	file, err := torch.Open(f.r, f.size)
	if err != nil {
		return nil, err
	}
	var list []namedTensor
	for _, v := range file.Tensors {
		list = append(list, namedTensor{v.Name, v.Shape, v.Type.DType() != tensor.Invalid, v.Type.String(), v.Read})
	}
	return list, nil
}
