"""Writes small ONNX models and the outputs of ONNX Runtime for them: NAME.onnx, and NAME.npz with the outputs (out:NAME), and for
each input (in:NAME) the arguments low, high, *shape of formula.py.

Usage: onnx_models.py torch|keras|opsets|recurrent FOLDER

torch: with torch 2.15.0, onnxscript 0.5.7, both exporters of torch.onnx; opset as the name says. Also the models that onnxruntime.quantization makes of
one of them.
keras: with keras 3.15.1 and tf2onnx 1.16.1 on tensorflow 2.21.0: Model.export(format="onnx") and tf2onnx.convert.from_function.
recurrent: LSTM, GRU and RNN, made of ONNX's own helpers.
opsets: models made of ONNX's own helpers, converted to each opset from 7 to 23 with onnx.version_converter. It needs onnx and onnxruntime only, so the
tests run it.

onnx 1.23.2, onnxruntime 1.32.0. The files of torch and keras are in internal/onnxgraph/testdata/models, those of recurrent in testdata/recurrent.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import onnx
import onnxruntime as ort
from formula import formula
from onnx import TensorProto, helper, numpy_helper, version_converter

mode, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(7)


def strip(message):
    """Removes texts about the machine and the program that made the model."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props", "value_info"):
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for m in value if field.is_repeated else [value]:
                strip(m)


def write(name, model, shape, low=-2, high=2):
    if isinstance(model, str):
        path, model = model, onnx.load(model)
        os.remove(path)
    strip(model)
    path = os.path.join(folder, name + ".onnx")
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (x,) = session.get_inputs()
    outputs = session.run(None, {x.name: formula(1, low, high, shape)})
    arrays = {"out:" + o.name: v for o, v in zip(session.get_outputs(), outputs)}
    np.savez(os.path.join(folder, name + ".npz"), **arrays, **{"in:" + x.name: np.array([low, high, *shape], np.float32)})


