"""How causes of a loss look, wherever they are drawn: a colour, a letter and a word each."""

#: cause -> colour; at least 15 apart in CAM02-UCS for every kind of colour vision
CAUSE_COLOURS = {"prevalence": "#999933", "image": "#1845fb", "concept": "#bd1f01"}
#: cause -> what a page calls it
CAUSE_WORDS = {"prevalence": "prevalence", "image": "images", "concept": "label rule"}
#: verdict -> letter on the map and colour behind it
VERDICT_LETTERS = {"prevalence": "P", "image": "I", "concept": "C", "no harm": "+", "no shift": "=",
                   "no shift found": "~", "cannot tell": "?"}  # fmt: skip
VERDICT_COLOURS = CAUSE_COLOURS | {
    "no harm": "#bfdbfe", "no shift": "#f6f6f7", "no shift found": "#f6f6f7", "cannot tell": "#d1d5db",
}  # fmt: skip
