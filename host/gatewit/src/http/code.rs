//! The codes of failures: what programs read in an answer.

use gatewit_domain::problem::{self, RequestCode, ScannerCode};

/// The code of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// HTTP itself finds the failure.
    Http(HttpCode),
    /// The domain or the desk finds it.
    Problem(problem::Code),
}

macro_rules! http_codes {
    ($($name:ident = $text:literal,)*) => {
        /// What only HTTP finds wrong or tells apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum HttpCode {
            $($name,)*
        }

        impl HttpCode {
            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

http_codes! {
    AuthenticationUnavailable = "authentication_unavailable",
    BodyTooLarge = "body_too_large",
    CrossSite = "cross_site",
    HeadersTooLarge = "headers_too_large",
    InternalError = "internal_error",
    InvalidCredentials = "invalid_credentials",
    MethodNotAllowed = "method_not_allowed",
    RequestTimeout = "request_timeout",
    StoreBusy = "store_busy",
    StoreUnavailable = "store_unavailable",
    TooManyGuesses = "too_many_guesses",
    UnknownHost = "unknown_host",
    UnsupportedMediaType = "unsupported_media_type",
    UriTooLong = "uri_too_long",
}

impl Code {
    /// The code's text in answers, in the log and in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http(code) => code.as_str(),
            Self::Problem(code) => code.as_str(),
        }
    }

    /// Whether a failure with this code answers a wrong guess of a token (`gatewit-api.md` §2).
    pub fn is_wrong_guess(self) -> bool {
        use ScannerCode::{
            InvalidCredentials, InvalidToken, TokenExpired, TokenNotFound, TokenUsed,
        };
        matches!(
            self,
            Self::Http(HttpCode::InvalidCredentials)
                | Self::Problem(
                    problem::Code::Request(RequestCode::MissingCredentials)
                        | problem::Code::Scanner(
                            InvalidCredentials
                                | InvalidToken
                                | TokenExpired
                                | TokenNotFound
                                | TokenUsed
                        )
                )
        )
    }
}

impl From<HttpCode> for Code {
    fn from(code: HttpCode) -> Self {
        Self::Http(code)
    }
}

impl From<problem::Code> for Code {
    fn from(code: problem::Code) -> Self {
        Self::Problem(code)
    }
}

impl From<RequestCode> for Code {
    fn from(code: RequestCode) -> Self {
        Self::Problem(code.into())
    }
}
