//! How tables are declared: each key once, as a field with a doc comment.

/// Declares a table of the file: each field is a key, its doc comment the help, `= …` its default.
macro_rules! table {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $help:literal])+ $field:ident $(as $key:literal)? : $type:ty $(= $default:literal)?,)*
        $(..$rest:ident : $keys:ty)?
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub(in crate::scenario) struct $name {
            /// The place of the table.
            #[allow(dead_code, reason = "not every table's own place is needed")]
            pub span: std::ops::Range<usize>,
            $($(#[doc = $help])+ pub $field: $crate::scenario::read::At<$type>,)*
            $(/// The keys that depend on which ones are there.
            pub $rest: $keys,)?
        }

        impl $crate::scenario::read::Keys for $name {
            fn describe(
                object: &mut $crate::scenario::describe::Object,
                seen: &mut $crate::scenario::describe::Described,
            ) {
                $(object.key::<$type>(
                    $crate::scenario::declare::key_name!($field $($key)?),
                    concat!($($help, "\n"),+),
                    None$(.or(Some(stringify!($default))))?,
                    seen,
                );)*
                $(<$keys as $crate::scenario::read::Keys>::describe(object, seen);)?
            }

            fn read_keys(table: &mut $crate::scenario::read::Table<'_, '_>) -> Self {
                Self {
                    span: table.span(),
                    $($field: table.key(
                        $crate::scenario::declare::key_name!($field $($key)?),
                        None$(.or(Some(stringify!($default))))?,
                    ),)*
                    $($rest: <$keys as $crate::scenario::read::Keys>::read_keys(table),)?
                }
            }
        }

        $crate::scenario::declare::table_value!($name, concat!($($doc, "\n"),+));
    };
}

/// The key of a field: its own name where no other is given.
macro_rules! key_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// Lets a table be the value of a key.
macro_rules! table_value {
    ($name:ident, $doc:expr) => {
        impl $crate::scenario::read::Value for $name {
            const TABLE: bool = true;

            fn shape(
                seen: &mut $crate::scenario::describe::Described,
            ) -> $crate::scenario::describe::Shape {
                seen.table::<Self>(stringify!($name), $doc)
            }

            fn read(
                reader: &mut $crate::scenario::read::Reader<'_>,
                value: &toml::Spanned<toml::de::DeValue<'_>>,
            ) -> Option<Self> {
                reader.table(value)
            }
        }
    };
}

/// Declares a choice between sets of keys: by the value of one key (`by "kind"`), or by which key is there.
macro_rules! either {
    ($(#[doc = $doc:literal])+ $name:ident $(by $tag:literal)? {
        $($(#[doc = $help:literal])+ $word:literal => $variant:ident($keys:ident),)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub(in crate::scenario) enum $name {
            $($(#[doc = $help])+ $variant($keys),)+
            /// None of them, which was noted.
            Unclear,
        }

        impl $crate::scenario::read::Keys for $name {
            fn describe(
                object: &mut $crate::scenario::describe::Object,
                seen: &mut $crate::scenario::describe::Described,
            ) {
                let tag = None$(.or(Some($tag)))?;
                object.choice(tag, concat!($($doc, "\n"),+));
                $(object.variant::<$keys>($word, concat!($($help, "\n"),+), seen);)+
            }

            fn read_keys(table: &mut $crate::scenario::read::Table<'_, '_>) -> Self {
                let tag = None$(.or(Some($tag)))?;
                match table.choose(tag, &[$($word),+]) {
                    $(Some($word) => {
                        let keys = <$keys as $crate::scenario::read::Keys>::read_keys(table);
                        Self::$variant(keys)
                    })+
                    _ => {
                        $(table.pass_over(&$crate::scenario::describe::key_names::<$keys>());)+
                        Self::Unclear
                    }
                }
            }
        }
    };
}

/// Declares a choice between words.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $help:literal])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $help])+ $variant,)+
        }

        impl $name {
            /// Every word, in the order of the declaration.
            #[allow(dead_code, reason = "not every list is asked for")]
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word that stands for it in a scenario file.
            #[allow(dead_code, reason = "not every word is asked back for")]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::scenario::read::Value for $name {
            fn shape(
                _: &mut $crate::scenario::describe::Described,
            ) -> $crate::scenario::describe::Shape {
                $crate::scenario::describe::Shape::words(&[
                    $(($word, concat!($($help, "\n"),+)),)+
                ])
            }

            fn read(
                reader: &mut $crate::scenario::read::Reader<'_>,
                value: &toml::Spanned<toml::de::DeValue<'_>>,
            ) -> Option<Self> {
                match reader.word(value, &[$($word),+])? {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use {either, key_name, table, table_value, words};
