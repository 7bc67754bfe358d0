"""Writes TUF repositories with python-tuf, TUF's reference implementation, and asks its client of each:
`repositories.py FOLDER TRUSTED_ROOT` makes a folder for each case, with the pinned root.json and what is
published first and afterwards (`0/`, `1/`), and prints what that client says of the last."""

import json
import sys
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import FetcherInterface, Updater

OUT, TARGET = Path(sys.argv[1]), Path(sys.argv[2])
NAME = "trusted_root.json"
FAR = datetime(2999, 1, 1, tzinfo=timezone.utc)
PAST = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=1)
KINDS = {
    "ecdsa": CryptoSigner.generate_ecdsa,
    "ed25519": CryptoSigner.generate_ed25519,
    "rsa": CryptoSigner.generate_rsa,
}


class Author:
    """A repository, with a key for each role."""

    def __init__(self, kind="ecdsa", consistent=True):
        self.new_key = KINDS[kind]
        self.root = Root(expires=FAR, consistent_snapshot=consistent)
        self.timestamp, self.snapshot = Timestamp(expires=FAR), Snapshot(expires=FAR)
        self.targets = Targets(expires=FAR)
        self.signers = {role: [self.new_key()] for role in ("root", "timestamp", "snapshot", "targets")}
        for role, signers in self.signers.items():
            self.root.add_key(signers[0].public_key, role)
        self.targets.targets[NAME] = TargetFile.from_file(NAME, str(TARGET))
        self.roots = {}
        self.delegated = {}
        self.publish_root()

    def publish_root(self, signers=None):
        """The root as it is now, by these."""
        self.roots[self.root.version] = sign(deepcopy(self.root), signers or self.signers["root"])

    def rotate(self, role, by=None):
        """Another key for a role, in a new root that the old keys sign too."""
        old = list(self.signers[role])
        for signer in old:
            self.root.revoke_key(signer.public_key.keyid, role)
        self.signers[role] = [self.new_key()]
        self.root.add_key(self.signers[role][0].public_key, role)
        self.root.version += 1
        both = self.signers["root"] + (old if role == "root" else [])
        self.publish_root(by or both)

    def files(self):
        """What is published, by path."""
        consistent = self.root.consistent_snapshot
        versioned = lambda version, name: f"{version}.{name}" if consistent else name
        files = {f"{version}.root.json": root for version, root in self.roots.items()}
        for role, (metadata, signers) in self.delegated.items():
            data = sign(metadata, signers)
            files[versioned(metadata.version, f"{role}.json")] = data
            self.snapshot.meta[f"{role}.json"] = MetaFile.from_data(metadata.version, data, ["sha256"])
        for name, above, pinned in [("targets", None, None), ("snapshot", "targets", self.snapshot.meta), ("timestamp", "snapshot", None)]:
            metadata = getattr(self, name)
            if above:
                pin = MetaFile.from_data(getattr(self, above).version, below, ["sha256"])
                if name == "snapshot":
                    pinned["targets.json"] = pin
                else:
                    metadata.snapshot_meta = pin
            below = sign(metadata, self.signers[name])
            files["timestamp.json" if name == "timestamp" else versioned(metadata.version, f"{name}.json")] = below
        data = TARGET.read_bytes()
        digest = TargetFile.from_data(NAME, data, ["sha256"]).hashes["sha256"]
        files[f"targets/{digest}.{NAME}" if consistent else f"targets/{NAME}"] = data
        return files

    def renew(self, *roles):
        """A new version of each."""
        for role in roles:
            getattr(self, role).version += 1
        return self


def sign(payload, signers):
    metadata = Metadata(payload)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(validate=True))


