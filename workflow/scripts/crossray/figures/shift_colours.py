"""Colours, letters and words of the causes of a drop, for all figures."""

#: cause -> colour; at least 15 apart in CAM02-UCS for every kind of colour vision
CAUSE_COLOURS = {"prevalence": "#999933", "case_mix": "#1b7f6b", "image": "#1845fb", "concept": "#bd1f01"}
#: cause -> what a page calls it
CAUSE_WORDS = {"prevalence": "prevalence", "case_mix": "case mix", "image": "images",
               "concept": "labels or unseen images"}  # fmt: skip
#: verdict -> letter on the map and colour behind it
VERDICT_LETTERS = {"prevalence": "P", "case_mix": "M", "image": "I", "labels or unseen images": "U", "concept": "C",
                   "no harm": "+", "no shift": "=",
                   "no shift found": "~", "cannot tell": "?"}  # fmt: skip
VERDICT_COLOURS = CAUSE_COLOURS | {
    "labels or unseen images": "#e8a598",
    "no harm": "#bfdbfe", "no shift": "#f6f6f7", "no shift found": "#f6f6f7", "cannot tell": "#d1d5db",
}  # fmt: skip
