//! YAML as the `yaml` filter writes it and the `yaml` function reads it. What was written reads back the same.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{read, write};
    use crate::expr::value::Value;
    use crate::model::Json;

    fn values() -> impl Strategy<Value = Json> {
        let texts = prop_oneof![
            "\\PC{0,8}",
            "[ \\t\\n\\r:#'\"|>\\[\\]{},&*!%@`?~a0.+-]{0,8}",
            "[a-z]{1,3}(\n[ a-z]{0,3}){1,3}",
            proptest::sample::select(
                &[
                    "yes", "No", "null", "~", "0x1F", "1e3", "1_000", ".inf", "<<", "---", "0123"
                ][..]
            )
            .prop_map(str::to_owned),
        ];
        let leaves = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e12f64..1e12).prop_map(Json::from),
            texts.clone().prop_map(Json::from),
        ];
        leaves.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::btree_map(texts.clone(), inner, 0..4)
                    .prop_map(|entries| entries.into_iter().collect::<Json>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(json in values()) {
            let value = Value::from(json);
            let text = write(&value).unwrap();
            prop_assert_eq!(read(&text).unwrap(), value, "{}", text);
        }

        #[test]
        fn no_text_causes_a_panic(text in "[ \\n:#'\"|>\\[\\]{},&*!%@?a0.-]{0,40}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn aliases_cannot_fill_the_memory() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let previous = format!("*a{}", level - 1);
            let items = vec![previous; 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(read(&bomb).is_err());
        let list = vec!["x"; 20_000].join(", ");
        let many = vec!["*a"; 5_000].join(", ");
        let wide = format!("a: &a [{list}]\nb: [{many}]\n");
        assert_eq!(read(&wide).unwrap_err(), "it is too large");
        assert!(read(&"[".repeat(10_000)).is_err());
        assert_eq!(
            read("a: &x [1]\nb: *x\n").unwrap(),
            Value::from(json!({"a": [1], "b": [1]}))
        );
    }
}
