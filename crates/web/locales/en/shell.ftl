# The frame of every page
skip-to-content = Skip to content
menu = Menu
menu-robots = Robots
menu-fold = Fold the menu
search = Search
search-hint = Name, phone, number
search-nothing = Nothing found
search-title = Found for “{ $q }”
search-empty = Type a name, phone, e-mail or number
notices = Notices
notices-unread = { $n ->
    [one] { $n } unread
   *[other] { $n } unread
}
notices-read-all = Mark all as read
notices-read = Mark as read
notices-none = No notices yet. New applications, tasks and messages will come here.
notices-all = All
show-more = Show more
sign-in = Sign in
sign-in-start = Sign in and start my shift
sign-in-hint = Once you are in, new applications pop up with a sound.
sign-out = Sign out
login = Login
password = Password
shift-start = Turn sound on
shift-start-hint = Browsers play no sound before a click: turn it on to hear new applications
live-lost = Connection lost, restoring…
when-yesterday = yesterday, { $time }
when-tomorrow = tomorrow, { $time }
trouble-sign-in = Sign in to go on
trouble-broken = Something broke on our side. We know about it already.
trouble-busy = The server is busy. Try again in a few seconds.
trouble-number = Number of the error for the administrator: { $number }
trouble-home = To the first page
js-offline = No connection to the server. The change was not saved.
js-failed = That did not work. Try again.
js-sign-in = Your session is over. Sign in again.
js-close = Close
js-sound-on = Sound is on
js-undo = Undo
js-unsaved = There is unsaved text. Close?
language = Language
