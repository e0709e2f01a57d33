//! What has to change in the generated code.
//!
//! Every correction fails when it finds nothing to do: one that has become obsolete is removed, not
//! kept.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, Item, ItemMod, ItemStruct, Stmt, Token, parse_quote};

use crate::builders;

type Result<T> = std::result::Result<T, String>;

/// Applies all corrections.
pub fn correct(file: &mut syn::File, request_schemas: &BTreeSet<String>) -> Result<()> {
    remove_constructor_with_built_in_timeout(file)?;
    remove_unasked_header(file)?;
    encode_path_arguments(file)?;
    let types = types_module(file)?;
    remove_unused_conversion_error(types)?;
    read_null_as_empty_list(types)?;
    leave_types_open_to_new_properties(types)?;
    build_requests_by_methods(types, request_schemas)?;
    describe_properties_of_named_types(types)?;
    derive_schemas_on_request(types)
}

/// Adds items to the module of types.
pub fn add_types(file: &mut syn::File, items: &TokenStream) -> Result<()> {
    let items = syn::parse2::<syn::File>(items.clone())
        .map_err(|error| error.to_string())?
        .items;
    content(types_module(file)?)?.extend(items);
    Ok(())
}

/// `Client::new` builds an HTTP client with a total timeout of 15 s that nobody asked for, and
/// panics if it cannot.
fn remove_constructor_with_built_in_timeout(file: &mut syn::File) -> Result<()> {
    let mut removed = 0;
    for item in &mut file.items {
        if let Item::Impl(block) = item {
            let before = block.items.len();
            block.items.retain(
                |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
            );
            removed += before - block.items.len();
        }
    }
    applied("remove_constructor_with_built_in_timeout", removed)
}

/// The generator sends `api-version: <info.version>` with every request; no document of the service
/// knows it.
fn remove_unasked_header(file: &mut syn::File) -> Result<()> {
    struct Remover(usize);
    impl VisitMut for Remover {
        fn visit_block_mut(&mut self, block: &mut syn::Block) {
            let before = block.stmts.len();
            block.stmts.retain(|statement| match statement {
                Stmt::Local(local) => !local
                    .pat
                    .to_token_stream()
                    .to_string()
                    .contains("header_map"),
                Stmt::Expr(expression, _) => {
                    let text = expression.to_token_stream().to_string();
                    !(text.starts_with("header_map") && text.contains("api-version"))
                }
                _ => true,
            });
            self.0 += before - block.stmts.len();
            visit_mut::visit_block_mut(self, block);
        }

        fn visit_expr_mut(&mut self, expression: &mut Expr) {
            if let Expr::MethodCall(call) = expression
                && call.method == "headers"
                && call.args.to_token_stream().to_string() == "header_map"
            {
                *expression = (*call.receiver).clone();
            }
            visit_mut::visit_expr_mut(self, expression);
        }
    }
    let mut remover = Remover(0);
    remover.visit_file_mut(file);
    applied("remove_unasked_header", remover.0)
}

/// The generator leaves `.`, `..` and `'` in path arguments as they are: `..` then removes the
/// segment before it, and a quote ends the OData literal that it stands in.
fn encode_path_arguments(file: &mut syn::File) -> Result<()> {
    struct Encoder {
        segments: usize,
        literals: usize,
    }
    impl VisitMut for Encoder {
        fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
            let Ok(mut arguments) =
                call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
            else {
                return;
            };
            let Some(Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(template),
                ..
            })) = arguments.first()
            else {
                return;
            };
            let template = template.value();
            let quoted: Vec<bool> = template
                .match_indices("{}")
                .map(|(at, _)| template[..at].ends_with('\''))
                .collect();
            for (argument, quoted) in arguments.iter_mut().skip(1).zip(quoted) {
                let Expr::Call(call) = argument else { continue };
                if call.func.to_token_stream().to_string() != "encode_path" {
                    continue;
                }
                // `&job_id.to_string()`
                let Some(Expr::Reference(reference)) = call.args.first() else {
                    continue;
                };
                let Expr::MethodCall(to_string) = &*reference.expr else {
                    continue;
                };
                let value = &to_string.receiver;
                *argument = if quoted {
                    self.literals += 1;
                    parse_quote!(crate::client::odata::encode_literal(#value))
                } else {
                    self.segments += 1;
                    parse_quote!(crate::client::odata::encode_segment(#value))
                };
            }
            call.tokens = arguments.to_token_stream();
        }
    }
    let mut encoder = Encoder {
        segments: 0,
        literals: 0,
    };
    encoder.visit_file_mut(file);
    applied("encode_path_arguments (segments)", encoder.segments)?;
    applied("encode_path_arguments (literals)", encoder.literals)?;
    if file.to_token_stream().to_string().contains("encode_path (") {
        return Err("a path argument is still encoded by the generator's own function".to_owned());
    }
    Ok(())
}

/// No generated type converts from text, so the error for it would only clutter the documentation.
fn remove_unused_conversion_error(types: &mut ItemMod) -> Result<()> {
    let items = content(types)?;
    let before = items.len();
    items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "error"));
    applied("remove_unused_conversion_error", before - items.len())
}

