"""A first look: which Python this is, and that it can really work."""

import sqlite3
import sys
from decimal import Decimal

print(f"Hello from Python {sys.version.split()[0]} on {sys.platform}!")

with sqlite3.connect(":memory:") as db:
    (version,) = db.execute("select sqlite_version()").fetchone()
print(f"SQLite {version} is built in, and 0.1 + 0.2 = {Decimal('0.1') + Decimal('0.2')}.")

squares = {n: n * n for n in range(1, 6)}
print("Squares:", ", ".join(f"{n}²={square}" for n, square in squares.items()))
