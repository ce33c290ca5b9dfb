/** The standard library: everything imports, and what is written in C does real work. */
import { test } from '../harness/body.mjs';

const OURS = { skip: { peer: 'its list is another' } };

test('every module imports, except those that give a reason', { timeout: 180, ...OURS }, async (load, t) => {
  const py = await load({});
  const failed = py.runPython(`
import sys, importlib, json
from _missing_stdlib_info import _MISSING_STDLIB_MODULE_MESSAGES as missing
failed = {}
# These two are there, but do things when imported.
for name in sorted(sys.stdlib_module_names - set(missing) - {"this", "antigravity"}):
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
json.dumps(failed)`);
  t.same(JSON.parse(failed), {});
});

test('the list of missing modules is the truth, and the reason is shown', { timeout: 120, ...OURS }, async (load, t) => {
  const py = await load({});
  const wrong = py.runPython(`
import importlib, traceback
from _missing_stdlib_info import _MISSING_STDLIB_MODULE_MESSAGES as missing
def shows_reason(name):
    try:
        importlib.import_module(name)
    except ImportError as error:
        shown = "".join(traceback.format_exception(error))
        return "is not part of ferropy: " in shown or "Windows-only" in shown
    return False
" ".join(name for name in missing if not shows_reason(name))`);
  t.equal(wrong, '');
  const error = t.throws(() => py.runPython('import tkinter'));
  t.match(error.message, /tkinter.*is not part of ferropy: it needs Tk/);
});

