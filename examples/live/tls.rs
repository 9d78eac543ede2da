//! TLS for the doors that want it: a certificate from files, or one that is made up at the start and signs itself.

use std::{path::Path, sync::Arc};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring},
};

use crate::options::Options;

/// What `--tls-cert` and `--tls-key`, or `--tls-self-signed`, ask for.
///
/// # Errors
/// Neither is given, a file cannot be used, or key and certificate do not belong together; says what to do about it.
pub(crate) fn acceptor(options: &Options) -> Result<TlsAcceptor, String> {
    let (chain, key) = match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => from_files(cert, key)?,
        _ if options.tls_self_signed => made_up()?,
        _ => return Err("TLS needs --tls-cert FILE and --tls-key FILE, or --tls-self-signed".into()),
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("certificate and key cannot be used: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn from_files(cert: &Path, key: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let what = |path: &Path, error| format!("{} cannot be read as PEM: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| what(cert, error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| what(key, error))?;
    Ok((chain, key))
}

/// A certificate for this machine's own names; clients have to be told not to check it.
fn made_up() -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| format!("no certificate: {error}"))?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.into()))
}
