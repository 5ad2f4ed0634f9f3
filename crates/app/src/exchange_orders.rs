//! `vekha import` and `vekha export`: files in and out without a browser. A server may be running beside.
#![expect(clippy::print_stdout, reason = "the command line talks to a person")]

use crate::wiring;
use clap::Args;
use crm::{Actor, Cause, House, Lang, Outcome, Refusal, Rights};
use exchange::export::{self, Folder, Form, Wanted, Zip};
use exchange::import::{self, Chosen, Known, Target};
use exchange::operations::{self, Pace};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// `vekha import <type> <file>`.
#[derive(Debug, Args)]
pub struct ImportOrder {
    /// Code of the type: contact, deal…
    kind: String,
    /// CSV, XLSX or vCard.
    file: PathBuf,
    /// Codes of the fields by which a record is recognised, with commas; guessed when not given.
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    key: Option<Vec<String>>,
    /// A column and its field, "Column=field"; may be given several times. Columns not named are guessed.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<String>,
    /// What is done with a known record: update, skip, update_only, create.
    #[arg(long, default_value = "update", value_name = "HOW")]
    known: String,
    /// Only tells what would come of it.
    #[arg(long)]
    dry_run: bool,
    /// Neither triggers nor robots answer.
    #[arg(long)]
    quiet: bool,
    /// Takes dates of creation and authors from the file.
    #[arg(long)]
    keep_dates: bool,
    /// Login of the member of staff whose rights count; without it the program's own.
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Writes the rows with errors here.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

/// `vekha export …`.
#[derive(Debug, Args)]
pub struct ExportOrder {
    /// A new folder, or a new file that ends in .zip, for everything; with --type a file that ends in .csv, .xlsx or .vcf.
    to: PathBuf,
    /// Only the records of this type.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Codes of the columns, with commas; without it all.
    #[arg(long, value_delimiter = ',', value_name = "FIELD", requires = "kind")]
    columns: Vec<String>,
    /// Language of titles and numbers: ru or en.
    #[arg(long, default_value = "ru")]
    lang: String,
}

fn disk(path: &Path, error: &std::io::Error) -> Refusal {
    let shown = path.display();
    Refusal::new("file", format!("Файл {shown}: {error}"), format!("The file {shown}: {error}"))
}

fn type_of(house: &House, code: &str) -> Outcome<crm::EntityType> {
    let schema = house.read(|read| Ok(read.schema()))?;
    let known = || schema.types.values().map(|shape| shape.code.as_str()).collect::<Vec<_>>().join(", ");
    let shape = schema.kind_by_code(code).cloned();
    shape.ok_or_else(|| {
        Refusal::new("unknown_type", format!("Типа «{code}» нет. Есть: {}", known()), format!("There is no type {code}. There are: {}", known())).into()
    })
}

/// Imports a file and waits for the end.
///
/// # Errors
/// Refuses files that cannot be read and fields that do not exist.
pub fn import(house: &House, order: &ImportOrder) -> Outcome<()> {
    let (rights, by) = whose(house, order.user.as_deref())?;
    let shape = type_of(house, &order.kind)?;
    let mut file = std::fs::File::open(&order.file).map_err(|error| disk(&order.file, &error))?;
    let cause = Cause::new(by, house.now());
    let name = order.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let id = import::bring(house, &rights, &cause, shape.id, &name, &mut file)?;
    let draft = import::draft(house, &rights, id)?;
    let chosen = chosen(order, &draft.plan)?;
    for (title, target) in draft.plan.header.iter().zip(&chosen.columns) {
        println!("{title:<30} {}", if target.field.is_empty() { "-" } else { &target.field });
    }
    println!("key: {}", chosen.key.join(" + "));
    import::choose(house, &rights, id, &chosen)?;
    if order.dry_run {
        let seen = import::preview(house, &rights, id)?;
        println!("{} rows: {} to create, {} to change, {} to skip, {} wrong", seen.rows, seen.make, seen.change, seen.skip, seen.wrong);
        for note in &seen.errors {
            println!("row {}: {}", note.at, note.why.get(Lang::En));
        }
        return Ok(());
    }
    import::begin(house, &rights, &cause, id)?;
    while operations::run(house, &wiring::who(), id, None)? == Pace::More {}
    let operation = house.read(|read| operations::open(read, &rights, id))?;
    let made = operation.count("made");
    println!(
        "operation {id} {}: {made} created, {} changed, {} unchanged, {} with errors",
        operation.state.code(),
        operation.count("done") - made,
        operation.count("skipped"),
        operation.count("failed")
    );
    match &order.errors {
        Some(path) => {
            let mut to = BufWriter::new(std::fs::File::create_new(path).map_err(|error| disk(path, &error))?);
            import::faulty(house, &rights, id, Lang::Ru, &mut to)?;
            to.flush().map_err(|error| disk(path, &error))?;
        }
        None => {
            for note in house.read(|read| operations::notes(read, id, false, 20))? {
                println!("row {}: {}", note.at, note.why.get(Lang::En));
            }
        }
    }
    Ok(())
}

/// The rights of somebody, or the program's own.
fn whose(house: &House, login: Option<&str>) -> Outcome<(Rights, Actor)> {
    let Some(login) = login else { return Ok((Rights::system(), Actor::System)) };
    let (login, now) = (login.to_lowercase(), house.now());
    house.read(|read| {
        let unknown = || Refusal::new("unknown_user", format!("Сотрудника «{login}» нет"), format!("There is no employee {login}"));
        let user = read.user_by_login(&login)?.filter(|user| user.active).ok_or_else(unknown)?;
        Ok((team::staff::rights_of(read, &user, now)?, Actor::User { user: user.id }))
    })
}

fn chosen(order: &ImportOrder, plan: &import::ImportPlan) -> Outcome<Chosen> {
    let mut columns = plan.columns.clone();
    for pair in &order.columns {
        let (title, field) = pair.rsplit_once('=').unwrap_or((pair, ""));
        let at = plan.header.iter().position(|one| one == title).ok_or_else(|| {
            let known = plan.header.join(", ");
            Refusal::new(
                "unknown_column",
                format!("В файле нет столбца «{title}». Есть: {known}"),
                format!("The file has no column {title}. There are: {known}"),
            )
        })?;
        columns[at] = Target::of(field);
    }
    let how = &order.known;
    let known = Known::from_code(how).ok_or_else(|| {
        Refusal::new(
            "unknown_policy",
            format!("«{how}»: нужно update, skip, update_only или create"),
            format!("{how}: update, skip, update_only or create is needed"),
        )
    })?;
    let key = match &order.key {
        Some(key) => key.iter().filter(|one| !one.is_empty()).cloned().collect(),
        None => plan.key.iter().filter(|key| columns.iter().any(|target| target.field == **key)).cloned().collect(),
    };
    Ok(Chosen { columns, key, known, keep_trail: order.keep_dates, clear: false, quiet: order.quiet })
}

/// Exports one type, or everything.
///
/// # Errors
/// Refuses to overwrite what is there.
pub fn export(house: &House, order: &ExportOrder) -> Outcome<()> {
    let lang = Lang::from_code(&order.lang).unwrap_or_default();
    let rights = Rights::system();
    let path = &order.to;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if let Some(kind) = &order.kind {
        let form = Form::from_code(&ending)
            .ok_or_else(|| Refusal::new("unknown_form", "Файл должен оканчиваться на .csv, .xlsx или .vcf", "The file has to end in .csv, .xlsx or .vcf"))?;
        let wanted = Wanted { columns: order.columns.clone(), ..Wanted::all(type_of(house, kind)?.id, form) };
        export::check(house, &rights, &wanted)?;
        let mut to = BufWriter::new(std::fs::File::create_new(path).map_err(|error| disk(path, &error))?);
        let written = export::list(house, &rights, lang, &wanted, &mut to)?;
        to.flush().map_err(|error| disk(path, &error))?;
        println!("{}: {written} records", path.display());
        return Ok(());
    }
    let written = if ending == "zip" {
        let to = BufWriter::new(std::fs::File::create_new(path).map_err(|error| disk(path, &error))?);
        let mut zip = Zip::new(to);
        let written = export::everything(house, &rights, lang, &mut zip)?;
        zip.end()?;
        written
    } else {
        std::fs::create_dir(path).map_err(|error| disk(path, &error))?;
        export::everything(house, &rights, lang, &mut Folder(path.clone()))?
    };
    println!("{}: {written} records", path.display());
    Ok(())
}
