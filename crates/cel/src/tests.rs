//! The language, as `cel-go` has it in an API server; what is wrong with expressions; and what they may cost.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::cut;
use crate::vocabulary::{Declared, Function, Part, Record};
use crate::{
    CompileError, EvalError, Facts, Path, PathStep, Program, Root, Value, Vocabulary, duration, map, string,
};

const SPACE: Record<'_> = Record {
    name: "space",
    fields: &[(
        "metadata",
        Declared::Record(&Record {
            name: "space.metadata",
            fields: &[("name", Declared::String), ("labels", Declared::Map(&Declared::String))],
        }),
    )],
};

pub(crate) const VOCABULARY: Vocabulary<'_> = Vocabulary {
    variables: &[
        ("object", Declared::Dyn),
        ("nothing", Declared::Dyn),
        ("names", Declared::Dyn),
        ("long", Declared::Dyn),
        ("space", Declared::Record(&SPACE)),
    ],
    parts: &[
        Part {
            name: "job",
            nullable: false,
            fields: &[("spec", Declared::Dyn), ("worstCase", Declared::Duration)],
            functions: &[Function {
                name: "firesAt",
                arguments: &[&[Declared::String, Declared::Timestamp]],
                result: Declared::Bool,
                check: Some(fires_at),
            }],
        },
        Part { name: "gone", nullable: true, fields: &[("field", Declared::Dyn)], functions: &[] },
    ],
    unavailable: &[("params", "write the values into the expression")],
    partly_known: &[("space", &["metadata.name", "metadata.labels"])],
};

fn fires_at(arguments: &[Value]) -> Result<(), EvalError> {
    match arguments {
        [Value::String(text)] if !text.contains(':') => Err(EvalError::failed("not a time of day")),
        _ => Ok(()),
    }
}

pub(crate) struct World;

/// As values are in an evaluation: made once.
static NAMES: LazyLock<Value> = LazyLock::new(|| {
    Value::from((0..10_000).map(|number| string(format!("name-{number}"))).collect::<Vec<_>>())
});
static LONG: LazyLock<Value> = LazyLock::new(|| string("a".repeat(1_000_000)));

impl Facts for World {
    fn variable(&self, index: usize) -> Value {
        match index {
            0 => map([
                (
                    "metadata",
                    map([
                        ("name", string("nightly")),
                        ("labels", map([("b", string("2")), ("a", string("1"))])),
                    ]),
                ),
                (
                    "spec",
                    map([
                        ("parallelism", Value::Int(3)),
                        ("suspend", Value::Bool(false)),
                        ("none", Value::Null),
                    ]),
                ),
            ]),
            2 => NAMES.clone(),
            3 => LONG.clone(),
            _ => Value::Null,
        }
    }

    fn has_part(&self, part: usize) -> bool {
        part == 0
    }

    fn field(&self, _part: usize, field: usize) -> Result<Value, EvalError> {
        Ok(if field == 0 { self.variable(0) } else { duration(90) })
    }

    fn call(&self, _part: usize, _function: usize, arguments: &[Value]) -> Result<Value, EvalError> {
        Ok(Value::Bool(arguments == [string("02:00")]))
    }
}

pub(crate) fn evaluate(expression: &str) -> Result<Value, EvalError> {
    let program =
        Program::compile(expression, &VOCABULARY).unwrap_or_else(|error| panic!("{expression}: {error:?}"));
    cut::evaluate(&program, &World, 500_000)
}

pub(crate) fn errors(expression: &str) -> Vec<CompileError> {
    match Program::compile(expression, &VOCABULARY) {
        Ok(_) => panic!("{expression} compiles"),
        Err(errors) => errors,
    }
}

