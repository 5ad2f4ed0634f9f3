//! The shipped packs: whole, installed twice, written out and installed anew.

use super::*;
use crm::House;
use crm::house::PlanSign;

fn house() -> House {
    crate::firm::tests_house(store::open_in_memory())
}

fn install(house: &House, code: &str) {
    let pack = self::read(code).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
    house.transact(move |tx| apply(tx, &pack, Moment(0))).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
}

fn written_out(house: &House) -> Vec<(String, String)> {
    house.transact(|tx| export(tx, "firm", "Наша фирма")).unwrap()
}

fn signs(house: &House, pack: &crm::pack::Pack) -> Vec<(PlanSign, String)> {
    let plan = house.read(|read| plan(read, pack)).unwrap();
    plan.differences.into_iter().map(|one| (one.sign, format!("{}.{}", one.element, one.attribute))).collect()
}

#[test]
fn each_pack_is_whole_and_installing_it_twice_changes_nothing() {
    for code in codes() {
        let house = house();
        install(&house, "base");
        let (pack, files) = find(&code).unwrap();
        house.read(|read| check(&pack, &files, read)).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
        install(&house, &code);
        let first = house.read(|read| Ok((read.schema(), read.latest()?))).unwrap();
        install(&house, &code);
        let second = house.read(|read| Ok((read.schema(), read.latest()?))).unwrap();
        assert_eq!(first.1, second.1, "{code}");
        assert_eq!(first.0.types, second.0.types, "{code}");
        assert_eq!(signs(&house, &pack), [], "{code}");
        assert_eq!(signs(&house, &self::read("base").unwrap()), [], "base beside {code}");
    }
}

#[test]
fn a_firm_written_out_and_installed_anew_is_the_same_firm() {
    for code in codes() {
        let house = house();
        install(&house, "base");
        install(&house, &code);
        let files = written_out(&house);
        let files = read::Files(files.into_iter().collect());
        let pack = read::understand(&files).unwrap_or_else(|refusal| panic!("{code}: {}", refusal.text.ru));
        assert_eq!(signs(&house, &pack), [], "{code}: the firm beside its own writing");
        let empty = self::house();
        empty.read(|read| check(&pack, &files, read)).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
        let copy = pack.clone();
        empty.transact(move |tx| apply(tx, &copy, Moment(0))).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
        assert_eq!(signs(&empty, &pack), [], "{code}: the new firm beside it");
        let again = read::Files(written_out(&empty).into_iter().collect());
        for (path, text) in &files.0 {
            assert_eq!(again.0.get(path), Some(text), "{code}: {path}");
        }
    }
}

#[test]
fn one_edited_label_is_exactly_one_change() {
    let house = house();
    install(&house, "base");
    install(&house, "debt-relief");
    let mut files = read::Files(written_out(&house).into_iter().collect());
    let text = files.0.get_mut("types/contact.toml").unwrap();
    *text = text.replacen("Дата рождения", "День рождения", 1);
    let pack = read::understand(&files).unwrap();
    assert_eq!(signs(&house, &pack), [(PlanSign::Changed, "field/contact/birth_date.title".to_owned())]);
    house.transact(move |tx| apply(tx, &pack, Moment(0))).unwrap();
    let schema = house.read(|read| Ok(read.schema())).unwrap();
    assert_eq!(schema.field(crm::kind::CONTACT, "birth_date").unwrap().title.ru, "День рождения");
}

#[test]
fn what_the_firm_renamed_stays_and_the_plan_says_so() {
    let house = house();
    install(&house, "base");
    house
        .transact(|tx| {
            let mut shape = tx.schema().kind(crm::kind::CONTACT).unwrap().clone();
            shape.fields.iter_mut().find(|field| field.code == "birth_date").unwrap().title = crm::Label::same("ДР");
            tx.install_type(&shape)
        })
        .unwrap();
    let mut pack = self::read("base").unwrap();
    assert_eq!(signs(&house, &pack), []);
    let contact = pack.types.iter_mut().find(|one| one.code == "contact").unwrap();
    contact.fields.iter_mut().find(|field| field.code == "birth_date").unwrap().title = crm::Label::same("Родился");
    assert_eq!(signs(&house, &pack), [(PlanSign::Conflict, "field/contact/birth_date.title".to_owned())]);
    house.transact(move |tx| apply(tx, &pack, Moment(0))).unwrap();
    let schema = house.read(|read| Ok(read.schema())).unwrap();
    assert_eq!(schema.field(crm::kind::CONTACT, "birth_date").unwrap().title.ru, "ДР");
}

