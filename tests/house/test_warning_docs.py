"""docs/warnings.md knows every doubt."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_doubt_is_documented():
    code = (ROOT / "micro/segment/doubts.py").read_text(encoding="utf-8")
    text = (ROOT / "docs/warnings.md").read_text(encoding="utf-8")
    shorts = re.findall(r"Doubt\(\s*f?\"([^\"]+)\"", code)
    assert len(shorts) > 7
    for short in shorts:
        words = re.split(r"\{\w+\}(?: and )?", short)
        assert all(part.strip() in text for part in words), short
