import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from micro.errors import OutputError
from micro.measure.definitions import DEFINITIONS
from micro.model import Step
from micro.report import ReportParams, write_report

PARAMS = ReportParams(page_dpi=60)
NASTY = "<b>ä & ö</b>"
VOID = {"meta", "img", "br", "wbr", "link", "hr", "input"}


class Outline(HTMLParser):
    """Checks that tags nest, and keeps texts, links, anchors and table rows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.rows: dict[str, int] = {}
        self.table = ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.targets += [found["href"]] if "href" in found else []
        self.sources += [found["src"]] if "src" in found else []
        if tag == "table":
            self.table = found["class"]
        if tag == "tr":
            self.rows[self.table] = self.rows.get(self.table, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def outline(path):
    parsed = Outline()
    parsed.feed(path.read_text(encoding="utf-8"))
    assert parsed.open == []
    return parsed


@pytest.fixture(scope="module")
def page(tmp_path_factory, flat, solid):
    path = tmp_path_factory.mktemp("Bericht mit Ümlaut") / "report.html"
    assert write_report([flat, solid], path, PARAMS) == path
    return path


def test_it_parses_and_links_lead_somewhere(page):
    parsed = outline(page)
    assert {target[1:] for target in parsed.targets} <= set(parsed.ids)
    assert len(parsed.ids) == len(set(parsed.ids))


def test_it_needs_nothing_from_elsewhere(page):
    content = page.read_text(encoding="utf-8")
    parsed = outline(page)
    assert all(source.startswith("data:image/") for source in parsed.sources)
    assert all(target.startswith("#") for target in parsed.targets)
    assert not re.search(r"https?://|@import|url\(", content)
    assert not {"script", "link", "iframe", "object"} & set(parsed.tags)


def test_every_row_and_every_definition_stands_there(page, flat, solid):
    parsed = outline(page)
    text = " ".join(parsed.text)
    rows = (*flat.rows, *solid.rows)
    assert parsed.rows["measurements"] == len(rows) + 2  # and a head in either table
    assert parsed.rows["overview"] == 2 + 1
    for row in rows:
        assert row.metric in text
        assert DEFINITIONS[row.definition] in text
    assert "0.730 [0.679, 0.777]" in text
    assert "the electrolyte is cut by the picture" in text
    assert "—" in text


def test_provenance_stands_there(page, flat):
    text = " ".join(outline(page).text)
    assert flat.recipe_hash in text
    assert flat.recipe_text.strip() in text
    for step in flat.steps:
        assert step.operation in text
        assert step.input_hash in text


def test_a_doubtful_sample_is_told_from_a_good_one_at_the_first_glance(sample_of, tmp_path):
    good, doubtful = sample_of(name="good"), sample_of(name="odd", warnings=("a long sentence", "another"))
    step = Step("segment", {"found": {"warnings": ["a long sentence"], "doubts": ["order of greys: long"]}})
    doubtful = replace(doubtful, history=(step,))
    text = write_report([good, doubtful], tmp_path / "r.html").read_text(encoding="utf-8")
    overview = text[text.index('id="overview"') : text.index('class="sample"')]
    good_line, odd_line = overview.split("<tr>")[2:4]
    assert ">doubtful: order of greys</span>" in odd_line
    assert ">1 warning</span>" in odd_line
    assert 'class="number doubtful"' in odd_line
    assert "doubtful" not in good_line
    assert "Open circles: the picture is doubtful" in overview


def test_where_nothing_is_labelled_every_cell_says_why(sample_of, tmp_path):
    sample = sample_of(anode=False)
    rows = tuple(replace(row, value=None, ci_low=None, ci_high=None) for row in sample.results.rows)
    step = Step("segment", {"found": {"warnings": ["one grey level only: all noise"]}})
    sample = replace(sample, results=replace(sample.results, rows=rows), history=(step,))
    text = write_report([sample], tmp_path / "r.html").read_text(encoding="utf-8")
    overview = text[text.index('id="overview"') : text.index('class="sample"')]
    assert overview.count('<span class="why">one grey level only</span>') == overview.count('class="number')


def test_names_are_escaped_and_warnings_shown(sample_of, tmp_path):
    sample = sample_of(name=NASTY, state="a<i>", warnings=("only <3> pores & no crack",), anode=False)
    path = write_report([sample], tmp_path / "report.html", PARAMS)
    content = path.read_text(encoding="utf-8")
    assert "<b>" not in content
    assert "&lt;b&gt;ä &amp; ö&lt;/b&gt;" in content
    text = "".join(outline(path).text)
    assert NASTY in text
    assert "only <3> pores & no crack" in text
    assert "no metal body found" in text


def test_a_note_of_the_anatomy_is_no_warning(sample_of, tmp_path):
    sample = sample_of(anode=False, warnings=("no metal body found", "six slices are empty"))
    text = " ".join(outline(write_report([sample], tmp_path / "report.html", PARAMS)).text)
    assert "1 warning" in text
    assert "2 warnings" not in text


def test_same_samples_same_bytes(page, flat, solid, tmp_path):
    again = write_report([flat, solid], tmp_path / "again.html", PARAMS)
    assert again.read_bytes() == page.read_bytes()


def test_no_samples_is_a_page_too(tmp_path):
    parsed = outline(write_report([], tmp_path / "empty.html", PARAMS))
    assert parsed.rows["overview"] == 1


def test_a_failed_write_leaves_the_old_page(flat, tmp_path):
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError):
        write_report([flat], tmp_path / "taken" / "report.html", PARAMS)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
