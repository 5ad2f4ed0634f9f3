people-tab = Сотрудники
roles-tab = Роли и права
offices-tab = Отделы и офисы
people-sections = Разделы настройки сотрудников
people-heading = Сотрудники
people-lead = Кто работает, в каком отделе и с какой ролью; приглашения, отсутствие, увольнение.
people-add = Пригласить сотрудника
people-new = Новый сотрудник
people-back = Назад
people-search-hint = Имя, телефон, логин или почта
people-any-role = Любая роль
people-any-department = Любой отдел
people-find = Найти
people-reset = Сбросить
people-found = { $n ->
    [one] { $n } человек
    [few] { $n } человека
   *[other] { $n } человек
 }
people-empty = Никого не нашлось. Попробуйте изменить условия.
people-more = Показать ещё
people-name = Сотрудник
people-role = Роль
people-place = Место
people-department = Отдел
people-contacts = Связь
people-state = Состояние
people-state-present = Кто работает
people-state-here = Работает
people-state-away = Отсутствует
people-state-waits = Ждёт приглашения
people-state-left = Уволен
people-state-all = Все, и уволенные
people-away-until = Отсутствует до { $day }
people-nothing = нет
people-nobody = Никто
people-yes = да
people-no = нет
people-who = О сотруднике
people-rights = Права и место
people-choose-role = Выберите роль
people-no-department = Без отдела
people-office-is = Офис: { $office }
people-lang = Язык
people-leads = Руководит:
people-absence = Отсутствие
people-absence-hint = Пока сотрудника нет, замещающий видит его записи и работает с ними как со своими.
people-stands-for = Замещает:
people-save = Сохранить
people-create = Создать
people-cancel = Отмена
people-saved = Сохранено
people-create-hint = После создания появится ссылка: по ней сотрудник сам придумает пароль.
people-access = Вход в систему
people-no-password = Пароль ещё не задан. Отправьте сотруднику ссылку: по ней он придумает пароль сам.
people-invite = Получить ссылку-приглашение
people-new-password = Ссылка для нового пароля
people-link-for = Ссылка для входа. Отправьте её: { $name }
people-link-hint = Действует неделю и только один раз: после того как пароль задан, ссылка не работает.
people-copy = Скопировать
people-sessions = Открытые сеансы
people-no-sessions = Сейчас нигде не вошёл
people-since = с { $at }
people-end-sessions = Завершить все сеансы
people-end-sessions-sure = Завершить все сеансы? Сотруднику придётся войти заново на каждом устройстве.
people-dismissal = Увольнение
people-dismissal-hint = Вход закроется сразу, а всё, за что сотрудник отвечает, перейдёт коллегам. Увольнение можно отменить.
people-dismiss = Уволить…
people-history = История
people-no-history = Изменений ещё не было
people-was-made = Создано
people-field-login = Логин
people-field-first-name = Имя
people-field-last-name = Фамилия
people-field-post = Должность
people-field-phone = Телефон
people-field-email = Почта
people-field-role = Роль
people-field-department = Отдел
people-field-substitute = Кто замещает
people-field-away-from = Отсутствует с
people-field-away-until = По какой день
people-field-active = Работает
people-field-title = Название
people-field-title-en = Название по-английски
people-field-parent = Подчиняется
people-field-head = Руководитель
people-field-office = Офис
people-field-zone = Часовой пояс
people-field-closed = Закрыт
people-field-admin = Администратор
people-field-automation = Настройка роботов
people-field-constructor = Конструктор
people-field-hidden-groups = Скрытые группы полей
people-field-locked-groups = Группы полей без изменения
people-field-pool = Записи без ответственного
dismissal-running = Вход закрыт. Записи передаются коллегам…
dismissal-undoing = Сотрудник снова работает. Записи возвращаются…
dismissal-done = Уволен { $at }. Всё передано.
dismissal-undone = Увольнение от { $at } отменено, записи вернулись.
dismissal-moved = { $n ->
    [one] Передана { $n } запись.
    [few] Переданы { $n } записи.
   *[other] Передано { $n } записей.
 }
dismissal-to = Кому: { $heirs }.
dismissal-undo = Отменить увольнение
dismissal-undo-sure = Вернуть сотрудника и всё, что было передано? Записи, которые коллеги уже передали дальше, останутся у новых ответственных.
dismissal-go-on = Продолжить, если остановилось
dismiss-heading = Увольнение: { $name }
dismiss-what = Что останется после сотрудника
dismiss-nothing = Записей, за которые он отвечает, нет.
dismiss-door = Вход закроется сразу на всех устройствах.
dismiss-webhooks = { $n ->
    [one] Перестанет работать { $n } вебхук сотрудника.
    [few] Перестанут работать { $n } вебхука сотрудника.
   *[other] Перестанут работать { $n } вебхуков сотрудника.
 }
