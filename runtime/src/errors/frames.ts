/** The frames of a JavaScript error that lie between two calls of Python. */

/** One frame: a function, the file and the line in it. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** More frames say nothing new. */
const MOST = 30;

/** The two forms that engines use: `at f (file:1:2)`, and `f@file:1:2`. */
const FORMS = [/^\s*at (?:async )?(?:(.*?) \()?((?:[^()]|\([^)]*\))*?):(\d+):\d+\)?$/, /^(.*?)@(.*):(\d+):\d+$/];

function parse(line: string): Frame | undefined {
  for (const form of FORMS) {
    const match = form.exec(line);
    if (match !== null) {
      const [, name, file, number] = match;
      return { name: name === undefined || name === "" ? "???" : name, file: file ?? "", line: Number(number) };
    }
  }
  return undefined;
}

/** The file that this code is in, which the frames of the bridge itself have. */
const own = ((): string => {
  for (const line of (new Error().stack ?? "").split("\n")) {
    const frame = parse(line);
    if (frame !== undefined) return frame.file;
  }
  return "";
})();

function isBridge({ file }: Frame): boolean {
  return file === own || file.includes("wasm:") || file.includes(".wasm") || file.includes("ferropy.asm.mjs");
}

/** The frames of the code that Python called, the innermost first. */
export function framesOf(error: unknown): Frame[] {
  let stack: unknown;
  try {
    ({ stack } = error as { stack?: unknown });
  } catch {
    return [];
  }
  if (typeof stack !== "string") return [];
  const frames: Frame[] = [];
  for (const line of stack.split("\n")) {
    const frame = parse(line);
    if (frame === undefined) continue;
    if (isBridge(frame)) {
      if (frames.length > 0) break;
    } else if (frames.push(frame) >= MOST) break;
  }
  return frames;
}
