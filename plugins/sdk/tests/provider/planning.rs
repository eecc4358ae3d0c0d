//! What is said of a resource before anything is done.

use serde_json::json;

use crate::driver::resource;
use crate::notebook::notebook;

#[test]
fn validation_says_what_is_wrong_and_what_must_be_there_before() {
    let (_desk, mut provider) = notebook();
    let inputs = json!({ "book": "diary", "text": "", "tags": ["rain", ""] });
    let params = json!({ "resource": resource("note", "m"), "inputs": inputs });
    insta::assert_json_snapshot!(provider.result("validate", params), @r#"
    {
      "after": [
        {
          "name": "diary",
          "type": "book"
        }
      ],
      "diagnostics": [
        {
          "message": "a tag is empty",
          "path": [
            "tags",
            "1"
          ],
          "severity": "error"
        },
        {
          "hint": "write something",
          "message": "the note says nothing",
          "path": [
            "text"
          ],
          "severity": "warning"
        }
      ]
    }
    "#);
}

#[test]
fn inputs_that_do_not_fit_the_options_are_invalid() {
    let (_desk, mut provider) = notebook();
    let inputs = json!({ "book": 7, "text": "" });
    let of = resource("note", "m");
    let checked = provider.result("validate", json!({ "resource": of, "inputs": inputs }));
    let message = "the inputs do not fit: invalid type: integer `7`, expected a string";
    assert_eq!(checked["diagnostics"][0]["message"], message);
    let params = json!({ "resource": of, "inputs": inputs, "token": "a" });
    let error = provider.error("create", params);
    assert_eq!(error["message"], message);
    assert_eq!(error["data"]["kind"], "invalid");
}

#[test]
fn a_difference_is_found_by_the_schema() {
    let (_desk, mut provider) = notebook();
    let prior = json!({ "id": "1", "inputs": { "book": "diary", "text": "a" } });
    let inputs = json!({ "book": "letters", "text": "a", "tags": ["x"], "lock": "secret" });
    let params = json!({ "resource": resource("note", "m"), "prior": prior, "inputs": inputs });
    let difference = provider.result("diff", params);
    assert_eq!(
        difference["changes"],
        json!([
            { "path": ["book"], "kind": "update", "replace": true },
            { "path": ["tags"], "kind": "add", "replace": false },
        ])
    );
}
