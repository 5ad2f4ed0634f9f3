//! Rules of numbers that a state or a bank gives out (domain.md C.2).

use serde::{Deserialize, Serialize};

/// Which rule a requisite obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Taxpayer number of a Russian firm, 10 digits.
    Inn10,
    /// Taxpayer number of a Russian person, 12 digits.
    Inn12,
    /// Either of the two.
    Inn,
    /// Reason code of a Russian firm.
    Kpp,
    /// State number of a Russian firm, 13 digits.
    Ogrn,
    /// State number of a Russian sole proprietor, 15 digits.
    Ogrnip,
    /// Russian pension insurance number.
    Snils,
    /// Russian bank code.
    Bik,
    /// Russian account, 20 digits; checked against the answer to the item's field `bik`, if it has one.
    Account,
    /// Russian correspondent account.
    CorrAccount,
    /// Kazakh personal number.
    Iin,
    /// Kazakh business number.
    Bin,
    /// Kazakh bank account.
    IbanKz,
    /// Series and number of a Russian passport.
    PassportRu,
    /// Series and number of a Russian travel passport.
    TravelPassport,
    /// Machine-readable zone of a travel document, two lines of 44 characters.
    Mrz,
    /// Vehicle number.
    Vin,
    /// Cadastral number.
    Cadastre,
    /// Number of a case in an arbitration court.
    CaseNumber,
    /// Postal track number.
    PostalTrack,
    /// Postal index of Russia or Kazakhstan.
    PostalIndex,
    /// Personal account of a subscriber: seven digits and Luhn's.
    Subscriber,
    /// Date of birth: not before 1900, not in the future; for date fields.
    BirthDate,
}
