//! The one place that knows how Bitrix24 spells our fields, stages and pipelines.
//!
//! A field has a classic name (`ASSIGNED_BY_ID`) and a universal one (`assignedById`); fields that the dialect does not
//! know are custom: `UF_CRM_DEBT_TOTAL`, `ufCrmDebtTotal`. Hidden fields are not in a spelling at all: they look like
//! unknown ones everywhere.

use crm::entity::{code, kind};
use crm::{EntityType, EntityTypeId, Field, FieldKind, Pipeline, PipelineId, Rights, Schema, StageId};

/// A lead, should the firm install one.
const LEAD: EntityTypeId = EntityTypeId(1);
/// A company, should the firm install one.
const COMPANY: EntityTypeId = EntityTypeId(4);

/// Our code, the classic name, the universal name: for every type.
const COMMON: [(&str, &str, &str); 30] = [
    (code::ID, "ID", "id"),
    (code::TITLE, "TITLE", "title"),
    (code::PIPELINE, "CATEGORY_ID", "categoryId"),
    (code::STAGE, "STAGE_ID", "stageId"),
    (code::RESPONSIBLE, "ASSIGNED_BY_ID", "assignedById"),
    (code::CREATED_AT, "DATE_CREATE", "createdTime"),
    (code::CREATED_BY, "CREATED_BY_ID", "createdBy"),
    (code::UPDATED_AT, "DATE_MODIFY", "updatedTime"),
    (code::UPDATED_BY, "MODIFY_BY_ID", "updatedBy"),
    (code::MOVED_AT, "MOVED_TIME", "movedTime"),
    (code::MOVED_BY, "MOVED_BY_ID", "movedBy"),
    (code::CONTACT, "CONTACT_ID", "contactId"),
    (code::COMPANY, "COMPANY_ID", "companyId"),
    (code::OBSERVERS, "OBSERVERS", "observers"),
    (code::AMOUNT, "OPPORTUNITY", "opportunity"),
    (code::CURRENCY, "CURRENCY_ID", "currencyId"),
    ("begin_date", "BEGINDATE", "begindate"),
    ("close_date", "CLOSEDATE", "closedate"),
    ("comment", "COMMENTS", "comments"),
    ("source", "SOURCE_ID", "sourceId"),
    ("source_details", "SOURCE_DESCRIPTION", "sourceDescription"),
    ("repeat_client", "IS_RETURN_CUSTOMER", "isReturnCustomer"),
    ("utm_source", "UTM_SOURCE", "utmSource"),
    ("utm_medium", "UTM_MEDIUM", "utmMedium"),
    ("utm_campaign", "UTM_CAMPAIGN", "utmCampaign"),
    ("utm_content", "UTM_CONTENT", "utmContent"),
    ("utm_term", "UTM_TERM", "utmTerm"),
    ("origin_id", "ORIGIN_ID", "originId"),
    ("originator_id", "ORIGINATOR_ID", "originatorId"),
    ("origin_version", "ORIGIN_VERSION", "originVersion"),
];

/// The same for types that are people or firms.
const PERSON: [(&str, &str, &str); 9] = [
    ("first_name", "NAME", "name"),
    ("middle_name", "SECOND_NAME", "secondName"),
    ("last_name", "LAST_NAME", "lastName"),
    ("birth_date", "BIRTHDATE", "birthdate"),
    ("position", "POST", "post"),
    (code::PHONE, "PHONE", "phone"),
    (code::EMAIL, "EMAIL", "email"),
    ("messenger", "IM", "im"),
    ("web", "WEB", "web"),
];

