//! Kinds of answers and requisites as people call them.

use crate::check::Check;
use crate::entity::{Ending, Feature};
use crate::field::{FieldKind, FormulaResult};
use crate::label::Label;

/// The word under which a kind of field is stored.
pub fn kind_code(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::RichText => "rich_text",
        FieldKind::Requisite { .. } => "requisite",
        FieldKind::Address => "address",
        FieldKind::Formula { .. } => "formula",
        FieldKind::Counter { .. } => "counter",
        FieldKind::Department => "department",
        FieldKind::Image => "image",
        FieldKind::LongText => "long_text",
        FieldKind::Integer => "integer",
        FieldKind::Decimal => "decimal",
        FieldKind::Money => "money",
        FieldKind::Date => "date",
        FieldKind::Moment => "moment",
        FieldKind::Flag => "flag",
        FieldKind::Choice { .. } => "choice",
        FieldKind::Link { .. } => "link",
        FieldKind::AnyItem => "any_item",
        FieldKind::User => "user",
        FieldKind::Stage => "stage",
        FieldKind::Pipeline => "pipeline",
        FieldKind::Phone => "phone",
        FieldKind::Email => "email",
        FieldKind::Messenger => "messenger",
        FieldKind::Web => "web",
        FieldKind::File => "file",
        FieldKind::Record { .. } => "record",
        FieldKind::Account { .. } => "account",
        FieldKind::Span => "span",
        FieldKind::Pattern => "pattern",
        FieldKind::Secret => "secret",
        FieldKind::FieldCode => "field_code",
    }
}

/// What a person calls a kind of field.
pub fn kind_title(code: &str) -> Label {
    let (ru, en) = match code {
        "text" => ("Строка", "Text"),
        "long_text" => ("Текст", "Long text"),
        "rich_text" => ("Текст с оформлением", "Rich text"),
        "requisite" => ("Реквизит", "Requisite"),
        "address" => ("Адрес", "Address"),
        "formula" => ("Формула", "Formula"),
        "counter" => ("Номер по порядку", "Counter number"),
        "department" => ("Подразделение", "Department"),
        "image" => ("Изображение", "Image"),
        "integer" => ("Целое число", "Whole number"),
        "decimal" => ("Дробное число", "Number"),
        "money" => ("Деньги", "Money"),
        "date" => ("Дата", "Date"),
        "moment" => ("Дата и время", "Date and time"),
        "flag" => ("Да / нет", "Yes / no"),
        "choice" => ("Список", "Choice"),
        "link" => ("Связь с записью", "Link to a record"),
        "any_item" => ("Связь с любой записью", "Link to any record"),
        "user" => ("Сотрудник", "Member of staff"),
        "stage" => ("Стадия", "Stage"),
        "pipeline" => ("Воронка", "Pipeline"),
        "phone" => ("Телефон", "Phone"),
        "email" => ("Эл. почта", "E-mail"),
        "messenger" => ("Мессенджер", "Messenger"),
        "web" => ("Ссылка", "Web link"),
        "file" => ("Файл", "File"),
        "record" => ("Таблица", "Table"),
        "account" => ("Канал", "Channel account"),
        "span" => ("Срок", "Length of time"),
        "pattern" => ("Текст с подстановками", "Text with holes"),
        "secret" => ("Секрет", "Secret"),
        "field_code" => ("Поле карточки", "Field of the card"),
        _ => return Label::same(code),
    };
    Label::new(ru, en)
}

