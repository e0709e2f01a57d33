//! Which members stand at the top of an object, noted in the one pass that reads it into its type.
//!
//! What an answer is, an object, a list, an error, is told by two or three members that its type may not have
//! or may take for absent. Looking for them in a tree of the whole answer would cost more than reading it.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// What was found at the top of an object.
#[derive(Debug, Default)]
pub(crate) struct TopLevel {
    /// How often `value` occurs.
    pub values: u32,
    /// Whether a list was expected in `value`, and null was there.
    pub value_is_null: bool,
    /// How often `@odata.nextLink` occurs.
    pub next_links: u32,
    /// How often `error` occurs.
    pub errors: u32,
    /// Whether there is an annotation, or a member that the type has, beside `error`.
    pub has_more_than_error: bool,
    /// The members that the type has.
    pub documented: &'static [&'static str],
}

impl TopLevel {
    /// Whether the type has a member of this name.
    pub fn documents(&self, name: &str) -> bool {
        self.documented.contains(&name)
    }

    fn note(&mut self, name: &str) -> bool {
        match name {
            "value" => self.values += 1,
            "@odata.nextLink" => self.next_links += 1,
            "error" => self.errors += 1,
            _ => {}
        }
        self.has_more_than_error |= self.is_more_than_error(name);
        name == "value"
    }

    /// Whether the member shows that the object is what its type says, whatever it tells of an error.
    pub fn is_more_than_error(&self, name: &str) -> bool {
        name.starts_with('@') || (name != "error" && self.documents(name))
    }
}

/// Reads `text`, which has to be an object, and notes what stands at its top.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    text: &'de [u8],
    top: &mut TopLevel,
) -> Result<T, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Object {
        json: &mut json,
        top,
    })?;
    json.end()?;
    Ok(value)
}

/// Notes what stands at the top of `text`, and reads nothing.
pub(crate) fn survey(text: &[u8]) -> Result<TopLevel, serde_json::Error> {
    struct Nothing;

    impl<'de> Deserialize<'de> for Nothing {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;

            impl<'de> Visitor<'de> for Members {
                type Value = Nothing;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Nothing, A::Error> {
                    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                    Ok(Nothing)
                }
            }

            deserializer.deserialize_struct("Nothing", &[], Members)
        }
    }

    let mut top = TopLevel::default();
    read::<Nothing>(text, &mut top)?;
    Ok(top)
}

/// The object itself.
struct Object<'a, D> {
    json: D,
    top: &'a mut TopLevel,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Object<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.top.documented = fields;
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.json.deserialize_map(Members {
            visitor,
            top: self.top,
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom(
            "only structs stand at the top of an answer",
        ))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct enum identifier ignored_any
    }
}

struct Members<'a, V> {
    visitor: V,
    top: &'a mut TopLevel,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Members<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Noting {
            members,
            top: self.top,
            is_value: false,
        })
    }
}

/// The members, each noted as it passes.
struct Noting<'a, A> {
    members: A,
    top: &'a mut TopLevel,
    /// Whether the member at hand is `value`.
    is_value: bool,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Noting<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.members.next_key_seed(Key {
            seed,
            top: self.top,
            is_value: &mut self.is_value,
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        if self.is_value {
            let is_null = &mut self.top.value_is_null;
            self.members.next_value_seed(Nullable { seed, is_null })
        } else {
            self.members.next_value_seed(seed)
        }
    }
}

/// The name of a member, on its way to who asked for it.
struct Key<'a, K> {
    seed: K,
    top: &'a mut TopLevel,
    is_value: &'a mut bool,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<K::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for Key<'_, K> {
    type Value = K::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<K::Value, E> {
        *self.is_value = self.top.note(name);
        self.seed
            .deserialize(serde::de::value::StrDeserializer::new(name))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<K::Value, E> {
        *self.is_value = self.top.note(name);
        self.seed
            .deserialize(serde::de::value::BorrowedStrDeserializer::new(name))
    }
}

/// A value that may be null where a list is expected.
struct Nullable<'a, S> {
    seed: S,
    is_null: &'a mut bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Nullable<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(NullableValue {
            value,
            is_null: self.is_null,
        })
    }
}

struct NullableValue<'a, D> {
    value: D,
    is_null: &'a mut bool,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for NullableValue<'_, D> {
    type Error = D::Error;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.value.deserialize_option(OptionalValue {
            visitor,
            is_null: self.is_null,
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.value.deserialize_ignored_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.value.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

struct OptionalValue<'a, V> {
    visitor: V,
    is_null: &'a mut bool,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionalValue<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        *self.is_null = true;
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        *self.is_null = true;
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(value)
    }
}
