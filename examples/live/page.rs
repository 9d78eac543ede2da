//! The page and the players on it, from within the binary: nothing is fetched from the internet.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /`.
pub(crate) async fn index() -> Response {
    file(Path("index.html".into())).await
}

/// `GET /page/{file}`.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // The players are large and change with the binary only; a new binary is asked at most an hour later.
    let cache = if name.starts_with("vendor/") { "max-age=3600" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, *kind),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, *bytes).into_response()
}

/// The players make workers and media out of blobs; everything else comes from here.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; media-src 'self' blob: data:; worker-src 'self' blob:; \
                      frame-ancestors 'none'; base-uri 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

static FILES: &[(&str, &str, &[u8])] = &[
    ("index.html", HTML, include_bytes!("page/index.html")),
    ("style.css", CSS, include_bytes!("page/style.css")),
    ("icon.svg", SVG, include_bytes!("page/icon.svg")),
    ("air.js", SCRIPT, include_bytes!("page/air.js")),
    ("app.js", SCRIPT, include_bytes!("page/app.js")),
    ("breaks.js", SCRIPT, include_bytes!("page/breaks.js")),
    ("dashjs.js", SCRIPT, include_bytes!("page/dashjs.js")),
    ("feed.js", SCRIPT, include_bytes!("page/feed.js")),
    ("hlsjs.js", SCRIPT, include_bytes!("page/hlsjs.js")),
    ("player.js", SCRIPT, include_bytes!("page/player.js")),
    ("programs.js", SCRIPT, include_bytes!("page/programs.js")),
    ("shaka.js", SCRIPT, include_bytes!("page/shaka.js")),
    ("smooth.js", SCRIPT, include_bytes!("page/smooth.js")),
    ("view.js", SCRIPT, include_bytes!("page/view.js")),
    ("vendor/dash.mediaplayer.min.js", SCRIPT, include_bytes!("page/vendor/dash.mediaplayer.min.js")),
    ("vendor/dash.mss.min.js", SCRIPT, include_bytes!("page/vendor/dash.mss.min.js")),
    ("vendor/hls.min.js", SCRIPT, include_bytes!("page/vendor/hls.min.js")),
    ("vendor/shaka-player.dash-es2021.js", SCRIPT, include_bytes!("page/vendor/shaka-player.dash-es2021.js")),
];
