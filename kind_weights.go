package lince

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// Recognizer makes the network that a file of weights belongs to. tensors has the shapes of the tensors in the file, by their names. The result m
// is nil if they are not those of a network that the Recognizer knows. names is what WeightsOptions.Names must be. zoo.Recognize is a Recognizer.
type Recognizer func(o Options, tensors map[string]tensor.Shape) (m *Model, names map[string]string, err error)

// recognize opens a file of weights as a network that o.Recognize knows.
func (o Options) recognize(tensors []namedTensor, title string, f source) (*Model, error) {
	if o.Recognize != nil {
		shapes := map[string]tensor.Shape{}
		for _, t := range tensors {
			shapes[t.name] = t.shape
		}
		m, names, err := o.Recognize(o, shapes)
		if err != nil {
			return nil, err
		}
		if m != nil {
			p, err := m.planTensors(tensors, false, WeightsOptions{Names: names})
			if err == nil {
				_, err = p.apply(m)
			}
			return m, err
		}
	}
	return nil, fmt.Errorf("is %s without a network, of %d tensors: %s, whose names and shapes are not those of a network that lince knows; %s",
		title, len(tensors), some(tensorNames(tensors)), strings.ReplaceAll(giveNetwork, "FILE", f.name()))
}

const giveNetwork = `give it its network with "lince convert FILE OUT.keras --network model.json", or make the network and load the weights into it with Model.LoadWeights`

func tensorNames(list []namedTensor) (names []string) {
	for _, t := range list {
		names = append(names, t.name)
	}
	return names
}
