//! On what strace 6.1 writes of a Nix 2.8.

use super::*;

const TREE: &str = "/nix/store/5sxpjc5f7snwbcvbkwm1m72n2d416x8q-source";

fn of(lines: &[&str]) -> Option<Record> {
    let mut text = lines.join("\n").replace("TREE", TREE) + "\n";
    if let Some((process, _)) = text.split_once(' ') {
        text = format!("{text}{process} +++ exited with 0 +++\n");
    }
    read(&text, TREE.into())
}

fn looks(lines: &[&str]) -> Vec<(String, Look, bool)> {
    let record = of(lines).expect("lines that are understood");
    let tree = record.tree.into_iter();
    tree.map(|access| (access.path.into_string(), access.look, access.found))
        .collect()
}

fn look(path: &str, look: Look, found: bool) -> (String, Look, bool) {
    (path.to_owned(), look, found)
}

#[test]
fn files_directories_links_and_absences_are_told_apart() {
    let lines = [
        r#"22006 newfstatat(AT_FDCWD</tmp>, "TREE/a.nix", {st_mode=S_IFREG|0444, st_size=227, ...}, AT_SYMLINK_NOFOLLOW) = 0"#,
        r#"22006 openat(AT_FDCWD</tmp>, "TREE/a.nix", O_RDONLY|O_CLOEXEC) = 8<TREE/a.nix>"#,
        r#"22006 newfstatat(8<TREE/a.nix>, "", {st_mode=S_IFREG|0444, st_size=227, ...}, AT_EMPTY_PATH) = 0"#,
        r#"22006 openat(AT_FDCWD</tmp>, "TREE/d", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 8<TREE/d>"#,
        r"22006 getdents64(8<TREE/d>, 0x563594818540 /* 4 entries */, 32768) = 104",
        r#"22006 readlink("TREE/link", "d", 1024) = 1"#,
        r#"22006 newfstatat(AT_FDCWD</tmp>, "TREE/nope", 0x7fff9370cf00, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)"#,
    ];
    let expected = [
        look("a.nix", Look::Kind, true),
        look("a.nix", Look::KindBehind, true),
        look("a.nix", Look::Content, true),
        look("d", Look::Content, true),
        look("link", Look::Link, true),
        look("nope", Look::Kind, false),
    ];
    assert_eq!(looks(&lines), expected);
}

#[test]
fn a_call_that_another_one_interrupts_is_whole() {
    let lines = [
        r#"1 openat(AT_FDCWD</tmp>, "TREE/a", O_RDONLY|O_CLOEXEC <unfinished ...>"#,
        r#"2    lstat("/etc", {st_mode=S_IFDIR|0755, ...}) = 0"#,
        r"1 <... openat resumed>) = 8<TREE/a>",
    ];
    assert_eq!(looks(&lines), [look("a", Look::Content, true)]);
}

#[test]
fn paths_relative_to_a_descriptor_are_those_of_the_tree() {
    let lines = [
        r#"1 openat(5<TREE/d>, "x", O_RDONLY) = 8<TREE/d/x>"#,
        r#"1 statx(5<TREE/d>, "y", AT_SYMLINK_NOFOLLOW, STATX_ALL, {stx_mask=STATX_ALL, ...}) = 0"#,
    ];
    let expected = [
        look("d/x", Look::Content, true),
        look("d/y", Look::Kind, true),
    ];
    assert_eq!(looks(&lines), expected);
}

#[test]
fn a_record_without_its_end_is_none() {
    let line = r#"1 lstat("/etc", {st_mode=S_IFDIR|0755, ...}) = 0"#;
    for end in [
        "",
        "1 +++ exited with 1 +++",
        "2 +++ exited with 0 +++",
        "1 +++ killed by SIGKILL +++",
    ] {
        assert_eq!(read(&format!("{line}\n{end}"), TREE.into()), None, "{end}");
    }
    assert!(read(&format!("{line}\n1 +++ exited with 0 +++\n"), TREE.into()).is_some());
}

