//! What the library's hand-written methods return.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quote::ToTokens;
use syn::{GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type, Visibility};

/// Every source file below a folder.
///
/// # Errors
/// Fails when a source file is no Rust.
pub fn sources(folder: &Path) -> Result<Vec<syn::File>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let file =
                syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push(file);
        }
    }
    Ok(files)
}

/// The success type of each public method of the client, by name.
pub fn of_client(files: &[syn::File]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let Item::Impl(block) = item else { continue };
        if block.trait_.is_some() || written(&block.self_ty) != "Client" {
            continue;
        }
        for member in &block.items {
            if let ImplItem::Fn(method) = member
                && matches!(method.vis, Visibility::Public(_))
                && method.sig.asyncness.is_some()
            {
                found.insert(method.sig.ident.to_string(), success(&method.sig.output));
            }
        }
    }
    found
}

/// The public methods of the client that are marked as deprecated.
pub fn deprecated_methods(files: &[syn::File]) -> BTreeSet<String> {
    files
        .iter()
        .flat_map(|file| &file.items)
        .filter_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() && written(&block.self_ty) == "Client" => {
                Some(&block.items)
            }
            _ => None,
        })
        .flatten()
        .filter_map(|member| match member {
            ImplItem::Fn(method) => Some(method),
            _ => None,
        })
        .filter(|method| {
            method
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("deprecated"))
        })
        .map(|method| method.sig.ident.to_string())
        .collect()
}

/// The variants of each public enum whose name ends in `Outcome`.
pub fn outcomes(files: &[syn::File]) -> BTreeMap<String, Vec<String>> {
    files
        .iter()
        .flat_map(|file| &file.items)
        .filter_map(|item| match item {
            Item::Enum(item) if matches!(item.vis, Visibility::Public(_)) => Some(item),
            _ => None,
        })
        .filter(|item| item.ident.to_string().ends_with("Outcome"))
        .map(|item| {
            let variants = item
                .variants
                .iter()
                .map(|variant| variant.ident.to_string());
            (item.ident.to_string(), variants.collect())
        })
        .collect()
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
