//! Who makes of secrets what may be kept.

use zeroize::Zeroizing;

use super::Error;

/// Seals secrets before they are written, and opens them when somebody needs them.
pub trait Sealer: Send + Sync {
    /// Makes of secrets what nobody can read without the key.
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Error>;

    /// Makes secrets again of what [`Self::seal`] gave.
    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

    /// Whether it was sealed for those for whom [`Self::seal`] would seal it now.
    fn is_current(&self, _sealed: &[u8]) -> Result<bool, Error> {
        Ok(true)
    }
}

/// For who has no key: secrets can be neither written nor read, and everything else can.
#[derive(Clone, Copy, Debug)]
pub struct NoKey;

impl Sealer for NoKey {
    fn seal(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(no_key("write"))
    }

    fn open(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        Err(no_key("read"))
    }
}

fn no_key(action: &'static str) -> Error {
    Error::Secrets {
        action,
        source: "there is no key".into(),
    }
}
