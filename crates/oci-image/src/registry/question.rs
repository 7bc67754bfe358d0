//! What is asked of a repository, and which answers are answers.

use http::{StatusCode, header};
use reqwest::{Client, RequestBuilder};
use url::Url;

/// A question about something in a repository.
pub(crate) struct Question<'a> {
    /// Below the repository's own: `manifests/latest`.
    pub(crate) path: &'a str,
    /// The media types that are understood.
    pub(crate) accept: &'static str,
    /// The byte from which on it is wanted; all of it from 0.
    pub(crate) from: u64,
    /// Which answers say that there is none.
    pub(crate) says_none: fn(StatusCode) -> bool,
}

impl<'a> Question<'a> {
    /// For the whole of something; 404 says that there is none.
    pub(crate) fn new(path: &'a str, accept: &'static str) -> Self {
        let says_none = |status| status == StatusCode::NOT_FOUND;
        Self { path, accept, from: 0, says_none }
    }

    /// The request, without who asks.
    pub(crate) fn request(&self, http: &Client, url: Url) -> RequestBuilder {
        let request = http.get(url).header(header::ACCEPT, self.accept);
        match self.from {
            0 => request,
            from => request.header(header::RANGE, format!("bytes={from}-")),
        }
    }

    /// Whether what was asked for comes with this status: a part with 206 only (RFC 9110 §15.3.7),
    /// the whole with 200 only.
    pub(crate) fn is_answered_by(&self, status: StatusCode) -> bool {
        status == if self.from == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT }
    }
}
