"""Whatever changes in small files changes the fingerprint."""

import pytest

from micro.io import fingerprint


@pytest.mark.parametrize("which", range(4))
def test_every_byte_of_small_files_counts_whichever_file_it_is_in(which, tmp_path):
    files = [tmp_path / f"Würfel {n}" for n in range(4)]
    for file in files:
        file.write_bytes(bytes(50_000))
    before = fingerprint(files)
    changed = bytearray(files[which].read_bytes())
    changed[40_000] = 1
    files[which].write_bytes(changed)
    assert fingerprint(files) != before


def test_the_whole_is_the_same_however_it_is_cut_by_large_pieces(tmp_path):
    # 3 MB in two files: more than 32 pieces of 64 KB, so that there are gaps; pieces run over the border.
    content = bytes(range(256)) * 12_000
    files = [tmp_path / "a", tmp_path / "b"]
    files[0].write_bytes(content[:1_000_000])
    files[1].write_bytes(content[1_000_000:])
    before = fingerprint(files)
    files[1].write_bytes(b"\1" + content[1_000_001:])
    step = len(content) // 32
    read = (1_000_000 % step) < 2**16
    assert (fingerprint(files) != before) == read