/// What a person calls a rule of requisites.
pub fn check_title(check: Check) -> Label {
    let (ru, en) = match check {
        Check::Inn10 => ("ИНН организации (10 цифр)", "Taxpayer number of a firm (INN, 10 digits)"),
        Check::Inn12 => ("ИНН физлица или ИП (12 цифр)", "Taxpayer number of a person (INN, 12 digits)"),
        Check::Inn => ("ИНН (10 или 12 цифр)", "Taxpayer number (INN)"),
        Check::Kpp => ("КПП", "Tax registration reason code (KPP)"),
        Check::Ogrn => ("ОГРН", "State number of a firm (OGRN)"),
        Check::Ogrnip => ("ОГРНИП", "State number of a sole proprietor (OGRNIP)"),
        Check::Snils => ("СНИЛС", "Pension insurance number (SNILS)"),
        Check::Bik => ("БИК банка", "Bank code (BIK)"),
        Check::Account => ("Расчётный счёт", "Bank account"),
        Check::CorrAccount => ("Корреспондентский счёт", "Correspondent account"),
        Check::Iin => ("ИИН (Казахстан)", "Personal number (IIN, Kazakhstan)"),
        Check::Bin => ("БИН (Казахстан)", "Business number (BIN, Kazakhstan)"),
        Check::IbanKz => ("IBAN (Казахстан)", "IBAN (Kazakhstan)"),
        Check::PassportRu => ("Паспорт РФ", "Russian passport"),
        Check::TravelPassport => ("Загранпаспорт РФ", "Russian travel passport"),
        Check::Mrz => ("Машиночитаемая зона", "Machine-readable zone"),
        Check::Vin => ("VIN автомобиля", "Vehicle number (VIN)"),
        Check::Cadastre => ("Кадастровый номер", "Cadastral number"),
        Check::CaseNumber => ("Номер арбитражного дела", "Number of an arbitration case"),
        Check::PostalTrack => ("Почтовый трек-номер", "Postal track number"),
        Check::PostalIndex => ("Почтовый индекс", "Postal index"),
        Check::Subscriber => ("Лицевой счёт абонента", "Subscriber account"),
        Check::BirthDate => ("Дата рождения", "Date of birth"),
    };
    Label::new(ru, en)
}

/// All rules that a text field can obey, in the order of a menu.
pub fn checks() -> [Check; 22] {
    [
        Check::Inn,
        Check::Inn10,
        Check::Inn12,
        Check::Kpp,
        Check::Ogrn,
        Check::Ogrnip,
        Check::Snils,
        Check::Bik,
        Check::Account,
        Check::CorrAccount,
        Check::Iin,
        Check::Bin,
        Check::IbanKz,
        Check::PassportRu,
        Check::TravelPassport,
        Check::Mrz,
        Check::Vin,
        Check::Cadastre,
        Check::CaseNumber,
        Check::PostalTrack,
        Check::PostalIndex,
        Check::Subscriber,
    ]
}

/// What a person calls the answer of a formula.
pub fn result_title(result: FormulaResult) -> Label {
    kind_title(result_code(result))
}

/// The word under which the answer of a formula is stored.
pub fn result_code(result: FormulaResult) -> &'static str {
    match result {
        FormulaResult::Text => "text",
        FormulaResult::Integer => "integer",
        FormulaResult::Decimal => "decimal",
        FormulaResult::Money => "money",
        FormulaResult::Date => "date",
        FormulaResult::Moment => "moment",
        FormulaResult::Flag => "flag",
    }
}

/// All answers a formula can have.
pub fn results() -> [FormulaResult; 7] {
    use FormulaResult as R;
    [R::Text, R::Integer, R::Decimal, R::Money, R::Date, R::Moment, R::Flag]
}

/// What a person calls an ending.
pub fn ending_title(ending: Ending) -> Label {
    match ending {
        Ending::Open => Label::new("В работе", "In progress"),
        Ending::Won => Label::new("Успех", "Success"),
        Ending::Lost => Label::new("Провал", "Failed"),
    }
}

/// A feature: its name and what it gives.
pub fn feature_words(feature: Feature) -> (Label, Label) {
    let (ru, en, ru_help, en_help) = match feature {
        Feature::Client => {
            ("Клиент", "Client", "Поля «Клиент» и «Компания», запись видна в истории клиента", "The fields Client and Company; stands in the client's story")
        }
        Feature::Products => {
            ("Товары", "Products", "Товарные позиции в карточке, сумма считается по ним", "Price lines in the card; the amount is their total")
        }
        Feature::Documents => ("Документы", "Documents", "Документы по шаблонам из карточки", "Documents are made from the card"),
        Feature::Automation => ("Роботы и триггеры", "Robots and triggers", "Правила на стадиях воронки", "Rules on the stages of a pipeline"),
        Feature::Counters => ("Счётчики", "Counters", "Считается в счётчиках дел и входящих", "Counts among what is planned and what came in"),
        Feature::Bin => ("Корзина", "Recycle bin", "Удалённое можно вернуть в течение 30 дней", "What is deleted can be brought back for 30 days"),
    };
    (Label::new(ru, en), Label::new(ru_help, en_help))
}

/// All features, in the order of a form.
pub fn features() -> [Feature; 6] {
    [Feature::Client, Feature::Products, Feature::Documents, Feature::Automation, Feature::Counters, Feature::Bin]
}
