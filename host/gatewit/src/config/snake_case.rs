//! Reads types of the API, whose fields and values are in camelCase, from YAML in snake_case. Every key must be known.
//!
//! Keys are translated as they are read, so that each error has the place of what is wrong.

use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// Reads a type that must have this field, although it is optional in the API.
pub(super) fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    required: &'static str,
) -> Result<T, D::Error> {
    let deserializer = Snake {
        inner: deserializer,
        required: Some(required),
        is_required: false,
    };
    T::deserialize(deserializer).map_err(|error| error.0)
}

/// `startDateTime` becomes `start_date_time`.
fn snake_case(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Finds the name that reads like this in snake_case. An error lists all, in serde's words.
fn name_of<E: Error>(
    kind: &str,
    written: &str,
    names: &'static [&'static str],
) -> Result<&'static str, E> {
    let found = names.iter().find(|name| snake_case(name) == written);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = names
            .iter()
            .map(|name| format!("`{}`", snake_case(name)))
            .collect();
        let expected = match names.len() {
            1 | 2 => names.join(" or "),
            _ => format!("one of {}", names.join(", ")),
        };
        E::custom(format_args!(
            "unknown {kind} `{written}`, expected {expected}"
        ))
    })
}

/// An error that names fields in snake_case.
#[derive(Debug)]
struct SnakeError<E>(E);

impl<E: fmt::Display> fmt::Display for SnakeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Error> std::error::Error for SnakeError<E> {}

impl<E: Error> Error for SnakeError<E> {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self(E::custom(words))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(E::custom(format_args!(
            "missing field `{}`",
            snake_case(field)
        )))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(E::custom(format_args!(
            "duplicate field `{}`",
            snake_case(field)
        )))
    }
}

/// A deserializer that translates the keys of structs and the names of variants, however deep.
struct Snake<D> {
    inner: D,
    /// The field that the struct must have.
    required: Option<&'static str>,
    /// Whether this is the value of that field, which is there whatever is written.
    is_required: bool,
}

impl<D> Snake<D> {
    fn new(inner: D, is_required: bool) -> Self {
        Self {
            inner,
            required: None,
            is_required,
        }
    }
}

macro_rules! forward {
    ($($method:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.inner.$method(visitor).map_err(SnakeError)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Snake<D> {
    type Error = SnakeError<D::Error>;

    forward! {
        deserialize_any, deserialize_bool, deserialize_u32, deserialize_str, deserialize_string, deserialize_map,
        deserialize_ignored_any
    }

    // The types of events have none of these.
    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct identifier
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.is_required {
            true => visitor.visit_some(Self::new(self.inner, false)),
            false => {
                let read = self.inner.deserialize_option(Translated::of(visitor));
                read.map_err(SnakeError)
            }
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let read = self.inner.deserialize_seq(Translated::of(visitor));
        read.map_err(SnakeError)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let visitor = Translated {
            visitor,
            names: fields,
            required: self.required,
        };
        let read = self.inner.deserialize_struct(name, fields, visitor);
        read.map_err(SnakeError)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let visitor = Translated {
            visitor,
            names: variants,
            required: None,
        };
        self.inner.deserialize_str(visitor).map_err(SnakeError)
    }
}

/// A visitor, or a list or map for it, with the names that may stand in it.
struct Translated<V> {
    visitor: V,
    /// The fields of a struct, or the variants of an enum.
    names: &'static [&'static str],
    required: Option<&'static str>,
}

impl<V> Translated<V> {
    fn of(visitor: V) -> Self {
        Self {
            visitor,
            names: &[],
            required: None,
        }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Translated<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        let read = self.visitor.visit_some(Snake::new(value, false));
        read.map_err(|error| error.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        let read = self.visitor.visit_seq(Parts(list));
        read.map_err(|error| error.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let fields = Fields {
            map,
            names: self.names,
            required: self.required,
            current: "",
        };
        self.visitor.visit_map(fields).map_err(|error| error.0)
    }

    /// Visits the name of a variant.
    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let variant = name_of("variant", text, self.names)?;
        let variant = variant.into_deserializer();
        let read: Result<_, SnakeError<E>> = self.visitor.visit_enum(variant);
        read.map_err(|error| error.0)
    }
}

struct Parts<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<A> {
    type Error = SnakeError<A::Error>;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let seed = Value {
            seed,
            is_required: false,
        };
        self.0.next_element_seed(seed).map_err(SnakeError)
    }
}

struct Fields<A> {
    map: A,
    names: &'static [&'static str],
    /// The field that must still come.
    required: Option<&'static str>,
    /// The field whose value is next.
    current: &'static str,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<A> {
    type Error = SnakeError<A::Error>;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let key = self
            .map
            .next_key_seed(Key(self.names))
            .map_err(SnakeError)?;
        let Some(key) = key else {
            return match self.required {
                Some(field) => Err(Error::missing_field(field)),
                None => Ok(None),
            };
        };
        self.current = key;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        let is_required = self.required == Some(self.current);
        if is_required {
            self.required = None;
        }
        let seed = Value { seed, is_required };
        self.map.next_value_seed(seed).map_err(SnakeError)
    }
}

/// Reads a key as the name of one of these fields.
struct Key(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<&'static str, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        name_of("field", key, self.0)
    }
}

struct Value<S> {
    seed: S,
    is_required: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Value<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        let read = self.seed.deserialize(Snake::new(value, self.is_required));
        read.map_err(|error| error.0)
    }
}
