//! Files of certificates and keys, good and bad.

use super::folder::Folder;
use super::{problem, read, warnings};
use crate::{Config, Signal, Tls};

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://box:4318");
const CA: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

/// A self-signed certificate and its key.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["box".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn tls(config: &Config, signal: Signal) -> &Tls {
    &config.destinations[0].endpoints[&signal].tls
}

#[test]
fn files_are_read_and_one_signal_may_have_its_own() {
    let folder = Folder::new();
    let ((ca, _), (other, _), (chain, key)) = (pair(), pair(), pair());
    let config = read(&[
        BASE,
        (CA, &folder.file("ca.pem", &ca)),
        (
            "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
            &folder.file("other.pem", &other),
        ),
        (CERTIFICATE, &folder.file("client.pem", &chain)),
        (KEY, &folder.file("key.pem", &key)),
    ])
    .unwrap();
    let client = Some((chain.into_bytes(), key.clone().into_bytes()));
    let traces = tls(&config, Signal::Traces);
    assert_eq!(traces.ca.as_deref(), Some(ca.as_bytes()));
    assert_eq!(traces.client, client);
    let logs = tls(&config, Signal::Logs);
    assert_eq!(logs.ca.as_deref(), Some(other.as_bytes()));
    assert_eq!(logs.client, client);
    let shown = format!("{config:?}");
    let secret = key.lines().nth(1).unwrap();
    assert!(
        !shown.contains("BEGIN") && !shown.contains(secret),
        "{shown}"
    );
}

#[test]
fn bad_files_are_told_without_their_content() {
    let folder = Folder::new();
    let (certificate, key) = pair();
    let (_, foreign) = pair();
    let good = folder.file("good.pem", &certificate);
    let good_key = folder.file("good-key.pem", &key);
    let not_x509 = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
    let cases: [(&str, String, &str); 12] = [
        (CA, folder.path("missing"), "cannot be read"),
        (CA, folder.path(""), "path of a file"),
        (CA, "/dev/zero".to_owned(), "path of a file"),
        (CA, folder.file("empty.pem", ""), "no certificate in PEM"),
        (
            CA,
            folder.file("text.pem", "hunter2"),
            "no certificate in PEM",
        ),
        (
            CA,
            folder.file("der.pem", [0x30, 0x82, 0xff, 0x00]),
            "no certificate in PEM",
        ),
        (CA, folder.file("x509.pem", not_x509), "not an X.509"),
        (CA, folder.file("cut.pem", &certificate[..200]), "-----END"),
        (
            CA,
            folder.file("noise.pem", certificate.replace("MII", "hunter2 *")),
            "not base64",
        ),
        (
            CA,
            folder.file("large.pem", vec![b'a'; 1024 * 1024 + 1]),
            "larger than",
        ),
        (KEY, good.clone(), "no private key in PEM"),
        (KEY, folder.file("foreign.pem", &foreign), "does not belong"),
    ];
    for (variable, path, told) in cases {
        let mut variables = vec![BASE, (variable, path.as_str())];
        if variable == KEY {
            variables.push((CERTIFICATE, &good));
        }
        let message = problem(&variables);
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.starts_with(&format!("{variable}=")), "{message}");
        assert!(message.contains(told), "{path}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let named_key = problem(&[BASE, (CERTIFICATE, &good_key), (KEY, &good_key)]);
    assert!(named_key.starts_with(CERTIFICATE), "{named_key}");
    let nonsense = folder.file("nonsense.pem", not_x509);
    let nonsense = problem(&[BASE, (CERTIFICATE, &nonsense), (KEY, &good_key)]);
    assert!(
        nonsense.starts_with(CERTIFICATE) && nonsense.contains("X.509"),
        "{nonsense}"
    );
}

#[test]
fn certificate_and_key_come_together() {
    let folder = Folder::new();
    let (certificate, key) = pair();
    let certificate = folder.file("client.pem", certificate);
    let key = folder.file("key.pem", key);
    let alone = problem(&[BASE, (CERTIFICATE, &certificate)]);
    assert!(
        alone.starts_with(CERTIFICATE) && alone.contains("CLIENT_KEY"),
        "{alone}"
    );
    let alone = problem(&[BASE, (KEY, &key)]);
    assert!(
        alone.starts_with(KEY) && alone.contains("CLIENT_CERTIFICATE"),
        "{alone}"
    );
}

#[test]
fn certificates_without_tls_are_noticed() {
    let folder = Folder::new();
    let ca = folder.file("ca.pem", pair().0);
    let told = warnings(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://box:4318"),
        (CA, &ca),
    ]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("https://"), "{told:?}");
}
