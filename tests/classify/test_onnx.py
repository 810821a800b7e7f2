"""ONNX networks: right scores, no seams, the same bytes for all blocks, and one line for what is no such network."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from scipy import ndimage

from micro.blocks import Engine
from micro.classify import OnnxNetwork, classify_with_network, read_network
from micro.errors import (
    InputMissingError,
    MicroError,
    MissingPackageError,
    ParameterError,
    PhaseError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from micro.model import Spacing, Volume
from micro.segment import SegmentParams

_spec = importlib.util.spec_from_file_location("networks", Path(__file__).with_name("networks.py"))
assert _spec is not None
assert _spec.loader is not None
networks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(networks)

SPACING = Spacing.parse("50nm")
AS_IT_IS = SegmentParams(min_object_voxels=0)
RNG = np.random.default_rng(11)
CUBE = RNG.integers(0, 65536, (21, 34, 45), np.uint16)
WEIGHTS_3D = RNG.normal(0, 1, (3, 1, 3, 3, 3)).astype(np.float32)
WEIGHTS_2D = RNG.normal(0, 1, (4, 1, 5, 5)).astype(np.float32)
SMALL = {"phases": "void,Li,SE", "tile": "16", "overlap": "3"}


def labelled(
    grey: NDArray[np.uint16], network: OnnxNetwork, engine: Engine | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    labels = classify_with_network(Volume(grey, SPACING), network, AS_IT_IS, engine or Engine())
    assert labels.probabilities is not None
    return labels.data.compute(), labels.probabilities.compute()


def correlated(grey: NDArray[np.uint16], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Class scores by scipy, shape (class, z, y, x); mirrored at the border without repeating it."""
    scaled = grey / 65535.0
    kernels = weights[:, 0] if weights.ndim == 5 else weights[:, 0][:, np.newaxis]
    return np.stack([ndimage.correlate(scaled, kernel.astype(np.float64), mode="mirror") for kernel in kernels])


def agree(scores: NDArray[np.float64], labels: NDArray[np.uint8], values: list[int]) -> None:
    """Check the labels where single precision can tell the two best scores apart."""
    best = np.sort(scores, axis=0)
    clear = best[-1] - best[-2] > 1e-4  # 27 float32 products of order 1: rounding is below 1e-5
    assert clear.mean() > 0.99
    assert (np.array(values)[scores.argmax(axis=0)] == labels)[clear].all()


def test_a_convolution_in_3d_agrees_with_scipy_without_seams(tmp_path: Path) -> None:
    network = read_network(networks.convolution(tmp_path / "Netz ä.onnx", WEIGHTS_3D, metadata=SMALL))
    assert (network.axes, network.tile, network.overlap, network.core) == (3, (16,) * 3, (3,) * 3, (10,) * 3)
    labels, shares = labelled(CUBE, network)
    scores = correlated(CUBE, WEIGHTS_3D)
    agree(scores, labels, [1, 3, 2])
    soft = np.exp(scores) / np.exp(scores).sum(axis=0)
    # half a unit of the eight bits, and what single precision adds to it
    assert np.abs(shares - 255 * soft).max() < 0.5 + 1e-2


def test_a_convolution_in_2d_takes_slice_after_slice(tmp_path: Path) -> None:
    meaning = {"phases": "void,SE,Li,cathode", "tile": "24,16", "overlap": "2,4"}
    network = read_network(networks.convolution(tmp_path / "n.onnx", WEIGHTS_2D, pad=2, metadata=meaning))
    assert (network.axes, network.tile, network.overlap) == (2, (1, 24, 16), (0, 2, 4))
    agree(correlated(CUBE[:3], WEIGHTS_2D), labelled(CUBE[:3], network)[0], [1, 2, 3, 6])


def test_a_network_that_does_not_pad_gives_the_same(tmp_path: Path) -> None:
    network = read_network(networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, pad=0, metadata=SMALL))
    assert network.margin == (1, 1, 1)
    padded = read_network(networks.convolution(tmp_path / "m.onnx", WEIGHTS_3D, pad=1, metadata=SMALL))
    assert (labelled(CUBE, network)[0] == labelled(CUBE, padded)[0]).all()