#[test]
fn a_pack_that_names_what_nobody_has_is_refused_with_file_and_line() {
    let house = house();
    install(&house, "base");
    let base = [
        ("pack.toml", "code = \"x\"\nversion = 1\ntitle = \"X\"\nhelp = \"X\"\n"),
        ("types/appeal.toml", "id = 200\ncode = \"appeal\"\ntitle = \"A\"\nplural = \"A\"\nstaged = true\n"),
        ("pipelines/appeal.toml", "kind = \"appeal\"\ncode = \"main\"\ntitle = \"M\"\n[[stages]]\ncode = \"NEW\"\ntitle = \"N\"\n"),
    ];
    let cases = [
        ("layouts/appeal.toml", "[[layouts]]\n[[layouts.sections]]\ncode = \"a\"\ntitle = \"A\"\nfields = [\"nothing\"]\n", "layouts/appeal.toml, строка 5"),
        ("menu.toml", "[[sections]]\ncode = \"a\"\ntitle = \"A\"\ntypes = [\"nothing\"]\n", "menu.toml, строка 4"),
        ("roles.toml", "[[roles]]\ncode = \"a\"\ntitle = \"A\"\n[roles.may.\"appeal/main/GONE\"]\nread = \"all\"\n", "roles.toml, строка 4"),
        (
            "pipelines/appeal.more.toml",
            "kind = \"appeal\"\ncode = \"more\"\ntitle = \"M\"\n[[stages]]\ncode = \"NEW\"\ntitle = \"N\"\nrequired = [\"nothing\"]\n",
            "pipelines/appeal.more.toml, строка 7",
        ),
        (
            "pipelines/appeal.more.toml",
            "kind = \"appeal\"\ncode = \"more\"\ntitle = \"M\"\n[[stages]]\ncode = \"NEW\"\ntitle = \"N\"\ntunnels = [{ stage = \"GONE\" }]\n",
            "pipelines/appeal.more.toml, строка 7",
        ),
    ];
    for (path, text, wanted) in cases {
        let files = read::Files(base.iter().chain([&(path, text)]).map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect());
        let pack = read::understand(&files).unwrap();
        let fault = house.read(|read| check(&pack, &files, read)).expect_err(path);
        assert!(fault.describe().contains(wanted) || format!("{fault:?}").contains(wanted), "{wanted}: {fault:?}");
    }
}

#[test]
fn the_demo_of_each_pack_can_be_laid_out() {
    for code in codes() {
        let house = house();
        install(&house, "base");
        install(&house, &code);
        let demo = self::read(&code).unwrap().demo;
        let outcome = house.transact(move |tx| {
            for given in &demo.users {
                let department = tx.departments()?.iter().find(|one| one.code == given.department).map_or(0, |one| one.id);
                let login = given.login.clone();
                let mut user =
                    crm::User { login, role: given.role.clone(), first_name: given.first_name.clone(), department, active: true, ..crm::User::default() };
                team::staff::hire(tx, &mut user)?;
            }
            crate::records::put_all(tx, &demo.records, Moment::from_timestamp("2026-11-25T10:00:00Z".parse().unwrap()))
        });
        outcome.unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
    }
}

#[test]
fn the_formulas_of_each_pack_can_be_worked_out_and_its_cards_open_short() {
    for code in codes() {
        let house = house();
        install(&house, "base");
        install(&house, &code);
        let schema = house.read(|read| Ok(read.schema())).unwrap();
        crm::formula::check_all(&schema).unwrap_or_else(|refusal| panic!("{code}: {}", refusal.text.ru));
        for set in &self::read(&code).unwrap().layouts {
            let shape = schema.kind_by_code(&set.kind).unwrap();
            for layout in &set.layouts {
                // screens.md §5.12: a card opens with eight to twelve fields that people see; the rest is folded.
                let first = &layout.sections[0];
                assert!(!first.folded && first.fields.len() <= 12, "{code}: {} opens with {} fields", set.kind, first.fields.len());
                let mut placed: Vec<&String> = layout.sections.iter().flat_map(|section| &section.fields).collect();
                placed.sort();
                let all = placed.len();
                placed.dedup();
                assert_eq!(placed.len(), all, "{code}: {} places a field twice", set.kind);
                if layout.pipeline.is_empty() || schema.pipelines_of(shape.id).len() == 1 {
                    let common = ["id", "pipeline", "stage", "title", "shared_with", "office", "observers", "company", "contact", "responsible"];
                    let forgotten: Vec<&str> = shape
                        .fields
                        .iter()
                        .filter(|field| !field.read_only || field.group == "money")
                        .map(|field| field.code.as_str())
                        .filter(|field| !common.contains(field) && !placed.iter().any(|one| one == field))
                        .collect();
                    assert!(shape.id.0 < 128 || forgotten.is_empty() || set.kind == "case", "{code}: {} nowhere shows {forgotten:?}", set.kind);
                }
            }
        }
    }
}

