//! The guard's decisions, as a table.

use super::*;

const TOKEN: &str = "0123456789abcdef-TOKEN";
const COOKIE_OK: (&str, &str) = ("cookie", "other=1; aetherterm_57575=0123456789abcdef-TOKEN");

fn guard() -> Guard {
    let public = vec![Origin::parse("https://term.example.org").unwrap()];
    Guard::new(
        Token::parse(TOKEN).unwrap(),
        57575,
        public,
        Telemetry::disabled(),
    )
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut builder = http::Request::builder().method(method).uri(uri);
    if !headers.iter().any(|(name, _)| *name == "host") {
        builder = builder.header("host", "127.0.0.1:57575");
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn judged(method: &str, uri: &str, headers: &[(&str, &str)]) -> Verdict {
    guard().judge(&request(method, uri, headers))
}

#[test]
fn refusals() {
    use Refusal::{CrossSite, ForeignHost, ForeignOrigin, NoToken, WrongToken};
    let bearer = ("authorization", "Bearer 0123456789abcdef-TOKEN");
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Option<Refusal>);
    let cases: &[Case<'_>] = &[
        ("GET", "/", &[], Some(NoToken)),
        ("GET", "/assets/index.js", &[], Some(NoToken)),
        (
            "GET",
            "/socket.io/?EIO=4&transport=websocket",
            &[],
            Some(NoToken),
        ),
        (
            "GET",
            "/api/health",
            &[("cookie", "aetherterm_57575=wrong")],
            Some(WrongToken),
        ),
        (
            "GET",
            "/api/health",
            &[("cookie", "aetherterm_1=0123456789abcdef-TOKEN")],
            Some(NoToken),
        ),
        (
            "GET",
            "/api/health",
            &[("authorization", "Bearer wrong")],
            Some(WrongToken),
        ),
        (
            "GET",
            "/api/health",
            &[("authorization", "Basic 0123456789abcdef-TOKEN")],
            Some(WrongToken),
        ),
        (
            "GET",
            "/api/health",
            &[("authorization", "0123456789abcdef-TOKEN")],
            Some(WrongToken),
        ),
        ("GET", "/api/health", &[COOKIE_OK], None),
        ("GET", "/api/health", &[bearer], None),
        (
            "GET",
            "/api/health",
            &[("authorization", "bearer  0123456789abcdef-TOKEN")],
            None,
        ),
        ("POST", "/v1/traces", &[bearer], None),
        // A token in the query opens pages only.
        (
            "GET",
            "/api/health?token=0123456789abcdef-TOKEN",
            &[],
            Some(NoToken),
        ),
        (
            "GET",
            "/socket.io/?EIO=4&token=0123456789abcdef-TOKEN",
            &[],
            Some(NoToken),
        ),
        (
            "GET",
            "/jaeger/api/services?token=0123456789abcdef-TOKEN",
            &[],
            Some(NoToken),
        ),
        ("POST", "/?token=0123456789abcdef-TOKEN", &[], Some(NoToken)),
        (
            "GET",
            "/?token=0123456789abcdef-TOKEN",
            &[("sec-fetch-mode", "cors")],
            Some(NoToken),
        ),
        ("GET", "/?token=wrong", &[], Some(WrongToken)),
        ("GET", "/?token=", &[], Some(WrongToken)),
        // The right token from the wrong place.
        (
            "GET",
            "/api/health",
            &[bearer, ("host", "evil.example")],
            Some(ForeignHost),
        ),
        (
            "GET",
            "/",
            &[COOKIE_OK, ("host", "evil.example:57575")],
            Some(ForeignHost),
        ),
        (
            "GET",
            "/socket.io/",
            &[COOKIE_OK, ("origin", "http://evil.example")],
            Some(ForeignOrigin),
        ),
        (
            "GET",
            "/socket.io/",
            &[COOKIE_OK, ("origin", "http://127.0.0.1:8000")],
            Some(ForeignOrigin),
        ),
        (
            "GET",
            "/socket.io/",
            &[COOKIE_OK, ("origin", "http://127.0.0.1:57575")],
            None,
        ),
        (
            "OPTIONS",
            "/v1/traces",
            &[bearer, ("origin", "http://evil.example")],
            Some(ForeignOrigin),
        ),
        (
            "GET",
            "/assets/index.js",
            &[COOKIE_OK, ("sec-fetch-site", "cross-site")],
            Some(CrossSite),
        ),
        (
            "POST",
            "/v1/traces",
            &[COOKIE_OK, ("sec-fetch-site", "same-site")],
            Some(CrossSite),
        ),
        (
            "GET",
            "/",
            &[
                COOKIE_OK,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "iframe"),
            ],
            Some(CrossSite),
        ),
        (
            "POST",
            "/",
            &[
                COOKIE_OK,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ],
            Some(CrossSite),
        ),
        (
            "GET",
            "/traces",
            &[
                COOKIE_OK,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ],
            None,
        ),
        (
            "GET",
            "/",
            &[
                COOKIE_OK,
                ("host", "term.example.org"),
                ("origin", "https://term.example.org"),
            ],
            None,
        ),
    ];
    for (method, uri, headers, expected) in cases {
        let verdict = judged(method, uri, headers);
        let refusal = match &verdict {
            Verdict::Refuse(refusal) => Some(*refusal),
            Verdict::Pass(_) => None,
            Verdict::Enter(_) => panic!("{method} {uri} {headers:?} entered"),
            Verdict::Relay(_) => panic!("{method} {uri} {headers:?} needs no token"),
        };
        assert_eq!(refusal, *expected, "{method} {uri} {headers:?}");
    }
}

