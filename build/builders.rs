//! How callers build what they send.
//!
//! Every type is `#[non_exhaustive]`, so that a property that the service gains breaks nobody; what a
//! request is made of gets a method per property instead, and a constructor where properties are
//! required.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Field, GenericArgument, Ident, Item, ItemStruct, PathArguments, Type};

/// A constructor with more arguments is one that is called in the wrong order; such a type needs one
/// written by hand, in `src/calls/requests.rs`.
const MAX_ARGUMENTS: usize = 2;

/// The methods of all types that a request is made of.
pub fn builders(types: &[Item], request_schemas: &BTreeSet<String>) -> TokenStream {
    let requests: BTreeSet<_> = request_schemas
        .iter()
        .map(|name| name.to_upper_camel_case())
        .collect();
    types
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if requests.contains(&item.ident.to_string()) => Some(item),
            _ => None,
        })
        .map(builder)
        .collect()
}

fn builder(item: &ItemStruct) -> TokenStream {
    let name = &item.ident;
    let constructor = constructor(item);
    let setters = item.fields.iter().filter_map(setter);
    quote! {
        impl #name {
            #constructor
            #(#setters)*
        }
    }
}

fn constructor(item: &ItemStruct) -> Option<TokenStream> {
    if is_default(&item.attrs) {
        return Some(quote! {
            /// With no property set.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }
        });
    }
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        item.fields.iter().partition(|field| is_required(field));
    if required.len() > MAX_ARGUMENTS {
        return None;
    }
    let arguments = required.iter().map(|field| {
        let (name, ty) = (&field.ident, &field.ty);
        quote!(#name: impl Into<#ty>)
    });
    let required = required.iter().map(|field| &field.ident);
    let optional = optional.iter().map(|field| &field.ident);
    Some(quote! {
        /// With the properties that are required.
        #[must_use]
        pub fn new(#(#arguments),*) -> Self {
            Self {
                #(#required: #required.into(),)*
                #(#optional: ::std::default::Default::default(),)*
            }
        }
    })
}

fn setter(field: &Field) -> Option<TokenStream> {
    let name: &Ident = field.ident.as_ref()?;
    let documentation = format!(
        "Sets [`{name}`](field@Self::{name}).",
        name = name.to_string().trim_start_matches("r#")
    );
    let (argument, value) = if let Some(inner) = argument_of(&field.ty, "Option") {
        (quote!(value: impl Into<#inner>), quote!(Some(value.into())))
    } else if let Some(inner) = argument_of(&field.ty, "Vec") {
        (
            quote!(value: impl IntoIterator<Item = impl Into<#inner>>),
            quote!(value.into_iter().map(Into::into).collect()),
        )
    } else {
        let ty = &field.ty;
        (quote!(value: impl Into<#ty>), quote!(value.into()))
    };
    let setter = format_ident!("{name}");
    Some(quote! {
        #[doc = #documentation]
        #[must_use]
        pub fn #setter(mut self, #argument) -> Self {
            self.#name = #value;
            self
        }
    })
}

fn is_default(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && attribute.to_token_stream().to_string().contains("Default")
    })
}

/// A list that may be absent is marked as such for serde.
fn is_required(field: &Field) -> bool {
    argument_of(&field.ty, "Option").is_none()
        && !field.attrs.iter().any(|attribute| {
            attribute.path().is_ident("serde")
                && attribute.to_token_stream().to_string().contains("default")
        })
}

/// `T` of `Wrapper<T>`.
fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == wrapper => Some(inner),
        _ => None,
    }
}
