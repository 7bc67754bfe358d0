//! Bills of materials and statements that hold them: any bytes are a list of packages or refused,
//! and a list can be compared.
#![no_main]

use inventory::Inventory;
use sbom::Bill;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let about = [verdict::Digest::of(b"")];
    let claimed = Bill::of_statement(bytes, &about).ok().flatten();
    let bills = claimed.into_iter().chain(Bill::read(bytes));
    let digest = about[0];
    let image = verdict::PinnedImage { repository: "r.io/fn".to_owned(), digest };
    let inventory = Inventory {
        image,
        digest,
        base: None,
        os_release: None,
        packages: Vec::new(),
        files: Vec::new(),
        notes: Vec::new(),
        bill_files: Vec::new(),
        claimed_bills: Vec::new(),
        counts: Default::default(),
    };
    for bill in bills {
        let _ = sbom::compare(&bill, &inventory, "");
    }
});
