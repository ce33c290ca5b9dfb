"""Event listeners and timers that destroy the proxies of their Python functions."""

import js

from pyodide.ffi import create_once_callable, create_proxy

__all__ = [
    "add_event_listener",
    "clear_interval",
    "clear_timeout",
    "remove_event_listener",
    "set_interval",
    "set_timeout",
]

# (element's js_id, event) -> [(listener, its proxy)]; a listener that was added twice is there twice.
_listeners = {}

# What identifies a running timer -> its proxy. Timeouts and intervals share their numbers.
_timers = {}


def add_event_listener(elt, event, listener):
    """Call a Python function whenever an event happens.

    :param elt: what has ``addEventListener``, a ``JsProxy``.
    :param event: the event's name, a ``str``.
    :param listener: called with the event; or an object with a method ``handleEvent``.
    """
    added = _listeners.setdefault((elt.js_id, event), [])
    proxy = create_proxy(listener)
    try:
        elt.addEventListener(event, proxy)
    except BaseException:
        proxy.destroy()
        raise
    added.append((listener, proxy))


def remove_event_listener(elt, event, listener):
    """Undo one :func:`add_event_listener` with equal arguments.

    :raises KeyError: if there is none.
    """
    key = elt.js_id, event
    added = _listeners.get(key, [])
    for index, (candidate, proxy) in enumerate(added):
        if candidate == listener:
            break
    else:
        raise KeyError(f"{listener!r} does not listen to {event!r} of {elt!r}")
    elt.removeEventListener(event, proxy)
    del added[index]
    if not added:
        del _listeners[key]
    proxy.destroy()


def _key(timer):
    # Browsers give numbers, Node objects.
    return getattr(timer, "js_id", timer)


def set_timeout(callback, timeout):
    """Call a Python function once, later.

    :param callback: called without arguments.
    :param timeout: milliseconds, a number.
    :returns: what :func:`clear_timeout` takes: an ``int``, or in Node a ``JsProxy``.
    :raises TypeError: if ``callback`` is not callable.
    """
    _check(callback)

    def fire():
        # From here on clear_timeout must not destroy the proxy, which does so itself.
        del _timers[_key(timer)]
        return callback()

    proxy = create_once_callable(fire)
    timer = js.setTimeout(proxy, timeout)
    _timers[_key(timer)] = proxy
    return timer


def set_interval(callback, interval):
    """Call a Python function again and again.

    :param callback: called without arguments.
    :param interval: milliseconds from one call to the next, a number.
    :returns: what :func:`clear_interval` takes: an ``int``, or in Node a ``JsProxy``.
    :raises TypeError: if ``callback`` is not callable.
    """
    _check(callback)
    proxy = create_proxy(callback)
    timer = js.setInterval(proxy, interval)
    _timers[_key(timer)] = proxy
    return timer


def _check(callback):
    if not callable(callback):
        raise TypeError(f"the callback must be callable, not {type(callback).__name__}")


def clear_timeout(timeout_retval):
    """Call off what :func:`set_timeout` returned this for; nothing happens if it has run."""
    js.clearTimeout(timeout_retval)
    _destroy(timeout_retval)


def clear_interval(interval_retval):
    """End what :func:`set_interval` returned this for; nothing happens if it was ended before."""
    js.clearInterval(interval_retval)
    _destroy(interval_retval)


def _destroy(timer):
    proxy = _timers.pop(_key(timer), None)
    if proxy is not None:
        proxy.destroy()
