//! A bucket that is spoken to in S3's way, over connections of our own: HTTP/1.1, one for each request, plain or over TLS.
//!
//! Keys, region and endpoint come from the environment, as every tool of S3 takes them: `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, and `AWS_ALLOW_HTTP=true` for an endpoint without TLS.

use std::{env, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper::{
    Uri,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use object_store::{
    ClientOptions,
    aws::AmazonS3Builder,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring},
};

use super::objects::Objects;

/// The bucket; names in it begin with `prefix`.
pub(super) fn open(bucket: &str, prefix: &str) -> io::Result<Objects> {
    let connector = Connector(Connections { tls: TlsConnector::from(Arc::new(tls()?)) });
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_http_connector(connector);
    Ok(Objects::new(Arc::new(builder.build().map_err(io::Error::other)?), prefix))
}

#[derive(Debug)]
struct Connector(Connections);

#[derive(Clone)]
struct Connections {
    tls: TlsConnector,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let late = |elapsed| HttpError::new(HttpErrorKind::Timeout, elapsed);
        tokio::time::timeout(LONGEST, self.ask(request)).await.map_err(late)?
    }
}

impl Connections {
    async fn ask(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let uri = std::mem::take(request.uri_mut());
        let (Some(authority), Some(path)) = (uri.authority(), uri.path_and_query()) else {
            return Err(HttpError::new(HttpErrorKind::Unknown, io::Error::other("a URL without a host")));
        };
        // RFC 9112 section 3.2: the path in the first line, the host in a header.
        *request.uri_mut() = Uri::from(path.clone());
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(authority.as_str());
            request.headers_mut().insert(HOST, host.map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?);
        }
        let is_secure = uri.scheme_str() == Some("https");
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let connect = |error: io::Error| HttpError::new(HttpErrorKind::Connect, error);
        let socket = TcpStream::connect((authority.host(), port)).await.map_err(connect)?;
        socket.set_nodelay(true).map_err(connect)?;
        if !is_secure {
            return exchange(socket, request).await;
        }
        let name = ServerName::try_from(authority.host().to_owned());
        let name = name.map_err(|error| connect(io::Error::other(error)))?;
        exchange(self.tls.connect(name, socket).await.map_err(connect)?, request).await
    }
}

async fn exchange<S>(socket: S, request: HttpRequest) -> Result<HttpResponse, HttpError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |error: hyper::Error| HttpError::new(HttpErrorKind::Request, error);
    let (mut sender, connection) =
        http1::handshake::<_, HttpRequestBody>(TokioIo::new(socket)).await.map_err(failed)?;
    // It ends with the answer's body, or with what is dropped of it.
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
    let body = body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
    Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
}

/// Trusts whom the system trusts.
fn tls() -> io::Result<ClientConfig> {
    let named = env::var_os("SSL_CERT_FILE").map(Into::into);
    let file = named.or_else(|| BUNDLES.iter().map(std::path::PathBuf::from).find(|file| file.exists()));
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let unreadable = |error| io::Error::other(format!("{}: {error}", file.display()));
        let certificates = CertificateDer::pem_file_iter(&file).map_err(unreadable)?;
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connections")
    }
}

/// From connecting to the head of the answer.
const LONGEST: Duration = Duration::from_secs(20);

/// Where systems keep the certificates that they trust: Debian, Fedora, Alpine and macOS.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
