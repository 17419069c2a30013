//! The check of types: what it costs, and that it has an answer whatever is written.

use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use crate::vocabulary::{Declared, Record, Vocabulary};
use crate::{CompileError, Program};

const SPACE: Record<'_> = Record {
    name: "space",
    fields: &[("name", Declared::String), ("labels", Declared::Map(&Declared::String))],
};

const VOCABULARY: Vocabulary<'_> = Vocabulary {
    variables: &[("object", Declared::Dyn), ("space", Declared::Record(&SPACE))],
    parts: &[],
    unavailable: &[],
    partly_known: &[],
};

fn errors(expression: &str) -> Vec<CompileError> {
    Program::compile(expression, &VOCABULARY).err().unwrap_or_default()
}

/// Types that grow with every level, unknown types that stand for unknown types, and as many overloads as there can be.
#[test]
fn a_check_costs_little() {
    let bound = |times: usize, grown: &dyn Fn(usize) -> String, end: &str| {
        let start = format!("cel.bind(x0, {}, ", grown(0));
        let more: String = (1..times).map(|at| format!("cel.bind(x{at}, {}, ", grown(at))).collect();
        format!("{start}{more}{end}{}", ")".repeat(times))
    };
    let doubled = |at: usize| match at {
        0 => "{1: 1}".to_owned(),
        at => format!("{{x{}: x{}}}", at - 1, at - 1),
    };
    let unknown = |at: usize| match at {
        0 => "[]".to_owned(),
        at => format!("[x{} + [], x{}]", at - 1, at - 1),
    };
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    for expression in [
        bound(80, &doubled, "x79 == x78"),
        bound(80, &unknown, "x79 == x78"),
        format!("[{}].size() > 0", "[],".repeat(900)),
        format!("[{}].size() > 0", "{},".repeat(900)),
        format!("[{}].size() > 0", "[object.a] + [],".repeat(240)),
        nested("[].map(x, ", "x", ")", 90) + ".size() > 0",
        nested("'%s'.format([", "1", "])", 45) + " == ''",
        nested("'%s'.format([[", "1", "]])", 30) + " == ''",
        format!("object.a{}", " + object.a".repeat(90)),
        format!("object.a{}", " < object.a".repeat(90)),
        nested("optional.of(", "optional.none()", ")", 90) + ".hasValue()",
        nested("(object.a ? [] : ", "[]", ")", 90) + " == []",
        nested("object.a[", "0", "]", 90) + " == 1",
        format!("[{}].size() > 0", "object.a.indexOf(object.b),".repeat(140)),
    ] {
        let before = clock_gettime(ClockId::ThreadCPUTime);
        let _ = errors(&expression);
        let after = clock_gettime(ClockId::ThreadCPUTime);
        let spent = (after.tv_sec - before.tv_sec) * 1_000 + (after.tv_nsec - before.tv_nsec) / 1_000_000;
        assert!(spent < 1_000, "{expression}: {spent} ms");
    }
}

#[test]
fn one_fault_is_told_once() {
    for (expression, at, message) in [
        ("(1 + 'a') + 2 == 3 && (1 + 'a').size() == 1 || true", "+", "`+` does not take int and string"),
        ("[1, 'a'].map(x, x + 1)[0] == 1", "'a'", "the list cannot hold both int and string"),
        ("space.nam.x.y == 1", "nam", "`space` has no field `nam`"),
        ("cel.bind(s, space, s.nam) == ''", "nam", "`space` has no field `nam`"),
        ("space.labels.a.b == ''", "b", "a string has no field `b`"),
        ("[1].all(x, x.a)", "a", "an int has no field `a`"),
        ("object.a && 'x'", "'x'", "each side of `&&` must be true or false, not string"),
    ] {
        let all = errors(expression);
        let distinct: Vec<&str> = all.iter().map(|error| error.message.as_str()).collect();
        assert!(distinct.iter().all(|one| *one == message) && !all.is_empty(), "{expression}: {all:?}");
        assert_eq!(&expression[all[0].range.clone()], at, "{expression}");
    }
}

/// Expressions that the grammar knows, of names and functions that there are.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1"),
        Just("2u"),
        Just("1.5"),
        Just("'a'"),
        Just("b'a'"),
        Just("true"),
        Just("null"),
        Just("object"),
        Just("object.a"),
        Just("space"),
        Just("space.name"),
        Just("space.labels"),
        Just("[]"),
        Just("{}"),
        Just("x"),
        Just("int"),
        Just("duration('1s')"),
        Just("timestamp('2027-01-01T00:00:00Z')"),
        Just("optional.none()"),
        Just("quantity('1')"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operators =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"]);
        let methods = prop::sample::select(vec![
            "size()",
            "startsWith('a')",
            "map(x, x)",
            "filter(x, true)",
            "all(x, y, true)",
            "transformMap(x, y, y)",
            "exists_one(x, x == 1)",
            "sum()",
            "max()",
            "sort()",
            "flatten()",
            "distinct()",
            "join(',')",
            "hasValue()",
            "value()",
            "orValue(1)",
            "format([1, 'a'])",
            "isLessThan(quantity('2'))",
            "getHours()",
            "matches('a')",
            "findAll('a')",
            "indexOf('a')",
        ]);
        let functions = prop::sample::select(vec![
            "size",
            "string",
            "int",
            "dyn",
            "type",
            "optional.of",
            "has",
            "!",
            "-",
        ]);
        prop_oneof![
            (inner.clone(), operators, inner.clone())
                .prop_map(|(one, sign, other)| format!("({one} {sign} {other})")),
            (inner.clone(), methods).prop_map(|(of, method)| format!("({of}).{method}")),
            (functions, inner.clone()).prop_map(|(function, of)| format!("{function}({of})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, two, three)| format!("({one} ? {two} : {three})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[{one}, {two}]")),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| format!("{{{key}: {value}}}")),
            (inner.clone(), inner.clone()).prop_map(|(of, at)| format!("({of})[{at}]")),
            (inner.clone(), inner.clone()).prop_map(|(value, body)| format!("cel.bind(x, {value}, {body})")),
            (inner.clone(), inner).prop_map(|(of, body)| format!("({of}).optMap(x, {body})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// There is an answer, its places are in the text, and it is the same with brackets around.
    #[test]
    fn any_expression_is_checked(text in expression().prop_map(|inner| format!("cel.bind(x, object, {inner})"))) {
        let alone = Program::compile(&text, &VOCABULARY);
        let within = Program::compile(&format!("({text})"), &VOCABULARY);
        match (&alone, &within) {
            (Ok(alone), Ok(within)) => prop_assert_eq!(alone.result_type(), within.result_type()),
            (Err(alone), Err(_)) => {
                for error in alone {
                    prop_assert!(text.get(error.range.clone()).is_some(), "{error:?}");
                }
            }
            _ => prop_assert!(false, "{text}: {alone:?} {within:?}"),
        }
        // What any value may be stands for each: it is refused nowhere for its type.
        if alone.is_ok() {
            let any = format!("[dyn({text}), dyn({text})].size() == 2");
            prop_assert!(Program::compile(&any, &VOCABULARY).is_ok() || any.len() > 4_000, "{any}");
        }
    }
}
