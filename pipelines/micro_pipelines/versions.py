"""Versions of everything that takes part in a number."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import micro

__all__ = ["versions"]

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-image",
    "tifffile",
    "zarr",
    "dask",
    "numba",
    "connected-components-3d",
    "edt",
    "pandas",
    "matplotlib",
    "onnxruntime",
)


def versions() -> dict[str, str]:
    """Return the versions of micro, Python, the platform and the packages that compute.

    Examples
    --------
    >>> "numpy" in versions()
    True
    """
    found = {"micro": micro.__version__, "python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
