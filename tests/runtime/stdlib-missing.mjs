/** Modules of `sys.stdlib_module_names` that cannot be there, each with its reason. */
const PLATFORM = 'belongs to another operating system';
const PROCESS = 'needs processes, which WebAssembly does not have';
const INTERPRETERS = 'subinterpreters need threads';
const LIBRARY = 'needs a C library that is not part of the distribution';
const TERMINAL = 'needs a terminal';
const TK = 'needs Tk and a window system';
const USERS = 'there are no users or groups';

export const MISSING = {
  _ios_support: PLATFORM,
  _overlapped: PLATFORM,
  _scproxy: PLATFORM,
  _winapi: PLATFORM,
  _wmi: PLATFORM,
  msvcrt: PLATFORM,
  nt: PLATFORM,
  winreg: PLATFORM,
  winsound: PLATFORM,
  syslog: PLATFORM,
  resource: PROCESS,
  _multiprocessing: PROCESS,
  _posixsubprocess: PROCESS,
  _posixshmem: PROCESS,
  _interpchannels: INTERPRETERS,
  _interpqueues: INTERPRETERS,
  _interpreters: INTERPRETERS,
  _curses: TERMINAL,
  _curses_panel: TERMINAL,
  curses: TERMINAL,
  readline: TERMINAL,
  _dbm: LIBRARY,
  _gdbm: LIBRARY,
  _hashlib: 'OpenSSL; hashlib works without it',
  _ssl: 'OpenSSL',
  ssl: 'OpenSSL',
  _uuid: 'libuuid; uuid works without it',
  _tkinter: TK,
  tkinter: TK,
  turtle: TK,
  turtledemo: TK,
  idlelib: TK,
  grp: USERS,
  pwd: USERS,
  ensurepip: 'pip needs processes; wheels come through the loader',
  antigravity: 'opens a page when imported',
  this: 'prints when imported',
};
