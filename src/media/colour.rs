//! What the numbers of a picture mean as colour (Rec. ITU-T H.273).

/// Colour description by the code points of Rec. ITU-T H.273 clause 8; 2 means that the source does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients: 1 is BT.709, 5 and 6 are BT.601, 9 is BT.2020.
    pub matrix: u8,
    /// VideoFullRangeFlag: 0 to 255, not 16 to 235.
    pub is_full_range: bool,
}

impl Colour {
    /// High definition, limited range.
    pub const BT709: Self = Self { primaries: 1, transfer: 1, matrix: 1, is_full_range: false };
    /// Standard definition of 625 lines, limited range.
    pub const BT601_625: Self = Self { primaries: 5, transfer: 6, matrix: 5, is_full_range: false };
    /// Standard definition of 525 lines, limited range.
    pub const BT601_525: Self = Self { primaries: 6, transfer: 6, matrix: 6, is_full_range: false };
    /// Not stated.
    pub const UNKNOWN: Self = Self { primaries: 2, transfer: 2, matrix: 2, is_full_range: false };

    /// The description with every unstated part taken as receivers take it: BT.709 for pictures of 720 lines or more,
    /// else BT.601 of 625 lines where there are more than 525 of them and of 525 lines where not.
    #[must_use]
    pub const fn or_usual_for(self, height: u32) -> Self {
        let usual = match height {
            720.. => Self::BT709,
            526.. => Self::BT601_625,
            _ => Self::BT601_525,
        };
        Self {
            primaries: if self.primaries == 2 { usual.primaries } else { self.primaries },
            transfer: if self.transfer == 2 { usual.transfer } else { self.transfer },
            matrix: if self.matrix == 2 { usual.matrix } else { self.matrix },
            is_full_range: self.is_full_range,
        }
    }
}

impl Default for Colour {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_stated_follows_the_picture_height() {
        assert_eq!(Colour::UNKNOWN.or_usual_for(1080), Colour::BT709);
        assert_eq!(Colour::UNKNOWN.or_usual_for(576), Colour::BT601_625);
        assert_eq!(Colour::UNKNOWN.or_usual_for(480), Colour::BT601_525);
        assert_eq!(Colour::BT709.or_usual_for(480), Colour::BT709);
        let full = Colour { is_full_range: true, ..Colour::UNKNOWN };
        assert_eq!(full.or_usual_for(720), Colour { is_full_range: true, ..Colour::BT709 });
    }
}
