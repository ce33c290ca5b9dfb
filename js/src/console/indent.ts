/** The indentation to offer for the line after `line`: deeper after a colon, less after a jump. */
export function nextIndent(line: string): string {
  const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
  // A comment or a string may hold the colon: a wrong offer costs one backspace.
  const code = line.replace(/\s+#.*$/, "").trim();
  if (code === "") return "";
  if (code.endsWith(":")) return `${indent}    `;
  if (/^(return|pass|break|continue|raise)\b/.test(code)) return indent.replace(/ {1,4}$|\t$/, "");
  return indent;
}
