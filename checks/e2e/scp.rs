//! `nixops scp`: files to machines and from them.

use std::fs;

use crate::lab::Lab;

#[test]
fn files_and_directories_go_there_and_come_back() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    // It was never deployed: its options say how it is reached.
    lab.network(&format!("web = {{ {web} }};"));
    lab.write("tree/a/deep file", "one")
        .write("odd:name", "two");
    lab.nixops(["scp", "tree", "odd:name", "web:/var/tmp"])
        .exits(1)
        .says("files can be copied to or from one of `odd` and `web`");
    lab.nixops(["scp", "tree", "./odd:name", "web:/var/tmp"])
        .exits(0);
    assert_eq!(lab.read("web", "/var/tmp/tree/a/deep file"), "one");
    assert_eq!(lab.read("web", "/var/tmp/odd:name"), "two");

    let back = lab.nixops(["scp", "--json", "--from", "web", "/var/tmp/tree", "back"]);
    back.exits(0);
    assert_eq!(back.json()["exitCode"], 0);
    let text = fs::read_to_string(lab.directory.join("back/a/deep file")).unwrap();
    assert_eq!(text, "one");
    lab.nixops(["scp", "--to", "alice@web", "odd:name", "hers"])
        .exits(0);
    assert_eq!(lab.read("web", "/home/alice/hers"), "two");
}

#[test]
fn what_cannot_be_copied_is_said() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    lab.network(&format!("web = {{ {web} }};"));
    lab.nixops(["scp", "nothing", "web:/tmp"])
        .exits(255)
        .says("nothing");
    lab.nixops(["scp", "a", "b"])
        .exits(1)
        .says("no path has the name of a machine before it")
        .says("hint: as in `web:/etc`");
    lab.nixops(["scp", "a", "wbe:/tmp"])
        .exits(1)
        .says("did you mean 'web'?");
    lab.nixops(["scp", "web:a", "web:b"])
        .exits(1)
        .says("has to be on the one side");
    lab.nixops(["scp", "a"]).exits(2);
    lab.nixops(["scp", "--to", "web", "--from", "web", "a", "b"])
        .exits(2);
}
