//! Languages as they stand in files and in manifests.
//!
//! A contribution names a language by three letters of ISO 639-2, where some twenty languages have two codes: a
//! bibliographic and a terminological one. Files want the latter (ISO/IEC 14496-12 clause 8.4.2.3), manifests the shortest
//! tag of BCP 47 (RFC 5646 section 2.2.1), which is the two letters of ISO 639-1 where the language has them. Codes are
//! mapped, not checked: one that is not in the tables goes through as it is.

use crate::media::Language;

impl Language {
    /// The terminological code of ISO 639-2: `deu` where the source said `ger`.
    #[must_use]
    pub fn terminological(&self) -> &str {
        find(BIBLIOGRAPHIC, self.as_str()).unwrap_or(self.as_str())
    }

    /// The shortest BCP 47 tag: `de` for `deu` and `ger`, `gsw` as it is. `und` where the language is not known: there
    /// leave the tag out where a format lets you (RFC 5646 section 4.1).
    #[must_use]
    pub fn bcp47(&self) -> &str {
        let code = self.terminological();
        find(TWO_LETTERS, code).unwrap_or(code)
    }
}

/// What stands after the colon behind `code`.
fn find(table: &'static str, code: &str) -> Option<&'static str> {
    table.split_ascii_whitespace().find_map(|entry| entry.split_once(':').filter(|(key, _)| *key == code)).map(|e| e.1)
}

/// ISO 639-2: bibliographic code, terminological code.
const BIBLIOGRAPHIC: &str = "\
    alb:sqi arm:hye baq:eus bur:mya chi:zho cze:ces dut:nld fre:fra geo:kat ger:deu gre:ell ice:isl mac:mkd mao:mri \
    may:msa per:fas rum:ron slo:slk tib:bod wel:cym";

/// Terminological code of ISO 639-2, code of ISO 639-1.
const TWO_LETTERS: &str = "\
    aar:aa abk:ab ave:ae afr:af aka:ak amh:am arg:an ara:ar asm:as ava:av aym:ay aze:az bak:ba bel:be bul:bg bis:bi \
    bam:bm ben:bn bod:bo bre:br bos:bs cat:ca che:ce cha:ch cos:co cre:cr ces:cs chu:cu chv:cv cym:cy dan:da deu:de \
    div:dv dzo:dz ewe:ee ell:el eng:en epo:eo spa:es est:et eus:eu fas:fa ful:ff fin:fi fij:fj fao:fo fra:fr fry:fy \
    gle:ga gla:gd glg:gl grn:gn guj:gu glv:gv hau:ha heb:he hin:hi hmo:ho hrv:hr hat:ht hun:hu hye:hy her:hz ina:ia \
    ind:id ile:ie ibo:ig iii:ii ipk:ik ido:io isl:is ita:it iku:iu jpn:ja jav:jv kat:ka kon:kg kik:ki kua:kj kaz:kk \
    kal:kl khm:km kan:kn kor:ko kau:kr kas:ks kur:ku kom:kv cor:kw kir:ky lat:la ltz:lb lug:lg lim:li lin:ln lao:lo \
    lit:lt lub:lu lav:lv mlg:mg mah:mh mri:mi mkd:mk mal:ml mon:mn mar:mr msa:ms mlt:mt mya:my nau:na nob:nb nde:nd \
    nep:ne ndo:ng nld:nl nno:nn nor:no nbl:nr nav:nv nya:ny oci:oc oji:oj orm:om ori:or oss:os pan:pa pli:pi pol:pl \
    pus:ps por:pt que:qu roh:rm run:rn ron:ro rus:ru kin:rw san:sa srd:sc snd:sd sme:se sag:sg sin:si slk:sk slv:sl \
    smo:sm sna:sn som:so sqi:sq srp:sr ssw:ss sot:st sun:su swe:sv swa:sw tam:ta tel:te tgk:tg tha:th tir:ti tuk:tk \
    tgl:tl tsn:tn ton:to tur:tr tso:ts tat:tt twi:tw tah:ty uig:ug ukr:uk urd:ur uzb:uz ven:ve vie:vi vol:vo wln:wa \
    wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_have_the_shortest_tag_and_files_the_terminological_code() {
        for (code, file, tag) in [
            ("eng", "eng", "en"),
            ("GER", "deu", "de"),
            ("fre", "fra", "fr"),
            ("zul", "zul", "zu"),
            ("gsw", "gsw", "gsw"),
            ("qaa", "qaa", "qaa"),
            ("und", "und", "und"),
        ] {
            let language = Language::new(code).unwrap();
            assert_eq!((language.terminological(), language.bcp47()), (file, tag), "{code}");
        }
    }

    #[test]
    fn no_code_stands_in_a_table_twice_and_every_bibliographic_one_has_two_letters() {
        for (table, longest) in [(BIBLIOGRAPHIC, 3), (TWO_LETTERS, 2)] {
            let entries: Vec<_> = table.split_ascii_whitespace().map(|entry| entry.split_once(':').unwrap()).collect();
            let mut keys: Vec<_> = entries.iter().map(|(key, _)| key).collect();
            let mut values: Vec<_> = entries.iter().map(|(_, value)| value).collect();
            assert!(entries.iter().all(|(key, value)| key.len() == 3 && value.len() == longest));
            for list in [&mut keys, &mut values] {
                list.sort();
                list.dedup();
                assert_eq!(list.len(), entries.len());
            }
        }
        let short = |code: &str| Language::new(code).unwrap().bcp47().len();
        assert!(BIBLIOGRAPHIC.split_ascii_whitespace().all(|entry| short(&entry[..3]) == 2));
    }
}
