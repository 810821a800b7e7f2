"""Names registered here and brought by other distributions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from micro.errors import UnknownNameError
from micro.registry import Registry

GROUP = "micro.test-extensions"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """A distribution on the path, as pip would leave it, that brings one entry."""
    site = tmp_path / "site packages ü"
    (site / "strange_reader-1.0.dist-info").mkdir(parents=True)
    (site / "strange_reader.py").write_text("def read():\n    return 'read by another distribution'\n", "utf-8")
    info = site / "strange_reader-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-reader\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nstrange = strange_reader:read\n", "utf-8")
    sys.path.insert(0, str(site))
    yield
    sys.path.remove(str(site))
    sys.modules.pop("strange_reader", None)


def test_a_later_entry_replaces_an_earlier_one_and_names_are_sorted() -> None:
    registry: Registry[int] = Registry(GROUP)
    registry.add("b", 1)
    registry.add("a", 2)
    registry.add("b", 3)
    assert registry.names() == ("a", "b")
    assert registry.get("b") == 3


def test_unknown_names_list_the_known_ones_in_one_line() -> None:
    registry: Registry[int] = Registry(GROUP)
    with pytest.raises(UnknownNameError, match=r"no entry called 'c'; known: none$"):
        registry.get("c")
    registry.add("tiff", 1)
    registry.add("png", 2)
    with pytest.raises(UnknownNameError, match=r"known: png, tiff$"):
        registry.get("c")


@pytest.mark.usefixtures("installed")
def test_entry_points_are_listed_unloaded_and_loaded_on_demand() -> None:
    registry: Registry[object] = Registry(GROUP)
    assert registry.names() == ("strange",)
    assert "strange_reader" not in sys.modules
    read = registry.get("strange")
    assert callable(read)
    assert read() == "read by another distribution"
    assert registry.get("strange") is read


@pytest.mark.usefixtures("installed")
def test_an_entry_added_here_wins_over_an_entry_point() -> None:
    registry: Registry[int] = Registry(GROUP)
    registry.add("strange", 7)
    assert registry.get("strange") == 7
    assert registry.names() == ("strange",)
