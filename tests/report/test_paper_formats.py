"""The table of a paper as Markdown, LaTeX and Excel: marks, escapes, numbers."""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from micro.model import TABLE_COLUMNS, Measurement
from micro.report import PaperTable, latex_table, markdown_table, paper_table, workbook_bytes
from micro.report.paper_latex import latex_text

NASTY = r"=1+1 Prüfling_Ä|#3 & 50 % {a}\b ~^$ <i>*x*</i> `µ`"


def rows(sample: str = "A", state: str = "") -> list[Measurement]:
    made = [
        Measurement("contact_fraction", 0.7312, "1", "contact_fraction/v1", ci_low=0.6812, ci_high=0.7812, n=640.0),
        Measurement("dendrite_depth_max", -5.6132, "um", "dendrite_depth_max/v1", note="a maximum has no interval"),
        Measurement("crack_density", None, "1/um", "crack_density/P21/v1", note="cut at 5 % & more_or_less"),
        Measurement("crack_count_density", 1.2e-6, "1/um2", "crack_count_density/P20/v1", ci_low=1e-7, ci_high=4e-6),
        Measurement("gap_volume", 12345.678, "um3", "gap_volume/v1", ci_low=11000.0, ci_high=math.inf),
    ]
    return [row.of(sample=sample, state=state, recipe_hash="0123abcd") for row in made]


METRICS = ("contact_fraction", "dendrite_depth_max", "crack_density", "crack_count_density", "gap_volume")


def table_of(*samples: str, state: str = "") -> tuple[PaperTable, list[Measurement]]:
    everything = [row for sample in samples for row in rows(sample, state)]
    return paper_table(everything, METRICS, version="1.2.3"), everything


def markdown_cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("samples", [("A",), ("A", NASTY), tuple(f"cell {n}" for n in range(9))])
def test_markdown_has_a_cell_for_everything(samples):
    table, _ = table_of(*samples)
    lines = markdown_table(table).split("\n\n")[0].splitlines()
    assert len(lines) == 2 + len(table.layout.lines)
    assert {len(markdown_cells(line)) for line in lines} == {1 + len(table.layout.headings)}


def test_markdown_marks_notes_and_escapes():
    table, _ = table_of(NASTY)
    text = markdown_table(table)
    assert "| −5.61 <sup>1</sup> |" in text
    assert "| – <sup>2</sup> |" in text
    assert r"2. cut at 5 % & more\_or\_less" in text
    assert r"Prüfling\_Ä\|\#3" in text
    assert "<i>" not in text.replace(r"\<i\>", "")
    assert text.endswith("Measured with micro 1.2.3; recipe 0123abcd.\n")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("Prüfling 1_b", r"Prüfling 1\_b"),
        ("50 % & #3 $x$", r"50 \% \& \#3 \$x\$"),
        ("µm⁻¹", r"$\mu$m$^{-1}$"),
        ("10⁻⁶ µm⁻³", r"10$^{-6}$ $\mu$m$^{-3}$"),
        ("Li₆PS₅Cl", "Li$_{6}$PS$_{5}$Cl"),
        ("β-Li₃PS₄, Δ", r"$\beta$-Li$_{3}$PS$_{4}$, $\Delta$"),
        (r"a\b{c}^~", r"a\textbackslash{}b\{c\}\textasciicircum{}\textasciitilde{}"),
        ("P(A|B) < 1 [v1]", "P(A$|$B) $<$ 1 {[}v1{]}"),
        ("1\N{NO-BREAK SPACE}234", "1~234"),
        ("two\nlines\t\N{ZERO WIDTH SPACE}here", "two lines here"),
        ("−5 ± 1 – 20°", r"$-$5 $\pm$ 1 -- 20$^\circ$"),
        ("u\N{COMBINING DIAERESIS}ber", "über"),
    ],
)
def test_latex_prints_text_as_it_is(text, latex):
    assert latex_text(text) == latex


