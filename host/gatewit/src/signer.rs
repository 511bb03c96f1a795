//! The `Signer` port: RSA-2048 key pairs, RS256 tokens, private keys sealed under the operator's master key.

use std::iter;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, stream};
use gatewit_domain::claims::{Claims, ScannerClaims, TicketProof};
use gatewit_domain::event::SealedKey;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{EventKey, Signer, SignerError, TokenHeader};
use rayon::{ThreadPool, ThreadPoolBuildError};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

mod background;
mod credential_cache;
mod header;
mod master_key;
mod rs256;

use credential_cache::VerifiedCredentialCache;
pub use master_key::{MasterKey, MasterKeyError};
use rs256::{Fault, SigningKey, VerifyingKey};

const RSA_BITS: usize = 2048;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
/// How many tokens are signed at once: some milliseconds of work, so that no core is blocked for long.
const SIGNED_AT_ONCE: usize = 32;

/// Makes and opens event keys.
pub struct RsaSigner {
    sealing: Arc<RandomizedNonceKey>,
    /// The threads on which all keys sign.
    background: Arc<ThreadPool>,
    /// The credentials of all events.
    verified: VerifiedCredentialCache,
}

impl RsaSigner {
    /// Fails if the system cannot start the signing threads.
    pub fn new(master_key: &MasterKey) -> Result<Self, ThreadPoolBuildError> {
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, master_key.bytes());
        Ok(Self {
            sealing: Arc::new(sealing.expect("a master key has the length of an AES-256 key")),
            background: Arc::new(background::threads()?),
            verified: VerifiedCredentialCache::new(),
        })
    }
}

#[async_trait]
impl Signer for RsaSigner {
    async fn create(&self, event: EventId) -> Result<SealedKey, SignerError> {
        let sealing = self.sealing.clone();
        let made = spawn_blocking(move || make_key(&sealing, event)).await;
        made.map_err(Fault::from)
            .flatten()
            .map_err(|source| SignerError {
                action: "make",
                event,
                source,
            })
    }

    fn header(&self, token: &str) -> Option<TokenHeader> {
        header::read(token)
    }

    fn open(&self, event: EventId, key: &SealedKey) -> Result<Arc<dyn EventKey>, SignerError> {
        let signing = open_key(&self.sealing, event, key);
        let opened = signing.and_then(|signing| {
            Ok(RsaEventKey {
                event,
                verifying: signing.verifying_key()?,
                signing: Arc::new(signing),
                background: Arc::clone(&self.background),
                verified: self.verified.clone(),
            })
        });
        let opened = opened.map_err(|source| SignerError {
            action: "open",
            event,
            source,
        })?;
        Ok(Arc::new(opened))
    }
}

/// An event's key pair, parsed.
struct RsaEventKey {
    event: EventId,
    signing: Arc<SigningKey>,
    verifying: VerifyingKey,
    background: Arc<ThreadPool>,
    verified: VerifiedCredentialCache,
}

#[async_trait]
impl EventKey for RsaEventKey {
    async fn sign(&self, claims: Vec<Claims>) -> Result<Vec<String>, SignerError> {
        let signed = sign_all(&self.signing, claims, &self.background).await;
        signed.map_err(|source| SignerError {
            action: "sign with",
            event: self.event,
            source,
        })
    }

    fn says(&self, token: &str, claims: &Claims) -> bool {
        self.signing.says(token, claims)
    }

    fn verify_ticket(&self, token: &str) -> Option<TicketProof> {
        self.verifying.verify(token)
    }

    fn verify_scanner(&self, token: &str) -> Option<ScannerClaims> {
        let verify = |token: &str| match self.verifying.verify(token)? {
            Claims::ScannerCredential(claims) => Some(claims),
            Claims::Ticket(_) | Claims::CompactTicket(_) => None,
        };
        self.verified.or_verify(self.event, token, verify)
    }
}

/// Signs on every core that scans leave free.
async fn sign_all(
    key: &Arc<SigningKey>,
    claims: Vec<Claims>,
    background: &ThreadPool,
) -> Result<Vec<String>, Fault> {
    let count = claims.len();
    let mut claims = claims.into_iter();
    let parts = iter::from_fn(|| {
        let part: Vec<_> = claims.by_ref().take(SIGNED_AT_ONCE).collect();
        (!part.is_empty()).then_some(part)
    });
    let signed = stream::iter(parts).map(|part| {
        let key = key.clone();
        background::run(background, move || {
            part.iter()
                .map(|claims| key.sign(claims))
                .collect::<Result<Vec<_>, _>>()
        })
    });
    // At most one part per thread, so that a single ticket waits for parts of a bulk and not for all of it.
    let mut signed = signed.buffered(background.current_num_threads());
    let mut tokens = Vec::with_capacity(count);
    while let Some(part) = signed.next().await {
        tokens.extend(part??);
    }
    Ok(tokens)
}

fn make_key(sealing: &RandomizedNonceKey, event: EventId) -> Result<SealedKey, Fault> {
    let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS)?;
    let public = private.to_public_key().to_public_key_der()?;
    let der = private.to_pkcs1_der()?;
    // With capacity for the tag: a buffer that grows would leave a copy of the key in memory.
    let mut sealed = Zeroizing::new(Vec::with_capacity(der.as_bytes().len() + TAG_LENGTH));
    sealed.extend_from_slice(der.as_bytes());
    let nonce = sealing.seal_in_place_append_tag(bound_to(event), &mut *sealed)?;
    let sealed = [nonce.as_ref().as_slice(), &sealed].concat();
    Ok(SealedKey {
        public_key: STANDARD.encode(public.as_bytes()),
        sealed_private_key: STANDARD.encode(sealed),
    })
}

fn open_key(
    sealing: &RandomizedNonceKey,
    event: EventId,
    key: &SealedKey,
) -> Result<SigningKey, Fault> {
    // Decrypted in place: this buffer holds the private key until it is wiped.
    let mut sealed = Zeroizing::new(STANDARD.decode(&key.sealed_private_key)?);
    let text = sealed.split_at_mut_checked(NONCE_LENGTH);
    let (nonce, text) = text.ok_or("it is cut off")?;
    let nonce = Nonce::try_assume_unique_for_key(nonce)?;
    let der = sealing
        .open_in_place(nonce, bound_to(event), text)
        .map_err(
            |_| "GATEWIT_MASTER_KEY, or the file master.key in the data directory, is missing or not the one it was sealed with",
        )?;
    SigningKey::new(event, der)
}

/// A sealed key opens for its own event only.
fn bound_to(event: EventId) -> Aad<Vec<u8>> {
    Aad::from(format!("gatewit event key {event}").into_bytes())
}

#[cfg(test)]
mod tests;
