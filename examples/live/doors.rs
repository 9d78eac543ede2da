//! Every socket that encoders and viewers come to: opened together, named as URLs, then served.

use std::{fmt, io, net::SocketAddr};

use axum::Router;
use headend::channel::Slot;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    Trouble,
    handle::Handle,
    http,
    https::TlsListener,
    options::Options,
    rtmp_door, tls,
    udp_door::{self, Ports},
};

/// The open sockets.
pub(crate) struct Doors {
    rtmp: Vec<(TcpListener, Option<TlsAcceptor>, Slot)>,
    ts: Vec<(Ports, Slot)>,
    http: TcpListener,
    https: Option<TlsListener>,
    pub(crate) addresses: Addresses,
}

/// Where the doors are.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    name: String,
    passes_through: bool,
    http: SocketAddr,
    https: Option<SocketAddr>,
    /// Key of the API, scheme, address.
    ingest: Vec<(&'static str, &'static str, SocketAddr)>,
}

impl Doors {
    /// Opens everything that is asked for. A pass-through channel takes no MPEG-TS.
    pub(crate) async fn open(options: &Options) -> Result<Self, Trouble> {
        let acceptor = || tls::acceptor(options).map_err(Trouble);
        let (mut rtmp, mut ts, mut ingest) = (Vec::new(), Vec::new(), Vec::new());
        let wanted = [
            ("rtmp", "--rtmp", Some(options.rtmp), false, Slot::Primary),
            ("rtmp_secondary", "--rtmp-secondary", options.rtmp_secondary, false, Slot::Secondary),
            ("rtmps", "--rtmps", options.rtmps(), true, Slot::Primary),
            ("rtmps_secondary", "--rtmps-secondary", options.rtmps_secondary, true, Slot::Secondary),
        ];
        for (key, flag, address, is_tls, slot) in wanted {
            let Some(address) = address else { continue };
            let listener = bind(address, flag, TcpListener::bind(address).await)?;
            ingest.push((key, if is_tls { "rtmps" } else { "rtmp" }, listener.local_addr()?));
            rtmp.push((listener, is_tls.then(acceptor).transpose()?, slot));
        }
        let wanted = [
            ("--ts", [("rtp", "rtp"), ("udp", "udp")], Some(options.ts), Slot::Primary),
            (
                "--ts-secondary",
                [("rtp_secondary", "rtp"), ("udp_secondary", "udp")],
                options.ts_secondary,
                Slot::Secondary,
            ),
        ];
        for (flag, keys, address, slot) in wanted {
            let Some(address) = address.filter(|_| !options.passes_through()) else { continue };
            let socket = bind(address, flag, udp_door::bind(address))?;
            let local = socket.local_addr()?;
            ingest.extend(keys.map(|(key, scheme)| (key, scheme, local)));
            let second = options.rtp_second_port.filter(|_| slot == Slot::Primary).map(|port| {
                let address = SocketAddr::new(address.ip(), port);
                bind(address, "--rtp-second-port", udp_door::bind(address))
            });
            ts.push((Ports::new(socket, second.transpose()?), slot));
        }
        let http = bind(options.http, "--http", TcpListener::bind(options.http).await)?;
        let https = match options.https {
            Some(address) => {
                let listener = bind(address, "--https", TcpListener::bind(address).await)?;
                Some((listener.local_addr()?, TlsListener::new(listener, acceptor()?)?))
            }
            None => None,
        };
        let addresses = Addresses {
            name: options.name.to_string(),
            passes_through: options.passes_through(),
            http: http.local_addr()?,
            https: https.as_ref().map(|(address, _)| *address),
            ingest,
        };
        Ok(Self { rtmp, ts, http, https: https.map(|(_, listener)| listener), addresses })
    }

    /// Lets everybody in, for ever; the routers are those of HTTP and HTTPS.
    pub(crate) fn serve(self, options: &Options, handle: &Handle, routers: [Router; 2]) {
        let is_named = options.passes_through();
        for (listener, tls, slot) in self.rtmp {
            tokio::spawn(rtmp_door::serve(listener, rtmp_door::Door { tls, slot, is_named, handle: handle.clone() }));
        }
        for (ports, slot) in self.ts {
            tokio::spawn(udp_door::serve(ports, slot, options.ts_config(), handle.clone()));
        }
        let [plain, secure] = routers;
        tokio::spawn(http::serve(self.http, plain));
        if let Some(listener) = self.https {
            tokio::spawn(http::serve_tls(listener, secure));
        }
    }
}

impl Addresses {
    /// URLs to push to, by their key in the API, with `host` as the name of this machine.
    pub(crate) fn ingest(&self, host: &str) -> Vec<(&'static str, String)> {
        // On a pass-through channel each rung has a stream name of its own.
        let stream = if self.passes_through { "RUNG" } else { &self.name };
        let url = |&(key, scheme, address): &(&'static str, &str, SocketAddr)| {
            let path = if scheme.starts_with("rtmp") { format!("/live/{stream}") } else { String::new() };
            (key, format!("{scheme}://{host}:{}{path}", address.port()))
        };
        let mut urls: Vec<_> = self.ingest.iter().map(url).collect();
        let smooth = [Some(("http", self.http)), self.https.map(|address| ("https", address))];
        for (scheme, address) in smooth.into_iter().flatten() {
            let base = format!("{scheme}://{host}:{}/{}", address.port(), self.name);
            let keys =
                if scheme == "http" { ["smooth", "smooth_secondary"] } else { ["smooth_tls", "smooth_tls_secondary"] };
            urls.extend(keys.into_iter().zip([format!("{base}.isml"), format!("{base}-secondary.isml")]));
        }
        urls
    }
}

/// The block of lines that the process begins with.
impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.passes_through { "pass-through" } else { "encoding" };
        writeln!(f, "live: channel {} ({kind}) · page http://{}", self.name, self.http)?;
        if let Some(https) = self.https {
            writeln!(f, "  {:<24} https://{https}", "the same by HTTPS")?;
        }
        writeln!(f, "  push to")?;
        let host = if self.http.ip().is_unspecified() { "THIS-HOST".into() } else { self.http.ip().to_string() };
        for (key, url) in self.ingest(&host) {
            let tail = if key.starts_with("smooth") { "/Streams(ID)" } else { "" };
            writeln!(f, "    {:<22} {url}{tail}", label(key))?;
        }
        write!(
            f,
            "  {}, and for the commands of encoders --help",
            if self.passes_through {
                "RUNG and ID are names of your choice, one for each rung"
            } else {
                "ID is a name of your choice, one for each POST"
            }
        )
    }
}

/// A key of the API as people read it.
fn label(key: &str) -> String {
    let (protocol, slot) = key.split_once("_secondary").map_or((key, ""), |(protocol, _)| (protocol, ", secondary"));
    let protocol = match protocol {
        "smooth" => "Smooth".into(),
        "smooth_tls" => "Smooth, TLS".into(),
        other => other.to_ascii_uppercase(),
    };
    format!("{protocol}{slot}")
}

fn bind<T>(address: SocketAddr, flag: &str, bound: io::Result<T>) -> Result<T, Trouble> {
    bound.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "something else uses it".into(),
            io::ErrorKind::PermissionDenied => "this user may not".into(),
            io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
            _ => error.to_string(),
        };
        Trouble(format!(
            "cannot listen on {address}: {why}; choose another address with {flag}, such as {flag} 127.0.0.1:0"
        ))
    })
}