/// Names that the dialect promises and that we work out or leave empty.
const DEAL_DERIVED: [(&str, &str, Derived); 18] = [
    ("TYPE_ID", "typeId", Derived::Always("SALE")),
    ("STAGE_SEMANTIC_ID", "stageSemanticId", Derived::Semantic),
    ("IS_NEW", "isNew", Derived::New),
    ("IS_RECURRING", "isRecurring", Derived::Always("N")),
    ("IS_REPEATED_APPROACH", "isRepeatedApproach", Derived::Always("N")),
    ("PROBABILITY", "probability", Derived::Nothing),
    ("IS_MANUAL_OPPORTUNITY", "isManualOpportunity", Derived::Always("Y")),
    ("TAX_VALUE", "taxValue", Derived::Nothing),
    ("COMPANY_ID", "companyId", Derived::Nothing),
    ("QUOTE_ID", "quoteId", Derived::Nothing),
    ("OPENED", "opened", Derived::Always("Y")),
    ("CLOSED", "closed", Derived::Closed),
    ("LEAD_ID", "leadId", Derived::Nothing),
    ("ADDITIONAL_INFO", "additionalInfo", Derived::Nothing),
    ("LOCATION_ID", "locationId", Derived::Nothing),
    ("CONTACT_IDS", "contactIds", Derived::Contacts),
    ("LAST_ACTIVITY_TIME", "lastActivityTime", Derived::Same(code::UPDATED_AT)),
    ("LAST_ACTIVITY_BY", "lastActivityBy", Derived::Same(code::UPDATED_BY)),
];

const CONTACT_DERIVED: [(&str, &str, Derived); 15] = [
    ("HONORIFIC", "honorific", Derived::Nothing),
    ("PHOTO", "photo", Derived::Nothing),
    ("TYPE_ID", "typeId", Derived::Nothing),
    ("OPENED", "opened", Derived::Always("Y")),
    ("EXPORT", "export", Derived::Always("Y")),
    ("HAS_PHONE", "hasPhone", Derived::Has("phone")),
    ("HAS_EMAIL", "hasEmail", Derived::Has("email")),
    ("HAS_IMOL", "hasImol", Derived::Always("N")),
    ("COMPANY_ID", "companyId", Derived::Nothing),
    ("LEAD_ID", "leadId", Derived::Nothing),
    ("ADDRESS", "address", Derived::Nothing),
    ("ORIGIN_ID", "originId", Derived::Nothing),
    ("ORIGINATOR_ID", "originatorId", Derived::Nothing),
    ("LAST_ACTIVITY_TIME", "lastActivityTime", Derived::Same(code::UPDATED_AT)),
    ("LAST_ACTIVITY_BY", "lastActivityBy", Derived::Same(code::UPDATED_BY)),
];

const OTHER_DERIVED: [(&str, &str, Derived); 5] = [
    ("OPENED", "opened", Derived::Always("Y")),
    ("STAGE_SEMANTIC_ID", "stageSemanticId", Derived::Semantic),
    ("CONTACT_IDS", "contactIds", Derived::Contacts),
    ("LAST_ACTIVITY_TIME", "lastActivityTime", Derived::Same(code::UPDATED_AT)),
    ("LAST_ACTIVITY_BY", "lastActivityBy", Derived::Same(code::UPDATED_BY)),
];

/// Where the value of a name without a field of ours comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derived {
    /// `P`, `S` or `F`: how the stage ends the work.
    Semantic,
    /// Whether the stage ends it.
    Closed,
    /// Whether it stands on the first stage.
    New,
    /// Whether it has a phone or an address.
    Has(&'static str),
    /// The contact as a list.
    Contacts,
    /// The same answer as to this field.
    Same(&'static str),
    /// The same for all.
    Always(&'static str),
    /// We keep nothing of the kind.
    Nothing,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source<'a> {
    /// A field of ours.
    Field(&'a Field),
    /// Something worked out.
    Derived(Derived),
}

/// One name of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct Name<'a> {
    /// `ASSIGNED_BY_ID`
    pub upper: String,
    /// `assignedById`
    pub camel: String,
    /// `UF_CRM_…`
    pub custom: bool,
    /// What it stands for.
    pub source: Source<'a>,
}

impl<'a> Name<'a> {
    /// The field behind it.
    pub fn field(&self) -> Option<&'a Field> {
        match self.source {
            Source::Field(field) => Some(field),
            Source::Derived(_) => None,
        }
    }

    /// `PHONE`, `EMAIL`, `IM`, `WEB`: lists that classic lists show only by name and universal ones as `fm`.
    pub fn is_multifield(&self) -> bool {
        !self.custom && self.field().is_some_and(Field::is_points)
    }
}

/// All names of a type that this reader may know of.
pub struct Spelling<'a> {
    /// The shape of the firm's data.
    pub schema: &'a Schema,
    /// The type.
    pub shape: &'a EntityType,
    /// Its names, in the order of its fields.
    pub names: Vec<Name<'a>>,
}

