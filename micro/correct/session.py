"""Labels that are being corrected by hand: automatic labels, journal and overlay in one."""

from __future__ import annotations

import itertools
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

import micro
from micro.blocks import Region, Shape
from micro.correct.identity import identify
from micro.correct.journal import Journal, Record, read_records
from micro.correct.lock import Lock, is_locked
from micro.correct.log import Log, Logged
from micro.correct.overlay import DamagedOverlay, Overlay
from micro.correct.patch import Change, Edit, Patch, changed
from micro.errors import JournalError, OutputError, ParameterError, ShapeMismatchError
from micro.model import Labels

__all__ = ["JOURNAL_NAME", "Correction", "Recovery", "corrections_folder", "holds_corrections"]

JOURNAL_NAME = "journal.bin"
_FLUSH_RECORDS = 2000


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found at the opening.

    Parameters
    ----------
    edits
        Edits that count.
    replayed
        Entries of the journal that were not in the overlay yet and were replayed: not zero after a crash.
    cut_bytes
        Bytes of an entry that was being written when the process ended; they were cut.
    """

    edits: int
    replayed: int
    cut_bytes: int


def corrections_folder(labels: Path) -> Path:
    """Return where the corrections of a label file or folder lie: beside it.

    Examples
    --------
    >>> corrections_folder(Path("cell 3") / "labels.ome.zarr").name
    'labels.ome.zarr.corrections'
    """
    return labels.with_name(f"{labels.name}.corrections")


def holds_corrections(folder: Path) -> bool:
    """Return whether a folder of corrections holds any, or is open for them; a damaged journal counts.

    Examples
    --------
    >>> holds_corrections(Path("nowhere.corrections"))
    False
    """
    try:
        _, records = read_records(folder / JOURNAL_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, JournalError):
        return True
    return bool(records) or is_locked(folder)


class Correction:
    """Labels under correction: every edit is in the journal on the disk before it shows.

    The automatic labels are never written. The folder holds the journal, from which everything else can be made anew;
    the overlay, which keeps the chunks that were touched; and a lock. Undo and redo are entries of the journal, so they
    work on what was done in earlier sessions. Where nothing was ever edited, closing takes the files away again.

    Parameters
    ----------
    labels
        The automatic labels, lazily.
    folder
        Where the corrections are kept, by custom `corrections_folder`; made if it is not there.
    cache_bytes
        Memory for chunks.

    Raises
    ------
    JournalError
        If the journal belongs to other labels, or is damaged before its end.
    OutputError
        If another writer has it open, or the folder can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from micro.model import Spacing
    >>> automatic = Labels(np.full((4, 5, 6), 2, np.uint8), Spacing.parse("50,25,25nm"))
    >>> folder = Path(tempfile.mkdtemp()) / "labels.corrections"
    >>> with Correction(automatic, folder) as correction:
    ...     _ = correction.apply(Edit("paint", [Patch((1, 1, 1), np.full((1, 2, 2), 3, np.uint8))]))
    >>> with Correction(automatic, folder) as correction:
    ...     after = correction.read(np.s_[1:2, 1:2, 0:3]).ravel().tolist()
    ...     _ = correction.undo()
    ...     after, correction.read(np.s_[1:2, 1:2, 0:3]).ravel().tolist()
    ([2, 3, 3], [2, 2, 2])
    """

    def __init__(self, labels: Labels, folder: Path, *, cache_bytes: int = 2**27) -> None:
        self.automatic = labels
        self.folder = Path(folder)
        self.identity = identify(labels)
        self._guard = threading.RLock()
        self._stale = False
        self._flushed = 0
        self._lock = Lock(self.folder)
        try:
            header = {"format": 1, "id": uuid.uuid4().hex, "micro": micro.__version__}
            self._journal = Journal(self.folder / JOURNAL_NAME, {**header, "labels": self.identity.as_dict()})
        except BaseException:
            self._lock.release()
            raise
        try:
            self.identity.check(self._journal.header, self.folder)
            torn = self._journal.cut()
            self.log = Log(self._journal.records)
            self._overlay = Overlay(
                self.folder / "overlay", labels.data, journal_id=self.journal_id, cache_bytes=cache_bytes
            )
            replayed = self._catch_up()
        except BaseException:
            self._journal.close()
            self._lock.release()
            raise
        self._flushed = self.records
        self.recovery = Recovery(len(self.log.active), replayed, torn)

    def __enter__(self) -> Correction:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        try:
            self.close()
        except OutputError:
            if kind is None:
                raise

    @property
    def shape(self) -> Shape:
        """Voxels along z, y and x."""
        return self.automatic.shape

    @property
    def journal_id(self) -> str:
        """What tells this journal from others."""
        return str(self._journal.header["id"])

    @property
    def revision(self) -> int:
        """Grows with every entry of the journal; see `apply`."""
        return self._journal.end

    @property
    def records(self) -> int:
        """Number of entries of the journal."""
        return len(self._journal.records)

    @property
    def behind(self) -> int:
        """Entries of the journal since the last `flush`: what an opening after a crash would replay."""
        return self.records - self._flushed

    def read(self, region: Region) -> NDArray[np.uint8]:
        """Return the corrected values of a region: three plain slices within the volume. A copy."""
        with self._guard:
            self._heal()
            try:
                return self._overlay.read(region)
            except DamagedOverlay:
                self._overlay.clear()
                self._catch_up()
                return self._overlay.read(region)

    def apply(
        self, edit: Edit, *, stroke: int | None = None, revision: int | None = None, sync: bool = True
    ) -> Logged | None:
        """Write an edit to the journal, then show it; return it, or None where it changes nothing.

        Parameters
        ----------
        edit
            The tool and its patches; they are read once, one after the other.
        stroke
            Number of the edit that an earlier call returned, to which this one is added if it is still the last one:
            the stamps of one stroke are undone together.
        revision
            The `revision` at which the patches were made; anything that happened in between is an error.
        sync
            Wait for the disk. Without it the edit outlives this process, but not a loss of power; to be followed by
            `sync` or by an edit with it.

        Raises
        ------
        OutputError
            If the journal can't be written or was closed: then nothing was changed.
        ShapeMismatchError
            If a patch reaches beyond the volume.
        ParameterError
            If the labels are not at ``revision`` any more.
        """
        with self._guard:
            self._check_open(edit.tool)
            self._heal()
            if revision is not None and revision != self.revision:
                raise ParameterError(
                    f"{edit.tool}: the labels were changed while it was at work; nothing was changed, do it again"
                )
            changes = self._changes(edit)
            first = next(changes, None)
            if first is None:
                return None
            last = self.log.to_undo
            joins = last is not None and last.number == stroke and self.log.to_redo is None
            content: dict[str, Any] = {"edit": stroke if joins else self.log.next_number, "tool": edit.tool}
            content |= {"parameters": dict(edit.parameters), "time": _now()}
            record = self._journal.append(content, itertools.chain([first], changes), sync=sync)
            self._follow(record)
            return self.log.to_undo

    def undo(self) -> Logged | None:
        """Take back the last edit that counts, whenever it was made; return it, or None where there is none."""
        return self._step("undo")

    def redo(self) -> Logged | None:
        """Bring back the edit that was undone last; return it, or None where there is none."""
        return self._step("redo")

    def sync(self) -> None:
        """Wait until all edits lie on the disk."""
        with self._guard:
            self._journal.sync()

    def flush(self) -> None:
        """Bring the overlay up to the journal, so that the next opening has nothing to replay."""
        with self._guard:
            self._heal()
            if self._overlay.applied != self._journal.end:
                self._journal.sync()
                self._overlay.flush(self._journal.end)
                self._flushed = self.records

    def close(self) -> None:
        """Flush, and let the next writer in; the journal is complete at any time without it."""
        with self._guard:
            try:
                if self._lock.held:
                    self.flush()
            finally:
                self._journal.close()
                unused = self._lock.held and not self.records
                if unused:
                    shutil.rmtree(self.folder / "overlay", ignore_errors=True)
                    with suppress(OSError):
                        self._journal.path.unlink(missing_ok=True)
                self._lock.release(remove=unused)

    def touched(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Yield the automatic and the corrected values of every chunk that was touched."""
        from micro.blocks import read_region

        for key in sorted(self._overlay.keys):
            region = self._overlay.region_of(key)
            yield np.asarray(read_region(self.automatic.data, region)), self.read(region)

    def lazy(self) -> da.Array:
        """Return the corrected labels as a dask array, to be computed while this is open and not edited."""
        from micro.correct.array import CorrectedArray

        meta = np.empty((0, 0, 0), np.uint8)
        return da.from_array(CorrectedArray(self), chunks=(128, 512, 512), name=False, asarray=True, meta=meta)

    def _changes(self, edit: Edit) -> Iterator[Change]:
        for patch in edit.patches:
            self._check(edit.tool, patch)
            change = changed(patch.start, self.read(patch.region), patch.values)
            if change is not None:
                yield change

    def _check(self, tool: str, patch: Patch) -> None:
        inside = all(s.start >= 0 and s.stop <= n for s, n in zip(patch.region, self.shape, strict=True))
        if not inside or patch.values.dtype != np.uint8:
            raise ShapeMismatchError(
                f"{tool}: a patch of {patch.values.dtype} at {patch.start} of shape {patch.values.shape} in labels of "
                f"shape {self.shape}; expected uint8 within them"
            )

    def _check_open(self, what: str) -> None:
        if not self._lock.held:
            raise OutputError(f"{what}: the corrections in {self.folder} were closed meanwhile; nothing was changed")

    def _step(self, what: str) -> Logged | None:
        with self._guard:
            self._check_open(what)
            self._heal()
            edit = self.log.to_undo if what == "undo" else self.log.to_redo
            if edit is not None:
                record = self._journal.append({what: edit.number, "time": _now()})
                self._follow(record)
            return edit

    def _follow(self, record: Record) -> None:
        """Take a record that is in the journal into log and overlay."""
        self.log.take(record)
        self._stale = True
        try:
            self._show(record)
        except DamagedOverlay:
            self._overlay.clear()
            self._catch_up()
        self._stale = False
        if self.behind >= _FLUSH_RECORDS:
            self.flush()

    def _show(self, record: Record) -> None:
        number = record.content.get("undo") or record.content.get("redo")
        if number is None:
            targets = [record]
        else:
            targets = [one for one in self.log.edits[number - 1].records if one.stop <= record.start]
        backwards = "undo" in record.content
        for target in reversed(targets) if backwards else targets:
            for change in self._journal.changes(target):
                self._overlay.put(change, backwards=backwards)

    def _heal(self) -> None:
        """Show again what an earlier failure of the overlay left out."""
        if self._stale:
            self._catch_up()
            self._stale = False

    def _catch_up(self) -> int:
        """Replay what the overlay has not seen; values are absolute, so that seeing an entry twice does no harm."""
        ends = {record.stop for record in self._journal.records}
        if self._overlay.applied and self._overlay.applied not in ends:
            self._overlay.clear()
        waiting = [record for record in self._journal.records if record.stop > self._overlay.applied]
        try:
            for record in waiting:
                self._show(record)
        except DamagedOverlay:
            self._overlay.clear()
            return self._catch_up()
        if waiting:
            self._overlay.flush(self._journal.end)
        return len(waiting)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
