"""Grey images out of pictures that carry colour channels or a palette."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.errors import ColourImageError, UnsupportedFormatError
from micro.io._opened import Opened
from micro.io._stack import Stack

__all__ = ["channels_to_grey", "grey_stack", "plain_palette"]

_REMEDY = "convert it to grey (in ImageJ: Image > Type > 8-bit) or save the channel that matters"


def channels_to_grey(pixels: NDArray[Any], name: str) -> NDArray[Any]:
    """Return (y, x) from (y, x, channels) whose colour channels are equal; a constant alpha is dropped.

    Two channels are grey and alpha, three red, green and blue, four these and alpha.

    Raises
    ------
    ColourImageError
        If the channels differ.
    UnsupportedFormatError
        If there are more than four channels.

    Examples
    --------
    >>> channels_to_grey(np.full((2, 2, 3), 7, np.uint8), "a.png")[0, 0]
    np.uint8(7)
    """
    count = pixels.shape[-1]
    if count > 4:
        raise UnsupportedFormatError(f"{name}: {count} channels; expected a grey image, save one channel alone")
    grey = pixels[..., 0]
    for channel in range(1, count if count == 3 else count - 1):
        if not np.array_equal(pixels[..., channel], grey):
            raise ColourImageError(f"{name}: a colour image, its channels differ; expected grey: {_REMEDY}")
    if count in {2, 4} and np.any(pixels[..., -1] != pixels.flat[count - 1]):
        raise ColourImageError(f"{name}: its transparency varies; expected an opaque grey image: {_REMEDY}")
    return grey


def plain_palette(palette: NDArray[np.uint8]) -> bool:
    """Return whether value i of the palette is the grey i: then the values are the greys.

    Examples
    --------
    >>> plain_palette(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    True
    """
    return palette.shape == (256, 3) and bool(np.all(palette == np.arange(256)[:, np.newaxis]))


def grey_stack(opened: Opened, name: str) -> Stack:
    """Return the stack with its palette applied and white made the largest value.

    Raises
    ------
    ColourImageError
        If the palette has colours.
    """
    stack = opened.stack
    if opened.palette is not None:
        if np.any(opened.palette != opened.palette[:, :1]):
            raise ColourImageError(f"{name}: an image with a palette of colours; expected grey: {_REMEDY}")
        table = np.zeros(256, dtype=np.uint8)
        table[: len(opened.palette)] = opened.palette[:, 0]
        return stack.mapped(partial(np.take, table), np.uint8)
    if opened.white_is_zero and stack.dtype == np.bool_:
        return stack.mapped(np.logical_not, np.bool_)
    if opened.white_is_zero and np.issubdtype(stack.dtype, np.unsignedinteger):
        return stack.mapped(np.invert, stack.dtype)
    return stack
