use crate::Schedule;

/// The expression with its fault underlined, and the message.
pub(crate) fn report(expression: &str) -> String {
    let error = Schedule::parse(expression).expect_err(expression);
    let before = expression[..error.span.start].chars().count();
    let width = expression[error.span.clone()].chars().count().max(1);
    let place = format!("{}{}", " ".repeat(before), "^".repeat(width));
    format!("{expression}\n{place}\n{error}\n")
}

#[test]
fn messages_of_faults() {
    let expressions = [
        "",
        "60 * * * *",
        "* 24 * * *",
        "0 0 0 * *",
        "0 0 32 1 *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "-5 * * * *",
        "5- * * * *",
        "*/ * * * *",
        "*/0 * * * *",
        "*/-5 * * * *",
        "*/99999999999999999999 * * * *",
        "1/2/3 * * * *",
        "1-2-3 * * * *",
        "0 22-2 * * *",
        "0 0 * * FRI-MON",
        "0 22-2/2 * * *",
        "0 x * * *",
        "0 0 * january *",
        "0 0 * * Montag",
        "0 0 * MON *",
        "1.5 * * * *",
        "abc * * * *",
        "0 0 * * foo",
    ];
    insta::assert_snapshot!(expressions.map(report).join("\n"), @r#"

    ^
    the schedule is empty; write minute, hour, day of month, month and weekday, such as `0 3 * * *`

    60 * * * *
    ^^
    `60` in the minute field is too large; minutes are 0 to 59, and the full hour is 0

    * 24 * * *
      ^^
    `24` in the hour field is too large; hours are 0 to 23, and midnight is 0

    0 0 0 * *
        ^
    `0` in the day of month field is too small; write 1 to 31

    0 0 32 1 *
        ^^
    `32` in the day of month field is too large; write 1 to 31

    0 0 * 13 *
          ^^
    `13` in the month field is too large; write 1 to 12 or JAN to DEC

    0 0 * * 8
            ^
    `8` in the weekday field is too large; write 0 to 6 or SUN to SAT

    -5 * * * *
    ^^
    a number is missing in `-5` in the minute field; write 0 to 59, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    5- * * * *
    ^^
    a number is missing in `5-` in the minute field; write 0 to 59, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    */ * * * *
    ^^
    a number is missing in `*/` in the minute field; write 0 to 59, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    */0 * * * *
      ^
    the step `0` in the minute field is not above 0; write 1 or more, where 1 is every value

    */-5 * * * *
      ^^
    the step `-5` in the minute field is not above 0; write 1 or more, where 1 is every value

    */99999999999999999999 * * * *
      ^^^^^^^^^^^^^^^^^^^^
    the step `99999999999999999999` in the minute field is too large; write a step within the field's range

    1/2/3 * * * *
       ^^
    `/3` in the minute field is a second step; an element has one step: `*/5` or `10-50/5`

    1-2-3 * * * *
       ^^
    `-3` in the minute field has too many hyphens; a range has one start and one end: `1-5`

    0 22-2 * * *
      ^^^^
    the range `22-2` in the hour field runs backwards; write the two ranges that it wraps around to: `22-23,0-2`

    0 0 * * FRI-MON
            ^^^^^^^
    the range `FRI-MON` in the weekday field runs backwards; write the two ranges that it wraps around to: `5-6,0-1`

    0 22-2/2 * * *
      ^^^^
    the range `22-2` in the hour field runs backwards; write the two ranges that it wraps around to, with a comma between them

    0 x * * *
      ^
    `x` in the hour field is not a number; write 0 to 23, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    0 0 * january *
          ^^^^^^^
    `january` in the month field is not a name; write `JAN`

    0 0 * * Montag
            ^^^^^^
    `Montag` in the weekday field is not a name; write `MON`

    0 0 * MON *
          ^^^
    `MON` is a weekday, but is in the month field; the order is minute, hour, day of month, month, weekday

    1.5 * * * *
    ^^^
    `1.5` in the minute field is not a number; write 0 to 59, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    abc * * * *
    ^^^
    `abc` in the minute field is not a number; write 0 to 59, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`

    0 0 * * foo
            ^^^
    `foo` in the weekday field is not a name; write 0 to 6 or SUN to SAT, with `*`, lists `1,2`, ranges `1-3` and steps `*/2`
    "#);
}

#[test]
fn messages_of_tolerated_prefixes() {
    let report = |expression: &str| Schedule::parse_tolerating_tz(expression).unwrap_err().to_string();
    insta::assert_snapshot!(["TZ=UTC", "TZ=Nowhere/X 0 0 * * *"].map(report).join("\n"), @r#"
    no schedule follows the time zone; write minute, hour, day of month, month and weekday, and the zone in `timeZone`
    there is no time zone `Nowhere/X`; write the schedule without it, and a zone such as `Europe/Berlin` in `timeZone`
    "#);
}
