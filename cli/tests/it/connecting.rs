//! Where the command connects, and how it signs in.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Ran, demo, program, ran};

/// A token that says of itself what `claims` say.
fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(&json!({ "alg": "none" })),
        part(claims)
    )
}

fn with(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = program();
    command.envs(variables.iter().copied()).args(arguments);
    let output = command.output().expect("it runs");
    let ran = ran(&output);
    for (name, secret) in variables {
        let is_secret = name.contains("TOKEN") && !name.contains("FILE") || name.contains("SECRET");
        assert!(
            !is_secret || !format!("{ran:?}").contains(secret),
            "{name} is shown: {ran:?}"
        );
    }
    ran
}

fn config(folder: &Path, sandbox: &Sandbox, more: &str) -> String {
    let file = folder.join("config.toml");
    let text = format!(
        "default-profile = \"target\"\n\n[profiles.target]\ntenant = \"0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596\"\n\
         token-variable = \"TARGET_TOKEN\"\nbase-url = \"{}\"\n{more}",
        sandbox.base_url()
    );
    fs::write(&file, text).expect("a file");
    file.to_str().expect("UTF-8").to_owned()
}

#[test]
fn auth_check_tells_who_and_what_is_missing_for_which_command() {
    let person = token(
        &json!({ "upn": "ada@harborlane.example", "tid": "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596",
        "exp": 4_000_000_000_u64, "scp": "CrossTenantContentMigration.Read.All" }),
    );
    let ran = with(
        &[("XTMIG_TOKEN", &person)],
        &["auth", "check", "-o", "jsonl"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).expect("one object");
    assert_eq!(told["who"], "ada@harborlane.example");
    assert_eq!(told["kind"], "delegated");
    assert_eq!(told["expires"], "2096-10-02T07:06:40+00:00");
    assert!(ran.err.contains("without verifying"), "{ran:?}");
    assert!(
        ran.err
            .contains("not allowed: jobs cancel (needs CrossTenantContentMigration.ReadWrite.All)"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("not allowed: jobs list"), "{ran:?}");
    let old = token(&json!({ "tid": "0a77b3c4", "exp": 1_000_000_000, "roles": [] }));
    let expired = with(&[("XTMIG_TOKEN", &old)], &["auth", "check"]);
    assert_eq!(expired.code, 5, "{expired:?}");
    assert!(expired.err.contains("the token has expired"), "{expired:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_say_where_and_how() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = config(
        folder.path(),
        &sandbox,
        "\n[profiles.source]\napi = \"beta\"\n",
    );
    let held = [
        ("XTMIG_CONFIG", file.as_str()),
        ("TARGET_TOKEN", "secret-one"),
    ];
    let listed = with(&held, &["jobs", "list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let beta = with(&held, &["--api", "beta", "jobs", "list"]);
    assert_eq!(beta.code, 0, "{beta:?}");
    let paths: Vec<_> = sandbox
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert!(
        paths[0].starts_with("/v1.0/") && paths[1].starts_with("/beta/"),
        "{paths:?}"
    );
    let unknown = with(&held, &["--profile", "nowhere", "jobs", "list"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.err.contains("source, target"), "{unknown:?}");
    let other = token(&json!({ "tid": "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754", "scp": "" }));
    let wrong = with(
        &[("XTMIG_CONFIG", &file), ("TARGET_TOKEN", &other)],
        &["auth", "check"],
    );
    assert_eq!(wrong.code, 5, "{wrong:?}");
    assert!(
        wrong.err.contains("the token is for another tenant"),
        "{wrong:?}"
    );
    fs::write(
        &file,
        "default-profile = \"a\"\n[profiles.a]\nsecret = \"no\"\n",
    )
    .expect("a file");
    let broken = with(&held, &["jobs", "list"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(broken.err.contains("line 3: unknown field"), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_from_a_file_too_and_is_read_again_when_it_is_refused() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "the-first\n").expect("a file");
    let url = sandbox.base_url();
    let file = file.to_str().expect("UTF-8");
    let list = ["--base-url", url.as_str(), "jobs", "list"];
    assert_eq!(with(&[("XTMIG_TOKEN_FILE", file)], &list).code, 0);
    let missing = with(&[("XTMIG_TOKEN_FILE", "/no/such/file")], &list);
    assert_eq!(missing.code, 5, "{missing:?}");
}

/// An Azure CLI that gives out one token.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_to_the_azure_cli_is_signed_in_here() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let az = folder.path().join("az");
    let secret = token(&json!({ "upn": "ada@harborlane.example", "tid": "t", "scp": "" }));
    let answer = json!({ "accessToken": secret, "expires_on": 4_000_000_000_u64, "expiresOn": "2096-10-02 07:06:40.000000",
        "tokenType": "Bearer", "tenant": "t", "subscription": "s" });
    fs::write(&az, format!("#!/bin/sh\ncat <<'EOF'\n{answer}\nEOF\n")).expect("a file");
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let url = sandbox.base_url();
    let arguments = ["--credential", "azure-cli", "--base-url", url.as_str()];
    let listed = with(
        &[("PATH", &path)],
        &[&arguments[..], &["jobs", "list"]].concat(),
    );
    assert_eq!(listed.code, 0, "{listed:?}");
    let checked = with(
        &[("PATH", &path)],
        &[&arguments[..], &["auth", "check", "-o", "jsonl"]].concat(),
    );
    assert!(
        checked.out.contains("ada@harborlane.example") && checked.out.contains("the Azure CLI"),
        "{checked:?}"
    );
    assert!(!checked.out.contains(&secret), "{checked:?}");
    fs::write(&az, "#!/bin/sh\necho 'Please run az login' >&2\nexit 1\n").expect("a file");
    let signed_out = with(
        &[("PATH", &path)],
        &[&arguments[..], &["jobs", "list"]].concat(),
    );
    assert_eq!(signed_out.code, 5, "{signed_out:?}");
}

/// The part of App Service that gives tokens to managed identities.
#[tokio::test(flavor = "multi_thread")]
async fn a_managed_identity_gets_its_token_from_the_machine() {
    use std::io::{Read, Write};
    let sandbox = demo().await;
    let identity = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = identity.local_addr().expect("an address");
    let asked = std::thread::spawn(move || {
        let (mut caller, _) = identity.accept().expect("a caller");
        let mut request = Vec::new();
        let mut bytes = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = caller.read(&mut bytes).expect("a request");
            request.extend_from_slice(&bytes[..read]);
        }
        let answer = json!({ "access_token": "managed-secret-9", "expires_on": "4000000000", "token_type": "Bearer",
            "resource": "https://graph.microsoft.com" })
        .to_string();
        write!(
            caller,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .expect("an answer");
        String::from_utf8(request).expect("UTF-8")
    });
    let endpoint = format!("http://{address}/msi/token");
    let url = sandbox.base_url();
    let ran = with(
        &[
            ("IDENTITY_ENDPOINT", &endpoint),
            ("IDENTITY_HEADER", "proof"),
        ],
        &[
            "--credential",
            "managed-identity",
            "--base-url",
            &url,
            "jobs",
            "list",
        ],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!format!("{ran:?}").contains("managed-secret-9"), "{ran:?}");
    let asked = asked.join().expect("it was asked").to_lowercase();
    assert!(
        asked.contains("resource=https%3a%2f%2fgraph.microsoft.com"),
        "{asked}"
    );
}

#[test]
fn credentials_that_are_not_complete_say_what_is_missing() {
    let id = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
    for (kind, variables, missing) in [
        ("client-secret", &[][..], "AZURE_CLIENT_SECRET is not set"),
        (
            "client-secret",
            &[("AZURE_CLIENT_SECRET", "s3cret")],
            "AZURE_TENANT_ID is not set",
        ),
        (
            "certificate",
            &[],
            "AZURE_CLIENT_CERTIFICATE_PATH is not set",
        ),
        (
            "certificate",
            &[
                ("AZURE_CLIENT_CERTIFICATE_PATH", "/no/such/file"),
                ("AZURE_TENANT_ID", id),
                ("AZURE_CLIENT_ID", id),
            ],
            "/no/such/file cannot be used",
        ),
        ("workload-identity", &[], "no tenant ID specified"),
        ("environment", &[], "none of AZURE_CLIENT_SECRET"),
    ] {
        let ran = with(variables, &["--credential", kind, "jobs", "list"]);
        assert_eq!(ran.code, 5, "{kind}: {ran:?}");
        assert!(ran.err.contains(missing), "{kind}: {ran:?}");
        assert!(ran.err.contains("  next: "), "{kind}: {ran:?}");
    }
}
