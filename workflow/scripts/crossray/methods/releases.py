"""What the makers of public releases say: where and when images were taken, and who or what labelled them.

What is not here is not known to a study, and its author is asked for it.
"""

from collections.abc import Mapping

from crossray.methods.words import alike, named
from crossray.study.stages.write_report import WriteReport

_OF_NIH = "in the USA from 1992 to 2015 [@wang2017]"
#: reader -> where its images were taken, and when if that is published
ACQUISITIONS = {
    "nih": _OF_NIH,
    "nih_google": _OF_NIH,
    "rsna": _OF_NIH,
    "siim": _OF_NIH,
    "padchest": "in Spain from 2009 to 2017 [@bustos2020]",
    "chexpert": "in the USA from 2002 to 2017 [@irvin2019]",
    "mimic_cxr": "in the USA, in an emergency department, from 2011 to 2016 [@johnson2019]",
    "openi": "in the USA [@demner2016]",
    "vindr": "in Vietnam from 2018 to 2020 [@nguyen2022]",
    "brax": "in Brazil [@reis2022]",
    "montgomery": "in the USA [@jaeger2014]",
    "shenzhen": "in China [@jaeger2014]",
}
#: reader -> who or what labelled its images
LABELLINGS = {
    "simulated": "follow from the severity that was drawn, by the choices above",
    "nih": "were mined from radiology reports by a program [@wang2017]",
    "nih_google": "were given by radiologists and adjudicated [@majkowska2020]",
    "rsna": "were given by radiologists, who drew boxes [@shih2019]",
    "siim": "were drawn by radiologists, in part from proposals of a program, and adjudicated [@filice2020]",
    "padchest": "were given by physicians who read 27% of the reports, and by a network that was trained on these for "
                "the others [@bustos2020]",
    "chexpert": "were mined from radiology reports by a program of rules, those of its validation set given by "
                "radiologists [@irvin2019]",
    "mimic_cxr": "were mined from radiology reports by programs of rules [@johnson2019]",
    "openi": "are terms with which radiology reports were coded [@demner2016]",
    "vindr": "were given by radiologists: three read each image for training, five in consensus each for testing "
             "[@nguyen2022]",
    "brax": "were mined from radiology reports by a program [@reis2022]",
    "montgomery": "are of radiologists' readings [@jaeger2014]",
    "shenzhen": "are of radiologists' readings [@jaeger2014]",
}  # fmt: skip


def acquisition(settings: WriteReport) -> str:
    """Say where and when the images of each data set were taken; phantoms were not."""
    unknown = "Where and when the images of {} were taken is not known here."
    return _told(settings, ACQUISITIONS, "Images of {} were taken {}.", unknown)


def labelling(settings: WriteReport) -> str:
    """Say who or what labelled the images of each data set."""
    return _told(settings, LABELLINGS, "Labels of {} {}.", "Who or what labelled the images of {} is not known here.")


def _told(settings: WriteReport, said: Mapping[str, str], known: str, unknown: str) -> str:
    readers = {name: one.reader for name, one in settings.asked().datasets.items()}
    groups = alike({name: said[reader] for name, reader in readers.items() if reader in said})
    sentences = [known.format(named(names), words) for words, names in groups.items()]
    rest = [name for name, reader in readers.items() if reader not in (*said, "simulated")]
    return " ".join([*sentences, *([unknown.format(named(rest))] if rest else [])])