#[test]
fn the_token_leaves_the_address() {
    let cases = [
        ("/?token=0123456789abcdef-TOKEN", "/"),
        (
            "/traces/abc?service=x&token=0123456789abcdef-TOKEN&limit=5",
            "/traces/abc?service=x&limit=5",
        ),
        ("/?token=0123456789abcdef-TOKEN&token=again", "/"),
        (
            "//evil.example/?token=0123456789abcdef-TOKEN",
            "/evil.example/",
        ),
        ("/apiary?token=0123456789abcdef-TOKEN", "/apiary"),
    ];
    for (uri, location) in cases {
        let Verdict::Enter(entry) = judged("GET", uri, &[]) else {
            panic!("{uri} should enter")
        };
        assert_eq!(entry.location, location);
        assert_eq!(
            entry.cookie.as_deref(),
            Some("aetherterm_57575=0123456789abcdef-TOKEN; HttpOnly; SameSite=Strict; Path=/")
        );
        assert!(!entry.by_page);
    }
}

#[test]
fn a_known_visitor_with_an_old_address_gets_in_without_a_new_cookie() {
    let Verdict::Enter(entry) = judged("GET", "/monitor?token=old", &[COOKIE_OK]) else {
        panic!()
    };
    assert_eq!((entry.cookie, entry.location.as_str()), (None, "/monitor"));
}

#[test]
fn behind_https_the_cookie_is_secure() {
    let headers = [("host", "term.example.org")];
    let Verdict::Enter(entry) = judged("GET", "/?token=0123456789abcdef-TOKEN", &headers) else {
        panic!()
    };
    assert!(entry.cookie.unwrap().ends_with("; Secure"));
}

#[test]
fn a_link_on_another_site_goes_on_by_a_page() {
    let headers = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let uri = "/?token=0123456789abcdef-TOKEN&q=%22%3E";
    let Verdict::Enter(entry) = judged("GET", uri, &headers) else {
        panic!()
    };
    assert!(entry.by_page && entry.cookie.is_some());
    assert_eq!(entry.location, "/?q=%22%3E");
    let response = entry.into_response();
    assert_eq!(response.status(), http::StatusCode::OK);
    assert!(response.headers().contains_key("set-cookie"));
}