dismiss-leads = Руководит отделом «{ $department }»: отдел останется без руководителя, назначьте нового.
dismiss-stands-for = Замещает { $name }: выберите другого замещающего.
dismiss-rules = Правила, где он назван по имени. Исправьте их после увольнения:
dismiss-heirs = Кому передать
dismiss-heirs-hint = Если отметить нескольких, записи разойдутся между ними поровну. Карточка клиента, его сделки и задачи всегда попадут к одному человеку.
dismiss-do = { $n ->
    [one] Уволить и передать { $n } запись
    [few] Уволить и передать { $n } записи
   *[other] Уволить и передать { $n } записей
 }
dismiss-undo-hint = Увольнение можно отменить: записи вернутся, история сохранится.
invite-heading = Приглашение
invite-hello = Здравствуйте, { $name }!
invite-text = Придумайте пароль. Ваш логин: { $login }
invite-password = Новый пароль
invite-again = Ещё раз
invite-enter = Сохранить и войти
invite-hint = Не меньше 10 знаков. Проще всего запомнить несколько слов подряд.
roles-heading = Роли и права
roles-add = Новая роль
roles-new = Новая роль
roles-lead = Роль решает, какие записи человек видит и что может с ними делать. Изменения действуют сразу.
roles-empty = Ролей пока нет
roles-people = Кто с этой ролью
roles-flags = Особые права
roles-copy = Копировать
roles-saved = Права сохранены и уже действуют
roles-title-ru = Название
roles-title-en = Название по-английски
roles-code = Код
roles-code-hint = придумается сам
roles-records = Записи
roles-pool = Ничьи
roles-pool-hint = Видит и берёт записи своего офиса, за которые никто не отвечает
roles-groups = Группы полей
roles-who = Кто с этой ролью
roles-more-people = { $n ->
    [one] и ещё { $n }
   *[other] и ещё { $n }
 }
role-mark-admin = Администратор
role-mark-automation = Роботы
role-mark-constructor = Конструктор
role-admin-hint = Видит и меняет всё, настраивает всё
role-automation-hint = Настраивает роботов и триггеры
role-constructor-hint = Настраивает типы, поля, воронки и карточки
role-admin-all = У администратора есть все права, таблица ниже ни на что не влияет.
rights-others = Все остальные
rights-inherits = как «Все остальные»
rights-as-above = как выше
rights-whole-pipeline = { $pipeline }: вся воронка
rights-add-exception = + исключение для воронки или стадии
rights-drop = Убрать исключение
rights-read = Видеть
rights-create = Создавать
rights-change = Изменять
rights-delete = Удалять
rights-export = Выгружать
scope-none = Нет
scope-own = Свои
scope-department = Своего отдела
scope-departments = Отдела и ниже
scope-office = Своего офиса
scope-offices = Офиса и ниже
scope-all = Все
group-open = Видит и меняет
group-locked = Только видит
group-hidden = Скрыты
group-title-money = Деньги
group-title-passport = Паспортные данные
group-title-recordings = Записи разговоров
group-title-legal = Юридические
offices-heading = Отделы и офисы
offices-add = Новый отдел
offices-new = Новый отдел
offices-lead = Клиенты и сделки офиса видны только внутри него и тем, кто стоит выше. Отделы помогают делить права и назначать руководителей.
offices-empty = Отделов пока нет. Начните с головного офиса.
offices-name = Название
offices-head = Руководитель
offices-zone = Часовой пояс
offices-zone-firm = как у фирмы: { $zone }
offices-people = Сотрудники
offices-office = офис
offices-closed = закрыт
offices-add-below = Добавить отдел внутри
offices-on-top = Верхний уровень
offices-drop-top = Перенести на верхний уровень
offices-fold = Свернуть или развернуть
offices-is-office = Это офис
offices-is-office-hint = Клиенты остаются внутри: другие офисы их не видят
offices-is-closed = Закрыт
offices-is-closed-hint = Не предлагается при выборе; записи остаются
offices-count = { $n ->
    [one] { $n } офис.
    [few] { $n } офиса.
   *[other] { $n } офисов.
 }
offices-drag-hint = Чтобы перенести отдел вместе со всем, что внутри, перетащите строку или выберите «Подчиняется» в его карточке.
js-org-moved = «{name}» теперь в «{to}»
js-org-moved-top = «{name}» теперь на верхнем уровне
