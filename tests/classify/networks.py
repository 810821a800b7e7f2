"""Tiny ONNX networks for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

PHASES = {"phases": "void,Li,SE"}


def save(path: Path, nodes: Sequence[onnx.NodeProto], **named: object) -> Path:
    """Write a network from ``x`` to ``y``.

    ``named`` may hold ``shape`` and ``kind`` of the input, ``inputs`` (further ones), ``weights`` and ``metadata``.
    """
    shape = named.get("shape", [1, 1, "z", "y", "x"])
    kind = named.get("kind", TensorProto.FLOAT)
    inputs = [helper.make_tensor_value_info("x", kind, shape)]
    inputs += [helper.make_tensor_value_info(n, kind, shape) for n in named.get("inputs", ())]
    weights = [numpy_helper.from_array(array, name) for name, array in named.get("weights", {}).items()]
    outputs = [helper.make_tensor_value_info("y", kind, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    helper.set_model_props(model, dict(named.get("metadata", PHASES)))
    path.write_bytes(model.SerializeToString())
    return path


def convolution(
    path: Path,
    weights: NDArray[np.float32],
    *,
    bias: NDArray[np.float32] | None = None,
    pad: int = 1,
    softmax: bool = False,
    metadata: Mapping[str, str] = PHASES,
    shape: Sequence[int | str] | None = None,
) -> Path:
    """Write one convolution with ``weights`` of shape (class, 1, y, x) or (class, 1, z, y, x)."""
    axes = weights.ndim - 2
    bias = np.zeros(len(weights), np.float32) if bias is None else bias
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["s" if softmax else "y"], pads=[pad] * 2 * axes)]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["s"], ["y"], axis=1))
    wanted = shape or [1, 1, *"zyx"[-axes:]]
    return save(path, nodes, shape=wanted, weights={"w": weights, "b": bias}, metadata=metadata)


def by_grey(path: Path, *, axes: int = 2, levels: Sequence[float] = (0.15, 0.35, 0.8), **metadata: str) -> Path:
    """Write a network whose classes are the nearest of some grey levels (0 to 1): void, Li, SE by default."""
    # -(g - level)^2 is, up to what all classes share, 2 level g - level^2
    weights = 2 * np.array(levels, np.float32).reshape(-1, *(1,) * (axes + 1))
    bias = -np.square(np.array(levels, np.float32))
    # a factor sharpens the probabilities and changes no label
    return convolution(path, weights * 100, bias=bias * 100, pad=0, metadata={**PHASES, **metadata})


def u_net(path: Path, rng: np.random.Generator, **metadata: str) -> Path:
    """Write a network for slices that looks at the picture at two sizes, as those do that people train."""
    shapes = {"a": (4, 1, 3, 3), "b": (4, 4, 3, 3), "c": (3, 8, 3, 3)}
    weights = {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    weights["twice"] = np.float32([1, 1, 2, 2])
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["fine"], pads=[1] * 4),
        helper.make_node("Relu", ["fine"], ["fine_relu"]),
        helper.make_node("MaxPool", ["fine_relu"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["half", "b"], ["coarse"], pads=[1] * 4),
        helper.make_node("Resize", ["coarse", "", "twice"], ["up"], mode="nearest"),
        helper.make_node("Concat", ["fine_relu", "up"], ["both"], axis=1),
        helper.make_node("Conv", ["both", "c"], ["y"], pads=[1] * 4),
    ]
    meaning = {**PHASES, **metadata}
    return save(path, nodes, shape=["n", 1, "y", "x"], weights=weights, metadata=meaning)


def deep_u_net(path: Path, rng: np.random.Generator, **metadata: str) -> Path:
    """Write a network for volumes that pools twice and joins all three sizes, with free lengths."""
    shapes = {"a": (3, 1), "b": (4, 3), "c": (4, 4), "d": (4, 8), "e": (3, 7)}
    weights = {name: rng.normal(0, 0.4, (*shape, 3, 3, 3)).astype(np.float32) for name, shape in shapes.items()}
    weights["twice"] = np.float32([1, 1, 2, 2, 2])

    def layer(source: str, weight: str, target: str) -> list[onnx.NodeProto]:
        wide = helper.make_node("Conv", [source, weight], [f"{target}_wide"], pads=[1] * 6)
        return [wide, helper.make_node("Relu", [f"{target}_wide"], [target])]

    def pool(source: str, target: str) -> onnx.NodeProto:
        return helper.make_node("MaxPool", [source], [target], kernel_shape=[2] * 3, strides=[2] * 3)

    def grow(source: str, target: str) -> onnx.NodeProto:
        return helper.make_node("Resize", [source, "", "twice"], [target], mode="nearest")

    nodes = [
        *layer("x", "a", "fine"),
        pool("fine", "half"),
        *layer("half", "b", "middle"),
        pool("middle", "quarter"),
        *layer("quarter", "c", "coarse"),
        grow("coarse", "coarse_up"),
        helper.make_node("Concat", ["middle", "coarse_up"], ["two"], axis=1),
        *layer("two", "d", "middle_again"),
        grow("middle_again", "middle_up"),
        helper.make_node("Concat", ["fine", "middle_up"], ["three"], axis=1),
        helper.make_node("Conv", ["three", "e"], ["y"], pads=[1] * 6),
    ]
    return save(path, nodes, shape=["n", 1, "z", "y", "x"], weights=weights, metadata={**PHASES, **metadata})
