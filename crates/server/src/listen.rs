//! Accepts connections and answers their requests.
//!
//! In: a listening socket, a certificate if connections are encrypted, and the router. Out: returns once told to stop and
//! every connection has ended. Bounds the time for the handshake and for the head of a request, idle connections included;
//! everything else about requests is the router's, which is told over what [`Connection`] each came.

use crate::tls::Certificate;
use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time in which the head of a request must have arrived, from the opening of the connection or the last answer on.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Time in which a TLS handshake must be over.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Most connections at a time; others wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;

/// Pause when no connection can be accepted (no file descriptors left, for instance).
const REST: Duration = Duration::from_secs(1);

/// What a request came over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    peer: IpAddr,
    encrypted: bool,
}

impl Connection {
    /// Whether nobody on the way can read it.
    pub(crate) fn is_private(self) -> bool {
        self.encrypted || self.peer.to_canonical().is_loopback()
    }
}

/// Answers on `listener` until `stop`; then lets requests that have begun end.
pub(crate) async fn listen(
    listener: TcpListener,
    certificate: Option<Certificate>,
    router: Router,
    stop: CancellationToken,
) {
    let certificate = certificate.map(Arc::new);
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accept = async { (place.await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            both = accept => both,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Heads and bodies leave at once: a client would wait for the body of a short answer (Nagle's algorithm).
                let _as_it_is = stream.set_nodelay(true);
                let connection = Connection { peer: peer.ip(), encrypted: certificate.is_some() };
                let converse = welcome(stream, certificate.clone(), connection, router.clone(), stop.clone());
                connections.spawn(async move {
                    converse.await;
                    drop(place);
                });
            }
            Err(error) if is_of_one_client(error.kind()) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Shakes hands if the connection is to be encrypted, then converses.
async fn welcome(
    stream: TcpStream,
    certificate: Option<Arc<Certificate>>,
    connection: Connection,
    router: Router,
    stop: CancellationToken,
) {
    let Some(certificate) = certificate else { return converse(stream, connection, router, stop).await };
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HANDSHAKE_TIME, certificate.acceptor().accept(stream)) => shaken,
        () = stop.cancelled() => return,
    };
    match shaken {
        Ok(Ok(stream)) => converse(stream, connection, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn converse<S>(stream: S, connection: Connection, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection);
        router.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn is_of_one_client(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
