# Карточка: поля, раскладка, вкладки, файлы, история, корзина, дубли
field-lacking = Нужно заполнить для этой стадии
field-formula = Вычисляется: { $formula }
field-reveal = показать
rich-hint = Можно выделять: **жирно**, *курсив*, списки с «-», [ссылка](https://…)
row-add = Добавить строку
row-drop = Убрать строку
row-drag = Перетащите, чтобы поменять порядок
pick-drop = Убрать: { $what }
card-rest = Остальное
card-alike = Возможный дубль: { $what }
card-alike-hint = Сравнить записи и объединить
card-arrange = Настроить карточку
tab-products = Товары
tab-files = Файлы
tab-more = Ещё
linked-add = Добавить: { $what }
linked-none = Связанных записей пока нет.
story-pinned = Закреплено
story-pin = Закрепить наверху
story-unpin = Открепить
story-filter = Что показывать в ленте
story-all = Все события
story-comments = Комментарии
story-messages = Сообщения и заявки
story-calls = Звонки
story-tasks = Задачи
story-files = Файлы
story-changes = Изменения
story-system = Системные события
event-file-removed = Убран файл «{ $file }»
event-restored = Запись восстановлена из корзины
event-merged = Присоединена запись «{ $what }»
event-unmerged = Запись «{ $what }» снова отдельная
event-unmerge = Разделить обратно
event-call = Звонок: { $what }
later-date = До даты
task-reassign = Передать…
files-drop = Перетащите файлы сюда или нажмите, чтобы выбрать. До 100 МБ каждый.
files-none = Файлов пока нет.
files-remove = Убрать файл { $file }
files-gone = { $n ->
    [one] Убран { $n } файл
    [few] Убрано { $n } файла
   *[other] Убрано { $n } файлов
}
restore = Восстановить
size-bytes = { $n } Б
size-kilobytes = { $n } КБ
size-megabytes = { $size } МБ
history-any-field = Любое
history-anybody = Кто угодно
history-merged = Присоединена запись
history-restored = Восстановлена из корзины
history-back = Вернуть
history-back-hint = Вернуть прежнее значение
past-ask = Как было на момент
past-show = Показать
past-title = Так было на { $when }
past-none = Тогда этой записи ещё не было.
arrange-title = Настройка карточки
arrange-hint = Перетаскивайте разделы и поля. С клавиатуры: стрелки двигают выбранное поле.
arrange-forced = Для этой карточки вид задан для всех: свой вид не подействует, пока администратор его не снимет.
arrange-drag = Перетащить раздел
arrange-section = Название раздела
arrange-folded = свёрнут
arrange-drop-section = Удалить раздел
arrange-add-section = Добавить раздел
arrange-spare = Не на карточке
arrange-spare-hint = Перетащите поле отсюда в раздел или из раздела сюда. Заполненные поля видны внизу карточки, в «Остальном».
arrange-new-field = Создать поле
arrange-for = Для кого
arrange-mine = Только для меня
arrange-common = Для всех, у кого нет своего вида
arrange-all = Для всех без исключения
arrange-where = Где
arrange-everywhere = Везде
arrange-pipeline = Только в воронке «{ $what }»
arrange-stage = Только на стадии «{ $what }»
arrange-reset = Вернуть общий вид
menu-bin = Корзина
menu-doubles = Дубли
bin-types = Типы записей
bin-none = Корзина пуста. Удалённое лежит здесь 30 дней, потом исчезает насовсем.
bin-no-more = Больше ничего нет.
bin-what = Запись
bin-responsible = Ответственный
bin-who = Кто удалил
bin-when = Когда
bin-merged = Объединена с записью
doubles-none = Похожих записей нет. Пары появятся сами, когда у двух записей совпадут телефон, почта или реквизиты.
doubles-rule = Совпадает { $rule }:
doubles-compare = Сравнить и объединить
doubles-different = Это разные
compare-title = Сравнение записей
compare-keep = Останется
compare-drop = Войдёт в неё
compare-made = создана { $when }
compare-conflicts = { $n ->
    [one] Отличается { $n } поле: выберите, что оставить. Остальное соберётся само.
    [few] Отличаются { $n } поля: выберите, что оставить. Остальное соберётся само.
   *[other] Отличаются { $n } полей: выберите, что оставить. Остальное соберётся само.
}
compare-moves = Перейдут в оставшуюся запись:
compare-files = { $n ->
    [one] { $n } файл
    [few] { $n } файла
   *[other] { $n } файлов
}
compare-story = вся история и наблюдатели
compare-undo = Объединение можно отменить в течение 30 дней: из ленты записи или из корзины.
compare-join = Объединить
compare-swap = Поменять местами
alike-head = Похоже, такая запись уже есть:
alike-unseen = { $n ->
    [one] Ещё { $n } похожую запись вам не видно: спросите руководителя.
    [few] Ещё { $n } похожие записи вам не видно: спросите руководителя.
   *[other] Ещё { $n } похожих записей вам не видно: спросите руководителя.
}
new-later = { $n ->
    [one] Ещё { $n } поле
    [few] Ещё { $n } поля
   *[other] Ещё { $n } полей
}
new-keys = Ctrl + Enter — создать, Esc — закрыть
js-restored = Восстановлено
js-restored-open = Открыть
js-put-back = Прежнее значение возвращено
js-plan-next = Запланировать следующее
js-nothing-planned = Больше ничего не запланировано
js-uploading = Загружается: { "{name}" }
js-uploaded = Файл добавлен
js-too-large = Файл больше 100 МБ
js-file-removed = Файл убран
js-drop-here = Отпустите, чтобы добавить файлы
js-told-apart = Отмечены как разные
js-unmerged = Записи разделены
js-arranged = Вид карточки сохранён
js-reassigned = Задача передана
js-hide = скрыть
products-what = Наименование
products-quantity = Кол-во
products-unit = Ед.
products-price = Цена
products-discount = Скидка, %
products-rate = НДС, %
products-included = В цене
products-total = Сумма
products-no-vat = без НДС
products-none = Позиций пока нет. Выберите товар из каталога или добавьте строку вручную.
products-pick = Найти товар в каталоге
products-add = Строка
products-new = Новая позиция
products-gross = Без скидок
products-off = Скидка
products-vat = НДС { $rate } %
products-sum = Итого
event-part-changed = Изменено: { $what }
