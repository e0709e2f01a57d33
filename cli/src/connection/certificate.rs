//! An application that proves itself by a certificate: it signs a statement about itself.
//!
//! The Azure SDK does the same with OpenSSL, which would have to be on every machine.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::exit::{Exit, Failure};

/// How long a statement is good.
const LIFETIME: Duration = Duration::from_mins(10);
/// Where the public cloud gives out tokens, unless the environment names another authority.
const AUTHORITY: &str = "https://login.microsoftonline.com";
const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";

/// A certificate and its key.
pub struct Certificate {
    key: EncodingKey,
    /// SHA-256 of the certificate, by which the service finds it.
    thumbprint: String,
    audience: String,
    client: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: u64,
    exp: u64,
}

impl Certificate {
    /// Reads the certificate and its key, both in PEM, from one file.
    pub fn read(file: &Path, tenant: &str, client: &str) -> Result<Self, Failure> {
        let failed = |why: &dyn fmt::Display| {
            Failure::new(
                Exit::NotAllowed,
                format!("the certificate in {} cannot be used", file.display()),
            )
            .because(why)
            .next("put the certificate and its RSA key, both in PEM, into the file")
        };
        let pem = std::fs::read(file).map_err(|error| failed(&error))?;
        let der = CertificateDer::from_pem_slice(&pem).map_err(|error| failed(&error))?;
        let key = EncodingKey::from_rsa_pem(&pem_of_key(&pem)).map_err(|error| failed(&error))?;
        let authority = std::env::var(AUTHORITY_HOST).unwrap_or_else(|_| AUTHORITY.to_owned());
        Ok(Self {
            key,
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
            audience: format!(
                "{}/{tenant}/oauth2/v2.0/token",
                authority.trim_end_matches('/')
            ),
            client: client.to_owned(),
        })
    }

    fn sign(&self, now: SystemTime) -> jsonwebtoken::errors::Result<String> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.thumbprint.clone());
        let claims = Claims {
            aud: &self.audience,
            iss: &self.client,
            sub: &self.client,
            jti: uuid::Uuid::new_v4().to_string(),
            nbf: now.as_secs(),
            exp: (now + LIFETIME).as_secs(),
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}

/// The key alone: what reads it takes the first block of the file for it.
fn pem_of_key(pem: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pem);
    let mut is_key = false;
    let mut key = String::new();
    for line in text.lines() {
        if line.starts_with("-----BEGIN") && line.contains("PRIVATE KEY") {
            is_key = true;
        }
        if is_key {
            key.push_str(line);
            key.push('\n');
        }
        if line.starts_with("-----END") {
            is_key = false;
        }
    }
    key.into_bytes()
}

#[async_trait::async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.sign(SystemTime::now())
            .map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs OpenSSL, which judges from outside.
    fn openssl(folder: &Path, arguments: &[&str]) -> bool {
        let ran = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output();
        ran.expect("openssl runs").status.success()
    }

    #[test]
    fn what_is_signed_holds_for_openssl() {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: there is no openssl to judge the signature");
            return;
        }
        let folder = std::env::temp_dir().join(format!("xtmig-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("a folder");
        let new = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=xtmig",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ];
        assert!(openssl(&folder, &new));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file");
        // In either order, as tools write them.
        for (name, text) in [
            ("one.pem", read("cert.pem") + &read("key.pem")),
            ("two.pem", read("key.pem") + &read("cert.pem")),
        ] {
            std::fs::write(folder.join(name), text).expect("a file");
            let certificate = Certificate::read(&folder.join(name), "tenant", "client");
            let certificate = certificate.expect("a certificate");
            let signed = certificate.sign(SystemTime::now()).expect("a statement");
            let (content, signature) = signed.rsplit_once('.').expect("three parts");
            std::fs::write(folder.join("content"), content).expect("a file");
            let signature = URL_SAFE_NO_PAD.decode(signature).expect("a signature");
            std::fs::write(folder.join("signature"), signature).expect("a file");
            assert!(openssl(
                &folder,
                &[
                    "x509",
                    "-in",
                    "cert.pem",
                    "-pubkey",
                    "-noout",
                    "-out",
                    "public.pem"
                ]
            ));
            assert!(openssl(
                &folder,
                &[
                    "dgst",
                    "-sha256",
                    "-sigopt",
                    "rsa_padding_mode:pss",
                    "-verify",
                    "public.pem",
                    "-signature",
                    "signature",
                    "content",
                ]
            ));
            assert!(!format!("{certificate:?}").contains("PRIVATE"));
        }
        let failure = Certificate::read(&folder.join("cert.pem"), "tenant", "client");
        assert_eq!(failure.expect_err("there is no key").exit, Exit::NotAllowed);
        std::fs::remove_dir_all(&folder).expect("it goes away");
    }
}
