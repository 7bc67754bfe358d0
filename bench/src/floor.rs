//! The floor: inflating the same layers, hashing them and walking them with the same libraries, one
//! thread, nothing kept.

use std::io::{BufReader, Read};
use std::path::Path;

use oci_image::Image;
use sha2::{Digest as _, Sha256};

/// Which of a layer's two digests are computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digests {
    /// Of the stored bytes: the floor that the bars are against.
    Stored,
    /// Of the inflated ones too, which nobody can leave out who believes the `diff_id`s; one after the
    /// other, as any library does.
    Both,
}

/// What nobody can do without: hash, inflate, walk the headers.
pub(crate) fn pass(image: &Image, layout: &Path, digests: Digests) -> String {
    let mut entries = 0;
    for layer in image.layers() {
        let blob = layout.join("blobs/sha256").join(layer.descriptor.digest.hex());
        let file = std::fs::File::open(blob).expect("a layer");
        let stored = BufReader::with_capacity(64 << 10, Hashed::new(file));
        let inflated = flate2::bufread::MultiGzDecoder::new(stored);
        let inflated: Box<dyn Read> = match digests {
            Digests::Stored => Box::new(inflated),
            Digests::Both => Box::new(Hashed::new(inflated)),
        };
        let mut tar = BufReader::with_capacity(128 << 10, inflated);
        while let Some(size) = header(&mut tar) {
            entries += 1;
            let padded = size.next_multiple_of(512);
            std::io::copy(&mut (&mut tar).take(padded), &mut std::io::sink()).expect("content");
        }
        std::io::copy(&mut tar, &mut std::io::sink()).expect("the end");
    }
    assert!(entries > 1000, "{entries} entries");
    format!("{entries} entries")
}

/// The size of the next entry's content.
fn header(tar: &mut impl Read) -> Option<u64> {
    let mut block = [0; 512];
    tar.read_exact(&mut block).ok()?;
    let digits = std::str::from_utf8(&block[124..135]).ok()?.trim_matches(['\0', ' ']);
    let is_end = block.iter().all(|&byte| byte == 0);
    (!is_end).then(|| u64::from_str_radix(digits, 8).unwrap_or(0))
}

struct Hashed<R> {
    reader: R,
    sha256: Sha256,
}

impl<R> Hashed<R> {
    fn new(reader: R) -> Self {
        Self { reader, sha256: Sha256::new() }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        Ok(read)
    }
}