def noise(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def make_torch():
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.manual_seed(3)

    def conv(i, o, k=1, stride=1, groups=1, act=nn.ReLU):
        layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
        return nn.Sequential(*layers, *([act()] if act else []))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(conv(3, 8, 7, 2), nn.MaxPool2d(3, 2, 1))
            self.a, self.b = conv(8, 8, 3), conv(8, 8, 3, act=None)
            self.c, self.d, self.down = conv(8, 8, 3, 2), conv(8, 16, 3, act=None), conv(8, 16, 1, 2, act=None)
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5))

        def forward(self, x):
            x = self.stem(x)
            x = F.relu(x + self.b(self.a(x)))
            x = F.relu(self.down(x) + self.d(self.c(x)))
            return self.head(x)

    class MobileNetV2(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv(3, 8, 3, 2, act=nn.ReLU6)
            self.a = nn.Sequential(conv(8, 24, act=nn.ReLU6), conv(24, 24, 3, 1, 24, nn.ReLU6), conv(24, 8, act=None))
            self.b = nn.Sequential(conv(8, 24, act=nn.ReLU6), conv(24, 24, 3, 2, 24, nn.ReLU6), conv(24, 12, act=None))
            self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 5))

        def forward(self, x):
            x = self.stem(x)
            x = self.b(x + self.a(x))
            return self.head(x.mean([2, 3]))

    class MobileNetV3(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv(3, 8, 3, 2, act=nn.Hardswish)
            self.down, self.up = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
            self.head = nn.Sequential(nn.Linear(8, 12), nn.Hardswish(), nn.Linear(12, 5), nn.LogSoftmax(1))

        def forward(self, x):
            x = self.stem(x)
            s = F.hardsigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))
            return self.head(torch.flatten(F.adaptive_avg_pool2d(x * s, 1), 1))

    class DenseNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm, self.one = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3, padding=1)
            self.norm2, self.two = nn.BatchNorm2d(12), nn.Conv2d(12, 4, 3, padding=1)
            self.last, self.head = nn.BatchNorm2d(16), nn.Linear(16, 5)

        def forward(self, x):
            x = self.stem(x)
            x = torch.cat([x, self.one(F.relu(self.norm(x)))], 1)
            x = torch.cat([x, self.two(F.relu(self.norm2(x)))], 1)
            x = F.avg_pool2d(F.relu(self.last(x)), 2, 2)
            return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    class SqueezeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.squeeze = nn.Conv2d(3, 8, 3, 2), nn.Conv2d(8, 4, 1)
            self.left, self.right = nn.Conv2d(4, 6, 1), nn.Conv2d(4, 6, 3, padding=1)
            self.classifier = nn.Conv2d(12, 5, 1)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, ceil_mode=True)
            x = F.relu(self.squeeze(x))
            x = torch.cat([F.relu(self.left(x)), F.relu(self.right(x))], 1)
            return torch.flatten(F.adaptive_avg_pool2d(F.relu(self.classifier(x)), 1), 1)

    class ShuffleNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.a, self.b = conv(3, 8, 3, 2), conv(4, 4, 3, 1, 4, None), conv(4, 4)
            self.head = nn.Linear(8, 5)

        def forward(self, x):
            x = self.stem(x)
            left, right = x.chunk(2, 1)
            x = torch.cat([left, self.b(self.a(right))], 1)
            n, c, h, w = x.shape
            x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
            return self.head(x.mean([2, 3]))

    class ConvNeXt(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8, 1e-6)
            self.deep, self.scale = nn.Conv2d(8, 8, 7, padding=3, groups=8), nn.Parameter(torch.full((8, 1, 1), 0.5))
            self.mlp = nn.Sequential(nn.LayerNorm(8, 1e-6), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
            self.head = nn.Sequential(nn.Flatten(1), nn.Linear(8, 5))

        def forward(self, x):
            x = self.norm(self.stem(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            y = self.mlp(self.deep(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            return self.head(F.adaptive_avg_pool2d(x + self.scale * y, 1))

    class ViT(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.token = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8))
            self.place = nn.Parameter(torch.randn(1, 17, 8))
            self.norm, self.qkv, self.out, self.head = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 5)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.place
            b, n, c = x.shape
            q, k, v = self.qkv(self.norm(x)).reshape(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
            y = ((q @ k.transpose(-2, -1)) * (c // 2) ** -0.5).softmax(-1) @ v
            x = x + self.out(y.transpose(1, 2).reshape(b, n, c))
            return self.head(x[:, 0])

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.up = conv(3, 8, 3), conv(8, 12, 3), nn.ConvTranspose2d(12, 8, 2, 2)
            self.c, self.last = conv(16, 8, 3, act=nn.LeakyReLU), nn.Conv2d(8, 2, 1)

        def forward(self, x):
            a = self.a(x)
            x = self.up(self.b(F.max_pool2d(a, 2)))
            x = self.c(torch.cat([a, x], 1))
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            return torch.sigmoid(F.interpolate(self.last(x), scale_factor=2, mode="bilinear", align_corners=False))[:, :, ::8, ::8]

    class Mixed(nn.Module):
        """Ops that other networks do not have."""

        def __init__(self):
            super().__init__()
            self.conv, self.group, self.inst = nn.Conv2d(3, 8, 3, 2, dilation=2, padding=2), nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)
            self.prelu, self.lrn, self.line = nn.PReLU(8), nn.LocalResponseNorm(3), nn.Conv1d(8, 6, 3, padding=1)

        def forward(self, x):
            x = self.conv(F.pad(x, (1, 2, 0, 1), mode="reflect"))
            x = self.lrn(self.prelu(self.inst(F.silu(self.group(x)))))
            x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=True) + F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
            x = F.elu(x[:, :, 1:, :-1]) - F.softplus(x[:, :, :-1, 1:])
            x = self.line(x.flatten(2).clamp(-2, 3))
            return F.glu(x, 1).amax(2), torch.stack([x.mean(2), x.pow(2).sum(2).sqrt()], 1)

    nets = {"resnet": ResNet, "mobilenetv2": MobileNetV2, "mobilenetv3": MobileNetV3, "densenet": DenseNet, "squeezenet": SqueezeNet, "shufflenet": ShuffleNet,
            "convnext": ConvNeXt, "vit": ViT, "unet": UNet, "mixed": Mixed}
    for name, net in nets.items():
        net = net()
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.running_mean.normal_(0, 0.2), m.running_var.uniform_(0.5, 2), nn.init.uniform_(m.weight, 0.5, 1.5), nn.init.normal_(m.bias)
        net.eval()
        shape = (2, 3, 16, 16)
        x = formula(1, -2, 2, shape)
        path = os.path.join(folder, "tmp.onnx")
        opset = 11 if name in ("resnet", "squeezenet") else 17
        with torch.no_grad():
            torch.onnx.export(net, (torch.from_numpy(x),), path, dynamo=False, opset_version=opset, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}})
            write("torch_" + name, path, shape)
            batch = {0: torch.export.Dim("batch")}
            torch.onnx.export(net, (torch.from_numpy(x),), path, dynamo=True, dynamic_shapes=(batch,), external_data=False, verbose=False)
            write("dynamo_" + name, path, shape)
            if name == "resnet":  # as for fine-tuning: nothing is folded, and the batch is 1
                torch.onnx.export(net, (torch.from_numpy(x[:1]),), path, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, input_names=["x"], output_names=["y"])
                write("torch_resnet_train", path, (1, 3, 16, 16))

    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.data = iter([{"x": noise(2, 3, 16, 16)} for _ in range(4)])

        def get_next(self):
            return next(self.data, None)

    for form in (QuantFormat.QDQ, QuantFormat.QOperator):
        path = os.path.join(folder, "tmp.onnx")
        quantize_static(os.path.join(folder, "torch_mobilenetv2.onnx"), path, Reader(), quant_format=form, per_channel=form == QuantFormat.QDQ, weight_type=QuantType.QInt8)
        write("quantized_" + form.name.lower(), path, (2, 3, 16, 16))


def make_keras():
    import keras
    import tensorflow as tf
    import tf2onnx
    from keras import layers as L

    keras.utils.set_random_seed(5)

    def network():
        x = inputs = keras.Input((16, 16, 3))
        x = L.Rescaling(1 / 127.5, offset=-1)(x)
        x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
        x = L.ReLU(6)(L.BatchNormalization()(x))
        y = L.DepthwiseConv2D(3, padding="same")(x)
        y = L.SeparableConv2D(8, 3, padding="same", activation="swish")(y)
        x = L.Add()([x, y])
        x = L.Conv2D(12, 3, padding="valid", dilation_rate=2, activation="elu")(L.ZeroPadding2D(1)(x))
        s = L.Dense(12, activation="hard_sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(x))
        x = L.Multiply()([x, s])
        x = L.Concatenate()([L.MaxPooling2D(2)(x), L.AveragePooling2D(3, strides=2, padding="same")(x)])
        x = L.UpSampling2D(2, interpolation="bilinear")(x)
        x = L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="leaky_relu")(x)
        x = L.LayerNormalization()(x)
        x = L.Flatten()(L.Cropping2D(2)(x))
        x = L.Dense(8, activation="tanh")(L.Dropout(0.3)(x))
        return keras.Model(inputs, L.Dense(5, activation="softmax")(x))

    net = network()
    for v in net.variables:
        if "moving_variance" in v.path:
            v.assign(rng.uniform(0.5, 2, v.shape))
        elif "moving_mean" in v.path or "beta" in v.path:
            v.assign(rng.normal(0, 0.3, v.shape))
    shape = (2, 16, 16, 3)
    net(formula(1, 0, 255, shape))
    path = os.path.join(folder, "tmp.onnx")
    net.export(path, format="onnx", verbose=False)
    write("keras_export", path, shape, 0, 255)
    signature = (tf.TensorSpec((None, 16, 16, 3), tf.float32, name="image"),)
    for opset in (11, 18):
        model, _ = tf2onnx.convert.from_function(tf.function(lambda image: net(image)), signature, opset=opset)
        write(f"tf2onnx_{opset}", model, shape, 0, 255)
    model, _ = tf2onnx.convert.from_function(tf.function(lambda image: net(image)), signature, opset=13, inputs_as_nchw=["image"])
    write("tf2onnx_nchw", model, (2, 3, 16, 16), 0, 255)


def make_opsets():
    def weight(name, *shape):
        return numpy_helper.from_array(noise(*shape) * 0.5, name)

    def model(name, nodes, weights, x, y):
        graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)], weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 7)], ir_version=4)

    n = helper.make_node
    nets = {
        "images": (model("images", [
            n("Conv", ["x", "w", "b"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
            n("BatchNormalization", ["a", "gamma", "beta", "mean", "var"], ["n"]),
            n("Relu", ["n"], ["r"]),
            n("MaxPool", ["r"], ["m"], kernel_shape=[3, 3], strides=[1, 1], auto_pad="SAME_UPPER"),
            n("AveragePool", ["m"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            n("PRelu", ["p", "slope"], ["q"]),
            n("GlobalAveragePool", ["q"], ["g"]),
            n("Flatten", ["g"], ["f"]),
            n("Gemm", ["f", "v", "c"], ["z"], transB=1),
            n("Dropout", ["z"], ["d"]),
            n("Softmax", ["d"], ["y"]),
        ], [weight("w", 6, 3, 3, 3), weight("b", 6), weight("gamma", 6), weight("beta", 6), weight("mean", 6),
            numpy_helper.from_array(np.abs(noise(6)) + 0.5, "var"), weight("slope", 6, 1, 1), weight("v", 5, 6), weight("c", 5)],
            ["batch", 3, 12, 12], ["batch", 5]), (2, 3, 12, 12)),
        "shapes": (model("shapes", [
            n("Squeeze", ["x"], ["s"], axes=[1]),
            n("Unsqueeze", ["s"], ["u"], axes=[1]),
            n("Pad", ["u"], ["p"], pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5),
            n("Slice", ["p"], ["t"], axes=[2, 3], starts=[0, 1], ends=[4, 7]),
            n("Split", ["t"], ["a", "b"], axis=3),
            n("Concat", ["b", "a"], ["c"], axis=1),
            n("Clip", ["c"], ["l"], min=-1.0, max=1.5),
            n("ReduceMean", ["l"], ["m"], axes=[3], keepdims=1),
            n("ReduceSum", ["l"], ["o"], axes=[3], keepdims=1),
            n("Sub", ["m", "o"], ["d"]),
            n("Transpose", ["d"], ["k"], perm=[0, 2, 3, 1]),
            n("Softmax", ["k"], ["y"], axis=1),
        ], [], ["batch", 1, 4, 6], ["batch", 4, 1, 2]), (3, 1, 4, 6)),
    }
    for name, (net, shape) in nets.items():
        for opset in range(7, 24):
            write(f"{name}_{opset}", net if opset == 7 else version_converter.convert_version(net, opset), shape)


def make_recurrent():
    steps, batch, inputs, units = 5, 2, 3, 4
    for op, gates, direction, more in (("LSTM", 4, "bidirectional", {}), ("GRU", 3, "bidirectional", {"linear_before_reset": 1}), ("GRU", 3, "forward", {}), ("RNN", 1, "reverse", {})):
        d = 2 if direction == "bidirectional" else 1
        weights = {"w": noise(d, gates * units, inputs), "r": noise(d, gates * units, units), "b": noise(d, 2 * gates * units), "h": noise(d, batch, units)}
        operands, outputs = ["x", "w", "r", "b", "", "h"], ["y", "last"]
        if op == "LSTM":
            weights.update(c=noise(d, batch, units), p=noise(d, 3 * units))
            operands, outputs = operands + ["c", "p"], outputs + ["cell"]
        node = helper.make_node(op, operands, outputs, direction=direction, hidden_size=units, **more)
        info = helper.make_tensor_value_info
        shapes = [[steps, d, batch, units]] + [[d, batch, units]] * (len(outputs) - 1)
        graph = helper.make_graph([node], op, [info("x", TensorProto.FLOAT, [steps, batch, inputs])], [info(o, TensorProto.FLOAT, s) for o, s in zip(outputs, shapes)],
                                  [numpy_helper.from_array(v * 0.5, k) for k, v in weights.items()])
        write(f"{op.lower()}_{direction}", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), (steps, batch, inputs))


{"torch": make_torch, "keras": make_keras, "opsets": make_opsets, "recurrent": make_recurrent}[mode]()
