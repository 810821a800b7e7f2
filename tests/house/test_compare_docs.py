"""docs/compare.md gives the definitions in their own words."""

import re
from pathlib import Path

from micro.compare import CHANGE_COLUMNS, COMPARE_DEFINITIONS

TEXT = (Path(__file__).resolve().parents[2] / "docs/compare.md").read_text(encoding="utf-8")


def test_every_definition_and_no_other():
    documented = dict(re.findall(r"^- `([^`]+/v\d+)`: (.*)$", TEXT, flags=re.MULTILINE))
    assert documented == dict(COMPARE_DEFINITIONS)


def test_the_columns_of_the_changes():
    assert all(f"`{column}`" in TEXT for column in CHANGE_COLUMNS if column.startswith(("difference", "labels")))
