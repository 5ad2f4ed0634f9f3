# The card: fields, layout, tabs, files, history, recycle bin, doubles
field-lacking = Needed on this stage
field-formula = Worked out: { $formula }
field-reveal = show
rich-hint = Emphasis: **bold**, *italic*, lists with “-”, [link](https://…)
row-add = Add a row
row-drop = Remove the row
row-drag = Drag to change the order
pick-drop = Remove: { $what }
