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

__all__ = [
    "PyodideFuture",
    "PyodideTask",
    "WebLoop",
    "WebLoopPolicy",
    "future_of",
    "settle",
]


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


class _PromiseMethods:
    """What JavaScript's promises have, so that code need not know which of the two it was given."""

    def then(self, onfulfilled=None, onrejected=None):
        """A future for what a callback makes of the result (or of the error).

        :param onfulfilled: called with the result; it may return an awaitable.
        :param onrejected: called with the exception; it may return an awaitable.
        """
        result = self.get_loop().create_future()

        async def follow():
            try:
                try:
                    value = await self
                except Exception as error:
                    if onrejected is None:
                        raise
                    value = onrejected(error)
                else:
                    if onfulfilled is not None:
                        value = onfulfilled(value)
                if inspect.isawaitable(value):
                    value = await value
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(value)

        asyncio.ensure_future(follow())
        return result

    def catch(self, onrejected, /):
        """A future for the result, or for what a callback makes of the error."""
        return self.then(None, onrejected)

    def finally_(self, onfinally, /):
        """A future for the result that is done after a callback has run."""

        async def run(outcome):
            value = onfinally()
            if inspect.isawaitable(value):
                await value
            if isinstance(outcome, _Failed):
                raise outcome.error
            return outcome

        return self.then(run, lambda error: run(_Failed(error)))


class _Failed:
    def __init__(self, error):
        self.error = error


class PyodideFuture(asyncio.Future, _PromiseMethods):
    """A future with the methods of a promise."""


class PyodideTask(asyncio.Task, _PromiseMethods):
    """A task with the methods of a promise."""


def _make_task(loop, coro, **options):
    return PyodideTask(coro, loop=loop, **options)


class WebLoop(asyncio.BaseEventLoop):
    """The event loop of this interpreter.

    :param hosted: whether JavaScript drives the loop.
    """

    def __init__(self, *, hosted=False):
        super().__init__()
        self.hosted = hosted
        self._selector = _Sleeper(self)
        self._wake_time = None
        self.set_task_factory(_make_task)

    def create_future(self):
        return PyodideFuture(loop=self)

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
        # Not by calling them: the result must outlive the call.
        if error is None:
            _ferropy.operate("call", resolve, future.result())
        else:
            _ferropy.operate("call", reject, _ferropy.js_error(error))

    asyncio.ensure_future(awaitable).add_done_callback(done)


def future_of(promise):
    """An asyncio future for a JavaScript promise.

    :raises TypeError: if the value has no ``then`` method.
    """
    if asyncio.isfuture(promise):
        return promise
    if not isinstance(promise, _ferropy.JsProxy):
        # A JavaScript function may give the value at once.
        future = events.get_event_loop().create_future()
        future.set_result(promise)
        return future
    future = events.get_event_loop().create_future()

    def fulfilled(value=None):
        if not future.done():
            future.set_result(value)

    def rejected(reason=None):
        if not future.done():
            future.set_exception(_ferropy.exception(reason))

    _ferropy.operate("settle", promise, fulfilled, rejected)
    return future


def async_iterator(iterable):
    """``iterable[Symbol.asyncIterator]()`` of JavaScript."""
    return _ferropy.operate("async_iterator", iterable)


def async_next(iterator):
    """A future for the next value of a JavaScript async iterator."""
    future = future_of(_ferropy.operate("asend", iterator, None))
    return asyncio.ensure_future(step_of(future))


async def step_of(future):
    """The value of a step of a JavaScript async iterator.

    :raises StopAsyncIteration: at the end.
    :raises TypeError: if the step is no object with ``done``.
    """
    step = await future
    if not isinstance(step, _ferropy.JsProxy) or not hasattr(step, "done"):
        raise TypeError(f"the result of a JavaScript async iterator should be an object with done, not {step!r}")
    if step.done:
        raise StopAsyncIteration(step.value if hasattr(step, "value") else None)
    return step.value if hasattr(step, "value") else None


async def resume(generator, method, argument):
    """Call ``__anext__``, ``asend`` or ``athrow`` of a Python async generator for JavaScript."""
    if method == "__anext__":
        return await generator.__anext__()
    return await getattr(generator, method)(argument)


_install()
