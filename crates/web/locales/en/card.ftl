# The card: fields, layout, tabs, files, history, recycle bin, doubles
field-lacking = Needed on this stage
field-formula = Worked out: { $formula }
field-reveal = show
rich-hint = Emphasis: **bold**, *italic*, lists with “-”, [link](https://…)
row-add = Add a row
row-drop = Remove the row
row-drag = Drag to change the order
pick-drop = Remove: { $what }
card-rest = Everything else
card-alike = Possible double: { $what }
card-alike-hint = Compare the records and join them
card-arrange = Arrange the card
tab-products = Products
tab-files = Files
tab-more = More
linked-add = Add: { $what }
linked-none = No linked records yet.
story-pinned = Pinned
story-pin = Pin on top
story-unpin = Unpin
story-filter = What the timeline shows
story-all = Everything
story-comments = Comments
story-messages = Messages and forms
story-calls = Calls
story-tasks = Tasks
story-files = Files
story-changes = Changes
story-system = System events
event-file-removed = File { $file } taken off
event-restored = Taken out of the recycle bin
event-merged = Joined with { $what }
event-unmerged = { $what } is a record of its own again
event-unmerge = Part again
event-call = Call: { $what }
later-date = Until
task-reassign = Hand over…
files-drop = Drag files here or press to choose. Up to 100 MB each.
files-none = No files yet.
files-remove = Take off the file { $file }
files-gone = { $n ->
    [one] { $n } file taken off
   *[other] { $n } files taken off
}
restore = Restore
size-bytes = { $n } B
size-kilobytes = { $n } KB
size-megabytes = { $size } MB
history-any-field = Any
history-anybody = Anybody
history-merged = Record joined
history-restored = Taken out of the recycle bin
history-back = Put back
history-back-hint = Put the old answer back
past-ask = As it was at
past-show = Show
past-title = As it was on { $when }
past-none = This record was not there then.
arrange-title = Arranging the card
arrange-hint = Drag sections and fields. By keyboard: arrows move the chosen field.
arrange-forced = A layout for everybody is in force here: your own will not count until the administrator takes it away.
arrange-drag = Drag the section
arrange-section = Title of the section
arrange-folded = folded
arrange-drop-section = Delete the section
arrange-add-section = Add a section
arrange-spare = Not on the card
arrange-spare-hint = Drag a field from here into a section or back. Filled fields are seen at the foot of the card, under “Everything else”.
arrange-new-field = Create a field
arrange-for = For whom
arrange-mine = Only for me
arrange-common = For everybody without a layout of his own
arrange-all = For everybody, no exception
arrange-where = Where
arrange-everywhere = Everywhere
arrange-pipeline = Only in the pipeline { $what }
arrange-stage = Only on the stage { $what }
arrange-reset = Back to the common layout
menu-bin = Recycle bin
menu-doubles = Doubles
bin-types = Types of records
bin-none = The recycle bin is empty. What is deleted lies here for 30 days and then is gone for good.
bin-no-more = There is nothing more.
bin-what = Record
bin-responsible = Responsible
bin-who = Deleted by
bin-when = When
bin-merged = Joined with
doubles-none = No records look alike. Pairs come by themselves when two records have one phone, e-mail or registration number.
doubles-rule = The same { $rule }:
doubles-compare = Compare and join
doubles-different = They are different
compare-title = Records side by side
compare-keep = Stays
compare-drop = Goes into it
compare-made = made { $when }
compare-conflicts = { $n ->
    [one] { $n } field differs: choose what stays. The rest comes together by itself.
   *[other] { $n } fields differ: choose what stays. The rest comes together by itself.
}
compare-moves = The record that stays also gets:
compare-files = { $n ->
    [one] { $n } file
   *[other] { $n } files
}
compare-story = the whole history and the observers
compare-undo = Joining can be taken back for 30 days: from the timeline of the record or from the recycle bin.
compare-join = Join
compare-swap = Swap
alike-head = It looks as if such a record is there already:
alike-unseen = { $n ->
    [one] { $n } more record like this is hidden from you: ask your manager.
   *[other] { $n } more records like this are hidden from you: ask your manager.
}
new-later = { $n ->
    [one] { $n } more field
   *[other] { $n } more fields
}
new-keys = Ctrl + Enter creates, Esc closes
js-restored = Restored
js-restored-open = Open
js-put-back = The old answer is back
js-plan-next = Plan the next step
js-nothing-planned = Nothing is planned any more
js-uploading = Uploading: { "{name}" }
js-uploaded = The file is added
js-too-large = The file is larger than 100 MB
js-file-removed = The file is taken off
js-drop-here = Let go to add the files
js-told-apart = Marked as different
js-unmerged = The records are parted
js-arranged = The layout is saved
js-reassigned = The task is handed over
js-hide = hide
products-what = Name
products-quantity = Quantity
products-unit = Unit
products-price = Price
products-discount = Discount, %
products-rate = VAT, %
products-included = Included
products-total = Amount
products-no-vat = no VAT
products-none = No lines yet. Choose a product of the catalogue or add a line by hand.
products-pick = Find a product
products-add = Line
products-new = New line
products-gross = Before discounts
products-off = Discount
products-vat = VAT { $rate }%
products-sum = Total
event-part-changed = Changed: { $what }
