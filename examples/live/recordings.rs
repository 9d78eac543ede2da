//! What earlier runs have left in the store: it plays again under the same URLs, and the channel's program goes on.

use std::io;

use headend::archive::{AssetName, IndexErrorKind, ObjectName, Recovered};

use crate::{
    director::Published,
    endpoint::Endpoint,
    locators::{Locator, Locators},
};

/// A program that was cut off.
#[derive(Debug)]
pub(crate) struct CutOff {
    pub(crate) recovered: Recovered,
    pub(crate) published: Published,
}

/// Opens every asset in the store. The newest of this channel that has not ended is to go on; others that have not are ended.
pub(crate) async fn open(endpoint: &Endpoint, channel: &str) -> io::Result<Option<CutOff>> {
    let locators = locators(endpoint).await?;
    let (mut cut_off, mut count) = (None::<CutOff>, 0usize);
    // Names begin with the channel's and the time, and so the newest one comes last.
    for name in endpoint.store().assets().await? {
        let Some(recovered) = recover(endpoint, &name).await? else { continue };
        count += 1;
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
        if let Some(older) = cut_off.replace(CutOff { recovered, published }) {
            endpoint.end(&older.recovered);
        }
    }
    if count > 0 {
        println!("live: {count} recorded programs can be played");
    }
    Ok(cut_off)
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
