/** Operations of a tape beyond the tags of a record; `mod.rs` says what they mean. */
export const enum Op {
  Array = 16,
  Map = 17,
  Set = 18,
  End = 19,
  Ref = 20,
  Run = 21,
  Buffer = 22,
  Key = 23,
  KeyRef = 24,
  Proxy = 25,
  Default = 26,
  Eager = 27,
  Record = 28,
  Root = 29,
  Cache = 30,
}
