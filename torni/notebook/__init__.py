"""How values look in a notebook: a sentence, a table, a map or a histogram, as HTML that needs no script and loads nothing.

The values themselves (`torni.core.shown.Shown`) name the function that draws them; nothing here decides or computes. Every text is
escaped, by the language of the moment (`torni.speak`), and the few styles hold inside their own box alone.
"""
