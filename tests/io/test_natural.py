import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from micro.io.natural import natural_key, natural_sorted


def test_numbers_count_as_numbers_even_in_the_middle():
    names = ["Zelle_2_b.tif", "Zelle_10_a.tif", "Zelle_2_a.tif", "Zelle_1.tif", "Zelle_010_a.tif"]
    ordered = [path.name for path in natural_sorted(Path(name) for name in names)]
    assert ordered == ["Zelle_1.tif", "Zelle_2_a.tif", "Zelle_2_b.tif", "Zelle_010_a.tif", "Zelle_10_a.tif"]


@given(st.lists(st.text(min_size=1), unique=True), st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_order_given(names: list[str], rng: random.Random):
    shuffled = rng.sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)
