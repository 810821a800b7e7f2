"""What no file of the project may hold."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".j2", ".txt", ".json", ".sha256", ""}

# Roots of home and work folders; in pieces, so that this file does not hold what it looks for.
ROOTS = ("work", "root", "home", "Users")
MACHINE_PATHS = re.compile("|".join(rf"(?<![\w.)])/{name}/" for name in ROOTS))


def tracked_texts() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.decode("utf-8").split("\0") if name]
    return [path for path in paths if path.suffix in TEXT and path.is_file()]


def test_no_file_names_a_path_of_somebodys_machine():
    guilty = [path.relative_to(ROOT) for path in tracked_texts() if MACHINE_PATHS.search(path.read_text("utf-8"))]
    assert not guilty


def test_every_text_file_ends_lines_as_unix_does():
    guilty = [path.relative_to(ROOT) for path in tracked_texts() if b"\r" in path.read_bytes()]
    assert not guilty
