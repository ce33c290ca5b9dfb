import assert from "node:assert/strict";
import { test } from "node:test";
import { Editor, splitKeys } from "./editor.ts";
import { nextIndent } from "./indent.ts";

const LEFT = "\x1b[D";
const UP = "\x1b[A";
const DOWN = "\x1b[B";

function type(editor: Editor, ...keys: string[]): Editor {
  for (const key of keys) editor.key(key);
  return editor;
}

/** The text with `|` where the cursor is. */
function shown(editor: Editor): string {
  return `${editor.text.slice(0, editor.cursor)}|${editor.text.slice(editor.cursor)}`;
}

test("inserts at the cursor", () => {
  assert.equal(shown(type(new Editor(), "abc", LEFT, "X")), "abX|c");
});

test("never splits a grapheme cluster", () => {
  const family = "👩‍👩‍👧";
  assert.equal(shown(type(new Editor(), `a${family}`, LEFT)), `a|${family}`);
  assert.equal(shown(type(new Editor(), `a${family}`, "\x7f")), "a|");
  assert.equal(shown(type(new Editor(), "xe\u0301", "\x7f")), "x|");
});

test("backspace takes a level of indentation", () => {
  const editor = new Editor();
  editor.insert("if x:\n        ");
  assert.equal(shown(type(editor, "\x7f")), "if x:\n    |");
  assert.equal(shown(type(editor, "\x7f", "\x7f")), "if x:|");
});

test("moves by words and to the ends of the line", () => {
  const editor = type(new Editor(), "one.two three");
  assert.equal(shown(type(editor, "\x1b[1;5D")), "one.two |three");
  assert.equal(shown(type(editor, "\x1bb")), "one.|two three");
  assert.equal(shown(type(editor, "\x1b[1;5C")), "one.two| three");
  assert.equal(shown(type(editor, "\x01")), "|one.two three");
  assert.equal(shown(type(editor, "\x05")), "one.two three|");
});

test("home and up stay right when the text begins with an empty line", () => {
  const editor = new Editor();
  editor.insert("\nab");
  assert.equal(shown(type(editor, "\x01")), "\n|ab");
  assert.equal(shown(type(editor, UP)), "|\nab");
  assert.equal(shown(type(editor, "\x01")), "|\nab");
});

test("kills and yanks", () => {
  const editor = type(new Editor(), "one two", "\x17");
  assert.equal(shown(editor), "one |");
  assert.equal(shown(type(editor, "\x19", "\x19")), "one twotwo|");
  assert.equal(shown(type(editor, "\x01", "\x0b")), "|");
});

test("up and down move within a text before they reach the history", () => {
  const editor = new Editor(["old"]);
  editor.insert("first\nsecond");
  assert.equal(shown(type(editor, UP)), "first|\nsecond");
  assert.equal(shown(type(editor, DOWN)), "first\nsecon|d");
  assert.equal(shown(type(editor, UP, UP)), "old|");
  assert.equal(shown(type(editor, DOWN)), "first\nsecond|");
  assert.equal(editor.key(DOWN), "none");
});

test("history keeps no blank and no repeated entries", () => {
  const editor = new Editor();
  for (const text of ["a", "a", "  ", "b\n"]) {
    editor.insert(text);
    assert.equal(editor.take(true), text);
  }
  assert.deepEqual(editor.history, ["a", "b"]);
  editor.insert("c");
  editor.take(false);
  assert.deepEqual(editor.history, ["a", "b"]);
});

test("Ctrl-D ends on an empty line and deletes otherwise", () => {
  assert.equal(new Editor().key("\x04"), "end");
  const editor = type(new Editor(), "ab", "\x01");
  assert.equal(editor.key("\x04"), "changed");
  assert.equal(shown(editor), "|b");
});

test("unknown keys change nothing", () => {
  const editor = type(new Editor(), "a");
  assert.equal(editor.key("\x1b[24~"), "none");
  assert.equal(shown(editor), "a|");
});

test("splits what the terminal sends into keys and pastes", () => {
  assert.deepEqual(
    [...splitKeys("ab\r\x1b[A\x1bOD\x1bb\x1b[200~x\r\ny\rz\x1b[201~é\x03")],
    [
      { key: "ab" },
      { key: "\r" },
      { key: "\x1b[A" },
      { key: "\x1b[D" },
      { key: "\x1bb" },
      { paste: "x\ny\nz" },
      { key: "é" },
      { key: "\x03" },
    ],
  );
});

test("offers the next line's indentation", () => {
  assert.equal(nextIndent("x = 1"), "");
  assert.equal(nextIndent("if x:"), "    ");
  assert.equal(nextIndent("    for y in z:  # why"), "        ");
  assert.equal(nextIndent("        return x"), "    ");
  assert.equal(nextIndent("    y = 2"), "    ");
  assert.equal(nextIndent("    "), "");
});