impl<'a> Spelling<'a> {
    /// The names of a type; `None` when there is no such type.
    pub fn of(schema: &'a Schema, rights: &Rights, of: EntityTypeId) -> Option<Spelling<'a>> {
        let shape = schema.kind(of)?;
        let seen = shape.fields.iter().filter(|field| rights.sees(of, &field.code) && !matches!(field.kind, FieldKind::Secret));
        let mut names: Vec<Name<'_>> = seen.map(|field| name_of(of, field)).collect();
        let derived: &[(&str, &str, Derived)] = match of {
            kind::DEAL => &DEAL_DERIVED,
            kind::CONTACT => &CONTACT_DERIVED,
            _ => &OTHER_DERIVED,
        };
        for (upper, camel, what) in derived {
            let fits = match what {
                Derived::Contacts => rights.sees(of, code::CONTACT) && shape.has(code::CONTACT),
                Derived::Semantic | Derived::Closed | Derived::New => rights.sees(of, code::STAGE) && shape.staged,
                Derived::Has(field) | Derived::Same(field) => rights.sees(of, field) && shape.has(field),
                Derived::Always(_) | Derived::Nothing => true,
            };
            if fits && !names.iter().any(|name| name.upper == *upper) {
                names.push(Name { upper: (*upper).to_owned(), camel: (*camel).to_owned(), custom: false, source: Source::Derived(*what) });
            }
        }
        Some(Spelling { schema, shape, names })
    }

    /// The name as a client wrote it: exactly, else whatever its letters' case and underscores.
    pub fn find(&self, written: &str) -> Option<&Name<'a>> {
        let squashed = squash(written);
        self.names
            .iter()
            .find(|name| name.upper == written || name.camel == written)
            .or_else(|| self.names.iter().find(|name| squash(&name.upper) == squashed || squash(&name.camel) == squashed))
    }

    /// The name of a field of ours.
    pub fn name_of(&self, code: &str) -> Option<&Name<'a>> {
        self.names.iter().find(|name| name.field().is_some_and(|field| field.code == code))
    }

    /// Pipelines of the type, the default one first.
    pub fn pipelines(&self) -> Vec<&'a Pipeline> {
        self.schema.pipelines_of(self.shape.id)
    }

    /// How the dialect writes a stage.
    pub fn stage_code(&self, id: StageId) -> Option<String> {
        let (pipeline, stage) = self.schema.stage(id)?;
        Some(format!("{}{}", stage_prefix(pipeline), stage.code))
    }

    /// The stage that the dialect writes so.
    pub fn stage(&self, written: &str) -> Option<(&'a Pipeline, StageId)> {
        self.pipelines().into_iter().find_map(|pipeline| stage_within(pipeline, written, false).map(|stage| (pipeline, stage)))
    }

    /// How the dialect numbers a pipeline.
    pub fn category(&self, id: PipelineId) -> Option<i64> {
        self.schema.pipelines.get(&id).map(category_of)
    }

    /// The pipeline with the dialect's number.
    pub fn pipeline(&self, category: i64) -> Option<&'a Pipeline> {
        let list = self.pipelines();
        list.iter().find(|pipeline| category_of(pipeline) == category).or_else(|| list.first().filter(|_| category == 0)).copied()
    }

    /// All stages that a question about the course of work means.
    pub fn stages_where(&self, fits: impl Fn(&Pipeline, &crm::Stage) -> bool) -> Vec<StageId> {
        let lists =
            self.pipelines().into_iter().map(|pipeline| pipeline.stages.iter().filter(|stage| fits(pipeline, stage)).map(|stage| stage.id).collect::<Vec<_>>());
        lists.flatten().collect()
    }
}

/// The stage of this pipeline that is written so; `plain` also takes it without its pipeline's mark.
pub fn stage_within(pipeline: &Pipeline, written: &str, plain: bool) -> Option<StageId> {
    let marked = written.strip_prefix(stage_prefix(pipeline).as_str());
    let code = marked.or_else(|| plain.then_some(written))?;
    pipeline.stages.iter().find(|stage| stage.code == code).map(|stage| stage.id)
}

