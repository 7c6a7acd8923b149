//! The secret that opens this server.

use std::fmt;

use subtle::ConstantTimeEq;

/// Fewest characters of a token that a user sets.
pub const MIN_TOKEN_LEN: usize = 16;

/// Most characters of a token that a user sets: it has to fit into a cookie and a URL.
pub const MAX_TOKEN_LEN: usize = 512;

/// The secret every request has to bring. Its `Debug` does not show it.
#[derive(Clone)]
pub struct Token(String);

/// Why a text cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadToken {
    /// Shorter than [`MIN_TOKEN_LEN`].
    TooShort,
    /// Longer than [`MAX_TOKEN_LEN`].
    TooLong,
    /// A character that cannot travel in a URL and a cookie as it is.
    BadCharacter,
}

impl fmt::Display for BadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(
                f,
                "needs at least {MIN_TOKEN_LEN} characters; leave it unset for a random one"
            ),
            Self::TooLong => write!(f, "may have at most {MAX_TOKEN_LEN} characters"),
            Self::BadCharacter => f.write_str("may only have letters, digits and - . _ ~"),
        }
    }
}

impl std::error::Error for BadToken {}

impl Token {
    /// 256 random bits.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// A token that a user has chosen: 16 to 512 unreserved URL characters (letters, digits, `-._~`).
    ///
    /// # Errors
    /// [`BadToken`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            return Err(BadToken::BadCharacter);
        }
        match text.len() {
            len if len < MIN_TOKEN_LEN => Err(BadToken::TooShort),
            len if len > MAX_TOKEN_LEN => Err(BadToken::TooLong),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Compares in a time that does not depend on where the first difference is.
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }

    /// The token itself, for the ready line and the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_users_set() {
        assert!(Token::parse("0123456789abcdef").is_ok());
        assert!(Token::parse("A-b_c.d~e-0123456").is_ok());
        assert_eq!(Token::parse("short").unwrap_err(), BadToken::TooShort);
        assert_eq!(Token::parse("").unwrap_err(), BadToken::TooShort);
        assert_eq!(
            Token::parse(&"x".repeat(513)).unwrap_err(),
            BadToken::TooLong
        );
        for bad in [
            "has space in here 1",
            "semi;colon-0123456",
            "grüße-0123456789ab",
            "100%-0123456789abc",
        ] {
            assert_eq!(
                Token::parse(bad).unwrap_err(),
                BadToken::BadCharacter,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn random_tokens_are_tokens_and_differ() {
        let (one, two) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one.reveal(), two.reveal());
        assert!(Token::parse(one.reveal()).is_ok());
        assert!(one.matches(one.reveal()) && !one.matches(two.reveal()));
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::parse("0123456789abcdef").unwrap();
        for wrong in [
            "",
            "0",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789ABCDEF",
            "x123456789abcdef",
        ] {
            assert!(!token.matches(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(
            format!("{:?}", Token::parse("0123456789abcdef").unwrap()),
            "Token(***)"
        );
    }
}
