//! How large expressions may be, and what their evaluation may cost.

use rustix::time::{ClockId, clock_gettime};

use crate::tests::{VOCABULARY, World, errors, evaluate};
use crate::{Budget, EvalError, Program, Value, cut};

#[test]
fn large_expressions_are_refused() {
    let deep = "the expression is nested more than 96 levels deep";
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    // Each with the most levels that it may have.
    for (open, inner, close, most) in [
        ("(", "true", ")", 96),
        ("[", "1", "]", 95),
        ("{1: ", "1", "}", 95),
        ("[1][", "0", "]", 94),
        ("size([", "1", "])", 47),
        ("", "object", ".a", 95),
        ("", "1", " + 1", 95),
        ("", "object", ".trim()", 95),
        ("!(", "true", ")", 95),
        ("-(", "1", ")", 95),
        ("true ? true : ", "true", "", 95),
        ("[1].all(x, ", "true", ")", 94),
        ("cel.bind(x, 1, ", "true", ")", 95),
    ] {
        let text = nested(open, inner, close, most);
        let program =
            Program::compile(&text, &VOCABULARY).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let _ = cut::evaluate(&program, &World, 500_000);
        for more in [1, 2, 20] {
            let text = nested(open, inner, close, most + more);
            let error = &errors(&text)[0];
            assert_eq!(
                (error.message.as_str(), error.help.as_deref()),
                (deep, Some("split it into several rules")),
                "{text}"
            );
            assert!(!error.range.is_empty() && error.range.end <= text.len(), "{error:?}");
        }
    }
    for text in
        ["-".repeat(4_000), "true?".repeat(800), "[".repeat(4_096), "(".repeat(4_096), "!".repeat(4_001)]
    {
        let _ = errors(&text);
    }
    assert!(errors(&format!("'{}' == ''", "a".repeat(5_000)))[0].message.contains("longer than 4096 bytes"));
    assert_eq!(errors(&"[1],".repeat(1_000))[0].message, "unexpected `,`");
    let many = format!("[{}]", "1,".repeat(2_000));
    assert_eq!(errors(&many)[0].message, "the expression has more than 2000 parts");
    assert_eq!(evaluate(&format!("true{}", " && true".repeat(400))), Ok(Value::Bool(true)));
}

/// What would go on for ever, or grow without bound, ends by the budget; and the budget is worth little time.
#[test]
fn one_evaluation_is_bounded() {
    let doubled = |times: usize, start: &str| {
        (0..times).fold("size(x0)".replace('0', &times.to_string()), |inner, at| {
            let at = times - at;
            let before = if at == 1 { start.to_owned() } else { format!("x{}", at - 1) };
            format!("cel.bind(x{at}, {before} + {before}, {inner})")
        })
    };
    let expressions = [
        "names.all(a, names.all(b, names.all(c, names.all(d, a + b + c != d))))".to_owned(),
        "names.map(a, names.map(b, names.map(c, a + b + c))).size() > 0".to_owned(),
        "names.map(a, names).map(b, b.map(c, c + c)).size() > 0".to_owned(),
        doubled(30, "long") + " > 0",
        doubled(30, "names") + " > 0",
        "names.all(a, names.filter(b, b == a).size() == 1)".to_owned(),
        "names.all(a, a in names)".to_owned(),
        "names.distinct().size() > 0 && sets.equivalent(names, names)".to_owned(),
        "names.exists(a, long.matches('(a|aa)+(b|c|d)+$'))".to_owned(),
        "names.exists(a, long.matches(a + '(a*)*b'))".to_owned(),
        "names.all(a, long.contains(a + 'b') || true)".to_owned(),
        "long.replace('a', long).size() > 0".to_owned(),
        "long.replace('', long).size() > 0".to_owned(),
        "long.indexOf(long + 'b') > 0 && long.lastIndexOf(long.substring(10)) > 0".to_owned(),
        "long.split('').map(c, long).join(long).size() > 0".to_owned(),
        "lists.range(1000000000).size() > 0".to_owned(),
        "names.map(a, names).flatten().map(a, names).flatten().size() > 0".to_owned(),
        "'%s%s%s%s'.format([names, names, names, names]).size() > 0 && names.all(a, '%s'.format([names]) != a)".to_owned(),
        "names.all(a, names == names && names + names != names)".to_owned(),
        "names.all(a, names.sort().size() > 0)".to_owned(),
        "names.all(a, long.findAll('').size() > 0)".to_owned(),
        "names.all(a, long.lowerAscii() != a && long.trim() != a && long.upperAscii() != a)".to_owned(),
        "names.all(a, names.transformMap(i, v, names).size() > 0)".to_owned(),
    ];
    for expression in expressions {
        let program = Program::compile(&expression, &VOCABULARY)
            .unwrap_or_else(|error| panic!("{expression}: {error:?}"));
        let mut budget = Budget::new(500_000);
        let before = clock_gettime(ClockId::ThreadCPUTime);
        let result = program.evaluate(&World, &mut budget);
        let after = clock_gettime(ClockId::ThreadCPUTime);
        assert_eq!(result, Err(EvalError::TooExpensive(500_000)), "{expression}");
        let spent = (after.tv_sec - before.tv_sec) * 1_000 + (after.tv_nsec - before.tv_nsec) / 1_000_000;
        assert!(spent < 2_000, "{expression}: {spent} ms");
    }
}

#[test]
fn a_cancelled_evaluation_ends() {
    let program = Program::compile("names.all(a, names.all(b, true))", &VOCABULARY).unwrap();
    let asked = std::cell::Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let mut budget = Budget::new(100_000_000).or_until(&cancelled);
    assert_eq!(program.evaluate(&World, &mut budget), Err(EvalError::Cancelled));
    assert!(budget.spent() < 20_000, "{budget:?}");
}
