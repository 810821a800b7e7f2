"""When a step ends by an error or an interruption, none of its blocks is at work any more."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine

GREY = np.zeros((6, 4, 4), np.uint8)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_blocks_that_have_begun_are_waited_for_and_no_other_begins(error: type[BaseException]) -> None:
    begun: list[int] = []
    ended: set[int] = set()
    second = threading.Event()

    def task(block: Block, grey: NDArray[Any]) -> Done[None]:
        begun.append(block.number)
        if block.number == 0:
            second.wait(10)
            raise error
        second.set()
        time.sleep(0.3)
        ended.add(block.number)
        return Done(None)

    with pytest.raises(error):
        Engine(block_shape=(1, 4, 4), workers=2).run(task, [GREY])
    assert ended == {number for number in begun if number} != set()
    # block 0 ends the step while the second one is at work; one more may have been given to the first thread by then
    count = len(begun)
    time.sleep(0.4)
    assert len(begun) == count
