//! SHA-256 over two streams at once, in little more time than over one.
//!
//! A processor's SHA instructions wait for one another within a stream, and in between there is room
//! for those of another (docs/decisions/057). Blocks of one stream alone go through `sha2`, and all
//! do where the processor has no such instructions.

#[cfg(target_arch = "x86_64")]
mod side_by_side;

use sha2::block_api::compress256;

const BLOCK_BYTES: usize = 64;
/// What is hashed before any byte (FIPS 180-4, 5.3.3).
const BEGINNING: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The hash of one stream so far.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    /// The beginning of a block that is not whole yet.
    pending: [u8; BLOCK_BYTES],
    /// How many bytes were taken in.
    length: u64,
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256(..)")
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self { state: BEGINNING, pending: [0; BLOCK_BYTES], length: 0 }
    }
}

impl Sha256 {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = self.whole_blocks(bytes);
        compress256(&mut self.state, blocks);
        self.keep(rest);
    }

    /// Takes in more bytes of one stream, and of the other.
    pub fn update_both(&mut self, bytes: &[u8], other: &mut Self, others: &[u8]) {
        let (ours, rest) = self.whole_blocks(bytes);
        let (theirs, others_rest) = other.whole_blocks(others);
        let both = ours.len().min(theirs.len());
        let (ours, ours_alone) = ours.split_at(both);
        let (theirs, theirs_alone) = theirs.split_at(both);
        compress_both([&mut self.state, &mut other.state], [ours, theirs]);
        compress256(&mut self.state, ours_alone);
        compress256(&mut other.state, theirs_alone);
        self.keep(rest);
        other.keep(others_rest);
    }

    /// The digest of all bytes taken in.
    #[must_use]
    pub fn finish(mut self) -> [u8; 32] {
        let bits = self.length.wrapping_mul(8);
        // FIPS 180-4, 5.1.1: a one bit, zeros, and the length at the end of a block.
        let zeros = (BLOCK_BYTES * 2 - 9 - self.pending_length()) % BLOCK_BYTES;
        let mut padding = [0; BLOCK_BYTES * 2];
        padding[0] = 0x80;
        padding[1 + zeros..9 + zeros].copy_from_slice(&bits.to_be_bytes());
        self.update(&padding[..9 + zeros]);
        let mut digest = [0; 32];
        for (four, word) in digest.chunks_exact_mut(4).zip(self.state) {
            four.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    /// Counts these bytes, completes the pending block with the first of them, and answers the
    /// blocks that follow it and what is left.
    fn whole_blocks<'b>(&mut self, bytes: &'b [u8]) -> (&'b [[u8; BLOCK_BYTES]], &'b [u8]) {
        let begun = self.pending_length();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if begun == 0 {
            return bytes.as_chunks();
        }
        let (first, others) = bytes.split_at(bytes.len().min(BLOCK_BYTES - begun));
        let end = begun + first.len();
        self.pending[begun..end].copy_from_slice(first);
        if end == BLOCK_BYTES {
            compress256(&mut self.state, &[self.pending]);
        }
        others.as_chunks()
    }

    /// Keeps what is not a whole block; nothing, if the pending block is not whole yet.
    fn keep(&mut self, rest: &[u8]) {
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    fn pending_length(&self) -> usize {
        (self.length % BLOCK_BYTES as u64) as usize
    }
}

/// As many blocks of the one as of the other.
fn compress_both([one, other]: [&mut [u32; 8]; 2], [ours, theirs]: [&[[u8; BLOCK_BYTES]]; 2]) {
    #[cfg(target_arch = "x86_64")]
    if side_by_side::compress([one, other], [ours, theirs]) {
        return;
    }
    compress256(one, ours);
    compress256(other, theirs);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
    use sha2::Digest as _;

    use super::*;

    fn alone(bytes: &[u8]) -> [u8; 32] {
        sha2::Sha256::digest(bytes).into()
    }

    /// Two streams in steps, each of any length, also of nothing and of less than a block.
    fn steps() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..400);
        prop::collection::vec((bytes(), bytes()), 0..8)
    }

    proptest! {
        #[test]
        fn two_streams_at_once_have_the_digests_of_each_alone(steps in steps()) {
            let (mut one, mut other) = (Sha256::default(), Sha256::default());
            for (ours, theirs) in &steps {
                one.update_both(ours, &mut other, theirs);
            }
            let (ours, theirs): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            prop_assert_eq!(one.finish(), alone(&ours.concat()));
            prop_assert_eq!(other.finish(), alone(&theirs.concat()));
        }

        #[test]
        fn a_stream_in_steps_has_its_digest(steps in steps()) {
            let mut sha256 = Sha256::default();
            let ours: Vec<Vec<u8>> = steps.into_iter().map(|(ours, _)| ours).collect();
            ours.iter().for_each(|it| sha256.update(it));
            prop_assert_eq!(sha256.finish(), alone(&ours.concat()));
        }
    }

    /// The two-block message of FIPS 180-4's examples, and of each length about a block's end.
    #[test]
    fn the_padding_is_fips_180_4s() {
        let text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let mut sha256 = Sha256::default();
        sha256.update(text.as_bytes());
        let expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(hex::encode(sha256.finish()), expected);
        for length in 0..=130 {
            let bytes = vec![0xa5; length];
            let mut sha256 = Sha256::default();
            sha256.update(&bytes);
            assert_eq!(sha256.finish(), alone(&bytes), "{length} bytes");
        }
    }
}
