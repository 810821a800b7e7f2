"""A classifier as a file: the same bytes again, and clear lines for files that are none."""

import json
from contextlib import suppress

import numpy as np
import pytest

from micro.blocks import Engine
from micro.classify import TrainParams, classify, read_classifier, train, write_classifier
from micro.errors import InputMissingError, UnreadableFileError, UnsupportedFormatError
from micro.model import Labels, Spacing, Volume
from micro.segment import SegmentParams

EDGE = Spacing.parse("10nm")


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    grey = np.where(np.arange(60) < 30, 12_000, 48_000) + rng.normal(0, 3_000, (50, 60))
    strokes = np.zeros((50, 60), np.uint8)
    strokes[5:45, 10], strokes[10, 35:55], strokes[40, 35:55] = 1, 2, 2
    volume = Volume(grey.clip(0, 65535).astype(np.uint16), EDGE)
    params = TrainParams(steps=60, networks=2, scales=(1, 4))
    return volume, train([(volume, Labels(strokes, EDGE))], params, Engine(), preprocessed={"denoise": "none"})


@pytest.fixture
def written(trained, tmp_path):
    return write_classifier(trained[1].classifier, tmp_path / "Über uns" / "Zelle 1.micro")


def test_a_classifier_read_again_gives_the_same_bytes(trained, written, tmp_path):
    volume, training = trained
    again = read_classifier(written)
    one, two = (classify(volume, c, SegmentParams(), Engine()) for c in (training.classifier, again))
    assert one.data.compute().tobytes() == two.data.compute().tobytes()
    assert one.probabilities.compute().tobytes() == two.probabilities.compute().tobytes()
    assert again.phases == ("void", "SE")
    assert again.params == training.classifier.params
    assert dict(again.preprocess) == {"denoise": "none"}
    assert dict(again.facts) == dict(training.classifier.facts)
    assert write_classifier(again, tmp_path / "b.micro").read_bytes() == written.read_bytes()


def test_there_is_no_code_in_the_file(written):
    with np.load(written, allow_pickle=False) as file:
        assert {file[name].dtype for name in file.files} == {np.dtype("uint8"), np.dtype("float32")}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputMissingError, match="no classifier at"):
        read_classifier(tmp_path / "nothing.micro")


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_cut_file_is_refused(written, keep):
    data = written.read_bytes()
    written.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(UnreadableFileError, match="is no classifier, or is damaged"):
        read_classifier(written)


def test_a_flipped_byte_is_refused_or_without_effect(trained, written):
    data = written.read_bytes()
    expected = trained[1].classifier.network
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(data), 60):
        written.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        with suppress(UnreadableFileError, UnsupportedFormatError):
            network = read_classifier(written).network
            # read all the same: a byte of the zip's own that means nothing, such as a date
            assert all(np.array_equal(getattr(network, n), getattr(expected, n)) for n in ("mean", "first", "last"))


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\x93NUMPY\x01\x00"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "other.micro"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="expected a file that `micro train` wrote"):
        read_classifier(path)


def changed(written, change):
    """Write the file again with another header."""
    with np.load(written, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(bytes(arrays.pop("header")).decode("utf-8"))
    change(header)
    text = json.dumps(header).encode("utf-8")
    with written.open("wb") as file:
        np.savez(file, header=np.frombuffer(text, np.uint8), **arrays)


def test_a_newer_file_says_that_micro_is_too_old(written):
    changed(written, lambda header: header.update(version=99, written_by="9.9.9"))
    with pytest.raises(UnsupportedFormatError, match=r"format 99, written by micro 9\.9\.9.*update micro"):
        read_classifier(written)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["phases"].append("Li"),
        lambda header: header["train"].update(hidden=[8, 8]),
        lambda header: header["train"].update(unheard_of=1),
        lambda header: header.update(levels=[1.0]),
        lambda header: header.pop("spacing_um"),
        lambda header: header.update(format="something else"),
    ],
    ids=["phases", "layers", "key", "levels", "spacing", "format"],
)
def test_a_header_that_does_not_fit_the_weights_is_refused(written, change):
    changed(written, change)
    with pytest.raises(UnreadableFileError):
        read_classifier(written)
