//! Bills of materials that lie in the image: where they are, and which bytes they are. Nothing is
//! read of them here: what they list is a claim (docs/decisions/092).

use std::io::Read;

use verdict::Digest;

use super::{Cataloger, FilePath, Findings, Trouble};
use crate::claimed::BillBytes;

/// Bills of materials, told and not read.
pub(super) struct Bill;

/// Folders that hold nothing else: what lies there ends in `.json`.
const FOLDERS: &[&[u8]] =
    &[b"usr/local/share/sbom", b"usr/share/sbom", b"var/lib/db/sbom", b"usr/local/share/sboms"];
/// How such files end, wherever they lie.
const ENDINGS: &[&[u8]] = &[b".cdx.json", b".spdx.json", b".cyclonedx.json"];
/// What they are called, wherever they lie.
const NAMES: &[&[u8]] = &[b"bom.json", b"sbom.json"];
/// Bitnami's components carry one each, `.spdx-NAME.spdx`, which is JSON.
const BITNAMI: &[u8] = b"opt/bitnami/";

impl Cataloger for Bill {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, name) = path.split();
        (FOLDERS.contains(&folder) && name.ends_with(b".json"))
            || ENDINGS.iter().any(|it| name.ends_with(it))
            || NAMES.contains(&name)
            || (path.whole.starts_with(BITNAMI)
                && name.starts_with(b".spdx-")
                && name.ends_with(b".spdx"))
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let (mut sha256, mut size, mut buffer) = (verdict::Sha256::default(), 0, [0; 8192]);
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    sha256.update(buffer.get(..read).unwrap_or_default());
                    size += read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let digest: Digest = sha256.finish();
        findings.bill = Some(BillBytes { digest, size });
        Ok(())
    }
}
