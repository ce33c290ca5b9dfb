"""asyncio's event loop on the host's event loop.

In a page, a worker or a script that embeds the interpreter, the host drives the
loop: it is always running, and JavaScript wakes it for callbacks and timers.
When Python is run as a program, the loop drives itself as usual and sleeps
until the next timer. `asyncio` imports this module (patches/cpython), which
installs its loop.
"""

import asyncio
import inspect
import time
import traceback
from asyncio import events

import _ferropy

__all__ = ["WebLoop", "future_of", "settle"]


_LOOP_FILES = {__file__, asyncio.base_events.__file__, events.__file__}


class _Sleeper:
    """What BaseEventLoop takes for a selector: nothing to watch, only time."""

    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        if self._loop.hosted or timeout == 0:
            return []
        if timeout is None:
            raise RuntimeError(
                "the event loop waits for something that only JavaScript can deliver; "
                "use runPythonAsync with top-level await instead of asyncio.run"
            )
        time.sleep(timeout)
        return []

    def close(self):
        pass


def _left_a_coroutine(error):
    """Whether an exception that left the loop came out of a task's coroutine."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename not in _LOOP_FILES:
            return bool(frame.f_code.co_flags & inspect.CO_COROUTINE)
    return False


class WebLoop(asyncio.BaseEventLoop):
    """The event loop of this interpreter.

    :param hosted: whether JavaScript drives the loop.
    """

    def __init__(self, *, hosted=False):
        super().__init__()
        self.hosted = hosted
        self._selector = _Sleeper(self)
        self._wake_time = None

    def call_soon(self, callback, *args, context=None):
        handle = super().call_soon(callback, *args, context=context)
        self._request_wake(0)
        return handle

    def call_soon_threadsafe(self, callback, *args, context=None):
        return self.call_soon(callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        handle = super().call_at(when, callback, *args, context=context)
        self._request_wake(when - self.time())
        return handle

    def close(self):
        if self.hosted:
            # It is the only loop there will ever be, and the host has it.
            return
        super().close()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        self._request_wake(0)

    def _request_wake(self, delay):
        """Ask the host for a wake-up unless one comes early enough anyway."""
        if not self.hosted:
            return
        delay = max(delay, 0)
        when = self.time() + delay
        if self._wake_time is None or when < self._wake_time:
            self._wake_time = when
            _ferropy.wake_after(delay)

    def _on_wake(self):
        self._wake_time = None
        try:
            self._run_once()
        except (KeyboardInterrupt, SystemExit) as error:
            # JavaScript's event loop is no caller that could handle it. A task
            # keeps it for whoever awaits the task.
            if not _left_a_coroutine(error):
                context = {"message": "a callback was ended", "exception": error}
                self.call_exception_handler(context)
        finally:
            if self._ready:
                self._request_wake(0)
            elif self._scheduled:
                self._request_wake(self._scheduled[0].when() - self.time())

    def _start_hosted(self):
        self._run_forever_setup()
        _ferropy.set_waker(self._on_wake)


class WebLoopPolicy(events._BaseDefaultEventLoopPolicy):
    """Makes every new event loop a :class:`WebLoop`."""

    _loop_factory = WebLoop


_host_loop = None


def _install():
    """Make this the event loop of `asyncio`."""
    global _host_loop
    policy = WebLoopPolicy()
    events._set_event_loop_policy(policy)
    if _ferropy.hosted and _host_loop is None:
        _host_loop = WebLoop(hosted=True)
        policy.set_event_loop(_host_loop)
        _host_loop._start_hosted()


def settle(awaitable, resolve, reject):
    """Run an awaitable as a task and tell JavaScript how it ended.

    :param resolve: a JavaScript function, called with the result.
    :param reject: a JavaScript function, called with a ``PythonError``.
    """

    def done(future):
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is None:
            resolve(future.result())
        else:
            reject(_ferropy.js_error(error))

    asyncio.ensure_future(awaitable).add_done_callback(done)


def future_of(promise):
    """An asyncio future for a JavaScript promise.

    :raises TypeError: if the value has no ``then`` method.
    """
    then = getattr(promise, "then", None)
    if then is None:
        raise TypeError(f"{promise!r} is not a promise, so it cannot be awaited")
    future = events.get_event_loop().create_future()

    def fulfilled(value=None):
        if not future.done():
            future.set_result(value)

    def rejected(reason=None):
        if not future.done():
            future.set_exception(_ferropy.exception(reason))

    then(fulfilled, rejected)
    return future


_install()
