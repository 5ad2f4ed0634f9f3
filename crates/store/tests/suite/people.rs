//! Staff, sessions, webhooks, channels with their secrets, the journal, settings and files.

use crate::firm::*;
use crm::{
    Account, AccountId, Department, Fault, FileId, InboundCall, InboundId, ItemRef, Label, Lang, Moment, Role, Scope, Session, StoredFile, User, UserId, Value,
    Values, Webhook, WebhookId, kind,
};

crate::both!(
    staff_are_found_by_number_and_login,
    departments_and_roles_come_back,
    a_session_ends_by_time_and_by_order,
    a_webhook_opens_only_with_its_secret,
    a_secret_given_empty_stays,
    a_call_is_journalled_once,
    settings_and_cards_of_files_come_back,
);

fn put_user(db: &Db, user: User) -> crm::Outcome<User> {
    db.try_tx(move |tx| {
        let mut user = user.clone();
        tx.put_user(&mut user)?;
        Ok(user)
    })
}

fn staff_are_found_by_number_and_login(db: Db) {
    let given = User {
        login: "anna".into(),
        first_name: "Анна".into(),
        password_hash: "$argon2id$".into(),
        role: "operator".into(),
        department: 2,
        lang: Lang::En,
        active: true,
        ..User::default()
    };
    let anna = put_user(&db, given.clone()).unwrap();
    assert_eq!(anna, User { id: anna.id, ..given });
    assert_eq!(db.read(|read| read.user_by_login("anna")), Some(anna.clone()));
    let changed = put_user(&db, User { last_name: "Ким".into(), active: false, ..anna.clone() }).unwrap();
    assert_eq!(db.read(|read| read.user(anna.id)), Some(changed.clone()));
    assert!(matches!(put_user(&db, User { login: "anna".into(), ..User::default() }), Err(Fault::Refused(refusal)) if refusal.code == "login_taken"));
    assert!(
        matches!(put_user(&db, User { id: UserId(77), login: "nobody".into(), ..User::default() }), Err(Fault::Refused(refusal)) if refusal.code == "not_found")
    );
    let boris = put_user(&db, User { login: "boris".into(), ..User::default() }).unwrap();
    assert_eq!(db.read(|read| read.users()), [changed, boris]);
}

fn departments_and_roles_come_back(db: Db) {
    let sales = db.tx(|tx| {
        let mut one = Department { id: 0, code: "sales".into(), title: Label::new("Продажи", "Sales"), parent: 0, head: BORIS, ..Department::default() };
        tx.put_department(&mut one)?;
        Ok(one)
    });
    let renamed = Department { title: Label::same("Отдел"), parent: 3, ..sales.clone() };
    let mut change = renamed.clone();
    db.tx(move |tx| tx.put_department(&mut change));
    assert_eq!(db.read(|read| read.departments()), [renamed]);
    let taken = db.try_tx(|tx| tx.put_department(&mut Department { code: "sales".into(), ..Department::default() }));
    assert!(matches!(taken, Err(Fault::Refused(refusal)) if refusal.code == "department_taken"));
    let role = Role {
        code: "operator".into(),
        may: [("deal".to_owned(), [(crm::Action::Read, Scope::Own)].into())].into(),
        hidden_groups: ["money".to_owned()].into(),
        ..Role::default()
    };
    for admin in [true, false] {
        let role = Role { admin, ..role.clone() };
        db.tx(move |tx| tx.put_role(&role));
    }
    assert_eq!(db.read(|read| read.roles()), [role]);
}

fn a_session_ends_by_time_and_by_order(db: Db) {
    let session = |token: u8, user: UserId, expires: i64| Session {
        token_hash: vec![token, 0, 255],
        user,
        created: Moment(10),
        expires: Moment(expires),
        remote: "::1".into(),
        agent: "Firefox".into(),
    };
    for one in [session(1, ANNA, 100), session(2, ANNA, 200), session(3, BORIS, 200)] {
        db.tx(move |tx| tx.put_session(&one));
    }
    let find = |token: u8, now: i64| db.read(|read| read.session(&[token, 0, 255], Moment(now)));
    assert_eq!((find(1, 99), find(1, 100)), (Some(session(1, ANNA, 100)), None));
    let longer = session(1, ANNA, 300);
    db.tx(move |tx| tx.put_session(&longer));
    assert!(find(1, 100).is_some());
    db.tx(|tx| tx.end_session(&[1, 0, 255]));
    assert!(find(1, 20).is_none() && find(2, 20).is_some());
    db.tx(|tx| tx.end_sessions_of(ANNA));
    assert!(find(2, 20).is_none() && find(3, 20).is_some());
}

