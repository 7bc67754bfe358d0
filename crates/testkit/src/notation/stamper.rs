//! A timestamp authority (RFC 3161) for Notation signatures: tokens with every part to be changed, and
//! a server that `notation sign --timestamp-url` asks.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::{Certificate, name, pem};
use crate::signer::Signer;
use crate::sigstore::der::{
    boolean, elements, generalized_time, integer, octets, oid, sequence, set, tlv,
};
use crate::sigstore::sha256;
use crate::sigstore::timestamp::TimeSigner;

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";
/// Vouching for times.
pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// A request is not longer.
const REQUEST_BYTES_MAX: u64 = 1 << 16;

/// A root, and the key of a stamper below it.
pub struct Stamper {
    name: String,
    root: Signer,
    key: Signer,
}

/// A token as a test wants it.
pub struct Token {
    /// Which hash was seen: its algorithm and the hash (MessageImprint).
    pub imprint: Vec<u8>,
    /// When, as DER has it.
    pub time: Vec<u8>,
    /// How exactly: seconds, or none said.
    pub accuracy: Option<u64>,
    /// What comes after it, in DER.
    pub rest: Vec<Vec<u8>>,
    /// The stamper's certificate.
    pub certificate: Certificate,
    /// The certificates in the token, instead of the stamper's own and the root's.
    pub certificates: Option<Vec<Vec<u8>>>,
    /// Whether what is signed names the certificate.
    pub names_certificate: bool,
}

impl Stamper {
    /// The one of this name.
    pub fn new(name: &str) -> Self {
        let key = |part: &str| Signer::new(&format!("stamper {name} {part}"));
        Self { name: name.to_owned(), root: key("root"), key: key("leaf") }
    }

    /// The name of its root.
    pub fn root_name(&self) -> String {
        format!("C=US,O={},CN=times", self.name)
    }

    /// The root's certificate, in PEM.
    pub fn root_pem(&self) -> String {
        pem(&self.root())
    }

    /// The key of its root.
    pub fn root_key(&self) -> &Signer {
        &self.root
    }

    fn root(&self) -> Vec<u8> {
        Certificate::authority(&self.root_name()).issued(&self.root, &self.root_name(), &self.root)
    }

    /// A token about these bytes (a signature) at this second, as it is unless a test says otherwise.
    pub fn token(&self, bytes: &[u8], second: i64) -> Token {
        let purposes = sequence(&[oid(TIME_STAMPING)]);
        let certificate = Certificate::signer(&format!("C=US,O={},CN=stamper", self.name));
        Token {
            imprint: sequence(&[sequence(&[oid(SHA256)]), octets(&sha256(bytes))]),
            time: generalized_time(second),
            accuracy: None,
            rest: Vec::new(),
            certificate: Certificate {
                purposes: Vec::new(),
                extensions: vec![("2.5.29.37", true, purposes)],
                ..certificate
            },
            certificates: None,
            names_certificate: true,
        }
    }

    /// The same, sealed.
    pub fn stamp(&self, bytes: &[u8], second: i64) -> Vec<u8> {
        self.sealed(&self.token(bytes, second))
    }

    /// The token in DER, signed.
    pub fn sealed(&self, token: &Token) -> Vec<u8> {
        let certificate = token.certificate.issued(&self.key, &self.root_name(), &self.root);
        let info = sequence(&[
            integer(1),
            oid("1.2.3.4"),
            token.imprint.clone(),
            integer(42),
            token.time.clone(),
            token.accuracy.map(|it| sequence(&[integer(it)])).unwrap_or_default(),
            token.rest.concat(),
        ]);
        let hash = sequence(&[octets(&sha256(&certificate))]);
        let named = sequence(&[sequence(&[hash])]);
        let named = sequence(&[oid(SIGNING_CERTIFICATE), set(vec![named])]);
        let signer = TimeSigner {
            key: &self.key,
            issuer: name(&self.root_name()),
            serial: token.certificate.serial,
            attributes: if token.names_certificate { vec![named] } else { Vec::new() },
            certificates: match &token.certificates {
                Some(certificates) => certificates.clone(),
                None => vec![certificate, self.root()],
            },
        };
        signer.token(&info)
    }

    /// The answer to a request (TimeStampReq): the hash that it names, seen now.
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let parts = elements(&elements(request)[0].1);
        let (_, imprint) = &parts[1];
        let nonce = parts[2..].iter().find(|(tag, _)| *tag == 2);
        let mut token = self.token(&[], jiff::Timestamp::now().as_second());
        token.imprint = tlv(0x30, imprint);
        token.rest = nonce.map(|(tag, nonce)| tlv(*tag, nonce)).into_iter().collect();
        let granted = sequence(&[tlv(2, &[0])]);
        sequence(&[granted, self.sealed(&token)])
    }

    /// Serves it on loopback.
    pub fn serve(&self) -> StampServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (ended, stamper) = (Arc::new(AtomicBool::new(false)), Self::new(&self.name));
        let is_ended = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_ended.load(Ordering::SeqCst) {
                    break;
                }
                // Whoever asks for something else than a time gets none.
                let _ = stream.and_then(|it| stamper.converse(it));
            }
        });
        StampServer { address, ended, thread: Some(thread) }
    }

    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?.take(REQUEST_BYTES_MAX));
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line)? > 0 && line.trim() != "" {
            let named = line.to_ascii_lowercase();
            if let Some(value) = named.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            line.clear();
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request)?;
        let answer = self.answer(&request);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        );
        let mut stream = stream;
        stream.write_all(&[head.as_bytes(), &answer].concat())
    }
}

/// A timestamp authority that listens until it is dropped.
pub struct StampServer {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StampServer {
    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for StampServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It wakes from waiting for somebody.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// That something must be understood which nobody does (extensions of TSTInfo).
pub fn critical_extension() -> Vec<u8> {
    let extension = sequence(&[oid("1.2.3.4"), boolean(true), octets(&[5, 0])]);
    tlv(0xa1, &extension)
}
