//! Recorded reviews: read from files, and checked for contradictions.

use serde_json::Value;

use super::judge::{self, TestFile};
use super::model::{Review, Spanned};
use crate::linter::decode_text;
use crate::policy::reader::{Fault, quoted};
use jobguard_manifest as manifest;

/// The label by which each namespace carries its own name.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// The review that is kept in the file `named`.
///
/// # Errors
/// When it cannot be read, or its parts contradict one another or the rest of the case.
pub(super) fn read(review: &Review, named: &Spanned<String>, test: TestFile<'_>) -> Result<Value, Fault> {
    let fault = |message: String| Fault {
        span: named.span,
        path: named.path.clone(),
        message,
        help: Some("record it again, or correct it: no API server sends it so".to_owned()),
    };
    let unreadable = |message: String| Fault { help: None, ..fault(message) };
    let source = judge::read(test, named)?;
    let bytes = source.bytes().map_err(|error| unreadable(error.message))?;
    let (content, _) = decode_text(&bytes);
    let read = manifest::read(&content);
    let [document] = &read[..] else {
        return Err(unreadable(format!("{} is not one AdmissionReview", quoted(&named.value))));
    };
    let value = match &document.content {
        Ok(tree) => tree.to_value(tree.root()),
        Err(error) => {
            return Err(unreadable(format!("{} cannot be read: {}", quoted(&named.value), error.message)));
        }
    };
    if let Some(why) = value.get("request").and_then(contradiction) {
        return Err(fault(format!("the recorded review contradicts itself: {why}")));
    }
    let namespace = value.get("request").and_then(|request| text(request, "/namespace"));
    let label = review.namespace_labels.as_ref().and_then(|labels| labels.get(NAMESPACE_LABEL));
    match (namespace, label) {
        (Some(namespace), Some(label)) if namespace != label => Err(Fault {
            span: review.span,
            path: format!("{}.namespaceLabels", review.path),
            message: format!(
                "the label {NAMESPACE_LABEL} is {}, and the recorded review is of the namespace {}",
                quoted(label),
                quoted(namespace)
            ),
            help: Some("a namespace has its own name as that label: remove it, or correct it".to_owned()),
        }),
        _ => Ok(value),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What contradicts itself in a request, in words.
fn contradiction(request: &Value) -> Option<String> {
    let object = |name: &str| request.get(name).filter(|object| !object.is_null());
    let (new, old) = (object("object"), object("oldObject"));
    let operation = text(request, "/operation").unwrap_or_default();
    let odd = match (operation, new, old) {
        ("CREATE", _, Some(_)) => Some("has an oldObject"),
        ("DELETE", Some(_), _) => Some("has an object"),
        ("CREATE" | "UPDATE", None, _) => Some("has no object"),
        ("UPDATE" | "DELETE", _, None) => Some("has no oldObject"),
        _ => None,
    };
    if let Some(odd) = odd {
        return Some(format!("its operation is {operation}, and it {odd}"));
    }
    let group_version = match (text(request, "/kind/group"), text(request, "/kind/version")) {
        (Some(group), Some(version)) => Some(format!("{group}/{version}")),
        (None, version) => version.map(str::to_owned),
        (_, None) => None,
    };
    let of_request = [
        ("apiVersion", "/apiVersion", group_version.as_deref()),
        ("kind", "/kind", text(request, "/kind/kind")),
        ("namespace", "/metadata/namespace", text(request, "/namespace")),
        ("name", "/metadata/name", text(request, "/name")),
    ];
    for (field, object) in [("object", new), ("oldObject", old)] {
        for (what, pointer, said) in of_request {
            let own = object.and_then(|object| text(object, pointer));
            if let (Some(said), Some(own)) = (said, own)
                && said != own
            {
                return Some(format!(
                    "its {what} is {}, and that of its {field} is {}",
                    quoted(said),
                    quoted(own)
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> Value {
        let object = |version: &str| {
            json!({"apiVersion": "batch/v1", "kind": "Job",
                   "metadata": {"name": "a", "namespace": "etl", "resourceVersion": version}})
        };
        json!({"operation": "UPDATE", "name": "a", "namespace": "etl",
               "kind": {"group": "batch", "version": "v1", "kind": "Job"},
               "object": object("2"), "oldObject": object("1")})
    }

    #[test]
    fn a_request_says_one_thing() {
        assert_eq!(contradiction(&request()), None);
        for (pointer, value, why) in [
            ("/operation", json!("CREATE"), "its operation is CREATE, and it has an oldObject"),
            ("/operation", json!("DELETE"), "its operation is DELETE, and it has an object"),
            ("/object", Value::Null, "its operation is UPDATE, and it has no object"),
            ("/oldObject", Value::Null, "its operation is UPDATE, and it has no oldObject"),
            ("/namespace", json!("dev"), "its namespace is \"dev\", and that of its object is \"etl\""),
            ("/name", json!("b"), "its name is \"b\", and that of its object is \"a\""),
            ("/kind/kind", json!("CronJob"), "its kind is \"CronJob\", and that of its object is \"Job\""),
            (
                "/kind/version",
                json!("v1beta1"),
                "its apiVersion is \"batch/v1beta1\", and that of its object is \"batch/v1\"",
            ),
            ("/oldObject/metadata/name", json!("c"), "its name is \"a\", and that of its oldObject is \"c\""),
        ] {
            let mut request = request();
            *request.pointer_mut(pointer).unwrap() = value;
            assert_eq!(contradiction(&request).as_deref(), Some(why), "{pointer}");
        }
        // A name that is still to be made is none.
        let mut created = request();
        created["operation"] = "CREATE".into();
        created["oldObject"] = Value::Null;
        created["name"] = "".into();
        assert_eq!(contradiction(&created), None);
    }
}