/// Each is true.
#[test]
fn what_is_true() {
    for expression in [
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 % 3 == -1 && 1.5 + 1.5 == 3.0",
        "dyn(1) == 1.0 && dyn(1u) == 1 && 1 < 1.5 && 2u > 1 && -1 < 1u && !(dyn(1) == '1') && dyn(1) in [1.0]",
        "'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && 'a' < 'b' && false < true",
        "size('äö') == 2 && 'äö'.size() == 2 && size([1, 2]) == 2 && size({'a': 1}) == 1",
        "object.spec.parallelism == 3 && object['spec']['parallelism'] == 3 && !object.spec.suspend",
        "has(object.spec.none) && object.spec.none == null && !has(object.spec.other)",
        "object.metadata.labels.all(key, key in ['a', 'b']) && 'a' in object.metadata.labels",
        "object.metadata.labels.map(key, object.metadata.labels[key]) == ['1', '2']",
        "[1, 2, 3].exists_one(x, x > 2) && [1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x > 1, x * 2) == [4]",
        "[1, 2].all(i, v, v == i + 1) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
        "[3, 4].transformList(i, v, i * v) == [0, 4] && {'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
        "cel.bind(x, 2, x * x) == 4 && [1].map(x, [2].map(y, x + y)) == [[3]]",
        // Errors are swallowed where the other side decides.
        "false && object.other || true || 1 / (object.spec.parallelism - 3) == 1",
        "object.other == 1 || true",
        "!(object.other == 1 && false)",
        "[1, 0].exists(x, 1 / x == 1) && ![0, 1].all(x, 1 / x == 2)",
        "object.?spec.?parallelism.orValue(1) == 3 && object.?other.?deep.orValue(7) == 7 && !object.?other.hasValue()",
        "[1][?0].value() == 1 && {'a': 1}[?'b'].or(optional.of(2)).value() == 2 && optional.none() != optional.of(1)",
        "optional.of(2).optMap(x, x + 1).value() == 3 && !optional.none().optMap(x, x + 1).hasValue()",
        "[?object.?other, ?object.spec.?parallelism] == [3] && {?'a': object.?other} == {}",
        "type(1) == int && type('a') == string && type(type(1)) == type && type(null) == null_type && type([]) == list",
        "int('12') == 12 && int(2.9) == 2 && uint(3) == 3u && double('1.5') == 1.5 && string(1.0) == '1' && bool('true')",
        "string(1e21) == '1e+21' && string(0.00001) == '1e-05' && string(1234567.5) == '1.2345675e+06' && string(123456.5) == '123456.5' && string(1e8) == '1e+08'",
        "'%s|%s|%s|%s'.format([dyn(duration('1h')), dyn(timestamp('2027-01-01T00:00:00Z')), dyn(b'a'), dyn(type(1))]) == '3600s|2027-01-01T00:00:00Z|a|int'",
        "'%d%% %s %.2f'.format([dyn(2), 1.0, 1.0]) == '2% 1 1.00' && '%s'.format([1e8]) == '1e+08'",
        "duration('90m') == duration('1h30m') && duration('90s') < duration('2m') && string(duration('90m')) == '5400s'",
        "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90 && duration('1.5s').getMilliseconds() == 1500",
        "timestamp('2027-03-28T02:00:00Z') - duration('1h') == timestamp('2027-03-28T01:00:00Z')",
        "timestamp('2027-03-28T02:00:00Z').getMonth() == 2 && timestamp('2027-03-28T02:00:00Z').getDayOfWeek() == 0",
        "timestamp('2027-03-28T12:00:00Z').getHours('Europe/Berlin') == 14 && timestamp('2027-03-28T12:00:00Z').getHours('-02:30') == 9",
        "string(timestamp('2027-03-28T12:00:00.5Z')) == '2027-03-28T12:00:00.5Z' && int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "'registry.example/a:1'.matches('^registry[.]example/') && !'a'.matches('^b') && 'abc'.find('b.') == 'bc'",
        "'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1'] && 'x'.matches('x' + '$')",
        "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && 'Abc'.lowerAscii() == 'abc' && 'abc'.upperAscii() == 'ABC'",
        "'abcabc'.replace('b', 'x', 1) == 'axcabc' && 'abc'.substring(1) == 'bc' && ' a '.trim() == 'a' && 'abc'.indexOf('c') == 2",
        "'abc'.charAt(1) == 'b' && 'abcb'.lastIndexOf('b') == 3 && [1, 2].reverse() == [2, 1] && sign(quantity('-1')) == -1 && '%s=%d'.format([dyn('a'), 1]) == 'a=1'",
        "[3, 1, 2].max() == 3 && [3, 1, 2].min() == 1 && [1, 2].sum() == 3 && [1, 2].isSorted() && [1, 2, 1].indexOf(1) == 0",
        "sets.contains([1, 2], [2]) && sets.intersects(['a'], ['a', 'b']) && sets.equivalent([1, 1], [1])",
        "math.greatest(1, 3, 2) == 3 && math.least([2, 1]) == 1 && math.abs(-1) == 1 && math.ceil(1.2) == 2.0",
        "quantity('500m').isLessThan(quantity('1')) && quantity('1Gi').compareTo(quantity('1024Mi')) == 0 && quantity('1') == quantity('1000m')",
        "quantity('100m').add(quantity('400m')).isGreaterThan(quantity('0.4')) && isQuantity('1Gi') && !isQuantity('1 Gi')",
        "url('https://a.example:80/x').getHost() == 'a.example:80' && isURL('https://a') && ip('10.0.0.1').family() == 4",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && isIP('::1') && string(ip('10.0.0.1')) == '10.0.0.1'",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.2.3').minor() == 2 && isSemver('1.0.0')",
        "!format.dns1123Label().validate('abc').hasValue() && format.dns1123Label().validate('A_').hasValue()",
        "base64.encode(b'hi') == 'aGk=' && base64.decode('aGk=') == b'hi' && jsonpatch.escapeKey('a/b') == 'a~1b'",
        "job.worstCase == duration('90s') && job.spec.spec.parallelism == 3 && has(job.worstCase) && gone == null && null == gone",
        "job.firesAt('02:00') && !job.firesAt('03:00') && (gone == null || gone.field == 1)",
        "true ? true : 1 / int(object.metadata.name) == 1",
        "{'a': {'b': 1}}.a.b == 1 && [1, 2][1] == 2 && 'object' != \"nothing\" && r'\\d' == '\\\\d'",
        "[[1, 2], [3]].flatten() == [1, 2, 3] && [2, 1].sort() == [1, 2] && [1, 1].distinct() == [1] && lists.range(3) == [0, 1, 2]",
    ] {
        assert_eq!(evaluate(expression), Ok(Value::Bool(true)), "{expression}");
    }
}

