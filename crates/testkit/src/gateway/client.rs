//! One HTTP request over one connection, with the body's length left unsaid: it goes out chunked,
//! as gateway and queue send it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A body whose length nobody is told beforehand.
pub(super) struct Unmeasured(pub(super) Full<Bytes>);

impl Body for Unmeasured {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }
}

/// Sends it to this address. What goes wrong is told as text.
pub(super) async fn send(
    address: SocketAddr,
    mut request: Request<Bytes>,
) -> Result<Response<Bytes>, String> {
    let told = |error: hyper::Error| error.to_string();
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(told)?;
    let connection = tokio::spawn(connection);
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().remove(header::TRANSFER_ENCODING);
    if !request.headers().contains_key(header::HOST)
        && let Ok(host) = address.to_string().parse()
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let request = request.map(|body| Unmeasured(Full::new(body)));
    let (parts, body) = sender.send_request(request).await.map_err(told)?.into_parts();
    let body = body.collect().await.map_err(told)?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(parts, body))
}
