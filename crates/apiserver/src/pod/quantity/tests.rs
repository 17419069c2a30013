use super::*;
use proptest::prelude::*;

fn q(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

#[test]
fn canonical_forms() {
    for (text, canonical) in [
        ("0", "0"),
        ("000", "0"),
        ("-", "0"),
        (".", "0"),
        ("1.5", "1500m"),
        ("1.5Gi", "1536Mi"),
        ("1000", "1k"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Ki", "1Mi"),
        ("1023", "1023"),
        ("2048", "2048"),
        ("+1", "+1"),
        ("01", "01"),
        ("1e3", "1e3"),
        ("1000e-3", "1"),
        ("10e3", "10e3"),
        ("0.1n", "1n"),
        ("0.1Ki", "102400m"),
        ("1.0001Ki", "1024102400u"),
        ("100000000000000000000", "100E"),
        ("1000000000000000000000", "1"),
        ("9999999999Ei", "9223372036854775807"),
        ("-1.5Ki", "-1536"),
        ("1234567890123456789012.5", "1234567890123456789012500m"),
    ] {
        assert_eq!(q(text).canonical(), canonical, "{text}");
    }
}

#[test]
fn some_canonical_forms_are_another_number() {
    assert_eq!(q("1.5").faithful().as_deref(), Some("1500m"));
    assert_eq!(q("0.5Gi").faithful().as_deref(), Some("512Mi"));
    assert_eq!(q("1000000000000000000000").faithful(), None);
    assert_eq!(q("100000000000000000000").round_up_to_milli().faithful(), None);
}

#[test]
fn what_is_no_quantity() {
    for (text, error) in [
        ("", QuantityError::Format),
        ("1 Gi", QuantityError::Format),
        ("1.2.3", QuantityError::Format),
        ("1gb", QuantityError::Format),
        ("--1", QuantityError::Suffix),
        ("1GB", QuantityError::Format),
        ("abc", QuantityError::Format),
        ("é", QuantityError::Format),
        ("1Gii", QuantityError::Suffix),
        ("1K", QuantityError::Suffix),
        ("1e", QuantityError::Suffix),
        ("1m1", QuantityError::Suffix),
        ("1e99999999999999999999", QuantityError::Suffix),
        (".e-10", QuantityError::Number),
    ] {
        assert_eq!(Quantity::parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn rounding_and_comparing() {
    assert_eq!(q("1.0001").round_up_to_milli(), q("1001m"));
    assert_eq!(q("-1.0001").round_up_to_milli(), q("-1001m"));
    assert_eq!(q("1n").round_up_to_milli(), q("1m"));
    assert_eq!(q("0.12345678901").round_up_to_milli(), q("124m"));
    assert!(q("1Gi") > q("1G"));
    assert!(q("-1") < q("0"));
    assert_eq!(q("1e30"), q("1000000000000000000000000000000"));
    assert_eq!(q("2.5").value(), 3);
    assert!(!q("2.5").is_whole());
    assert!(q("2000m").is_whole());
    assert!(q("1e20").is_whole());
    assert!(!q("20867927143131329").is_whole());
}

proptest! {
    #[test]
    fn never_panics(text in "[-+]?[0-9.]{0,30}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,12}|.*") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let _ = quantity.value();
            let _ = quantity.canonical();
            let rounded = quantity.clone().round_up_to_milli();
            let _ = rounded.is_whole();
            let _ = rounded.cmp(&quantity);
            let _ = rounded.decimal().add(&quantity.decimal());
        }
    }

    #[test]
    fn canonical_form_reads_back(number in -1_000_000_i64..1_000_000, suffix in "[num]|[kMG]|[KMG]i|") {
        let quantity = q(&format!("{number}{suffix}"));
        prop_assert_eq!(q(&quantity.canonical()), quantity);
    }
}