/// What an expression looks at, as `variable.field.*`, with a question mark where it is not the value that matters.
#[test]
fn a_program_tells_what_it_looks_at() {
    for (expression, paths) in [
        ("object.metadata.name == 'a' && has(object.spec.other)", "object.metadata.name object.spec.other?"),
        ("object.metadata == {} || object == nothing", "nothing object object.metadata"),
        (
            "object.spec.list.all(x, x.name != '' && x.deep.exists(y, y == x.other))",
            "object.spec.list.*? object.spec.list.*.deep.*? object.spec.list.*.deep.* object.spec.list.*.name object.spec.list.*.other",
        ),
        ("object.spec.list.all(i, x, i > 0 || has(x.name))", "object.spec.list.*? object.spec.list.*.name?"),
        (
            "object.spec.list.filter(x, x.name == '').size() == 0",
            "object.spec.list.*? object.spec.list.* object.spec.list.*.name",
        ),
        ("object.spec.list[0].name == object['spec'].name", "object.*.name object.spec.list.*.name"),
        ("cel.bind(spec, object.spec, spec.a == spec.b)", "object.spec? object.spec.a object.spec.b"),
        ("cel.bind(spec, object.spec, spec).a == 1", "object.spec? object.spec.a"),
        ("object.?spec.?a.orValue(1) == 1 && object.spec[?'b'].hasValue()", "object.spec.* object.spec.a"),
        ("object.?spec.optMap(x, x.a).hasValue()", "object.spec"),
        ("(true ? object.spec : object.metadata).name == ''", "object.metadata object.spec"),
        ("[object.spec][0].a == {'a': object.metadata}.a", "object.metadata object.spec"),
        (
            "object.spec.name.matches('a') && 'a' in object.metadata.labels",
            "object.metadata.labels object.spec.name",
        ),
        ("job.spec.a == 1 && has(job.worstCase)", "job.spec.a job.worstCase?"),
    ] {
        let program = Program::compile(expression, &VOCABULARY).unwrap();
        let text = |path: &Path| {
            let mut text = match path.root {
                Root::Variable(index) => VOCABULARY.variables[index].0.to_owned(),
                Root::Field { part, field } => {
                    format!("{}.{}", VOCABULARY.parts[part].name, VOCABULARY.parts[part].fields[field].0)
                }
            };
            for step in &path.steps {
                text.push('.');
                text.push_str(if let PathStep::Field(field) = step { field } else { "*" });
            }
            text + if path.whole { "" } else { "?" }
        };
        let mut found: Vec<String> = program.paths().iter().map(text).collect();
        found.sort_unstable();
        let mut paths: Vec<&str> = paths.split(' ').collect();
        paths.sort_unstable();
        assert_eq!(found, paths, "{expression}");
    }
}