#[test]
fn what_is_not_understood_makes_nothing_of_it() {
    for line in [
        r#"1 chdir("TREE") = 0"#,
        r"1 fchdir(3</tmp>) = 0",
        r"1 io_uring_setup(8, {flags=0}) = 3<anon_inode:[io_uring]>",
        r"1 open_by_handle_at(3</tmp>, {handle_bytes=8, handle_type=1, f_handle=0x1}, O_RDONLY) = 4</tmp/a>",
        r#"1 execve("/bin/cat", ["cat", "TREE/a"], 0x7ffe /* 9 vars */) = 0"#,
        r#"1 statfs("TREE/a", {f_type=EXT2_SUPER_MAGIC}) = 0"#,
        r#"1 openat(AT_FDCWD</tmp>, "TREE/a", O_RDONLY) = -1 EACCES (Permission denied)"#,
        r#"1 openat(AT_FDCWD</tmp>, "TREE/../a", O_RDONLY) = 3</nix/store/a>"#,
        r#"1 lstat("TREE/link/", {st_mode=S_IFDIR|0755, ...}) = 0"#,
        r#"1 readlink("TREE/link/.", 0x7ffe, 1024) = -1 EINVAL (Invalid argument)"#,
        r#"1 openat(AT_FDCWD</tmp>, "TREE/a\303\244", O_RDONLY) = 3<TREE/a\303\244>"#,
        r#"1 openat(AT_FDCWD</tmp>, "/tmp/link", O_RDONLY) = 3<TREE/a>"#,
        r#"1 openat(AT_FDCWD</tmp>, "/mnt/5sxpjc5f7snwbcvbkwm1m72n2d416x8q-source/a", O_RDONLY) = -1 ENOENT (No such file)"#,
        r#"1 newfstatat(5</mnt/5sxpjc5f7snwbcvbkwm1m72n2d416x8q-source>, "a", {st_mode=S_IFREG|0444, ...}, 0) = 0"#,
        r#"1 openat(AT_FDCWD, "a", O_RDONLY) = 3</tmp/a>"#,
        r#"1 open("a", O_RDONLY) = 3</tmp/a>"#,
        r#"1 openat2(4</tmp>, "/a", {flags=O_RDONLY, resolve=RESOLVE_IN_ROOT}, 24) = 3</tmp/a>"#,
        r#"1 lstat("/proc/self/fd/4/a", {st_mode=S_IFREG|0444, ...}) = 0"#,
        r#"1 lstat("/dev/fd/4/a", {st_mode=S_IFREG|0444, ...}) = 0"#,
        r"1 <... openat resumed>) = 3</tmp/a>",
        "strace: something is wrong",
        "1 +++ something else",
    ] {
        assert_eq!(of(&[line]), None, "{line}");
    }
}

#[test]
fn other_store_paths_are_told_as_far_as_something_was_seen_of_them() {
    let lines = [
        r#"1 openat(AT_FDCWD</tmp>, "/nix/store/a-built/x", O_RDONLY) = 3</nix/store/a-built/x>"#,
        r#"1 lstat("/nix/store/b-built/nope", 0x7ffe) = -1 ENOENT (No such file or directory)"#,
        r#"1 lstat("/nix/store/c-built", 0x7ffe) = -1 ENOENT (No such file or directory)"#,
        r#"1 openat(AT_FDCWD</tmp>, "/nix/store/d-x.lock", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 11</nix/store/d-x.lock>"#,
        r#"1 newfstatat(11</nix/store/d-x.lock>, "", {st_mode=S_IFREG|0600, st_size=0, ...}, AT_EMPTY_PATH) = 0"#,
        r#"1 newfstatat(11</nix/store/d-x.lock>(deleted), "", {st_mode=S_IFREG|0600, st_size=1, ...}, AT_EMPTY_PATH) = 0"#,
        r#"1 mkdir("/nix/store/e-d", 0777) = 0"#,
        r#"1 newfstatat(1<pipe:[55]>, "", {st_mode=S_IFIFO|0600, st_size=0, ...}, AT_EMPTY_PATH) = 0"#,
        r#"1 openat(AT_FDCWD</tmp>, "/nix/var/nix/db/db.sqlite", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0644) = 4</nix/var/nix/db/db.sqlite>"#,
        r#"1 lstat("/nix/store/f-x.drv", {st_mode=S_IFREG|0444, ...}) = 0"#,
        r#"1 lstat("/nix/store/.links", {st_mode=S_IFDIR|0755, ...}) = 0"#,
        r#"1 openat(AT_FDCWD</tmp>, "/usr/bin/../lib/x.so", O_RDONLY) = 3</usr/lib/x.so>"#,
    ];
    let record = of(&lines).unwrap();
    assert_eq!(record.tree, [].into());
    let others = ["a-built", "b-built"].map(str::to_owned);
    assert_eq!(record.others, others.into());
}