/// The dialect's number of a pipeline: the default one of the deals is 0, all others keep their own.
pub fn category_of(pipeline: &Pipeline) -> i64 {
    match pipeline.kind == kind::DEAL && pipeline.is_default {
        true => 0,
        false => pipeline.id.0,
    }
}

/// What stands before a stage's code: nothing, `C5:` or `DT183_12:`.
fn stage_prefix(pipeline: &Pipeline) -> String {
    match (pipeline.kind, category_of(pipeline)) {
        (LEAD, _) | (kind::DEAL, 0) => String::new(),
        (kind::DEAL, category) => format!("C{category}:"),
        (other, category) => format!("DT{other}_{category}:"),
    }
}

/// The dictionary of a pipeline's stages: `DEAL_STAGE`, `DEAL_STAGE_5`, `DYNAMIC_183_STAGE_12`.
pub fn stage_dictionary(pipeline: &Pipeline) -> String {
    match (pipeline.kind, category_of(pipeline)) {
        (LEAD, _) => "STATUS".to_owned(),
        (kind::DEAL, 0) => "DEAL_STAGE".to_owned(),
        (kind::DEAL, category) => format!("DEAL_STAGE_{category}"),
        (other, category) => format!("DYNAMIC_{other}_STAGE_{category}"),
    }
}

/// `P`, `S` or `F`.
pub fn semantic(stage: &crm::Stage) -> &'static str {
    match stage.outcome {
        crm::Ending::Open => "P",
        crm::Ending::Won => "S",
        crm::Ending::Lost => "F",
    }
}

/// The word for a type in `DEAL_57`.
pub fn type_word(of: EntityTypeId) -> String {
    match of {
        LEAD => "LEAD".to_owned(),
        kind::DEAL => "DEAL".to_owned(),
        kind::CONTACT => "CONTACT".to_owned(),
        COMPANY => "COMPANY".to_owned(),
        other => format!("DYNAMIC_{other}"),
    }
}

/// The short mark of a type in `D_57`, `T80_6`.
pub fn type_mark(of: EntityTypeId) -> String {
    match of {
        LEAD => "L".to_owned(),
        kind::DEAL => "D".to_owned(),
        kind::CONTACT => "C".to_owned(),
        COMPANY => "CO".to_owned(),
        other => format!("T{:x}", other.0),
    }
}

fn name_of(of: EntityTypeId, field: &Field) -> Name<'_> {
    let person = matches!(of, LEAD | kind::CONTACT | COMPANY);
    let known = PERSON.iter().filter(|_| person).chain(COMMON.iter()).find(|(code, ..)| *code == field.code);
    let (upper, camel, custom) = match known {
        Some((code::STAGE, _, camel)) if of == LEAD => ("STATUS_ID".to_owned(), (*camel).to_owned(), false),
        Some((_, upper, camel)) => ((*upper).to_owned(), (*camel).to_owned(), false),
        None => {
            let upper = format!("UF_CRM_{}", field.code.to_uppercase());
            let camel = camel_case(&upper);
            (upper, camel, true)
        }
    };
    Name { upper, camel, custom, source: Source::Field(field) }
}

/// `UF_CRM_5_DEBT` → `ufCrm5Debt`: an underscore stays only between two digits, as in `ufCrm5_1712345678`.
fn camel_case(upper: &str) -> String {
    let mut camel = String::with_capacity(upper.len());
    for part in upper.split('_') {
        let digits = camel.ends_with(|letter: char| letter.is_ascii_digit()) && part.starts_with(|letter: char| letter.is_ascii_digit());
        if digits {
            camel.push('_');
        }
        let lower = part.to_lowercase();
        let mut letters = lower.chars();
        match letters.next() {
            Some(first) if !camel.is_empty() => camel.extend(first.to_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}

fn squash(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_names_are_written_in_both_ways() {
        for (upper, camel) in [("UF_CRM_DEBT_TOTAL", "ufCrmDebtTotal"), ("UF_CRM_5_1712345678", "ufCrm5_1712345678"), ("UF_CRM_A1", "ufCrmA1")] {
            assert_eq!(camel_case(upper), camel);
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        for list in [&COMMON[..], &PERSON] {
            for (at, (code, upper, camel)) in list.iter().enumerate() {
                assert!(!list[..at].iter().any(|other| other.0 == *code || other.1 == *upper || other.2 == *camel), "{code}");
            }
        }
    }
}
