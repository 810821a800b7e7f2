"""What stands where in the table of a paper, and what its footnotes say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micro.errors import UnknownNameError
from micro.measure import DEFINITIONS
from micro.model import Measurement
from micro.report import paper_table

CONTACT = Measurement(
    "contact_fraction", 0.7312, "1", "contact_fraction/v1", roi="interface", ci_low=0.6812, ci_high=0.7812, n=640.0
)
DEPTH = Measurement("dendrite_depth_max", 5.6132, "um", "dendrite_depth_max/v1", roi="se_region", note="a maximum")
FLAT = Measurement("crack_density", 0.041, "1/um", "crack_density/P21/v1", roi="se_region", ci_low=0.03, ci_high=0.06)
SOLID = Measurement("crack_density", 0.062, "1/um", "crack_density/P32/v1", roi="se_region", ci_low=0.05, ci_high=0.08)
NONE = Measurement("contact_fraction", None, "1", "contact_fraction/v1", roi="interface", note="no metal body found")


def of(row, sample, state="", **changes):
    return replace(row.of(sample=sample, state=state, recipe_hash="abc123"), **changes)


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_metrics_are_lines_and_samples_columns_in_their_order():
    rows = [of(CONTACT, "B"), of(DEPTH, "B"), of(CONTACT, "A", value=0.5), of(DEPTH, "A", value=7.0)]
    table = paper_table(rows, ["dendrite_depth_max", "contact_fraction"])
    assert [row.heading for row in table.rows] == ["Dendrite depth max (µm)", "Contact fraction"]
    assert [column.title for column in table.columns] == ["B", "A"]
    assert texts(table)[0] == ["5.61", "7"]
    assert not table.samples_down


def test_many_samples_become_the_lines():
    rows = [of(CONTACT, f"cell {number}", "cycled") for number in range(12)]
    table = paper_table(rows, ["contact_fraction"])
    assert table.layout.headings == ("Contact fraction",)
    assert [heading for heading, _ in table.layout.lines][-1] == "cell 11, cycled"
    turned = paper_table(rows, ["contact_fraction"], samples_down=False)
    assert len(turned.layout.headings) == 12
    assert [cell for _, (cell,) in table.layout.lines] == list(turned.layout.lines[0][1])


def test_a_line_is_of_one_form():
    skewed = of(CONTACT, "B", ci_low=0.5, ci_high=0.75)
    assert texts(paper_table([of(CONTACT, "A"), skewed], ["contact_fraction"])) == [
        ["0.731 [0.681, 0.781]", "0.73 [0.50, 0.75]"]
    ]
    assert texts(paper_table([of(CONTACT, "A")], ["contact_fraction"])) == [["0.731 ± 0.050"]]


def test_empty_values_have_a_numbered_reason():
    table = paper_table([of(CONTACT, "A"), of(NONE, "B"), of(NONE, "C"), of(DEPTH, "A")], ["contact_fraction"])
    assert texts(table) == [["0.731 ± 0.050", "–", "–"]]
    assert table.notes == ("no metal body found",)
    assert [cell.notes for cell in table.rows[0].cells] == [(), (1,), (1,)]
    assert "– no value" in table.caption


def test_a_value_without_a_reason_says_that_none_is_recorded():
    table = paper_table([of(NONE, "A", note="")], ["contact_fraction"])
    assert table.notes == ("no reason is recorded",)


def test_a_note_on_a_value_is_numbered_too():
    table = paper_table(
        [of(CONTACT, "A", note="doubtful: one phase"), of(DEPTH, "A")], ["contact_fraction", DEPTH.metric]
    )
    assert table.notes == ("doubtful: one phase", "a maximum")
    assert table.rows[1].cells[0].notes == (2,)


def test_sections_and_volumes_keep_apart_what_is_defined_otherwise():
    table = paper_table([of(FLAT, "section"), of(SOLID, "stack")], ["crack_density"])
    assert [row.label for row in table.rows] == ["Crack density, P21", "Crack density, P32"]
    assert [[cell.text == "–" for cell in row.cells] for row in table.rows] == [[False, True], [True, False]]
    assert table.notes == ("see Crack density, P32", "see Crack density, P21")


def test_states_of_a_sample_are_columns_of_their_own():
    table = paper_table([of(CONTACT, "A", "pristine"), of(CONTACT, "A", "cycled", value=0.5)], ["contact_fraction"])
    assert [column.title for column in table.columns] == ["A, pristine", "A, cycled"]
    assert paper_table([of(CONTACT, "A cycled", "cycled")], []).columns[0].title == "A cycled"


def test_the_se_region_goes_before_the_whole_picture_and_lines_never_mix_regions():
    whole = Measurement("porosity", 0.10, "1", "porosity/v1", roi="all")
    region = Measurement("porosity", 0.05, "1", "porosity/v1", roi="se_region")
    nowhere = replace(region, value=None, note="no metal body found")
    rows = [of(whole, "A"), of(region, "A"), of(whole, "B"), of(nowhere, "B")]
    table = paper_table(rows, ["porosity"])
    assert texts(table) == [["0.0500", "–"]]
    assert table.rows[0].region == "the SE region"
    assert texts(paper_table(rows[2:], ["porosity"])) == [["0.100"]]


def test_phases_are_lines_of_their_own_and_can_be_picked():
    rows = [
        of(Measurement("phase_fraction", value, "1", "phase_fraction/v1", phase), "A")
        for phase, value in (("Li", 0.3), ("SE", 0.6))
    ]
    assert [row.label for row in paper_table(rows, ["phase_fraction"]).rows] == [
        "Phase fraction, Li",
        "Phase fraction, SE",
    ]
    assert [row.label for row in paper_table(rows, ["phase_fraction:SE", "phase_fraction:SE"]).rows] == [
        "Phase fraction, SE"
    ]


def test_small_values_share_a_power_of_ten_in_the_unit():
    count = Measurement(
        "crack_count_density", 1.21e-6, "1/um3", "crack_count_density/P30/v1", ci_low=0.93e-6, ci_high=1.49e-6
    )
    table = paper_table([of(count, "A"), of(count, "B", value=2.5e-7, ci_low=1e-7, ci_high=4e-7)], [count.metric])
    assert table.rows[0].unit == "10⁻⁶ µm⁻³"
    assert texts(table) == [["1.21 ± 0.28", "0.25 ± 0.15"]]
    assert table.rows[0].cells[0].value == pytest.approx(1.21, rel=1e-15)


def test_the_footnotes_say_definition_n_recipe_and_version():
    table = paper_table([of(CONTACT, "A"), of(CONTACT, "B", n=1234.0)], ["contact_fraction"], version="9.8.7")
    ((head, text),) = table.definitions
    assert head == "Contact fraction (n = 640; 1\N{NO-BREAK SPACE}234)"
    assert DEFINITIONS["contact_fraction/v1"].rstrip(".") in text
    assert text.startswith("over the interface: ")
    assert text.endswith("[contact_fraction/v1].")
    assert table.provenance == "Measured with micro 9.8.7; recipe abc123."
    other = paper_table([of(CONTACT, "A"), replace(of(CONTACT, "B"), recipe_hash="d4")], ["contact_fraction"])
    assert other.provenance == "Measured with micro (version not recorded); recipe A: abc123; B: d4."


def test_one_sentence_stands_for_all_metrics_of_a_definition():
    rows = [
        of(Measurement("layer_thickness_mean", value, "um", "layer_thickness/v1", phase, n=n), "A")
        for phase, value, n in (("Li", 6.0, 320.0), ("SE", 20.0, 300.0))
    ]
    ((head, _),) = paper_table(rows, ["layer_thickness_mean"]).definitions
    assert head == "Layer thickness mean, Li (n = 320); Layer thickness mean, SE (n = 300)"


def test_an_unknown_metric_is_left_out_or_refused_with_the_known_ones():
    rows = [of(CONTACT, "A"), of(DEPTH, "A")]
    assert paper_table(rows, ["kontakt"]).rows == ()
    with pytest.raises(UnknownNameError, match=r"'kontakt' .*known: contact_fraction, dendrite_depth_max$"):
        paper_table(rows, ["kontakt"], strict=True)


def test_a_definition_of_another_package_needs_no_sentence_here():
    row = Measurement("my_metric", 1.5, "um", "my_metric/v1")
    ((_, text),) = paper_table([of(row, "A")], ["my_metric"]).definitions
    assert text == "over the whole picture: defined by the package that measures it [my_metric/v1]."