/** Python code whose last expression is true when the module does its work. */
const WORK = {
  zlib: `
import zlib, gzip
data = b"the quick brown fox " * 5000
d = zlib.decompressobj()
pieces = b"".join(d.decompress(zlib.compress(data, 9)[i:i+7]) for i in range(0, len(zlib.compress(data, 9)), 7))
pieces == data and gzip.decompress(gzip.compress(data)) == data and zlib.crc32(b"123456789") == 0xcbf43926 and zlib.adler32(b"abc") == 0x024d0127`,
  bz2: `
import bz2
data = bytes(range(256)) * 500
bz2.decompress(bz2.compress(data)) == data and bz2.compress(data)[:3] == b"BZh"`,
  lzma: `
import lzma
data = b"lzma " * 10000
xz, alone = lzma.compress(data, preset=6), lzma.compress(data, format=lzma.FORMAT_ALONE)
lzma.decompress(xz) == data == lzma.decompress(alone) and xz[:6] == b"\\xfd7zXZ\\0"`,
  zstd: `
from compression import zstd
data = b"zstandard " * 10000
small = zstd.compress(data, level=19)
samples = [f"record {i}: value={i*i}".encode() for i in range(500)]
dictionary = zstd.train_dict(samples, 2000)
with_dict = zstd.compress(samples[7], zstd_dict=dictionary)
zstd.decompress(small) == data and zstd.decompress(with_dict, zstd_dict=dictionary) == samples[7] and small[:4] == b"\\x28\\xb5\\x2f\\xfd"`,
  'zipfile and tarfile': `
import io, zipfile, tarfile
results = []
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z: z.writestr("dir/a.txt", "A" * 1000)
    results.append(zipfile.ZipFile(b).read("dir/a.txt") == b"A" * 1000)
for mode in ("gz", "bz2", "xz", "zst"):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:" + mode) as tar:
        info = tarfile.TarInfo("x"); info.size = 5
        tar.addfile(info, io.BytesIO(b"hello"))
    b.seek(0)
    results.append(tarfile.open(fileobj=b, mode="r:*").extractfile("x").read() == b"hello")
all(results)`,
  sqlite3: `
import sqlite3
db = sqlite3.connect("/tmp/test.db")
db.execute("drop table if exists t")
db.execute("create table t (id integer primary key, name text, data blob)")
db.executemany("insert into t (name, data) values (?, ?)", [(f"n{i}", bytes([i])) for i in range(200)])
db.commit(); db.close()
db = sqlite3.connect("/tmp/test.db")
db.create_function("twice", 1, lambda x: 2 * x)
count = db.execute("select count(*), sum(twice(id)) from t where name like 'n1%'").fetchone()
db.execute("create virtual table docs using fts5(body)")
db.execute("insert into docs values ('wasm and python'), ('something else')")
hits = db.execute("select count(*) from docs where docs match 'python'").fetchone()[0]
window = db.execute("select sum(id) over (order by id rows 1 preceding) from t limit 2").fetchall()
rtree = db.execute("create virtual table r using rtree(id, a, b)") is not None
js = db.execute("select json_extract('{\\"a\\": [1, 2]}', '$.a[1]')").fetchone()[0]
maths = db.execute("select sqrt(16.0)").fetchone()[0]
count == (111, sum(2 * (i + 1) for i in range(200) if str(i).startswith("1"))) and hits == 1 and window == [(1,), (3,)] and js == 2 and maths == 4.0`,
  ctypes: `
import ctypes
class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]
p = Point(3, 4.5)
array = (ctypes.c_int * 5)(5, 2, 4, 1, 3)
CMP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
qsort = ctypes.pythonapi.qsort if hasattr(ctypes.pythonapi, "qsort") else ctypes.CDLL(None).qsort
qsort.restype = None
callback = CMP(lambda a, b: a[0] - b[0])
qsort(array, 5, ctypes.sizeof(ctypes.c_int), callback)
strlen = ctypes.CDLL(None).strlen
ctypes.pythonapi.PyLong_FromLong.restype = ctypes.py_object
list(array) == [1, 2, 3, 4, 5] and p.x + p.y == 7.5 and ctypes.sizeof(Point) == 16 and strlen(b"hello") == 5 and ctypes.pythonapi.PyLong_FromLong(99) == 99 and ctypes.sizeof(ctypes.c_void_p) == 4`,
  'decimal is libmpdec': `
import decimal, _decimal
from decimal import Decimal, getcontext, localcontext
with localcontext() as ctx:
    ctx.prec = 60
    root = str(Decimal(2).sqrt())
    third = Decimal(1) / 3
decimal.Decimal is _decimal.Decimal and decimal.__libmpdec_version__.count(".") == 2 and root.startswith("1.4142135623730950488016887242096980785696718753769480731766") and len(str(third)) == 62 and Decimal("1.10") + Decimal("2.205") == Decimal("3.305")`,
  hashlib: `
import hashlib, hmac
h = {n: hashlib.new(n, b"abc").hexdigest()[:8] for n in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")}
h == {"md5": "90015098", "sha1": "a9993e36", "sha256": "ba7816bf", "sha512": "ddaf35a1", "sha3_256": "3a985da7", "blake2b": "ba80a53f", "blake2s": "508c5e8c"} and hashlib.shake_128(b"").hexdigest(4) == "7f9c2ba4" and hmac.new(b"k", b"m", "sha256").hexdigest()[:6] == hmac.digest(b"k", b"m", "sha256").hex()[:6]`,
  ElementTree: `
import xml.etree.ElementTree as ET, _elementtree, xml.dom.minidom, xml.sax
root = ET.fromstring('<r xmlns:n="u"><a i="1">x</a><a i="2">y&amp;</a><n:b/>ü</r>')
dom = xml.dom.minidom.parseString("<a><b/></a>")
[a.get("i") for a in root.findall("a")] == ["1", "2"] and root[1].text == "y&" and root.find("{u}b") is not None and ET.tostring(root, encoding="unicode").count("<a") == 2 and ET.Element is _elementtree.Element and dom.documentElement.tagName == "a"`,
  zoneinfo: `
import datetime, zoneinfo
utc = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
try:
    ok = utc.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")).hour == 14
except zoneinfo.ZoneInfoNotFoundError as error:
    ok = "Europe/Berlin" in str(error)   # without time zone data: a clear error
ok`,
  unicodedata: `
import unicodedata as u
u.name("🐍") == "SNAKE" and u.normalize("NFD", "é") == "e\\u0301" and u.lookup("GREEK SMALL LETTER ALPHA") == "α" and u.east_asian_width("한") == "W" and u.category("€") == "Sc"`,
  json: `
import json
value = {"a": [1, 2.5, None, True, "é🐍"], "b": {"c": -1e-300}}
json.loads(json.dumps(value)) == value and json.dumps("🐍") == '"\\\\ud83d\\\\udc0d"' and json.loads('[1e400]')[0] == float("inf")`,
  re: `
import re
m = re.fullmatch(r"(?P<y>\\d{4})-(?P<m>\\d\\d)", "2026-11")
m["y"] == "2026" and re.sub(r"(\\w)(\\w)", r"\\2\\1", "abcd") == "badc" and re.findall(r"(?<=a)b+", "abbb ab") == ["bbb", "b"] and re.split(r"[,;]\\s*", "a, b;c") == ["a", "b", "c"] and bool(re.search(r"\\bstraße\\b", "die STRASSE straße", re.I))`,
  datetime: `
import datetime as d, time
now = time.time()
delta = d.date(2026, 3, 1) - d.date(2024, 2, 28)
1.7e9 < now < 5e9 and delta.days == 732 and d.datetime.fromisoformat("2026-11-21T07:30:00+02:00").astimezone(d.UTC).hour == 5 and d.datetime.strptime("21 Nov 2026", "%d %b %Y").isoweekday() == 6 and abs(d.datetime.now().timestamp() - now) < 100`,
  random: `
import random, secrets, os
r = random.Random(42)
[r.randrange(1000) for _ in range(3)] == [654, 114, 25] and os.urandom(16) != os.urandom(16) and len(secrets.token_hex(8)) == 16 and len({random.getrandbits(64) for _ in range(100)}) == 100`,
  uuid: `
import uuid
uuid.uuid5(uuid.NAMESPACE_DNS, "python.org") == uuid.UUID("886313e1-3b8a-5372-9b90-0c9aee199e5d") and uuid.uuid4() != uuid.uuid4() and uuid.uuid7().version == 7 and uuid.uuid1().version == 1`,
  time: `
import time
begin = time.perf_counter(), time.monotonic(), time.process_time()
time.sleep(0.05)
took = time.perf_counter() - begin[0]
0.04 < took < 2 and time.monotonic() > begin[1] and time.strftime("%Y", time.gmtime(0)) == "1970" and time.time_ns() > 1.7e18`,
  'math, cmath, statistics, fractions': `
import math, cmath, statistics, fractions
math.isclose(math.gamma(5), 24) and math.comb(50, 25) == 126410606437752 and abs(cmath.exp(1j * math.pi) + 1) < 1e-15 and statistics.median([3, 1, 2]) == 2 and fractions.Fraction("0.125") == fractions.Fraction(1, 8) and math.fsum([0.1] * 10) == 1.0 and math.isqrt(10**40) == 10**20 and math.fma(2.0, 3.0, 1.0) == 7.0`,
  'struct, array, memoryview': `
import struct, array
struct.unpack("<hIq", struct.pack("<hIq", -2, 4_000_000_000, -(2**62))) == (-2, 4_000_000_000, -(2**62)) and array.array("d", [1, 2]).tobytes() == struct.pack("2d", 1, 2) and memoryview(bytearray(b"abcdef"))[1:5:2].tobytes() == b"bd" and struct.calcsize("P") == 4 and struct.calcsize("l") == 4`,
  'pickle, copy, marshal': `
import pickle, copy, dataclasses, collections
@dataclasses.dataclass
class P:
    x: int
    y: list
p = P(1, [2, {"k": (3,)}])
all(pickle.loads(pickle.dumps(p, n)) == p for n in range(pickle.HIGHEST_PROTOCOL + 1)) and copy.deepcopy(p) == p and copy.deepcopy(p).y is not p.y`,
  'collections, heapq, bisect, itertools, functools': `
import collections, heapq, bisect, itertools, functools
c = collections.Counter("abracadabra")
@functools.lru_cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
c.most_common(1) == [("a", 5)] and heapq.nsmallest(2, [3, 1, 2]) == [1, 2] and bisect.bisect([1, 3, 5], 3) == 2 and list(itertools.batched("abcde", 2))[-1] == ("e",) and fib(200) == 280571172992510140037611932413038677189525`,
  'csv, configparser, tomllib, plistlib': `
import csv, io, configparser, tomllib, plistlib
rows = list(csv.DictReader(io.StringIO('a,b\\n1,"x, y"\\n')))
cp = configparser.ConfigParser(); cp.read_string("[s]\\nk = v")
rows == [{"a": "1", "b": "x, y"}] and cp["s"]["k"] == "v" and tomllib.loads("[t]\\nd = 2026-11-21\\n")["t"]["d"].year == 2026 and plistlib.loads(plistlib.dumps({"a": 1})) == {"a": 1}`,
  'email, html, urllib.parse, base64, binascii': `
import email, html.parser, urllib.parse, base64, binascii
m = email.message_from_string("Subject: =?utf-8?q?h=C3=A9?=\\n\\nbody")
str(email.header.make_header(email.header.decode_header(m["Subject"]))) == "hé" and urllib.parse.urlsplit("https://u@h:1/p?q#f").port == 1 and base64.b85decode(base64.b85encode(b"abc")) == b"abc" and html.unescape("&eacute;&#x1F40D;") == "é🐍" and binascii.crc_hqx(b"a", 0) == 31879`,
  'codecs: all the encodings': `
import encodings.aliases, codecs
samples = {"gb18030": "汉字", "shift_jis": "日本", "euc_kr": "한국", "big5": "漢字", "iso2022_jp": "日本", "cp1252": "€", "koi8_r": "привет", "utf_7": "ü", "punycode": "bücher", "idna": "bücher.example", "utf_16": "🐍", "utf_32": "🐍"}
all(text.encode(name).decode(name) == text for name, text in samples.items()) and codecs.encode("Hello", "rot13") == "Uryyb"`,
  'logging, traceback, inspect, ast, dis, tokenize': `
import logging, io, traceback, inspect, ast, dis, tokenize
stream = io.StringIO(); logger = logging.getLogger("t"); logger.addHandler(logging.StreamHandler(stream)); logger.warning("w %d", 1)
def f(a, *, b: int = 2) -> str: "doc"
stream.getvalue() == "w 1\\n" and str(inspect.signature(f)) == "(a, *, b: int = 2) -> str" and ast.unparse(ast.parse("x=1+2")) == "x = 1 + 2" and any(i.opname.startswith("RETURN") for i in dis.get_instructions(f))`,
  'typing, enum, dataclasses, contextlib, string.templatelib': `
import enum, contextlib, typing
from string.templatelib import Template
class Colour(enum.Flag):
    R = enum.auto(); G = enum.auto()
def gen[T](x: T) -> list[T]: return [x]
name = "world"
template = t"hello {name}"
match {"k": [1, 2, 3]}:
    case {"k": [first, *rest]}: matched = (first, rest)
(Colour.R | Colour.G).value == 3 and gen(1) == [1] and isinstance(template, Template) and template.interpolations[0].value == "world" and matched == (1, [2, 3])`,
  'difflib, textwrap, string, pprint, locale, gettext': `
import difflib, textwrap, pprint, locale
difflib.get_close_matches("appel", ["ape", "apple"])[0] == "apple" and textwrap.fill("a b c d", 3) == "a b\\nc d" and pprint.pformat({"b": 1, "a": 2}) == "{'a': 2, 'b': 1}" and f"{1234567.891:,.2f}" == "1,234,567.89" and locale.localeconv()["decimal_point"] == "."`,
  'weakref, gc, sys': `
import weakref, gc, sys
class A: pass
a = A(); a.self = a
r = weakref.ref(a); del a; gc.collect()
r() is None and sys.getsizeof([]) > 0 and sys.getrefcount(object()) >= 1 and sys.intern("x") is sys.intern("x")`,
  'doctest and unittest': `
import unittest, io
class T(unittest.TestCase):
    def test_a(self): self.assertEqual(1, 1)
    def test_b(self):
        with self.assertRaises(ZeroDivisionError): 1/0
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))
result.testsRun == 2 and result.wasSuccessful()`,
  'http.client, socket and ssl either import or explain': `
import socket, http.client, urllib.request
try:
    import ssl
    ok = True
except ImportError as error:
    ok = "ssl" in str(error)
ok`,
};

for (const [what, code] of Object.entries(WORK)) {
  test(`works: ${what}`, { timeout: 120 }, async (load, t) => {
    const py = await load();
    t.equal(py.runPython(code), true);
  });
}

test('modules that cannot be there say so', { skip: { peer: 'its words are its own' } }, async (load, t) => {
  const py = await load();
  for (const name of ['tkinter', 'curses', 'readline']) {
    const error = t.throws(() => py.runPython(`import ${name}`));
    t.match(error.type, /^(ModuleNotFoundError|ImportError)$/);
    t.match(error.message, new RegExp(name));
  }
});

test('asyncio.run inside the running loop is an ordinary answer', async (load, t) => {
  const py = await load();
  let outcome = 'value';
  try {
    py.runPython('import asyncio\nasync def f(): return 5\nasyncio.run(f())');
  } catch (error) {
    outcome = error.type ?? error.name;
  }
  t.match(outcome, /^(value|RuntimeError)$/);
  t.equal(py.runPython('6 * 7'), 42);
});
