"""Work on thousands of small files, shared among processes.

Opening, reading and compressing a small file is mostly Python's own work, of which only one thread does any
at a time: two threads take longer to hash such files than one.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import signal
from contextlib import ExitStack, suppress
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

_AHEAD: Final = 1 << 20  # bytes of results that wait to be taken; then a process pauses
_In = TypeVar("_In")
_Out = TypeVar("_Out")


def in_processes(
    function: Callable[[_In], _Out], items: Sequence[_In], processes: int
) -> Generator[_Out, None, None]:
    """Apply `function` in `processes` processes, each a little ahead, and yield the results in order.

    What the function raises is raised here. The processes are forked, so nothing is copied on the way to
    them; results are on the way back. A process that cannot be started, or is killed, costs no more than
    time: its share is worked on here. The end of the iteration ends the processes.
    """
    count = min(processes, len(items))
    shares: list[_Share[_In, _Out]] = []
    with ExitStack() as stack:
        for number in range(count):
            share = _Share(function, islice(items, number, None, count), inherited=shares)
            shares.append(stack.enter_context(share))
        for index, item in enumerate(items):
            yield shares[index % count].take(item)


class _Share(Generic[_In, _Out]):
    """Some of the items, and the process that works on them."""

    def __init__(
        self, function: Callable[[_In], _Out], items: Iterable[_In], *, inherited: Sequence[_Share[_In, _Out]]
    ) -> None:
        self._function = function
        self._process = 0
        self._results: BinaryIO | None = None
        reader, writer = os.pipe()
        try:
            self._process = os.fork()
        except OSError:  # the container's limit of processes, or of memory
            os.close(reader)
        else:
            self._results = os.fdopen(reader, "rb")
            if not self._process:
                _work(function, items, writer, inherited=[self, *inherited])
        os.close(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)

    def leave(self) -> None:
        """Expect no more of the process."""
        if self._results:
            self._results.close()
            self._results = None

    def take(self, item: _In) -> _Out:
        """Return the result for the next item of the share, or raise what the function raised for it."""
        if self._results:
            try:
                done, result = pickle.load(self._results)  # noqa: S301 - this process's own child wrote it
            except (EOFError, pickle.UnpicklingError):  # it was killed
                self.leave()
            else:
                if not done:
                    raise result
                return cast("_Out", result)
        return self._function(item)


def _work(
    function: Callable[[_In], _Out],
    items: Iterable[_In],
    writer: int,
    *,
    inherited: Sequence[_Share[_In, _Out]],
) -> None:
    """Write the result for each item, in a process of its own, which ends here."""
    try:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        for share in inherited:  # or no process would notice that the parent has gone
            share.leave()
        gc.freeze()  # what is shared with the parent stays shared
        with suppress(OSError):  # more than this user may have
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _AHEAD)
        with os.fdopen(writer, "wb") as results:
            for item in items:
                pickle.dump(_outcome(function, item), results, pickle.HIGHEST_PROTOCOL)
                results.flush()
    finally:
        os._exit(0)


def _outcome(function: Callable[[_In], _Out], item: _In) -> tuple[bool, _Out | Exception]:
    try:
        return True, function(item)
    except Exception as error:  # noqa: BLE001 - raised again by who takes the result
        return False, error