fn a_webhook_opens_only_with_its_secret(db: Db) {
    let hook = db.tx(|tx| {
        let mut hook = Webhook {
            id: WebhookId(0),
            user: ANNA,
            secret_hash: vec![7; 32],
            scopes: vec!["crm".into(), "user".into()],
            title: "1С".into(),
            created: NOW,
            active: true,
        };
        tx.put_webhook(&mut hook)?;
        tx.touch_webhook(hook.id, NOW)?;
        Ok(hook)
    });
    assert_eq!(db.read(|read| read.webhook(ANNA, &[7; 32])), Some(hook.clone()));
    assert!(db.read(|read| read.webhook(ANNA, &[8; 32])).is_none() && db.read(|read| read.webhook(BORIS, &[7; 32])).is_none());
    let mut closed = Webhook { active: false, ..hook };
    let kept = closed.clone();
    db.tx(move |tx| tx.put_webhook(&mut closed));
    assert!(db.read(|read| read.webhook(ANNA, &[7; 32])).is_none());
    assert_eq!(db.read(|read| read.webhooks()), [kept]);
}

fn a_secret_given_empty_stays(db: Db) {
    let put = |account: Account| {
        db.try_tx(move |tx| {
            let mut account = account.clone();
            tx.put_account(&mut account)?;
            Ok(account.id)
        })
    };
    let given = Account {
        id: AccountId(0),
        provider: "twilio_whatsapp".into(),
        code: "main".into(),
        title: "WhatsApp".into(),
        settings: Values::from([("from", Value::text("+1"))]),
        secrets: Values::from([("token", Value::text("тайна")), ("other", Value::text("o"))]),
        enabled: true,
    };
    let id = put(given.clone()).unwrap();
    let known = Account { id, ..given };
    assert_eq!(db.read(|read| read.account(id)), Some(known.clone()));
    put(Account { title: "WA".into(), secrets: Values::from([("token", Value::text(""))]), enabled: false, ..known.clone() }).unwrap();
    let kept = Account { title: "WA".into(), enabled: false, ..known.clone() };
    assert_eq!(db.read(|read| read.account_by_code("twilio_whatsapp", "main")), Some(kept));
    put(Account { secrets: Values::from([("token", Value::text("новая")), ("other", Value::Flag(false))]), ..known.clone() }).unwrap();
    assert_eq!(db.read(|read| read.accounts())[0].secrets, Values::from([("token", Value::text("новая"))]));
    assert!(matches!(put(Account { id: AccountId(0), ..known }), Err(Fault::Refused(refusal)) if refusal.code == "account_taken"));
    assert_eq!(db.read(|read| read.account_by_code("smtp", "main")), None);
}

fn a_call_is_journalled_once(db: Db) {
    let call = |key: &str| InboundCall {
        id: InboundId(0),
        account: AccountId(1),
        at: NOW,
        remote: "127.0.0.1".into(),
        method: "POST".into(),
        url: "/f/landing?utm=1".into(),
        headers: vec![("content-type".into(), "text/plain".into())],
        body: vec![0, 255, 1],
        key: key.into(),
        state: "accepted".into(),
        answer: String::new(),
    };
    let journal = |call: InboundCall| {
        db.tx(move |tx| {
            let mut call = call.clone();
            Ok((tx.journal(&mut call)?, call.id))
        })
    };
    let (fresh, id) = journal(call("n1"));
    assert!(fresh && id.0 > 0);
    db.tx(move |tx| tx.close_inbound(id, "accepted", "{\"ok\":1}"));
    assert_eq!(journal(InboundCall { body: vec![9], ..call("n1") }), (false, id));
    assert_eq!(db.read(|read| read.inbound(AccountId(1), "n1")), Some(InboundCall { id, answer: "{\"ok\":1}".into(), ..call("n1") }));
    assert!(journal(InboundCall { account: AccountId(2), ..call("n1") }).0);
    assert!(journal(call("")).0 && journal(call("")).0);
    assert_eq!(db.read(|read| read.inbound(AccountId(1), "")), None);
}

fn settings_and_cards_of_files_come_back(db: Db) {
    assert_eq!(db.read(|read| read.setting("firm")), Values::new());
    for value in ["a", "b"] {
        db.tx(move |tx| tx.put_setting("firm", &Values::from([("key", Value::text(value)), ("at", Value::moment(NOW))])));
    }
    assert_eq!(db.read(|read| read.setting("firm")), Values::from([("key", Value::text("b")), ("at", Value::moment(NOW))]));
    let file = db.tx(|tx| {
        let mut file = StoredFile {
            id: FileId(0),
            hash: "ab".into(),
            name: "Паспорт.pdf".into(),
            mime: "application/pdf".into(),
            size: 5,
            item: ItemRef::new(kind::DEAL, 1),
            by: ANNA,
            at: NOW,
        };
        tx.put_file(&mut file)?;
        Ok(file)
    });
    assert_eq!(db.read(|read| read.file(file.id)), Some(file.clone()));
}
