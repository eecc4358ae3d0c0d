/// How much of a stream of `nix-store --export` has gone by.
#[derive(Debug, Default)]
pub(super) struct Exported {
    pub bytes: u64,
    pub paths: u64,
    /// The beginning of a word that is not complete.
    rest: Vec<u8>,
    /// The words before it.
    last: [[u8; 8]; 2],
}

impl Exported {
    /// Takes what went by.
    ///
    /// All in the stream has a length that 8 divides. After each path stand a mark, and then the path's own name.
    pub fn take(&mut self, chunk: &[u8]) {
        let begun = self.rest.len();
        self.bytes += chunk.len() as u64;
        let first = chunk.len().min((8 - begun) % 8);
        let (first, chunk) = chunk.split_at(first);
        self.rest.extend(first);
        if let Ok(word) = self.rest.as_slice().try_into() {
            self.word(word);
            self.rest.clear();
        }
        let (words, rest) = chunk.as_chunks();
        for word in words {
            self.word(*word);
        }
        self.rest.extend(rest);
    }

    fn word(&mut self, word: [u8; 8]) {
        const MARK: [u8; 8] = *b"NIXE\0\0\0\0";
        // Between the mark and the name stands the length of the name.
        if self.last[0] == MARK && word == *b"/nix/sto" {
            self.paths += 1;
        }
        self.last = [self.last[1], word];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream as Nix writes it, of paths without content.
    fn stream(names: &[&str]) -> Vec<u8> {
        let mut stream = Vec::new();
        for name in names {
            stream.extend(1_u64.to_le_bytes());
            stream.extend(b"NIXE\0\0\0\0");
            stream.extend((name.len() as u64).to_le_bytes());
            stream.extend(name.as_bytes());
            stream.resize(stream.len().next_multiple_of(8), 0);
            stream.extend([0; 24]);
        }
        stream.extend([0; 8]);
        stream
    }

    #[test]
    fn paths_are_counted_however_the_stream_is_cut() {
        let stream = stream(&["/nix/store/a-x", "/nix/store/b-longer"]);
        for size in [1, 3, 8, 13, 1000] {
            let mut exported = Exported::default();
            stream.chunks(size).for_each(|chunk| exported.take(chunk));
            assert_eq!(
                (exported.paths, exported.bytes),
                (2, stream.len() as u64),
                "{size}"
            );
        }
    }
}
