"""Travel times kept between runs, named by the hash of everything they depend on: stale ones are simply not found."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from torni.core import places
from torni.engines.travel import Seconds

if TYPE_CHECKING:
    from torni.network.region import Network

ENGINE = "4"  # raise when the travel engine's answers change
FEWEST_POINTS = 10  # a tried place or two are found again faster than read
MOST_BYTES = 400_000_000  # a matrix larger than this is computed anew rather than kept


class Stored:
    """The kept times of one region's cells by one mode. A folder that cannot be written is only slower."""

    def __init__(self, network: Network, mode: str) -> None:
        basis = [ENGINE, network.data_versions["population"], network.data_versions["roads"], repr(network.mode(mode)),
                 str(len(network.population.x)), ",".join(network.municipality_codes)]  # fmt: skip
        self.basis = hashlib.sha256("|".join(basis).encode()).hexdigest()
        self.cells = len(network.population.x)
        # Assumptions tried once (explain's effects) are not worth keeping.
        self.keeps = mode not in network.modes

    def nearest(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Seconds | None:
        return self._read("nearest", _sorted(x, y), (self.cells,))

    def keep_nearest(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], seconds: Seconds) -> Seconds:
        return self._write("nearest", _sorted(x, y), seconds)

    def matrix(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Seconds | None:
        """Units x cells."""
        return self._read("matrix", np.column_stack([x, y]), (len(x), self.cells))

    def keep_matrix(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], columns: Seconds) -> Seconds:
        return (
            self._write("matrix", np.column_stack([x, y]), columns)
            if len(x) >= FEWEST_POINTS and columns.nbytes <= MOST_BYTES
            else columns
        )

    def joined(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """How residents and units meet the streets (see `torni.network.joined`)."""
        return self._read("joined", np.column_stack([x, y]), (6,), np.float64)

    def keep_joined(
        self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        return self._write("joined", np.column_stack([x, y]), counts)

    def _path(self, what: str, points: npt.NDArray[np.float64]) -> Path:
        name = hashlib.sha256(self.basis.encode() + what.encode() + points.tobytes()).hexdigest()[:32]
        return places.cache() / f"{what}-{name}.npy"

    def _read(
        self, what: str, points: npt.NDArray[np.float64], shape: tuple[int, ...], kind: Any = np.uint16
    ) -> npt.NDArray[Any] | None:
        if not self.keeps:
            return None
        try:
            with self._path(what, points).open("rb") as file:
                found = np.lib.format.read_array(file, allow_pickle=False)
        except (
            OSError,
            ValueError,
            EOFError,
            MemoryError,
        ):  # cut short, or none of ours: found again, and written over
            return None
        return found if found.shape == shape and found.dtype == kind else None

    def _write(self, what: str, points: npt.NDArray[np.float64], seconds: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.keeps:
            path = self._path(what, points)
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, temporary = tempfile.mkstemp(dir=path.parent)
                with os.fdopen(handle, "wb") as file:
                    np.save(file, seconds, allow_pickle=False)
                os.replace(temporary, path)
        return seconds


def _sorted(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The set of points in one order, so that equal sets have one name."""
    return np.unique(np.column_stack([x, y]), axis=0)
