//! Random numbers that follow from a seed.

use uuid::Uuid;

/// Tells the streams of one seed apart, so that the ids of jobs don't depend on how many requests were made.
pub(crate) fn stream(seed: u64, number: u64) -> fastrand::Rng {
    let mut source = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    fastrand::Rng::with_seed(source.u64(..))
}

/// A random GUID.
pub(crate) fn guid(random: &mut fastrand::Rng) -> Uuid {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid()
}
