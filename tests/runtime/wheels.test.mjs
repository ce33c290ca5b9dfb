/** Wheels that strangers published for this platform: each is loaded unchanged and does real work. */
import { test } from '../harness/body.mjs';

const QUIET = { messageCallback: () => {}, errorCallback: () => {} };

/** One test per wheel set; the body gets an instance with the set loaded. */
function wheel(set, code, { timeout = 180, prepare, skip } = {}) {
  test(`${set} works`, { timeout, wheels: [set], skip }, async (load, t) => {
    const py = await load({});
    await py.loadPackage(t.wheelUrls(set), QUIET);
    await prepare?.(py, t);
    const answer = py.runPython(code);
    t.equal(answer, true, `${set} gave another answer`);
  });
}

wheel('msgpack', `
import msgpack
from msgpack import _cmsgpack
value = {"list": [1, 2.5, None, True, "é🐍", b"raw"], "big": 2**63, "neg": -(2**31), "nested": {"k": [{}]}}
packed = msgpack.packb(value)
unpacker = msgpack.Unpacker()
for i in range(0, len(packed), 3):
    unpacker.feed(packed[i:i+3])
ext = msgpack.unpackb(msgpack.packb(msgpack.ExtType(5, b"x")))
msgpack.unpackb(packed) == value == next(unpacker) and ext == msgpack.ExtType(5, b"x") and msgpack.packb([1, 2, 3]) == b"\\x93\\x01\\x02\\x03" and msgpack.Packer is _cmsgpack.Packer`);

wheel('bitarray', `
import bitarray, bitarray.util as u
a = bitarray.bitarray("1101") * 1000
primes = bitarray.bitarray(1000); primes.setall(True); primes[:2] = False
for i in range(2, 32):
    if primes[i]: primes[i*i::i] = False
a.count() == 3000 and primes.count() == 168 and u.ba2int(bitarray.bitarray("11111111")) == 255 and u.hex2ba("f0").to01() == "11110000"`);

wheel('python-calamine', `
import python_calamine
book = python_calamine.CalamineWorkbook.from_path("/tmp/fruit.xlsx")
rows = book.get_sheet_by_name("Fruit").to_python()
book.sheet_names == ["Fruit"] and rows[0] == ["name", "count", "price"] and rows[1][0] == "apple" and float(rows[2][1]) == 7.0 and float(rows[1][2]) == 1.5`, {
  prepare: async (py, t) => py.FS.writeFile('/tmp/fruit.xlsx', await t.asset('fruit.xlsx')),
});

wheel('librt', `
import librt.base64, librt.internal
import base64
data = bytes(range(256)) * 10
librt.base64.b64encode(data) == base64.b64encode(data) and librt.base64.b64decode(base64.b64encode(data)) == data`);

test('mypy finds the error in a file and names it', { timeout: 420, wheels: ['mypy'] }, async (load, t) => {
  const py = await load({});
  await py.loadPackage(t.wheelUrls('mypy'), QUIET);
  py.FS.writeFile('/tmp/checked.py', 'def double(x: int) -> int:\n    return x * 2\n\n\nresult: str = double(21)\ndouble("no")\n');
  const report = py.runPython(`
import os
os.chdir("/tmp")
from mypy import api
import mypy.build
out, err, status = api.run(["--no-incremental", "--cache-dir=/dev/null", "checked.py"])
f"{status}|{mypy.build.__file__.rsplit('.', 1)[-1]}|{out}|{err}"`);
  t.match(report, /^1\|so\|/, 'the compiled mypy, exit status 1');
  t.match(report, /checked\.py:5: error: Incompatible types in assignment \(expression has type "int", variable has type "str"\)/);
  t.match(report, /checked\.py:6: error: Argument 1 to "double" has incompatible type "str"; expected "int"/);
  t.match(report, /Found 2 errors in 1 file/);
});

wheel('rich', `
import io
from rich.console import Console
from rich.table import Table
from rich.syntax import Syntax
out = io.StringIO()
console = Console(file=out, width=40, force_terminal=True, color_system="truecolor")
table = Table(title="Fruit"); table.add_column("name"); table.add_column("n", justify="right"); table.add_row("apple", "3")
console.print(table); console.print("[bold red]warn[/]"); console.print(Syntax("def f(): pass", "python"))
text = out.getvalue()
"apple" in text and "\\x1b[1;31mwarn" in text and "┃" in text`);

wheel('jinja2', `
from jinja2 import Environment, DictLoader, TemplateSyntaxError
env = Environment(loader=DictLoader({"base": "<{% block b %}{% endblock %}>", "page": "{% extends 'base' %}{% block b %}{% for x in xs if x is odd %}{{ loop.index }}:{{ x|string|center(3) }};{% endfor %}{{ html }}{% endblock %}"}), autoescape=True)
try:
    env.from_string("{% if %}"); syntax = False
except TemplateSyntaxError:
    syntax = True
env.get_template("page").render(xs=range(4), html="<b>") == "<1: 1 ;2: 3 ;&lt;b&gt;>" and syntax`);

wheel('sympy', `
from sympy import symbols, integrate, exp, sin, oo, sqrt, pi, Matrix, solve, diff, simplify
x = symbols("x")
gauss = integrate(exp(-x**2), (x, -oo, oo))
parts = integrate(x * sin(x), x)
gauss == sqrt(pi) and simplify(diff(parts, x) - x * sin(x)) == 0 and solve(x**2 - 2, x) == [-sqrt(2), sqrt(2)] and Matrix([[1, 2], [3, 4]]).det() == -2`, {
  timeout: 300,
});

wheel('networkx', `
import networkx as nx
g = nx.petersen_graph()
w = nx.Graph(); w.add_weighted_edges_from([("a", "b", 4), ("a", "c", 1), ("c", "b", 2), ("b", "d", 5)])
tree = nx.minimum_spanning_tree(w)
nx.diameter(g) == 2 and nx.shortest_path(w, "a", "d", weight="weight") == ["a", "c", "b", "d"] and sum(d["weight"] for *_, d in tree.edges(data=True)) == 8 and max(nx.greedy_color(g).values()) >= 2`);

wheel('beautifulsoup4', `
from bs4 import BeautifulSoup
soup = BeautifulSoup("<html><body><p class=a>One<p class='a b'>Two <b>bold</b></p><a href='/x?y=1&amp;z'>link</a>", "html.parser")
[p.get_text() for p in soup.select("p.b")] == ["Two bold"] and soup.a["href"] == "/x?y=1&z" and len(soup.find_all("p")) == 2 and soup.select_one("p > b").string == "bold"`);
