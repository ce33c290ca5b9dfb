/** Archives that packages.wasm has checked, for `mod.rs`. */

import type { RustHalf } from "../call/call.ts";

/** The tags of wheels that the interpreter loads. */
export interface Interpreter {
  readonly python: readonly [major: number, minor: number];
  readonly platforms: readonly string[];
}

/** A file of an archive: where it goes, its number, its size, and its time if bytecode depends on that. */
export type ArchivedFile = readonly [path: string, index: number, size: number, seconds: number | null];

/** What a wheel is and what installing it means. */
export interface Wheel {
  /** Normalised. */
  readonly name: string;
  /** As METADATA writes it. */
  readonly title: string;
  readonly version: string;
  /** Its file's name. */
  readonly file: string;
  /** Normalised names of packages that it needs. */
  readonly requires: readonly string[];
  /** Those, and the ones that it needs with extras. */
  readonly mentions: readonly string[];
  readonly files: readonly ArchivedFile[];
  /** Files that the installer writes. */
  readonly added: readonly (readonly [path: string, text: string])[];
}

/** What has to be known to open a wheel. */
export interface WheelSource {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The wheel's file name, if it has one. */
  readonly file: string | undefined;
  readonly interpreter: Interpreter;
  readonly site: string;
  readonly directUrl: readonly [url: string, sha256: string] | undefined;
  readonly requested: boolean;
}

/** An open archive; its bytes stay where they are. */
export class Archive {
  readonly #half: RustHalf;
  readonly #number: number;
  /** Whether all contents were checked, or need no check. */
  checked = false;

  private constructor(half: RustHalf, bytes: Uint8Array<ArrayBuffer>) {
    this.#half = half;
    this.#number = half.add(bytes);
  }

  /**
   * Opens a wheel.
   * @throws PackageError if it is none, is not for this interpreter, or would be dangerous to unpack.
   */
  static openWheel(half: RustHalf, source: WheelSource): [archive: Archive, wheel: Wheel] {
    const archive = new Archive(half, source.bytes);
    try {
      const wheel = half.call({
        op: "open_wheel",
        archive: archive.#number,
        length: source.bytes.length,
        file: source.file,
        label: "the given wheel",
        interpreter: source.interpreter,
        site: source.site,
        direct_url: source.directUrl,
        requested: source.requested,
      }) as Wheel;
      return [archive, wheel];
    } catch (error) {
      archive.close();
      throw error;
    }
  }

  /** Opens a zip archive that is no wheel; its files' paths are below `root`. */
  static openZip(
    half: RustHalf,
    bytes: Uint8Array<ArrayBuffer>,
    label: string,
    root: string,
  ): [archive: Archive, files: ArchivedFile[]] {
    const archive = new Archive(half, bytes);
    try {
      const place = { archive: archive.#number, length: bytes.length };
      const { files } = half.call({ op: "open_zip", ...place, label }) as { files: ArchivedFile[] };
      archive.checked = true;
      return [archive, files.map(([path, index, size]) => [`${root}/${path}`, index, size, null])];
    } catch (error) {
      archive.close();
      throw error;
    }
  }

  /** Checks all contents. */
  verify(): void {
    this.#half.call({ op: "verify", archive: this.#number });
    this.checked = true;
  }

  /** A file's contents. */
  unpack(index: number, size: number, checked: boolean): Uint8Array<ArrayBuffer> {
    return this.#half.unpack(this.#number, index, size, checked && !this.checked);
  }

  close(): void {
    this.#half.remove(this.#number);
  }
}