def test_latex_cells_and_columns():
    table, _ = table_of("A", NASTY)
    text = latex_table(table)
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert all(len(re.findall(r"(?<!\\)&", line)) == 2 for line in body)
    assert r"\begin{tabular}{lcc}" in text
    assert body[0].endswith(r"& $0.731 \pm 0.050$ & $0.731 \pm 0.050$ \\")
    assert r"$-5.61$$^{1}$" in body[1]
    assert r"--$^{2}$" in body[2]
    assert r"\infty" in body[4]
    braces = re.sub(r"\\[{}]", "", text)
    assert braces.count("{") == braces.count("}")
    assert re.sub(r"\\\$", "", text).count("$") % 2 == 0


def test_latex_names_the_letters_that_need_another_engine():
    text = latex_table(table_of("電池 1")[0])
    assert "% XeLaTeX or LuaLaTeX, with a font that has them, for: 池電\n" in text
    assert "XeLaTeX" not in latex_table(table_of("Prüfling Ä")[0])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_compiles(tmp_path: Path):
    table, _ = table_of("A", NASTY, state="β, 5 µm, „Zyklus“")
    (tmp_path / "table.tex").write_text(latex_table(table), encoding="utf-8")
    page = r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{table.tex}\end{document}"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_the_workbook_holds_numbers_with_the_decimals_of_their_intervals():
    table, everything = table_of("A", NASTY)
    book = load_workbook(io.BytesIO(workbook_bytes(table, everything)))
    assert book.sheetnames == ["Table", "Notes", "Measurements"]
    sheet = book["Table"]
    assert [sheet.cell(3, column).value for column in (1, 2, 3, 4)] == ["Contact fraction", 0.7312, 0.6812, 0.7812]
    assert {sheet.cell(3, column).number_format for column in (2, 3, 4)} == {"0.000"}
    assert [sheet.cell(4, column).value for column in (2, 3, 5)] == [-5.6132, None, "1"]
    assert [sheet.cell(5, column).value for column in (2, 5)] == ["–", "2"]
    assert sheet["A6"].value == "Crack count density, P20 (10⁻⁶ µm⁻²)"
    assert sheet["B6"].value == pytest.approx(1.2, rel=1e-15)
    assert (sheet["B7"].number_format, sheet["D7"].value) == ("0", "∞")


def test_a_name_that_looks_like_a_formula_is_text():
    table, everything = table_of(NASTY)
    book = load_workbook(io.BytesIO(workbook_bytes(table, everything)))
    assert (book["Table"]["B1"].value, book["Table"]["B1"].data_type) == (NASTY, "s")
    assert (book["Measurements"]["A2"].value, book["Measurements"]["A2"].data_type) == (NASTY, "s")
    odd, more = table_of("bell\a cell")
    assert load_workbook(io.BytesIO(workbook_bytes(odd, more)))["Table"]["B1"].value == "bell cell"


def test_the_tidy_sheet_is_the_table_of_measurements():
    table, everything = table_of("A", "B", state="cycled")
    sheet = load_workbook(io.BytesIO(workbook_bytes(table, everything)))["Measurements"]
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0] == TABLE_COLUMNS
    assert len(lines) == 1 + len(everything)
    for row, line in zip(everything, lines[1:], strict=True):
        held = dict(zip(TABLE_COLUMNS, line, strict=True))
        assert held["value"] == row.value
        assert held["ci_low"] == row.ci_low
        assert (held["sample"], held["state"], held["note"] or "") == (row.sample, row.state, row.note)


def test_the_workbook_depends_on_its_content_only():
    table, everything = table_of("A")
    content = workbook_bytes(table, everything)
    assert content == workbook_bytes(table, everything)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_a_table_of_nothing_is_still_a_table():
    empty = paper_table(rows(), [], version="1.2.3")
    assert markdown_table(empty).startswith("| ")
    assert r"\begin{tabular}" in latex_table(empty)
    assert workbook_bytes(empty, [])[:2] == b"PK"
    assert empty.rows == ()
