//! Certificates of a destination: the files that are named are read and looked into at once, so
//! that a wrong one is told at the start and not by each failed connection.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options>

use std::fmt;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::file::read_bounded;
use super::layers::Found;
use super::reader::{OTLP, Reader, shortened};

/// Files beyond this are no certificates: a whole system's bundle is a quarter of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// Certificates of a destination, in PEM.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Trusted besides the system's certificates (`OTEL_EXPORTER_OTLP_CERTIFICATE` names the file).
    pub ca: Option<Vec<u8>>,
    /// What this side shows when asked (`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` and
    /// `OTEL_EXPORTER_OTLP_CLIENT_KEY` name the files): certificate chain and private key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Tls {
    /// Says what there is, and shows none of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

/// Reads the three settings with the prefix `own`, or the general ones.
pub(super) fn read(reader: &mut Reader<'_>, own: &str) -> Tls {
    let ca = reader
        .find_either(own, OTLP, "CERTIFICATE")
        .and_then(|found| load(reader, &found, authorities));
    let certificate = reader.find_either(own, OTLP, "CLIENT_CERTIFICATE");
    let key = reader.find_either(own, OTLP, "CLIENT_KEY");
    let client = match (certificate, key) {
        (None, None) => None,
        (Some(alone), None) => {
            let remedy = "a client certificate needs its private key: set CLIENT_KEY, too";
            reader.problem(&alone, shortened(&alone.text), remedy.to_owned());
            None
        }
        (None, Some(alone)) => {
            let remedy = "a client key needs its certificate: set CLIENT_CERTIFICATE, too";
            reader.problem(&alone, shortened(&alone.text), remedy.to_owned());
            None
        }
        (Some(certificate), Some(key)) => client(reader, &certificate, &key),
    };
    Tls { ca, client }
}

fn client(reader: &mut Reader<'_>, certificate: &Found, key: &Found) -> Option<(Vec<u8>, Vec<u8>)> {
    let chain = load(reader, certificate, certificates);
    let private = load(reader, key, private_key);
    let ((chain_pem, chain), (key_pem, private)) = (chain?, private?);
    let provider = rustls::crypto::ring::default_provider();
    let (found, remedy) = match CertifiedKey::from_der(chain, private, &provider) {
        Ok(_) => return Some((chain_pem, key_pem)),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => (
            key,
            format!(
                "this private key does not belong to the certificate in {}",
                shortened(&certificate.text)
            ),
        ),
        Err(rustls::Error::InvalidCertificate(_)) => (
            certificate,
            "the first certificate in this file is not an X.509 certificate".to_owned(),
        ),
        Err(_) => (
            key,
            "the private key in this file cannot be used; expected RSA, ECDSA (P-256, P-384) or Ed25519"
                .to_owned(),
        ),
    };
    reader.problem(found, shortened(&found.text), remedy);
    None
}

/// Reads the file that a setting names and checks what is in it.
fn load<T>(
    reader: &mut Reader<'_>,
    found: &Found,
    check: impl Fn(Vec<u8>) -> Result<T, String>,
) -> Option<T> {
    match read_bounded(&found.text, MAX_BYTES).and_then(check) {
        Ok(checked) => Some(checked),
        Err(remedy) => {
            reader.problem(found, shortened(&found.text), remedy);
            None
        }
    }
}

type Chain = Vec<CertificateDer<'static>>;

fn authorities(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let (bytes, chain) = certificates(bytes)?;
    let mut store = RootCertStore::empty();
    for (position, certificate) in chain.into_iter().enumerate() {
        store.add(certificate).map_err(|_| {
            format!(
                "certificate {} in this file is not an X.509 certificate",
                position + 1
            )
        })?;
    }
    Ok(bytes)
}

fn certificates(bytes: Vec<u8>) -> Result<(Vec<u8>, Chain), String> {
    let chain: Result<Chain, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|error| damaged(&error))?;
    if chain.is_empty() {
        return Err(
            "the file holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned(),
        );
    }
    Ok((bytes, chain))
}

fn private_key(bytes: Vec<u8>) -> Result<(Vec<u8>, PrivateKeyDer<'static>), String> {
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok((bytes, key)),
        Err(pem::Error::NoItemsFound) => Err(
            "the file holds no private key in PEM (-----BEGIN PRIVATE KEY-----); one that is encrypted has to be decrypted first"
                .to_owned(),
        ),
        Err(error) => Err(damaged(&error)),
    }
}

/// What is wrong with a PEM file, in words that show none of it.
fn damaged(error: &pem::Error) -> String {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no -----END line",
        pem::Error::IllegalSectionStart { .. } => "a -----BEGIN line is damaged",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be decoded",
    };
    format!("the file is not valid PEM: {what}")
}
