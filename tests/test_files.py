from pathlib import Path

import pytest

from micro import files


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    new, old = tmp_path / "neu.csv", tmp_path / "alt.csv"
    new.write_text("neu", encoding="utf-8")
    old.write_text("alt", encoding="utf-8")
    return new, old


def held_open(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let the system refuse so many times, as Windows does while a scanner has the file open."""
    left, replace = [times], Path.replace

    def refused(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Access is denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)


def test_a_file_that_is_open_for_a_moment_is_replaced_afterwards(pair: tuple[Path, Path], monkeypatch):
    monkeypatch.setattr(files, "ATTEMPTS", 5)
    held_open(monkeypatch, times=4)
    files.put_in_place(*pair)
    assert pair[1].read_text(encoding="utf-8") == "neu"
    assert not pair[0].exists()


def test_a_file_that_stays_open_is_left_as_it_was(pair: tuple[Path, Path], monkeypatch):
    monkeypatch.setattr(files, "ATTEMPTS", 5)
    held_open(monkeypatch, times=5)
    with pytest.raises(PermissionError):
        files.put_in_place(*pair)
    assert [path.read_text(encoding="utf-8") for path in pair] == ["neu", "alt"]