def cases():
    """Each case's publications, one after the other."""
    for kind in KINDS:
        yield f"plain-{kind}", [Author(kind).files()]
    yield "not-consistent", [Author(consistent=False).files()]

    for role in ("root", "timestamp", "snapshot", "targets"):
        author = Author()
        before = author.files()
        author.rotate(role)
        yield f"rotated-{role}", [before, author.renew("timestamp", "snapshot", "targets").files()]
        expired = Author()
        getattr(expired, role).expires = PAST
        if role == "root":
            expired.root.version += 1
            expired.publish_root()
        yield f"expired-{role}", [expired.files()]

    author = Author()
    for _ in range(5):
        author.rotate("root")
    yield "rotated-often", [author.files()]
    author = Author()
    author.rotate("root", by=None)
    del author.roots[2]
    author.rotate("root")
    yield "root-left-out", [author.files()]
    author = Author()
    stranger = [author.new_key()]
    author.rotate("root", by=stranger)
    yield "root-by-stranger", [author.files()]

    for role in ("timestamp", "snapshot", "targets"):
        author = Author().renew("timestamp", "snapshot", "targets").renew("timestamp", "snapshot", "targets")
        before = author.files()
        older = deepcopy_of(author)
        getattr(older, role).version -= 1
        if role != "timestamp":
            older.renew("timestamp")
        if role == "targets":
            older.renew("snapshot")
        yield f"rolled-back-{role}", [before, older.files()]
        author = Author()
        author.signers[role] = [author.new_key()]
        yield f"{role}-by-stranger", [author.files()]

    for count in (1, 2):
        author = Author()
        more = [author.new_key() for _ in range(2)]
        for signer in more:
            author.root.add_key(signer.public_key, "targets")
        author.root.roles["targets"].threshold = 2
        author.publish_root()
        author.signers["targets"] = more[:count]
        yield f"threshold-{count}-of-2", [author.files()]

    # Each file is signed; together they were never published.
    for path in ("{}.targets.json", "{}.snapshot.json"):
        author = Author()
        older = author.files()
        newer = author.renew("timestamp", "snapshot", "targets").files()
        newer[path.format(2)] = older[path.format(1)]
        yield "mixed-" + path.split(".")[1], [newer]
    author = Author()
    files = author.files()
    for path in files:
        if path.startswith("targets/"):
            files[path] = b"{}"
    yield "altered-target", [files]

    author = Author()
    signer = author.new_key()
    role = DelegatedRole("sigstore", [signer.public_key.keyid], 1, True, paths=["trusted*"])
    author.targets.delegations = Delegations({signer.public_key.keyid: signer.public_key}, {"sigstore": role})
    below = Targets(expires=FAR)
    below.targets[NAME] = author.targets.targets.pop(NAME)
    author.delegated["sigstore"] = (below, [signer])
    yield "delegated", [author.files()]
    author.delegated["sigstore"] = (below, [author.new_key()])
    yield "delegated-by-stranger", [author.files()]


def deepcopy_of(author):
    """The same author with metadata of its own; keys cannot be copied."""
    other = Author.__new__(Author)
    other.__dict__.update(author.__dict__)
    for role in ("timestamp", "snapshot", "targets"):
        setattr(other, role, deepcopy(getattr(author, role)))
    return other


class Folder(FetcherInterface):
    """Fetches from a folder."""

    def __init__(self, folder):
        self.folder = folder

    def _fetch(self, url):
        from tuf.api.exceptions import DownloadHTTPError

        path = self.folder / url.removeprefix("https://folder.example/")
        if not path.is_file():
            raise DownloadHTTPError(f"no {path}", 404)
        yield path.read_bytes()


def ask(case, kept):
    """What python-tuf's client says of what is published, after what it kept."""
    url = "https://folder.example/"
    (kept / "files").mkdir(parents=True, exist_ok=True)
    root = (case.parent / "root.json").read_bytes()
    updater = Updater(str(kept), url, str(kept / "files"), url + "targets/", Folder(case), bootstrap=root)
    updater.refresh()
    target = updater.get_targetinfo(NAME)
    if target is None:
        raise LookupError(NAME)
    return Path(updater.download_target(target)).read_bytes()


def main():
    said = {}
    for name, publications in cases():
        case = OUT / name
        for number, files in enumerate(publications):
            for path, data in files.items():
                file = case / str(number) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
        (case / "root.json").write_bytes(publications[0]["1.root.json"])
        for number in range(len(publications)):
            last = number == len(publications) - 1
            try:
                accepted = ask(case / str(number), case / "kept") == TARGET.read_bytes()
                said[name] = {"accepted": accepted, "why": ""}
            except Exception as error:
                if not last:
                    raise
                said[name] = {"accepted": False, "why": type(error).__name__}
    json.dump(said, sys.stdout)


main()
