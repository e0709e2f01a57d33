//! Rust types that the generator would close and the service leaves open.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::lowering::{Enum, Union};

/// An enum that keeps an unknown member as its text; reading and writing is in `src/models/open_enum.rs`.
pub fn open_enum(of: &Enum) -> TokenStream {
    let name = format_ident!("{}", of.name.to_upper_camel_case());
    let description = &of.description;
    let variants: Vec<_> = of
        .members
        .iter()
        .map(|(member, _)| format_ident!("{}", member.to_upper_camel_case()))
        .collect();
    let texts = of.members.iter().map(|(member, _)| member);
    let plain_meanings = of.members.iter().map(|(_, meaning)| meaning);
    let meanings = of
        .members
        .iter()
        .map(|(member, meaning)| format!("`{member}`: {meaning}"));
    quote! {
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #meanings] #variants,)*
            /// A value that the documents do not name, as the service wrote it.
            Unknown(String),
        }
        crate::models::open_enum::open_enum!(#name { #(#variants = #texts: #plain_meanings),* });
    }
}

/// An enum of the documented kinds of an object, told apart by a discriminator, that keeps an
/// unknown kind as JSON; reading and writing is in `src/models/open_union.rs`.
pub fn open_union(of: &Union) -> TokenStream {
    let name = format_ident!("{}", of.name.to_upper_camel_case());
    let description = &of.description;
    let discriminator = &of.discriminator;
    let variants: Vec<_> = of
        .members
        .iter()
        .map(|(_, schema)| format_ident!("{}", variant_of_union(&of.name, schema)))
        .collect();
    let types: Vec<_> = of
        .members
        .iter()
        .map(|(_, schema)| format_ident!("{}", schema.to_upper_camel_case()))
        .collect();
    let values: Vec<_> = of.members.iter().map(|(value, _)| value).collect();
    let meanings = values.iter().map(|value| format!("`{value}`"));
    quote! {
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #meanings] #variants(#types),)*
            /// An object of no documented kind, or one that contradicts its kind, as the service
            /// wrote it.
            Other(::serde_json::Map<String, ::serde_json::Value>),
        }
        crate::models::open_union::open_union!(#name, #discriminator { #(#variants(#types) = #values),* });
    }
}

/// The variant that stands for a kind of a union.
pub fn variant_of_union(union: &str, member: &str) -> String {
    distinctive_part(union, member).to_upper_camel_case()
}

/// `User` of `sharePointUserMigrationTaskParameters`, a kind of
/// `sharePointMigrationTaskParameters`.
fn distinctive_part<'a>(union: &str, member: &'a str) -> &'a str {
    let shared = union
        .bytes()
        .zip(member.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    member[shared..]
        .strip_suffix(&union[shared..])
        .unwrap_or(member)
}
