//! What earlier runs have left in the store: it plays again under the same URLs, and the channel's programs go on.

use std::io;

use headend::archive::{AssetName, IndexErrorKind, ObjectName, Recovered};

use crate::{
    endpoint::Endpoint,
    locators::{Locator, Locators},
    names,
    preview::{Preview, PreviewOptions},
    programs::{Published, Windows},
};

/// A program that was cut off.
#[derive(Debug)]
pub(crate) struct CutOff {
    pub(crate) recovered: Recovered,
    pub(crate) published: Published,
}

impl CutOff {
    /// With these it may go on.
    pub(crate) fn windows(&self) -> Windows {
        let config = self.recovered.config();
        Windows { window: config.window, rewind: config.rewind }
    }
}

/// Opens every asset in the store. Those of this channel that have not ended are to go on, oldest first; others that have not are ended.
pub(crate) async fn open(endpoint: &Endpoint, channel: &str, preview: &PreviewOptions) -> io::Result<Vec<CutOff>> {
    let locators = locators(endpoint).await?;
    open_preview(endpoint, channel, preview, &locators);
    let (mut cut_off, mut count) = (Vec::new(), 0usize);
    // Names begin with the channel's and the time, and so the newest one comes last.
    for name in endpoint.store().assets().await? {
        let Some(mut recovered) = recover(endpoint, &name).await? else { continue };
        count += 1;
        if !recovered.timeline().is_ended() {
            let absent = endpoint.store().absent(&recovered).await?;
            let lost = recovered.lose(&absent);
            if lost > 0 {
                eprintln!("live: {lost} fragments of program {name} were never written; players are told of a gap");
            }
        }
        recovered.updates().for_each(|update| endpoint.apply(&update));
        if recovered.timeline().is_ended() {
            continue;
        }
        let of_channel = |(_, locator): &&(String, Locator)| locator.asset == name && locator.name == channel;
        let Some((locator, _)) = locators.iter().find(of_channel) else {
            endpoint.end(&recovered);
            continue;
        };
        let published = Published { asset: name, locator: locator.clone() };
        cut_off.push(CutOff { recovered, published });
    }
    if count > 0 {
        println!("live: {count} recorded programs can be played");
    }
    Ok(cut_off)
}

/// The preview's URL is the one that it had.
fn open_preview(endpoint: &Endpoint, channel: &str, options: &PreviewOptions, known: &[(String, Locator)]) {
    let recorded = Preview::recorded(channel);
    let is_its = |(_, locator): &&(String, Locator)| Some(&locator.asset) == recorded.as_ref();
    let locator = known.iter().find(is_its).map_or_else(names::locator, |(locator, _)| locator.clone());
    if let Some(preview) = options.place(locator) {
        endpoint.open_preview(preview, channel);
    }
}

/// Publishes what was published.
async fn locators(endpoint: &Endpoint) -> io::Result<Vec<(String, Locator)>> {
    let Some(record) = endpoint.store().read_record(Locators::FILE).await? else { return Ok(Vec::new()) };
    let locators = endpoint.locators().read(&record)?;
    for (locator, Locator { asset, name }) in &locators {
        if let Err(error) = endpoint.republish(locator, asset, name) {
            eprintln!("live: {error}");
        }
    }
    Ok(locators)
}

/// An asset as its index has it; `None` where it has none that can be read.
async fn recover(endpoint: &Endpoint, name: &AssetName) -> io::Result<Option<Recovered>> {
    let pages = endpoint.store().pages(name).await?;
    let Some((number, page)) = pages.last() else { return Ok(None) };
    match Recovered::open(name, &pages) {
        Ok(recovered) => {
            endpoint.store().know(ObjectName::index_page(name, *number), page);
            Ok(Some(recovered))
        }
        Err(error) => {
            if error.kind != IndexErrorKind::Empty {
                eprintln!("live: asset {name} cannot be played: {error}");
            }
            Ok(None)
        }
    }
}