@pytest.mark.parametrize(
    "engine", [Engine((7, 9, 11)), Engine((21, 5, 45), workers=1), Engine((11, 13, 24), in_memory_bytes=0)]
)
def test_blocks_workers_and_stores_change_no_byte(engine: Engine, tmp_path: Path) -> None:
    network = read_network(networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, metadata=SMALL))
    volume = Volume(CUBE[:12, :21, :24], SPACING)
    wanted = classify_with_network(volume, network, SegmentParams(), Engine())
    found = classify_with_network(volume, network, SegmentParams(), replace(engine, work_dir=tmp_path))
    assert (found.data.compute() == wanted.data.compute()).all()
    assert wanted.probabilities is not None
    assert found.probabilities is not None
    assert (found.probabilities.compute() == wanted.probabilities.compute()).all()


@pytest.mark.parametrize("shape", [(1, 3, 2), (1, 1, 1), (2, 34, 5), (1, 11, 10)])
def test_volumes_smaller_than_a_tile_are_mirrored(shape: tuple[int, int, int], tmp_path: Path) -> None:
    network = read_network(networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, metadata=SMALL))
    grey = CUBE[tuple(slice(n) for n in shape)]
    labels, _ = labelled(grey, network)
    assert labels.shape == shape
    # scipy mirrors a single voxel's axis as numpy does: it repeats
    scores = correlated(grey, WEIGHTS_3D)
    assert (np.array([1, 3, 2])[scores.argmax(axis=0)] == labels).all()


def test_a_network_of_two_sizes_shows_no_seams(tmp_path: Path) -> None:
    grey = ndimage.gaussian_filter(RNG.normal(0, 1, (1, 120, 100)), (0, 2, 2))
    grey = (20_000 * grey / grey.std() + 32_000).clip(0, 65535).astype(np.uint16)
    # Its field of view is 1 + 2 + 1 + 1 voxels to a side and a pool of 2: 8 voxels of overlap hold it.
    pieces = read_network(networks.u_net(tmp_path / "a.onnx", np.random.default_rng(1), tile="32", overlap="8"))
    whole = read_network(networks.u_net(tmp_path / "b.onnx", np.random.default_rng(1), tile="160", overlap="8"))
    here, there = labelled(grey, pieces), labelled(grey, whole)
    assert len(np.unique(here[0])) == 3
    # Both sum the same products; where two classes tie, rounding may decide otherwise.
    assert (here[0] == there[0]).mean() > 0.9999
    assert np.abs(here[1].astype(int) - there[1]).max() <= 1


def test_a_network_that_pools_twice_shows_no_seams_in_a_volume_of_odd_lengths(tmp_path: Path) -> None:
    grey = ndimage.gaussian_filter(RNG.normal(0, 1, (21, 37, 43)), 1.5)
    grey = (20_000 * grey / grey.std() + 32_000).clip(0, 65535).astype(np.uint16)
    # field of view to a side: 1 + 2 + 4 + 2 + 1 voxels, and the pools and their undoing 3 each: 16 hold it
    tiles = {"small": ("48", "16"), "whole": ("56,72,76", "16")}
    found = []
    for name, (tile, overlap) in tiles.items():
        path = networks.deep_u_net(tmp_path / f"{name}.onnx", np.random.default_rng(4), tile=tile, overlap=overlap)
        found.append(labelled(grey, read_network(path)))
    assert len(np.unique(found[0][0])) == 3
    for labels, shares in found[1:]:
        # Both sum the same products; where two classes tie, rounding may decide otherwise.
        assert (labels == found[0][0]).mean() > 0.9999
        assert np.abs(shares.astype(int) - found[0][1]).max() <= 1


def test_probabilities_are_taken_as_they_are(tmp_path: Path) -> None:
    path = networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, softmax=True, metadata=SMALL)
    plain = networks.convolution(tmp_path / "m.onnx", WEIGHTS_3D, metadata=SMALL)
    network = read_network(path)
    assert network.probabilities
    # the two softmaxes differ in the last digit: one unit of the eight bits
    difference = labelled(CUBE, network)[1].astype(int) - labelled(CUBE, read_network(plain))[1]
    assert np.abs(difference).max() <= 1


