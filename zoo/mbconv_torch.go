package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file has the names of the modules of EfficientNet and EfficientNetV2 in PyTorch's libraries.

// torchvisionModules returns those of torchvision.
func torchvisionModules(blocks []mbConv, depthwise string) map[string]string {
	m := map[string]string{"stem_conv": "features.0.0", "stem_bn": "features.0.1", "predictions": "classifier.1"}
	stages := 0
	for _, b := range blocks {
		stages = b.stage + 1
		next := 0
		add := func(conv, bn string) {
			at := fmt.Sprintf("features.%d.%d.block.%d.", b.stage+1, b.index, next)
			m[b.name+conv], m[b.name+bn] = at+"0", at+"1"
			next++
		}
		if b.wide > b.in {
			add("expand_conv", "expand_bn")
		}
		if !b.fused {
			add(depthwise, "bn")
		}
		if b.squeeze > 0 {
			at := fmt.Sprintf("features.%d.%d.block.%d.", b.stage+1, b.index, next)
			m[b.name+"se_reduce"], m[b.name+"se_expand"] = at+"fc1", at+"fc2"
			next++
		}
		add("project_conv", "project_bn")
	}
	m["top_conv"], m["top_bn"] = fmt.Sprintf("features.%d.0", stages+1), fmt.Sprintf("features.%d.1", stages+1)
	return m
}

// timmModules returns those of timm.
func timmModules(blocks []mbConv, depthwise string) map[string]string {
	m := map[string]string{"stem_conv": "conv_stem", "stem_bn": "bn1", "top_conv": "conv_head", "top_bn": "bn2", "predictions": "classifier"}
	for _, b := range blocks {
		at := fmt.Sprintf("blocks.%d.%d.", b.stage, b.index)
		list := []string{"expand_conv", "conv_pw", "expand_bn", "bn1", depthwise, "conv_dw", "bn", "bn2", "project_conv", "conv_pwl", "project_bn", "bn3"}
		switch expand := b.wide > b.in; {
		case b.fused && expand:
			list = []string{"expand_conv", "conv_exp", "expand_bn", "bn1", "project_conv", "conv_pwl", "project_bn", "bn2"}
		case b.fused:
			list = []string{"project_conv", "conv", "project_bn", "bn1"}
		case !expand:
			list = []string{depthwise, "conv_dw", "bn", "bn1", "project_conv", "conv_pw", "project_bn", "bn2"}
		}
		if b.squeeze > 0 {
			list = append(list, "se_reduce", "se.conv_reduce", "se_expand", "se.conv_expand")
		}
		for k := 0; k < len(list); k += 2 {
			m[b.name+list[k]] = at + list[k+1]
		}
	}
	return m
}

// mbTorch returns the forms of a network whose convolutions are the blocks. body adds them. prepare is how torchvision and timm prepare pixels.
func mbTorch(blocks []mbConv, depthwise string, top int, body func(x *lince.Symbol, f mbForm) *lince.Symbol, epsilon *float64, file string, prepare [2]preprocess.Step) []torchForm {
	change := func(f mbForm, step preprocess.Step) func(a architecture) architecture {
		f.activation, f.depthwise = layer.SiLU, depthwise
		return func(a architecture) architecture {
			a.body = func(x *lince.Symbol) *lince.Symbol { return body(x, f) }
			a.preprocessing = resized(step)
			return a
		}
	}
	stem, last := blocks[0].in, blocks[len(blocks)-1].out
	vision, timm := torchvisionModules(blocks, depthwise), timmModules(blocks, depthwise)
	timmShapes := map[string]tensor.Shape{"conv_stem.weight": {stem, 3, 3, 3}, "conv_head.weight": {top, last, 1, 1}}
	return []torchForm{
		{
			library: "torchvision", modules: vision, classifier: "predictions",
			shapes: map[string]tensor.Shape{"features.0.0.weight": {stem, 3, 3, 3}, vision["top_conv"] + ".weight": {top, last, 1, 1}},
			change: change(mbForm{padding: symmetricPadding, epsilon: epsilon}, prepare[0]),
		},
		{library: "timm", modules: timm, classifier: "predictions", shapes: timmShapes, file: "tf_" + file, change: change(mbForm{padding: samePadding}, prepare[1])},
		{library: "timm", modules: timm, classifier: "predictions", shapes: timmShapes, file: file, change: change(mbForm{padding: symmetricPadding, epsilon: new(1e-5)}, prepare[0])},
	}
}
