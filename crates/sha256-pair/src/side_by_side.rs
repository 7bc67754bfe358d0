//! Blocks of two streams, compressed side by side with x86's SHA extensions.
//!
//! The names are Intel's ("Intel SHA Extensions", 2013): the state is held as ABEF and CDGH, and
//! four rounds take four words of the schedule.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32,
};

use super::BLOCK_BYTES;

/// The constants of the rounds (FIPS 180-4, 4.2.2), in the four groups of sixteen that follow one
/// schedule of words each.
const ROUNDS: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    ],
    [
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    ],
    [
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    ],
    [
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ],
];

/// Compresses as many blocks of the one stream as of the other, where this processor can.
#[expect(unsafe_code, reason = "instructions that not each processor has: see the SAFETY comment")]
pub(super) fn compress(states: [&mut [u32; 8]; 2], blocks: [&[[u8; BLOCK_BYTES]]; 2]) -> bool {
    let able = std::arch::is_x86_feature_detected!("sha")
        && std::arch::is_x86_feature_detected!("ssse3")
        && std::arch::is_x86_feature_detected!("sse4.1");
    if able {
        // SAFETY: `with_sha` is an ordinary function but for the instructions that it is compiled
        // to, and the three features that it names were just found.
        unsafe { with_sha(states, blocks) };
    }
    able
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn with_sha([one, other]: [&mut [u32; 8]; 2], [ours, theirs]: [&[[u8; BLOCK_BYTES]]; 2]) {
    let (mut a, mut b) = (State::load(one), State::load(other));
    for (ours, theirs) in ours.iter().zip(theirs) {
        let begun = (a, b);
        let (mut ours, mut theirs) = (words(ours), words(theirs));
        for (sixteen, constants) in ROUNDS.iter().enumerate() {
            if sixteen > 0 {
                (ours, theirs) = (next_words(ours), next_words(theirs));
            }
            for ((ours, theirs), four) in ours.into_iter().zip(theirs).zip(constants) {
                let constants = set(*four);
                let ours = _mm_add_epi32(ours, constants);
                let theirs = _mm_add_epi32(theirs, constants);
                a.cdgh = _mm_sha256rnds2_epu32(a.cdgh, a.abef, ours);
                b.cdgh = _mm_sha256rnds2_epu32(b.cdgh, b.abef, theirs);
                a.abef = _mm_sha256rnds2_epu32(a.abef, a.cdgh, _mm_shuffle_epi32(ours, 0x0e));
                b.abef = _mm_sha256rnds2_epu32(b.abef, b.cdgh, _mm_shuffle_epi32(theirs, 0x0e));
            }
        }
        (a, b) = (a.plus(begun.0), b.plus(begun.1));
    }
    (*one, *other) = (a.store(), b.store());
}

#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn load(&[a, b, c, d, e, f, g, h]: &[u32; 8]) -> Self {
        Self { abef: set([f, e, b, a]), cdgh: set([h, g, d, c]) }
    }

    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn store(self) -> [u32; 8] {
        let ([f, e, b, a], [h, g, d, c]) = (get(self.abef), get(self.cdgh));
        [a, b, c, d, e, f, g, h]
    }

    #[inline]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn plus(self, other: Self) -> Self {
        Self {
            abef: _mm_add_epi32(self.abef, other.abef),
            cdgh: _mm_add_epi32(self.cdgh, other.cdgh),
        }
    }
}

/// A block's sixteen words, which are stored with their highest byte first.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(block: &[u8; BLOCK_BYTES]) -> [__m128i; 4] {
    let highest_first = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let (halves, _) = block.as_chunks::<8>();
    let four = |at: usize| {
        let [low, high] = [halves[at], halves[at + 1]].map(i64::from_le_bytes);
        _mm_shuffle_epi8(_mm_set_epi64x(high, low), highest_first)
    };
    [four(0), four(2), four(4), four(6)]
}

/// The sixteen words of the schedule after these.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn next_words([first, second, third, fourth]: [__m128i; 4]) -> [__m128i; 4] {
    let first = next_four([first, second, third, fourth]);
    let second = next_four([second, third, fourth, first]);
    let third = next_four([third, fourth, first, second]);
    let fourth = next_four([fourth, first, second, third]);
    [first, second, third, fourth]
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn next_four([first, second, third, fourth]: [__m128i; 4]) -> __m128i {
    let nine_before = _mm_alignr_epi8(fourth, third, 4);
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(first, second), nine_before);
    _mm_sha256msg2_epu32(sum, fourth)
}

/// Four words, the lowest lane first.
#[inline]
#[target_feature(enable = "sse4.1")]
fn set(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn get(four: __m128i) -> [u32; 4] {
    let words = [
        _mm_extract_epi32(four, 0),
        _mm_extract_epi32(four, 1),
        _mm_extract_epi32(four, 2),
        _mm_extract_epi32(four, 3),
    ];
    words.map(i32::cast_unsigned)
}
