//! Where signatures are looked for: in the image's own repository and those of
//! `signatures.repositories`, or, of an authority that names its own, in these alone.

use std::collections::BTreeSet;
use std::mem;

use oci_image::{ImageError, Images, Repository};
use signature::Authority;
use verdict::{Request, Subject};

/// The repositories that are asked, each once.
pub(crate) struct Places {
    /// The image's own, whether it is asked or not.
    pub(crate) own: Repository,
    /// Those that are asked.
    pub(crate) asked: Vec<Repository>,
}

/// Which repositories are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breadth {
    /// Those in which something could count.
    Needed,
    /// The image's own and the policy's too.
    All,
}

impl Places {
    /// The places of these authorities. What each of them counts is noted by the names under
    /// which the repositories are opened: `acme/signatures` is one of Docker Hub's.
    ///
    /// # Errors
    /// When a name is none, or no registry can be reached from here.
    pub(crate) fn of(
        images: &dyn Images,
        request: &Request,
        shared: &[String],
        authorities: &mut [Authority],
        breadth: Breadth,
    ) -> Result<Self, ImageError> {
        let (subject, limits): (&Subject, _) = (&request.subject, &request.limits);
        let open = |name: &String| images.repository(name, limits);
        let own = images.beside(subject, limits)?;
        let mut common = vec![own.clone()];
        for name in shared {
            common.push(open(name)?);
        }
        let names: BTreeSet<String> = common.iter().map(|it| it.name().to_owned()).collect();
        let counted = authorities.iter().any(|it| it.repositories.is_empty());
        let mut asked = Vec::new();
        if counted || breadth == Breadth::All {
            asked.append(&mut common);
        }
        for authority in authorities {
            let named = mem::take(&mut authority.repositories);
            if named.is_empty() {
                authority.repositories.clone_from(&names);
            }
            for name in &named {
                let repository = open(name)?;
                authority.repositories.insert(repository.name().to_owned());
                asked.push(repository);
            }
        }
        let mut seen = BTreeSet::new();
        asked.retain(|it| seen.insert(it.name().to_owned()));
        Ok(Self { own, asked })
    }
}
