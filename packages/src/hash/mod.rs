//! sha256 over bytes as they arrive.

use sha2::{Digest, Sha256};

/// Starts a hash.
#[unsafe(no_mangle)]
extern "C" fn hash_new() -> *mut Sha256 {
    Box::into_raw(Box::new(Sha256::new()))
}

/// Adds bytes.
///
/// # Safety
/// `hash` is from `hash_new` and not finished; the bytes are memory that the loader has filled.
#[unsafe(no_mangle)]
unsafe extern "C" fn hash_update(hash: *mut Sha256, bytes: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { (*hash).update(std::slice::from_raw_parts(bytes, length)) };
}

/// Ends a hash and writes its 32 bytes to `out`; a null `out` only frees it.
///
/// # Safety
/// `hash` is from `hash_new` and not used any more; `out` is null or has room for 32 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn hash_finish(hash: *mut Sha256, out: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let digest = Box::from_raw(hash).finalize();
        if !out.is_null() {
            std::slice::from_raw_parts_mut(out, 32).copy_from_slice(&digest);
        }
    }
}
