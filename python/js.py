"""The JavaScript global scope (or `jsglobals` of `loadPyodide`), which takes this module's place."""

import _ferropy

from pyodide._modules import take_place

take_place(__name__, _ferropy.js, globals())