/// Graph sends null where the documents promise a list.
fn read_null_as_empty_list(types: &mut ItemMod) -> Result<()> {
    let mut corrected = 0;
    for field in structs(types)?.flat_map(|item| item.fields.iter_mut()) {
        let optional = field
            .attrs
            .iter()
            .any(|attribute| attribute.to_token_stream().to_string().contains("default"));
        if optional
            && field
                .ty
                .to_token_stream()
                .to_string()
                .contains("vec :: Vec")
        {
            field.attrs.push(
                parse_quote!(#[serde(deserialize_with = "crate::models::tolerant::null_as_empty")]),
            );
            corrected += 1;
        }
    }
    applied("read_null_as_empty_list", corrected)
}

/// A property that the service gains must not break callers.
fn leave_types_open_to_new_properties(types: &mut ItemMod) -> Result<()> {
    let mut marked = 0;
    for item in structs(types)? {
        item.attrs.push(parse_quote!(#[non_exhaustive]));
        marked += 1;
    }
    applied("leave_types_open_to_new_properties", marked)
}

/// What callers fill in cannot be written as a literal and is built by methods.
fn build_requests_by_methods(
    types: &mut ItemMod,
    request_schemas: &BTreeSet<String>,
) -> Result<()> {
    let items = content(types)?;
    let builders = syn::parse2::<syn::File>(builders::builders(items, request_schemas))
        .map_err(|error| error.to_string())?;
    let added = builders.items.len();
    items.extend(builders.items);
    applied("build_requests_by_methods", added)
}

/// A property that refers to a named schema cannot carry a description of its own in OpenAPI 3.0.
fn describe_properties_of_named_types(types: &mut ItemMod) -> Result<()> {
    let mut described = 0;
    for field in structs(types)?.flat_map(|item| item.fields.iter_mut()) {
        if !field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("doc"))
        {
            let property = field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
                .replace('_', " ");
            let text = format!("The {property}; the type says more.");
            field.attrs.insert(0, parse_quote!(#[doc = #text]));
            described += 1;
        }
    }
    applied("describe_properties_of_named_types", described)
}

/// JSON Schemas of the models are for those who ask for them by the feature.
fn derive_schemas_on_request(types: &mut ItemMod) -> Result<()> {
    let mut derived = 0;
    for item in structs(types)? {
        item.attrs
            .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
        derived += 1;
    }
    applied("derive_schemas_on_request", derived)
}

fn types_module(file: &mut syn::File) -> Result<&mut ItemMod> {
    file.items
        .iter_mut()
        .find_map(|item| match item {
            Item::Mod(module) if module.ident == "types" => Some(module),
            _ => None,
        })
        .ok_or_else(|| "the generated code has no module of types".to_owned())
}

fn content(module: &mut ItemMod) -> Result<&mut Vec<Item>> {
    module
        .content
        .as_mut()
        .map(|(_, items)| items)
        .ok_or_else(|| format!("module {} is empty", module.ident))
}

fn structs(types: &mut ItemMod) -> Result<impl Iterator<Item = &mut ItemStruct>> {
    Ok(content(types)?.iter_mut().filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    }))
}

fn applied(correction: &str, times: usize) -> Result<()> {
    if times == 0 {
        return Err(format!(
            "the correction `{correction}` was never applied; remove it from build/correction.rs"
        ));
    }
    Ok(())
}
