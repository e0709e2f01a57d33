//! Objects of several kinds, told apart by `@odata.type`.

/// Whether `text` names the kind `value`; the documents write it with and without `#`.
pub(crate) fn is_kind(text: &str, value: &str) -> bool {
    text.trim_start_matches('#')
        .eq_ignore_ascii_case(value.trim_start_matches('#'))
}

/// Reads and writes an enum of kinds that has a variant `Other(Map<String, Value>)` beside the
/// documented ones.
macro_rules! open_union {
    ($name:ident, $discriminator:literal { $($variant:ident($kind:ty) = $value:literal),+ $(,)? }) => {
        $(impl ::std::convert::From<$kind> for $name {
            fn from(kind: $kind) -> Self {
                Self::$variant(kind)
            }
        })+

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                #[derive(::serde::Serialize)]
                struct Tagged<'a, T> {
                    #[serde(rename = $discriminator)]
                    discriminator: &'static str,
                    #[serde(flatten)]
                    kind: &'a T,
                }
                match self {
                    $(Self::$variant(kind) => Tagged { discriminator: $value, kind }.serialize(serializer),)+
                    Self::Other(object) => object.serialize(serializer),
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let object = ::serde_json::Map::<String, ::serde_json::Value>::deserialize(deserializer)?;
                let discriminator = object.get($discriminator).and_then(::serde_json::Value::as_str).unwrap_or_default();
                $(if $crate::models::open_union::is_kind(discriminator, $value) {
                    // An object that contradicts its kind is kept whole rather than lost.
                    return Ok(<$kind as ::serde::Deserialize>::deserialize(&object)
                        .map_or_else(|_| Self::Other(object.clone()), Self::$variant));
                })+
                Ok(Self::Other(object))
            }
        }

        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let kinds = [$({
                    let kind = generator.subschema_for::<$kind>();
                    ::schemars::json_schema!({
                        "allOf": [
                            kind,
                            {
                                "type": "object",
                                "required": [$discriminator],
                                "properties": { $discriminator: { "type": "string", "enum": [$value] } }
                            }
                        ]
                    })
                }),+];
                ::schemars::json_schema!({ "anyOf": [{ "oneOf": kinds }, { "type": "object" }] })
            }
        }
    };
}
pub(crate) use open_union;
