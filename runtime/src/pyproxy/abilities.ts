/** What a Python object can do; `abilities.rs` has the same bits. */
export const enum Able {
  Call = 1 << 0,
  Length = 1 << 1,
  Get = 1 << 2,
  Set = 1 << 3,
  Has = 1 << 4,
  Iterate = 1 << 5,
  Iterator = 1 << 6,
  Generator = 1 << 7,
  AsyncIterate = 1 << 8,
  AsyncIterator = 1 << 9,
  AsyncGenerator = 1 << 10,
  Await = 1 << 11,
  Buffer = 1 << 12,
  Dict = 1 << 13,
  Sequence = 1 << 14,
  MutableSequence = 1 << 15,
  /** Set by `asJsJson` only. */
  JsJsonDict = 1 << 16,
  JsJsonSequence = 1 << 17,
}
