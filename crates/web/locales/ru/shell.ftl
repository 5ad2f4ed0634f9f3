# Рамка всех страниц
skip-to-content = Перейти к содержимому
menu = Меню
menu-robots = Роботы
menu-fold = Свернуть меню
search = Поиск
search-hint = Имя, телефон, номер
search-nothing = Ничего не найдено
search-title = Найдено по запросу «{ $q }»
search-empty = Введите имя, телефон, почту или номер
notices = Уведомления
notices-unread = { $n ->
    [one] { $n } непрочитанное
    [few] { $n } непрочитанных
   *[other] { $n } непрочитанных
}
notices-read-all = Прочитать все
notices-read = Прочитано
notices-none = Уведомлений пока нет. Сюда придут новые заявки, задачи и сообщения.
notices-all = Все
show-more = Показать ещё
sign-in = Вход
sign-in-start = Войти и начать смену
sign-in-hint = После входа новые заявки всплывают со звуком.
sign-out = Выйти
login = Логин
password = Пароль
shift-start = Включить звук
shift-start-hint = Браузер не даёт звук без нажатия: включите, чтобы слышать новые заявки
live-lost = Нет связи, восстанавливаем…
when-yesterday = вчера, { $time }
when-tomorrow = завтра, { $time }
trouble-sign-in = Войдите, чтобы продолжить
trouble-broken = Ошибка на нашей стороне. Мы уже знаем о ней.
trouble-busy = Сервер занят. Повторите через несколько секунд.
trouble-number = Номер ошибки для администратора: { $number }
trouble-home = На главную
js-offline = Нет связи с сервером. Изменение не сохранено.
js-failed = Не получилось. Повторите.
js-sign-in = Сеанс закончился. Войдите снова.
js-close = Закрыть
js-sound-on = Звук включён
js-undo = Отменить
js-unsaved = Есть несохранённый текст. Закрыть?
language = Язык
