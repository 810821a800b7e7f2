"""Running a network over a volume: in tiles that lie on the volume's own grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask
from micro.classify.onnx import OnnxNetwork
from micro.errors import ImageContentError
from micro.model import SSB_PHASES, Labels, PhaseSet, Step, Volume
from micro.segment import SegmentParams
from micro.segment.islands import absorb_islands

__all__ = ["classify_with_network"]


def classify_with_network(
    volume: Volume, network: OnnxNetwork, params: SegmentParams, engine: Engine, *, phases: PhaseSet = SSB_PHASES
) -> Labels:
    """Label a clean stack with a network.

    The tiles lie on the volume's own grid, whatever the blocks of the engine are: each is read with the overlap
    that the network wants, and only its core is kept. Beyond the border the volume is mirrored. A voxel's
    phase is the class of the highest score; islands below ``params.min_object_voxels`` take the phase around
    them. The other keys of ``params`` are for methods that look at voxels one by one.

    Parameters
    ----------
    volume
        uint16 stack from `micro.preprocess.preprocess`.
    network
        From `micro.classify.read_network`.
    params
        Only ``min_object_voxels`` counts.
    engine
        Where the tiles run.
    phases
        Label values of the phase names.

    Returns
    -------
    Labels
        With the probabilities of the network's classes.

    Raises
    ------
    ImageContentError
        If the network gives a score that is not finite.
    """
    tiled = replace(engine, block_shape=network.core)
    places: Source = tiled.array(volume.shape, np.uint8)
    shares = [tiled.array(volume.shape, np.uint8) for _ in network.phases]
    tiled.run(
        _classify_tile,
        [volume.data],
        outputs=[places, *shares],
        halo=network.overlap,
        stage="network",
        constants={"network": network},
    )
    count = len(network.phases)
    places = absorb_islands(places, phases=count, voxels_min=params.min_object_voxels, engine=engine)
    values = np.array([phases[name].value for name in network.phases], np.uint8)
    data = engine.array(volume.shape, np.uint8)
    counts = engine.run(_to_values, [places], outputs=[data], stage="labels", constants={"values": values})
    step = _step(volume, network, params, np.sum(counts, axis=0))
    probabilities = _stacked(shares)
    return Labels(
        as_dask(data), volume.spacing, phases, (*volume.history, step), probabilities, network.phases, volume.name
    )


def _classify_tile(block: Block, grey: NDArray[np.uint16], *, network: OnnxNetwork) -> Done[None]:
    before = [o - (c.start - r.start) for o, c, r in zip(network.overlap, block.core, block.outer, strict=True)]
    widths = [(b, t - b - n) for b, t, n in zip(before, network.tile, grey.shape, strict=True)]
    scores = network.scores(np.pad(grey, widths, mode="reflect"))
    first = [over - margin for over, margin in zip(network.overlap, network.margin, strict=True)]
    core = tuple(slice(f, f + c.stop - c.start) for f, c in zip(first, block.core, strict=True))
    inner = scores[(slice(None), *core)]
    if not np.isfinite(inner).all():
        raise ImageContentError(f"{network.name} gives scores that are not finite near voxel {block.start} (z, y, x)")
    places = np.argmax(inner, axis=0).astype(np.uint8)
    shares = inner if network.probabilities else _softmax(inner)
    return Done(None, (places, *np.rint(np.clip(shares, 0, 1) * np.float32(255)).astype(np.uint8)))


def _softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    grown = np.exp(scores - scores.max(axis=0))
    shares: NDArray[np.float32] = grown / grown.sum(axis=0)
    return shares


def _to_values(_: Block, places: NDArray[np.uint8], *, values: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    return Done(np.bincount(places.ravel(), minlength=len(values)), (values[places],))


def _stacked(shares: list[Any]) -> Any:  # noqa: ANN401
    import dask.array as da

    return da.stack([as_dask(share) for share in shares])


def _step(volume: Volume, network: OnnxNetwork, params: SegmentParams, counts: NDArray[np.int64]) -> Step:
    parameters = {
        "network": network.name,
        "network_hash": network.content_hash,
        "phases": list(network.phases),
        "tile": list(network.tile),
        "overlap": list(network.overlap),
        "grey_mean": network.grey_mean,
        "grey_sd": network.grey_sd,
        "min_object_voxels": params.min_object_voxels,
        "found": {
            "share": {name: int(n) for name, n in zip(network.phases, counts, strict=True)},
            "warnings": _doubts(volume, network),
        },
    }
    return Step("classify", parameters, version=__version__)


def _doubts(volume: Volume, network: OnnxNetwork) -> list[str]:
    """Say what makes this picture unlike those of the training."""
    doubts = []
    if volume.is_2d and network.axes == 3:
        doubts.append("a network for volumes was given a single section: it sees the section repeated along z")
    here = min(volume.spacing.um[1 if volume.is_2d else 0 :])
    if network.voxel_um is not None and not 1 / 1.5 < here / network.voxel_um < 1.5:
        doubts.append(
            f"the network was trained on voxels of {network.voxel_um:g} um and these are {here:g} um: sizes don't fit"
        )
    return doubts
