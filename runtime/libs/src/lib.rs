//! Holds no code: this crate exists for its build script, which gathers the headers and
//! archives of the C libraries into the folder named by `FERROPY_LIBS_PREFIX`.
