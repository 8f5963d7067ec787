"""Threads for packing, on a machine that may start fewer of them than asked for."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from threading import Event

MANY: Final = 2000
"""Small files from which on processes are quicker than threads, for all that it takes to start them."""

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_In = TypeVar("_In")


class Threads(ThreadPoolExecutor):
    """A pool that makes do with the threads there are, were it only the caller's own.

    Containers limit processes (`pids.max`), and Python then raises RuntimeError in `submit` although the work
    is queued already.
    """

    _any = False
    _none = False

    def submit(
        self,
        function: Callable[_Parameters, _Result],
        /,
        *args: _Parameters.args,
        **kwargs: _Parameters.kwargs,
    ) -> Future[_Result]:
        """Have a thread call the function; without any thread, call it now."""
        future: Future[_Result] = Future()

        def work() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised again for who asks for the result
                future.set_exception(error)

        if self._none:
            work()
            return future
        try:
            super().submit(work)
            self._any = True
        except RuntimeError:
            if not self._any:
                self._none = True
                work()
        return future


def in_threads(
    function: Callable[[_In], _Result], items: Iterable[_In], threads: int, given_up: Event | None = None
) -> Generator[_Result, None, None]:
    """Apply `function` on `threads` threads, a few items ahead, and yield the results in order.

    An exception, or the end of the iteration from outside, drops what has not begun, and sets `given_up` for
    what is under way.
    """
    pending: deque[Future[_Result]] = deque()
    with Threads(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > 2 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            if given_up:
                given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
