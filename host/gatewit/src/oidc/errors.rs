//! Why a token is refused, as far as callers or the log tell it.

/// What failed at the provider, as far as callers are answered differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFailure {
    Discovery,
    /// The discovery document has no `jwks_uri`.
    NoJwksUri,
    Keys,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("send an access token of the identity provider as Authorization: Bearer")]
    Missing,
    #[error("the access token has expired")]
    Expired,
    #[error("the access token is for another audience")]
    WrongAudience,
    #[error("the access token is of another issuer")]
    WrongIssuer,
    #[error("the access token lacks the claim {0}")]
    MissingClaim(&'static str),
    /// Any other flaw. Only the log names it; callers are not told.
    #[error("the bearer token is not a valid access token of the identity provider")]
    Malformed(Flaw),
    /// The token cannot be checked, because the provider's keys are not known.
    #[error("the identity provider does not answer, so that nobody can be identified just now")]
    Unavailable(ProviderFailure),
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("it is not a JSON Web Token that can be read")]
    Unreadable,
    #[error("it is signed with an algorithm that OIDC_ALGORITHMS does not name")]
    Algorithm,
    #[error("its header demands an extension (crit)")]
    Extension,
    #[error("the identity provider publishes no key for its kid and algorithm")]
    UnknownKey,
    #[error("its signature is not by a key of the identity provider")]
    Signature,
    #[error("it is not valid yet (nbf)")]
    NotYet,
    #[error("its claim {0} is of the wrong type")]
    Claim(&'static str),
}
