from pathlib import Path

import pytest

from micro.errors import OutputError, PhaseError
from micro.io import atomic_folder, atomic_path


def test_a_failure_leaves_the_old_file_and_nothing_else(folder: Path):
    target = folder / "tabelle.csv"
    target.write_text("alt", encoding="utf-8")

    def stopped() -> None:
        with atomic_path(target) as beside:
            beside.write_text("halb", encoding="utf-8")
            raise PhaseError("stop")

    with pytest.raises(PhaseError):
        stopped()
    assert target.read_text(encoding="utf-8") == "alt"
    assert [item.name for item in folder.iterdir()] == ["tabelle.csv"]


def test_a_failure_removes_the_parents_that_were_made(folder: Path):
    def interrupted() -> None:
        with atomic_folder(folder / "a" / "b" / "c") as beside:
            (beside / "teil.txt").write_text("halb", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(folder.iterdir()) == []


def test_a_folder_that_holds_something_is_replaced_only_on_request(folder: Path):
    target = folder / "ergebnis"
    target.mkdir()
    (target / "alt.txt").write_text("alt", encoding="utf-8")
    with pytest.raises(OutputError, match="holds files already"), atomic_folder(target):
        pass
    with atomic_folder(target, replace=True) as beside:
        (beside / "neu.txt").write_text("neu", encoding="utf-8")
    assert [item.name for item in target.iterdir()] == ["neu.txt"]
    assert [item.name for item in folder.iterdir()] == ["ergebnis"]


@pytest.mark.parametrize("manager", [atomic_path, atomic_folder])
def test_a_path_below_a_file_is_one_clear_line(folder: Path, manager):
    (folder / "datei").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="can't write") as caught, manager(folder / "datei" / "unter" / "aus"):
        pytest.fail("the block must not run")
    assert "\n" not in str(caught.value)
    assert (folder / "datei").read_text(encoding="utf-8") == "x"


def test_a_file_never_takes_the_place_of_a_folder_nor_a_folder_that_of_a_file(folder: Path):
    (folder / "ordner").mkdir()
    (folder / "datei").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="a folder of that name"), atomic_path(folder / "ordner"):
        pass
    with pytest.raises(OutputError, match="a file of that name"), atomic_folder(folder / "datei"):
        pass
