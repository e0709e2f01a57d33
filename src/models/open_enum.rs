//! Enums that the service may extend at any time.

/// Whether `text` is the documented `member`.
///
/// Capitals do not matter: the documents write `Submitted` and `submitted`. The admin guide spells
/// "Canceled" with one l, and an older table writes `ValidationSubmitted` for `validateSubmitted`.
pub(crate) fn is_member(text: &str, member: &str) -> bool {
    let text = text.trim();
    text.eq_ignore_ascii_case(member)
        || (member == "cancelled" && text.eq_ignore_ascii_case("canceled"))
        || member.strip_prefix("validate").is_some_and(|rest| {
            !rest.is_empty()
                && text
                    .split_at_checked("validation".len())
                    .is_some_and(|(start, end)| {
                        start.eq_ignore_ascii_case("validation") && end.eq_ignore_ascii_case(rest)
                    })
        })
}

/// Reads and writes an enum that has a variant `Unknown(String)` beside the documented ones.
macro_rules! open_enum {
    ($name:ident { $($variant:ident = $member:literal : $meaning:literal),+ $(,)? }) => {
        impl $name {
            /// The documented members, in the order of the documents.
            pub const DOCUMENTED: &'static [Self] = &[$(Self::$variant),+];

            /// The member as the service writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $member,)+
                    Self::Unknown(text) => text,
                }
            }

            /// What the member means, in a sentence for people; none for one that is not documented.
            #[must_use]
            pub fn meaning(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($meaning),)+
                    Self::Unknown(_) => None,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                // Nearly every text is written as documented, and needs no closer look.
                match text {
                    $($member => return Self::$variant,)+
                    _ => {}
                }
                $(if $crate::models::open_enum::is_member(text, $member) {
                    return Self::$variant;
                })+
                Self::Unknown(text.to_owned())
            }
        }

        /// Any text is a member, if only an unknown one.
        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        /// On one line, whatever the service wrote; [`as_str`](Self::as_str) is the text itself.
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::models::one_line::show_value(self.as_str(), f)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                struct Member;

                impl ::serde::de::Visitor<'_> for Member {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E>(self, text: &str) -> ::std::result::Result<$name, E> {
                        Ok($name::from(text))
                    }
                }

                deserializer.deserialize_str(Member)
            }
        }

        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({
                    "anyOf": [{ "type": "string", "enum": [$($member),+] }, { "type": "string" }]
                })
            }
        }
    };
}
pub(crate) use open_enum;