#[test]
fn what_has_no_value() {
    for (expression, message) in [
        ("object.spec.other == 1", "no such key: other"),
        ("nothing.spec == 1", "no such overload: null_type.spec"),
        ("has(nothing.spec)", "no such overload: has(null_type.spec)"),
        ("object.spec.parallelism.deep", "no such overload: int.deep"),
        ("object.spec.parallelism < 'a'", "no such overload: int < string"),
        ("dyn(1) + 1.0 == 2.0", "no such overload: int + double"),
        ("dyn('a') + 1 == 1", "no such overload: string + int"),
        ("1 / (object.spec.parallelism - 3) == 1", "division by zero"),
        ("1 % (object.spec.parallelism - 3) == 1", "modulus by zero"),
        ("9223372036854775807 + 1 > 0", "the result of + is out of range"),
        ("[1][3] == 1", "index out of bounds: 3"),
        ("{'a': 1}['b'] == 1", "no such key: b"),
        ("object.spec.parallelism && true", "no such overload: int as a condition"),
        ("!object.spec.parallelism", "no such overload: !int"),
        ("gone.field == 1", "no such key: it is null, and has no fields"),
        ("sign(quantity(string(dyn('1e2000000000')))) == 1", "quantity: out of range"),
        ("'a'.matches(names[0] + '(')", "not a regular expression: unclosed group"),
        ("'%.999f'.format([1.5]) == ''", "format: more than 100 digits"),
        ("[1, 2].exists_one(x, 1 / (x - 1) == 1)", "division by zero"),
        ("[dyn('a'), dyn(1)].join(',') == ''", "no such overload: join of int"),
        ("duration(string(dyn('1 day'))) == duration('1s')", "not a duration such as 90s, 5m or 1h30m"),
        (
            "timestamp(string(dyn('2027-01-01 00:00:00Z'))) == null",
            "not a timestamp such as 2027-01-31T02:00:00Z",
        ),
    ] {
        assert_eq!(
            evaluate(expression).map_err(|error| error.to_string()),
            Err(message.to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn what_does_not_compile_is_pointed_at() {
    for (expression, at, message, help) in [
        ("objekt.spec", "objekt", "unknown variable `objekt`", Some("did you mean object?")),
        ("'objekt' == objekt", "objekt", "unknown variable `objekt`", Some("did you mean object?")),
        (
            "[1].all(x, value > 1)",
            "value",
            "unknown variable `value`",
            Some("known here: x, object, nothing, names, long, space, job, gone"),
        ),
        (
            "params.x == 1",
            "params",
            "`params` is not known here",
            Some("write the values into the expression"),
        ),
        (
            "space.metadata.annotations.x == 'a'",
            "annotations",
            "`space.metadata.annotations` is not known here",
            Some("known are space.metadata.name, space.metadata.labels"),
        ),
        (
            "object.name.startWith('a')",
            "startWith",
            "unknown function `startWith`",
            Some("did you mean startsWith?"),
        ),
        ("sise(object) > 1", "sise", "unknown function `sise`", Some("did you mean size?")),
        (
            "math.greatst(1, 2) > 1",
            "greatst",
            "unknown function `math.greatst`",
            Some("did you mean math.greatest?"),
        ),
        ("'a'.startsWith()", "startsWith", "`startsWith` takes 1 argument, not 0", None),
        (
            "job == 1",
            "job",
            "`job` has no value of its own",
            Some("write job.spec, job.worstCase, job.firesAt(…)"),
        ),
        (
            "job.worstcase > duration('1h')",
            "worstcase",
            "`job` has no field `worstcase`",
            Some("did you mean worstCase?"),
        ),
        ("job.fireAt('1')", "fireAt", "`job` has no function `fireAt`", Some("did you mean firesAt?")),
        ("'a'.matches('(')", "'('", "not a regular expression: unclosed group", None),
        ("quantity('1').size(2)", "size", "`size` takes no arguments, not 1", None),
        (
            "startsWith('a', 'b')",
            "startsWith",
            "`startsWith` is called on a value",
            Some("write value.startsWith(…)"),
        ),
        ("1 == 2 extra", "extra", "unexpected `extra`", None),
        ("1 = 2", "=", "`=` is not CEL", Some("`==` compares")),
        ("'abc", "'abc", "the string has no end", None),
        (
            "Pod{x: 1}",
            "Pod",
            "`Pod` is not a type that can be made here",
            Some("write a map: {'key': value}"),
        ),
        ("'é' + objekt == ''", "objekt", "unknown variable `objekt`", Some("did you mean object?")),
    ] {
        let errors = errors(expression);
        let error = &errors[0];
        assert_eq!(error.message, message, "{expression}");
        assert_eq!(&expression[error.range.clone()], at, "{expression}: {errors:?}");
        assert_eq!(error.help.as_deref(), help, "{expression}");
    }
    assert_eq!(errors("1 +")[0].message, "the expression ends too early");
    assert_eq!(errors(" // nothing\n")[0].message, "the expression is empty");
    assert_eq!(errors("object.\n  spec &&\n  x y")[0].range, 22..23);
    // Every unknown name is told.
    assert_eq!(errors("a.b == c.d").len(), 2);
}

#[test]
fn a_program_tells_what_it_asks_for() {
    let program =
        Program::compile("names.size() > 1 && job.worstCase != null && object.a", &VOCABULARY).unwrap();
    assert_eq!((program.variables(), program.parts()), (&[0, 2][..], &[(0, Some(1))][..]));
    assert_eq!((program.result_type(), program.extensions().len()), (Some("bool"), 0));
    let program =
        Program::compile("cel.bind(x, math.abs(-1), [x].existsOne(y, y == 1))", &VOCABULARY).unwrap();
    assert_eq!(program.extensions(), ["cel.bind", "existsOne", "math.abs"]);
    let program = Program::compile(
        "isIP('::1') && [1].all(i, v, v == 1) && [1].distinct() == [1] && 'a'.startsWith('a') && math.abs(1) == 1",
        &VOCABULARY,
    );
    let requires = program.unwrap();
    assert_eq!(requires.requires(), [("distinct", 35), ("isIP", 31), ("macros with two variables", 33)]);
    let result = |expression| {
        let program = Program::compile(expression, &VOCABULARY).unwrap();
        program.result_type().unwrap_or("any").to_owned()
    };
    assert_eq!(result("'a' + string(1)"), "string");
    assert_eq!(result("object.a"), "any");
    assert_eq!(result("[1].map(x, x)"), "list(int)");
    assert_eq!(result("size('a')"), "int");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is written, there is an answer, in bounded work; and an error points into the text.
    #[test]
    fn any_text_has_an_answer(text in r#"([a-z]{1,4}|object|names|\.(all|map|find|matches|spec|size)\(x, |\(|\)|\[|\]|\{|\}|[0-9]{1,3}|'[^']{0,4}'|&&|\|\||[!=<>+*/%?:.,-]| |é|\n){0,24}"#) {
        match Program::compile(&text, &VOCABULARY) {
            Ok(program) => {
                let _ = cut::evaluate(&program, &World, 20_000);
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(error.range.start <= text.len() && text.is_char_boundary(error.range.start), "{error:?}");
                }
            }
        }
    }
}

/// What the check of types takes, an evaluation knows: of expressions that ask for nothing outside them.
#[test]
fn what_is_accepted_is_evaluated() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("../../../tests/own-rules/expressions.txt").lines() {
        let Some(expression) = line.strip_prefix("accepted ") else { continue };
        if ["object", "request", "oldObject"].iter().any(|name| expression.to_lowercase().contains(name)) {
            continue;
        }
        for part in expression.split(" && ") {
            let Ok(program) = Program::compile(part, &VOCABULARY) else { continue };
            count += 1;
            match cut::evaluate(&program, &World, 500_000) {
                Ok(Value::Bool(_)) => {}
                other => wrong.push(format!("{part}: {other:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count}");
}
