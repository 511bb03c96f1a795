//! Our verification of a ticket's token, compared with aws-lc's verification of its signature alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatewit_domain::claims::{Claims, Schedule, TicketClaims};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ports::{EventKey, Signer};
use jiff::Timestamp;
use tokio::runtime::Runtime;

/// How many tokens are used in turns.
const TOKENS: usize = 64;

/// Tokens, their signatures, and the key that signed them.
pub struct Tokens {
    key: Arc<dyn EventKey>,
    bare_key: ParsedPublicKey,
    tokens: Vec<Token>,
}

struct Token {
    text: String,
    signature: Vec<u8>,
}

/// The average time for one token.
#[derive(Debug)]
pub struct Compared {
    pub ours: Duration,
    pub bare: Duration,
}

impl Tokens {
    /// Has the signer create a key, and signs tickets with it.
    pub fn make(signer: &dyn Signer) -> anyhow::Result<Self> {
        let now = Timestamp::now();
        let event = EventId::new(now);
        let claims = (0..TOKENS).map(|_| claims(event, now)).collect();
        let runtime = Runtime::new()?;
        let sealed = runtime.block_on(signer.create(event))?;
        let key = signer.open(event, &sealed)?;
        let tokens = runtime.block_on(key.sign(claims))?;
        let public = STANDARD.decode(&sealed.public_key)?;
        let bare_key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        let bare_key = bare_key.context("cannot read the public key")?;
        let tokens = tokens
            .into_iter()
            .map(Token::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            key,
            bare_key,
            tokens,
        })
    }

    /// Verifies the signature of one token with aws-lc alone.
    pub fn verify_bare(&self, number: usize) -> bool {
        self.tokens[number % TOKENS].is_signed_by(&self.bare_key)
    }

    /// Verifies all tokens in both ways, in turns, for a while.
    pub fn compare(&self, time: Duration) -> anyhow::Result<Compared> {
        let starts = Instant::now();
        let (mut ours, mut bare) = (Duration::ZERO, Duration::ZERO);
        let mut count = 0;
        while starts.elapsed() < time || count == 0 {
            let began = Instant::now();
            let good = self
                .tokens
                .iter()
                .filter(|token| self.key.verify_ticket(&token.text).is_some());
            ensure!(
                good.count() == TOKENS,
                "a token of ours was not taken for genuine"
            );
            ours += began.elapsed();
            let began = Instant::now();
            let good = self
                .tokens
                .iter()
                .filter(|token| token.is_signed_by(&self.bare_key));
            ensure!(
                good.count() == TOKENS,
                "a signature of ours was not taken for genuine"
            );
            bare += began.elapsed();
            count += TOKENS as u32;
        }
        Ok(Compared {
            ours: ours / count,
            bare: bare / count,
        })
    }
}

impl Token {
    fn parse(text: String) -> anyhow::Result<Self> {
        let (_, signature) = text
            .rsplit_once('.')
            .context("a token of ours has no signature")?;
        let signature = URL_SAFE_NO_PAD.decode(signature)?;
        Ok(Self { text, signature })
    }

    fn is_signed_by(&self, key: &ParsedPublicKey) -> bool {
        let signed = self.text.rsplit_once('.').map(|(signed, _)| signed);
        signed.is_some_and(|signed| key.verify_sig(signed.as_bytes(), &self.signature).is_ok())
    }
}

fn claims(event: EventId, now: Timestamp) -> Claims {
    Claims::Ticket(TicketClaims {
        ticket_instance_id: TicketId::new(now),
        event_id: event,
        ticket_type_id: "vip".to_owned(),
        ticket_type_name: "VIP Pass".to_owned(),
        ticket_series: "VIP-0001".to_owned(),
        attendee_name: "A. Visitor".to_owned(),
        attendee_email: None,
        booking_reference: "EVT-A3F4B21C".to_owned(),
        event_schedules: vec![Schedule {
            day_name: "Day 1".to_owned(),
            start_date_time: now.to_string(),
            end_date_time: now.to_string(),
        }],
        iat: now.as_second(),
        exp: now.as_second(),
    })
}