/// What a new administrator makes in the browser: the type "Appeal" with eight fields, two links, a pipeline of five stages,
/// a layout, a place in the menu, and a role that sees only its office.
fn appeals(tx: &mut dyn Tx) -> Outcome<()> {
    use crm::constructor::{put_field, put_menu, put_pipeline, put_stage, put_type};
    use crm::{Action, Ending, Field, FieldKind, FormulaResult, Label, Layout, LayoutSection, MenuSection, Role, Scope, Stage};
    let (rights, now) = (Rights::system(), Moment(0));
    let kind = put_type(
        tx,
        &rights,
        now,
        EntityType {
            title: Label::new("Обращение", "Appeal"),
            plural: Label::new("Обращения", "Appeals"),
            staged: true,
            listed: true,
            ..EntityType::default()
        },
    )?;
    let options = vec![crm::Choice::new("leak", "Течь", "Leak"), crm::Choice::new("noise", "Шум", "Noise")];
    let fields = [
        Field::new("", "Тема", "Subject", FieldKind::Text).required(),
        Field::new("", "Описание", "Description", FieldKind::RichText),
        Field::new("", "Категория", "Category", FieldKind::Choice { options }),
        Field::new("", "Осмотр", "Inspection", FieldKind::Moment),
        Field::new("", "Затраты", "Costs", FieldKind::Money),
        Field::new("", "Адрес", "Address", FieldKind::Address),
        Field::new("", "ИНН", "Taxpayer number", FieldKind::Requisite { check: crm::Check::Inn }),
        Field::new("", "Фото", "Photos", FieldKind::Image).multiple(),
        Field::new("", "Клиент", "Client", FieldKind::Link { to: crm::kind::CONTACT }),
        Field::new("", "Сделки", "Deals", FieldKind::Link { to: crm::kind::DEAL }).multiple(),
    ];
    let mut codes = Vec::new();
    for field in fields {
        codes.push(put_field(tx, &rights, now, kind, None, field)?);
    }
    let doubled = FieldKind::Formula { expression: format!("{} * 2", codes[4]), result: FormulaResult::Money };
    put_field(tx, &rights, now, kind, None, Field::new("", "Двойные затраты", "Costs, doubled", doubled))?;
    let pipeline = tx.schema().pipelines_of(kind).first().map(|pipeline| pipeline.id);
    let pipeline = match pipeline {
        Some(id) => id,
        None => put_pipeline(tx, &rights, now, kind, None, &Label::new("Обращения", "Appeals"), true)?,
    };
    for (ru, en, outcome) in [("Проверка", "Check", Ending::Open), ("Приёмка", "Acceptance", Ending::Open), ("Отказ", "Refused", Ending::Lost)]
    {
        let stage = Stage { title: Label::new(ru, en), color: "#2fc6f6".into(), outcome, required: vec![codes[2].clone()], ..Stage::default() };
        put_stage(tx, &rights, now, pipeline, None, stage)?;
    }
    let section = LayoutSection { code: "main".into(), title: Label::new("Главное", "Main"), fields: codes[..4].to_vec(), folded: false };
    tx.put_layout(&Layout { kind, sections: vec![section], ..Layout::default() })?;
    let code = tx.schema().kind(kind).map(|shape| shape.code.clone()).unwrap_or_default();
    put_menu(
        tx,
        &rights,
        now,
        vec![MenuSection { code: "desk".into(), title: Label::new("Сервис", "Desk"), icon: "headset".into(), types: vec![code.clone()] }],
    )?;
    let may = [Action::Read, Action::Create, Action::Change].into_iter().map(|action| (action, Scope::Office)).collect();
    tx.put_role(&Role { code: "desk".into(), title: Label::new("Стойка", "Desk"), may: [(code, may)].into(), ..Role::default() })
}

#[test]
fn what_an_administrator_made_in_the_browser_goes_to_an_empty_installation_as_text() {
    let test_stand = house();
    install(&test_stand, "base");
    test_stand.transact(appeals).unwrap();
    let files = read::Files(written_out(&test_stand).into_iter().collect());
    let pack = read::understand(&files).unwrap_or_else(|refusal| panic!("{}", refusal.text.ru));
    let real = house();
    real.read(|read| check(&pack, &files, read)).unwrap();
    let copy = pack.clone();
    real.transact(move |tx| apply(tx, &copy, Moment(0))).unwrap_or_else(|fault| panic!("{}", fault.describe()));
    assert_eq!(signs(&real, &pack), []);
    let of = |house: &House| {
        let schema = house.read(|read| Ok(read.schema())).unwrap();
        let kind = schema.types.values().find(|shape| shape.title.ru == "Обращение").unwrap().clone();
        let stages: Vec<_> = schema.pipelines_of(kind.id).iter().flat_map(|pipeline| &pipeline.stages).map(|stage| stage.code.clone()).collect();
        let layouts = house.read(|read| read.layouts(kind.id, crm::UserId(0))).unwrap();
        let role = house.read(|read| read.roles()).unwrap().into_iter().find(|role| role.code == "desk");
        (kind, stages, layouts, role, house.read(|read| read.sections()).unwrap())
    };
    let (made, carried) = (of(&test_stand), of(&real));
    assert!(made.1.len() >= 5 && made.0.fields.len() > 11 && made.2.len() == 1 && made.3.is_some());
    assert_eq!(made, carried);
}

#[test]
fn the_page_of_packs_reads_no_folder_of_this_machine() {
    use crm::house::Packs as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pack.toml"), "code = \"x\"\nversion = 1\ntitle = \"X\"\nhelp = \"X\"\n").unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    assert!(find(&path).is_ok(), "the command line may");
    let house = house();
    assert!(house.read(|read| Shelf.plan(read, &path)).unwrap_err().describe().contains("There is no pack"));
}