def test_the_grey_scale_is_that_of_the_corrected_image(tmp_path: Path) -> None:
    grey = np.uint16([[[8192, 57344, 32768]]])  # black, white, the middle: 0.125, 0.875, 0.5
    asked = {"tile": "8", "overlap": "1", "grey_mean": "0.125", "grey_sd": "0.75"}
    network = read_network(networks.by_grey(tmp_path / "n.onnx", levels=(0.0, 0.5, 1.0), **asked))
    assert labelled(grey, network)[0].ravel().tolist() == [1, 2, 3]
    plain = read_network(networks.by_grey(tmp_path / "m.onnx", levels=(0.125, 0.5, 0.875), tile="8", overlap="1"))
    assert labelled(grey, plain)[0].ravel().tolist() == [1, 2, 3]


def test_islands_take_the_phase_around_them(tmp_path: Path) -> None:
    grey = np.full((1, 20, 20), 52000, np.uint16)
    grey[0, 5, 5] = 9000
    network = read_network(networks.by_grey(tmp_path / "n.onnx"))
    kept = classify_with_network(Volume(grey, SPACING), network, AS_IT_IS, Engine())
    gone = classify_with_network(Volume(grey, SPACING), network, SegmentParams(), Engine())
    assert (int((kept.data == 1).sum().compute()), int((gone.data == 1).sum().compute())) == (1, 0)
    assert gone.history[-1].operation == "classify"
    assert gone.history[-1].parameters["network_hash"].startswith("sha256:")


def test_the_user_says_the_phases_where_the_file_does_not(tmp_path: Path) -> None:
    path = networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, metadata={"tile": "16"})
    with pytest.raises(
        PhaseError, match="does not say which of its 3 classes is which phase; say it with --model-phases"
    ):
        read_network(path)
    assert read_network(path, phases=("SE", "void", "Li")).phases == ("SE", "void", "Li")
    with pytest.raises(PhaseError, match="has 3 classes, and the phases are SE, void; expected one phase a class"):
        read_network(path, phases=("SE", "void"))
    with pytest.raises(PhaseError, match="expected one phase a class"):
        read_network(path, phases=("SE", "void", "SE"))
    with pytest.raises(PhaseError, match="lihtium"):
        read_network(path, phases=("SE", "void", "lihtium"))


def test_an_image_unlike_those_of_the_training_is_doubted(tmp_path: Path) -> None:
    path = networks.by_grey(tmp_path / "n.onnx", axes=3, tile="16", overlap="2", voxel_um="0.08")
    labels = classify_with_network(Volume(CUBE[:1], SPACING), read_network(path), AS_IT_IS, Engine())
    flat, coarse = labels.history[-1].parameters["found"]["warnings"]
    assert flat.startswith("a network for volumes was given a single section")
    assert coarse == "the network was trained on voxels of 0.08 um and these are 0.05 um: sizes don't fit"


def test_defaults_of_tile_and_overlap(tmp_path: Path) -> None:
    three = read_network(networks.by_grey(tmp_path / "a.onnx", axes=3))
    assert (three.tile, three.overlap) == ((96,) * 3, (16,) * 3)
    two = read_network(networks.by_grey(tmp_path / "b.onnx"))
    assert (two.tile, two.overlap) == ((1, 512, 512), (0, 64, 64))
    fixed = networks.convolution(tmp_path / "c.onnx", WEIGHTS_3D, shape=[1, 1, 8, 16, 32])
    assert read_network(fixed).tile == (8, 16, 32)
    assert read_network(fixed).overlap == (2, 4, 8)


BAD_METADATA = [
    ({"tile": "0"}, "tile = '0' in its metadata; expected one whole number"),
    ({"tile": "16,16"}, "tile = '16,16' in its metadata"),
    ({"tile": "16", "overlap": "8"}, "leaves nothing of a tile"),
    ({"grey_sd": "0"}, "grey_sd = '0' in its metadata; expected a positive number"),
    ({"grey_mean": "dark"}, "grey_mean = 'dark' in its metadata; expected a number"),
    ({"grey_mean": "nan"}, "expected a number"),
]


