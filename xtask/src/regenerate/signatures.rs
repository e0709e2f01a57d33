//! What the library's hand-written methods return.

use std::collections::BTreeMap;
use std::path::Path;

use quote::ToTokens;
use syn::{GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type, Visibility};

/// The success type of each public method of the client, by name.
///
/// # Errors
/// Fails when a source file is no Rust.
pub fn of_client(sources: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let entries = std::fs::read_dir(sources)
        .map_err(|error| format!("cannot read {}: {error}", sources.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let file =
            syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for item in file.items {
            let Item::Impl(block) = item else { continue };
            if block.trait_.is_some() || written(&block.self_ty) != "Client" {
                continue;
            }
            for member in block.items {
                if let ImplItem::Fn(method) = member
                    && matches!(method.vis, Visibility::Public(_))
                    && method.sig.asyncness.is_some()
                {
                    found.insert(method.sig.ident.to_string(), success(&method.sig.output));
                }
            }
        }
    }
    Ok(found)
}

/// `T` of `Result<T, Error>`.
fn success(output: &ReturnType) -> String {
    let ReturnType::Type(_, returned) = output else {
        return "()".to_owned();
    };
    let inner = match returned.as_ref() {
        Type::Path(path) => path.path.segments.last().and_then(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                return None;
            };
            (segment.ident == "Result")
                .then(|| arguments.args.first())
                .flatten()
        }),
        _ => None,
    };
    match inner {
        Some(GenericArgument::Type(inner)) => written(inner),
        _ => written(returned),
    }
}

fn written(tokens: &impl ToTokens) -> String {
    super::items::tidy(&tokens.to_token_stream().to_string())
}
