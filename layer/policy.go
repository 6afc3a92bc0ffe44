package layer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/config"
)

// Policy is the name of a Keras dtype policy (keras.dtype_policies): the number types in which a
// layer computes and keeps its weights. The empty Policy means Float32.
//
// lince always computes in float32. A model with another policy can predict, more precisely than in
// Keras, but it cannot be compiled for training or saved yet.
type Policy string

// The policies. In Keras, a mixed policy computes in the 16-bit type and keeps the weights in
// float32.
const (
	Float32       Policy = "float32"
	BFloat16      Policy = "bfloat16"
	Float16       Policy = "float16"
	MixedBFloat16 Policy = "mixed_bfloat16"
	MixedFloat16  Policy = "mixed_float16"
)

var policies = []string{string(Float32), string(BFloat16), string(Float16), string(MixedBFloat16), string(MixedFloat16)}

// PolicyOf returns the policy of a layer, which is the dtype in its Config. The default is Float32.
// For Input, whose dtype is the type of the data, PolicyOf returns Float32. PolicyOf returns an
// error if the dtype is not one of the policies.
func PolicyOf(l Layer) (Policy, error) {
	if _, ok := l.(Input); ok {
		return Float32, nil
	}
	v := ConfigOf(l)["dtype"]
	if v == nil {
		return Float32, nil
	}
	return parsePolicy(v)
}

// parsePolicy reads the name of a policy or a serialized policy: DTypePolicy in Keras 3, Policy
// and PolicyV1 in Keras 2.
func parsePolicy(v any) (Policy, error) {
	class, conf := config.Object(v)
	name := class // if v is a string
	if _, object := v.(map[string]any); object {
		name = ""
		if class == "DTypePolicy" || class == "FloatDTypePolicy" || class == "Policy" || class == "PolicyV1" {
			name, _ = conf["name"].(string)
		}
	}
	p := Policy(name)
	if name == "" || p.check() != nil {
		return "", fmt.Errorf("%s: not supported, want one of %s", config.Show(v), strings.Join(policies, ", "))
	}
	return p, nil
}

func (p Policy) check() error {
	if !slices.Contains(policies, string(p)) {
		return fmt.Errorf("got %q, want one of %s", string(p), strings.Join(policies, ", "))
	}
	return nil
}

func decodePolicy(r *config.Reader, key string, v any) (Policy, bool) {
	p, err := parsePolicy(v)
	if err != nil {
		r.Errorf("%s is %w", key, err)
	}
	return p, err == nil
}
