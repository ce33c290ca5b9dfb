"""The object that `loadPyodide` gave, which takes this module's place."""

import _ferropy

from pyodide._modules import take_place

take_place(__name__, _ferropy.operate("api", _ferropy.js), globals())
