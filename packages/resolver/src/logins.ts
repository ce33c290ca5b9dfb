/** Logins written into the addresses of indexes. Each goes to its own index, and never to another server. */

/** An index of a server. */
interface Known {
  readonly origin: string;
  readonly path: readonly string[];
  /** What to send. */
  readonly header: string | undefined;
}

/** Stands for the place of a package's name, which is no part of an address. */
const MARK = "package_name";

/** The logins of indexes. */
export class Logins {
  /** The addresses without logins. */
  readonly indexes: readonly string[];
  readonly #known: Known[] = [];

  /** @param indexes addresses of indexes, best first, with `{package_name}` where the name goes, or to be followed by it. */
  constructor(indexes: readonly string[]) {
    this.indexes = indexes.map((text) => {
      const url = parsed(text.replaceAll("{package_name}", MARK));
      if (url === undefined) return text;
      const path = segments(url);
      const end = path.findIndex((part) => part.includes(MARK));
      const header = url.username === "" && url.password === "" ? undefined : basic(url);
      this.#known.push({ origin: url.origin, path: end === -1 ? path : path.slice(0, end), header });
      return header === undefined ? text : text.replace(/\/\/[^/@]*@/, "//");
    });
  }

  /** Whether an address is on the server of an index. */
  serve(address: string): boolean {
    const origin = parsed(address)?.origin;
    return this.#known.some((one) => one.origin === origin);
  }

  /**
   * What to send to an address: the login of the index on its server whose path agrees longest with it. Files lie beside
   * their index's pages, or at a place that all indexes of the server share; there, any login is better than none.
   */
  for(address: string): Record<string, string> {
    const url = parsed(address);
    if (url === undefined) return {};
    const all = segments(url);
    let best: { readonly rank: readonly number[]; readonly header: string | undefined } | undefined;
    for (const { origin, path, header } of this.#known) {
      if (origin !== url.origin) continue;
      const differs = path.findIndex((part, index) => part !== all[index]);
      const common = differs === -1 ? path.length : differs;
      // Of those that agree equally, the one that is above the address as a whole.
      const rank = [common, Number(differs === -1), Number(header !== undefined)];
      if (best === undefined || isMore(rank, best.rank)) best = { rank, header };
    }
    return best?.header === undefined ? {} : { Authorization: best.header };
  }
}

/** An address, if the text is one. */
function parsed(text: string): URL | undefined {
  // URL.parse is younger than the oldest Node that we run in.
  return URL.canParse(text) ? new URL(text) : undefined;
}

function segments(url: URL): string[] {
  return url.pathname.split("/").filter((part) => part !== "");
}

/** Whether a rank is above another, its first numbers counting most. */
function isMore(rank: readonly number[], other: readonly number[]): boolean {
  const at = rank.findIndex((number, index) => number !== other[index]);
  return at !== -1 && (rank[at] as number) > (other[at] as number);
}

function basic(url: URL): string {
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const bytes = new TextEncoder().encode(login);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
