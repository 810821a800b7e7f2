"""Every error is a MicroError, and what it is in Python's own terms."""

from __future__ import annotations

import inspect

import pytest

from micro import errors

BUILTIN = {
    "CalibrationError": ValueError,
    "MissingCalibrationError": ValueError,
    "InputMissingError": FileNotFoundError,
    "JournalError": ValueError,
    "UnreadableFileError": OSError,
    "UnsupportedFormatError": ValueError,
    "ColourImageError": ValueError,
    "ShapeMismatchError": ValueError,
    "ImageContentError": ValueError,
    "PhaseError": ValueError,
    "ParameterError": ValueError,
    "RecipeError": ValueError,
    "ManifestError": ValueError,
    "MissingPackageError": ImportError,
    "UnknownNameError": LookupError,
    "AmbiguousNormalError": ValueError,
    "OutputError": OSError,
    "ClusterError": RuntimeError,
}


@pytest.mark.parametrize(("name", "builtin"), BUILTIN.items())
def test_leaves_are_caught_as_what_they_are(name: str, builtin: type[Exception]) -> None:
    leaf = getattr(errors, name)
    assert issubclass(leaf, errors.MicroError)
    assert issubclass(leaf, builtin)
    with pytest.raises(builtin, match="one line"):
        raise leaf("one line")


def test_no_error_is_left_out_of_the_public_names() -> None:
    defined = {name for name, thing in vars(errors).items() if inspect.isclass(thing)}
    assert defined == set(errors.__all__) == {*BUILTIN, "MicroError"}


def test_a_file_error_keeps_its_message_whole() -> None:
    # FileNotFoundError takes (errno, text) apart; one argument has to stay the message
    assert str(errors.InputMissingError("no file at a.tif; check the path")) == "no file at a.tif; check the path"