@pytest.mark.parametrize(("metadata", "message"), BAD_METADATA)
def test_impossible_metadata_are_refused(metadata: dict[str, str], message: str, tmp_path: Path) -> None:
    path = networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, metadata={**networks.PHASES, **metadata})
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")) as raised:
        read_network(path)
    assert "\n" not in str(raised.value)


def test_a_tile_other_than_the_fixed_input_is_refused(tmp_path: Path) -> None:
    path = networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D, shape=[1, 1, 8, 8, 8], metadata=SMALL)
    with pytest.raises(ParameterError, match="but the input is 8 voxels long along z"):
        read_network(path)


SAME = [helper.make_node("Identity", ["x"], ["y"])]
POOL = [helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[2, 2, 2], strides=[2, 2, 2])]
POOL = [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 6), *POOL]
FLAT = [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0, axes=[2, 3, 4])]
ADDED = [helper.make_node("Add", ["x", "u"], ["y"])]
LOG = [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 6), helper.make_node("Log", ["c"], ["y"])]
WRONG = {
    "two channels": ((SAME, {"shape": [1, 2, "z", "y", "x"]}), "shape (1, 2, z, y, x); expected float, shape (1, 1, y"),
    "any channels": ((SAME, {"shape": [1, "c", "z", "y", "x"]}), "shape (1, c, z, y, x); expected float"),
    "a batch of 4": ((SAME, {"shape": [4, 1, "y", "x"]}), "shape (4, 1, y, x); expected float"),
    "rank 3": ((SAME, {"shape": [1, "y", "x"]}), "shape (1, y, x); expected float"),
    "no rank": ((SAME, {"shape": None}), "expected float, shape (1, 1, y, x)"),
    "double": ((SAME, {"kind": TensorProto.DOUBLE}), "an input of double"),
    "two inputs": ((ADDED, {"inputs": ["u"]}), "a network with 2 inputs (x, u); expected one picture"),
    "one class": ((SAME, {}), "an output of shape (1, 1, 96, 96, 96); expected class scores"),
    "half size": ((POOL, {"weights": {"w": WEIGHTS_3D}}), "an output of shape (1, 3, 48, 48, 48) from a tile"),
    "no picture": ((FLAT, {}), "expected class scores of shape (1, class, z, y, x)"),
    "not finite": ((LOG, {"weights": {"w": WEIGHTS_3D}}), "gives scores that are not finite"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_networks_that_label_no_grey_picture_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    (nodes, named), message = WRONG[kind]
    path = networks.save(tmp_path / "Netz ü.onnx", nodes, **named)
    with pytest.raises(UnsupportedFormatError) as raised:
        read_network(path)
    assert message in str(raised.value)
    assert str(raised.value).startswith("Netz ü.onnx")
    assert "\n" not in str(raised.value)


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    model = onnx.load(networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D))
    path = tmp_path / "m.onnx"
    onnx.save(model, path, save_as_external_data=True, location="m.bin", size_threshold=0)
    before = Path.cwd()
    os.chdir(tmp_path)  # where the runtime would find them, unhashed
    try:
        with pytest.raises(UnsupportedFormatError, match="weights lie in other files; save the network as one file"):
            read_network(path)
    finally:
        os.chdir(before)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x09nothing", b"PK\x03\x04"])
def test_files_that_are_no_network_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"n\.onnx is no ONNX network"):
        read_network(path)


def test_a_truncated_network_and_a_missing_one(tmp_path: Path) -> None:
    path = networks.convolution(tmp_path / "n.onnx", WEIGHTS_3D)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UnreadableFileError, match=r"n\.onnx is no ONNX network that onnxruntime can load"):
        read_network(path)
    with pytest.raises(InputMissingError, match="no such file"):
        read_network(tmp_path / "m.onnx")
    with pytest.raises(MicroError, match="can't be read"):
        read_network(tmp_path)


def test_without_onnxruntime_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = WEIGHTS_3D + 1  # another network than those that are loaded already
    path = networks.convolution(tmp_path / "n.onnx", weights)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingPackageError, match="install it with: pip install onnxruntime"):
        read_network(path)
