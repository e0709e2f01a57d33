//! The feature `rustls-no-provider`, alone in a process, since a provider is installed once for all of it.
#![cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]

use msgraph_migrations::{Client, ErrorKind};
use tokio_rustls::rustls::crypto::ring;

#[test]
fn a_client_without_a_provider_is_refused_instead_of_a_panic() {
    let error = Client::new("token").expect_err("there is no provider");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("install_default"), "{error}");

    assert!(ring::default_provider().install_default().is_ok());
    let sandbox = Client::builder(msgraph_migrations::AccessToken::new("token").expect("a token"))
        .endpoint("http://127.0.0.1:9")
        .build();
    assert!(sandbox.is_ok(), "{sandbox:?}");
}
