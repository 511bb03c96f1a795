//! Files in settings: `file://people.csv` stands for the text of a file in the configuration's folder.
//!
//! A plugin gets that text and may repeat it, so no setting may reach beyond that folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The prefix of a setting that names a file.
const FILE: &str = "file://";

/// Returns the file name in a setting's text; None if the text names no file.
pub(super) fn named(text: &str) -> Option<&str> {
    text.strip_prefix(FILE)
}

/// Checks that a name, as written, stays within the folder.
pub(super) fn check(name: &str) -> Result<(), String> {
    let refused = |fault: &str| {
        Err(format!(
            "{FILE}{name} {fault}; name a file in the folder of the configuration, as in {FILE}people.csv"
        ))
    };
    let mut depth = 0_usize;
    for component in Path::new(name).components() {
        depth = match component {
            Component::Normal(_) => depth + 1,
            Component::CurDir => depth,
            Component::ParentDir if depth == 0 => return refused("leads out of that folder"),
            Component::ParentDir => depth - 1,
            Component::RootDir | Component::Prefix(_) => return refused("is an absolute path"),
        };
    }
    match depth {
        0 => refused("names no file"),
        _ => Ok(()),
    }
}

/// Returns the path of a named file.
pub(super) fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

/// Reads a file, and refuses a symbolic link that leads out of the folder. The error names the file.
pub(super) fn read(folder: &Path, name: &str) -> Result<String, String> {
    let path = path(folder, name);
    let unreadable = |fault: String| format!("cannot read {}: {fault}", path.display());
    let whole = |path: &Path| {
        let whole = path.canonicalize();
        whole.map_err(|err| unreadable(err.to_string()))
    };
    // A configuration named without a folder lies in the working directory.
    let folder = whole(&Path::new(".").join(folder))?;
    let file = whole(&path)?;
    if !file.starts_with(&folder) {
        return Err(unreadable(format!(
            "it lies outside {}, the folder of the configuration",
            folder.display()
        )));
    }
    if !file.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    let read = fs::read(&file).map_err(|err| err.to_string());
    read.and_then(as_utf8).map_err(unreadable)
}

/// Decodes a file's bytes as UTF-8. Spreadsheets may write other encodings.
fn as_utf8(bytes: Vec<u8>) -> Result<String, String> {
    // UTF-16 begins with its mark, or has a zero byte in each ASCII letter.
    let is_utf16 =
        bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0);
    String::from_utf8(bytes).map_err(|err| {
        let good = &err.as_bytes()[..err.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        let encoding = match is_utf16 {
            true => "it is UTF-16".to_owned(),
            false => format!("line {line} is not UTF-8, but Windows-1252 or the like"),
        };
        format!("{encoding}; save it as UTF-8, in a spreadsheet as \"CSV UTF-8\"")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[track_caller]
    fn check_refused(name: &str, fault: &str) {
        let problem = check(name).unwrap_err();
        assert!(problem.contains(fault), "{problem}");
    }

    #[test]
    fn a_name_stays_within_the_folder() {
        for name in [
            "people.csv",
            "./people.csv",
            "lists/people.csv",
            "lists/../people.csv",
            "a b~.csv",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["/etc/passwd", "//people.csv"] {
            check_refused(name, "is an absolute path");
        }
        for name in ["../people.csv", "lists/../../people.csv", "..", "./../x"] {
            check_refused(name, "leads out of that folder");
        }
        for name in ["", ".", "./", "lists/.."] {
            check_refused(name, "names no file");
        }
    }

    #[test]
    fn an_encoding_that_is_not_utf_8_is_named() {
        let wide = "order,name\nA,Jürgen\n".encode_utf16();
        let little: Vec<_> = wide.clone().flat_map(u16::to_le_bytes).collect();
        let big: Vec<_> = wide.flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xff, 0xfe], &little[..]].concat();
        for bytes in [little, big, marked] {
            let problem = as_utf8(bytes).unwrap_err();
            assert!(
                problem.starts_with("it is UTF-16; save it as UTF-8"),
                "{problem}"
            );
        }
        let problem = as_utf8(b"order,name\nA,J\xfcrgen\n".to_vec()).unwrap_err();
        assert!(
            problem.starts_with("line 2 is not UTF-8, but Windows-1252"),
            "{problem}"
        );
    }

    #[test]
    fn a_link_leads_to_another_file_of_the_folder_and_not_out_of_it() {
        let home = TempDir::new().unwrap();
        let folder = home.path().join("config");
        fs::create_dir_all(folder.join("version-2")).unwrap();
        fs::write(home.path().join("secret"), "s3cr3t").unwrap();
        fs::write(folder.join("version-2/people.csv"), "order,name").unwrap();
        // The layout in which Kubernetes mounts a configuration.
        symlink("version-2", folder.join("current")).unwrap();
        symlink("current/people.csv", folder.join("people.csv")).unwrap();
        assert_eq!(read(&folder, "people.csv").as_deref(), Ok("order,name"));

        symlink("../secret", folder.join("file")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        for name in ["file", "up/secret"] {
            let problem = read(&folder, name).unwrap_err();
            let outside = problem.contains(name) && problem.contains("it lies outside");
            assert!(outside && !problem.contains("s3cr3t"), "{problem}");
        }
        let problem = read(&folder, "version-2").unwrap_err();
        assert!(problem.ends_with("it is not a file"), "{problem}");
        let problem = read(&folder, "missing.csv").unwrap_err();
        assert!(problem.contains("missing.csv: No such file"), "{problem}");
    }
}
