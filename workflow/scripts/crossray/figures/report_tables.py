"""The tables of a report: the rows and columns shown, and the file to download."""

import base64
import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.files import csv_text
from crossray.reasons import NOT_LABELLED, NOT_TRAINED, REASONS, WATCHING
from crossray.tables import HOME_AND_AWAY, MEAN_OF_TASKS, reported, with_marks

#: a longer table, or one of more cells, is one block of text, as ten thousand cells would make a browser slow
_ROWS, _CELLS = 60, 400
#: digits of numbers in the offered files; the files beside the page have all
_DIGITS = 6
#: of a longer table only the rows that the page shows are offered
_OFFERED = 1_700

_WORDS = {
    "auc": "AUC", "auc_low": "low", "auc_high": "high", "source": "trained on", "target": "tested on",
    "home_auc": "internal AUC", "away_auc": "external AUC", "measured_low": "low", "measured_high": "high",
    "drop": "drop", "drop_low": "low", "drop_high": "high",
    "images": "labelled images", "dataset": "data set", "first_auc": "AUC of first", "second_auc": "AUC of second",
    "difference_low": "low", "difference_high": "high", "p_holm": "p (Holm)", "kappa_low": "low", "kappa_high": "high",
    "mean_auc": "mean AUC", "mean_auc_low": "low", "mean_auc_high": "high", "sd": "SD", "f1": "F1", "f1_low": "low",
    "f1_high": "high", "calibration_error_low": "low",
    "slope_low": "low", "slope_high": "high", "intercept_low": "low", "intercept_high": "high",
    "observed_expected_low": "low", "observed_expected_high": "high",
    "calibration_error_high": "high", "brier_low": "low",
    "brier_high": "high", "sensitivity_low": "low", "sensitivity_high": "high", "specificity_low": "low",
    "specificity_high": "high", "own_auc": "AUC by own labels", "other_auc": "AUC by other labels",
    "macro_f1": "macro F1", "macro_f1_low": "low", "macro_f1_high": "high", "micro_f1": "micro F1",
    "top5_accuracy": "top 5", "top5_accuracy_low": "low", "top5_accuracy_high": "high", "share_low": "low",
    "share_high": "high", "true_class": "class", "predicted_class": "taken for", "accuracy_low": "low",
    "accuracy_high": "high", "lower_limit": "lower limit", "reported_auc": "AUC",
    "value_low": "low", "value_high": "high", "threshold_from": "threshold from", "observed_expected": "O/E",
    "calibration_error": "error",
    "net_benefit_low": "low", "net_benefit_high": "high", "over_all": "over treating all", "over_all_low": "low",
    "over_all_high": "high", "is_own": "used",
    "score_low": "low", "score_high": "high", "factor": "score / chance", "factor_low": "low", "factor_high": "high",
    "patients_sd": "SD of patients", "trainings_sd": "SD of trainings", "sites_sd": "SD between pairs",
    "sample_low": "low, other hospitals", "sample_high": "high, other hospitals",
    "gain_low": "low", "gain_high": "high", "draws_sd": "SD of samples", "plain": "as it is",
    "positive_patients": "with it", "estimate_low": "low", "estimate_high": "high",
    "error_low": "expected low", "error_high": "expected high",
}  # fmt: skip


#: columns of p values and of those after a correction
_P_VALUES = {"p", "p_holm"}
_SMALLEST_P = 0.001


def meanings(columns: Iterable[pd.Series]) -> dict[str, str]:
    """Return what the letters in columns of reasons mean."""
    there = {code for column in columns for code in column.dropna()}
    return {code: words for code, words in (REASONS | WATCHING).items() if code in there}


def word(name: str) -> str:
    """Return a column's name as a page says it."""
    return _WORDS.get(name, name.replace("_", " "))


def number(value: Any) -> str:
    """Write a value of a table: three decimals, whole numbers whole, a hyphen for what is empty."""
    if value is None or pd.isna(value):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _written(column: str, value: Any) -> str:
    """Write a value of a column: a small p value as a bound, as none is zero, a quantity in words."""
    if column in _P_VALUES and isinstance(value, float) and value < _SMALLEST_P:
        return f"<{_SMALLEST_P}"
    return word(value) if column == "quantity" else number(value)


@dataclass(frozen=True)
class Shown:
    """What a page shows of a table: caption, columns, rows of texts; or one text where they would be many."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    text: str


def _own_first(table: pd.DataFrame) -> pd.DataFrame:
    home = table["kind"] == HOME_AND_AWAY
    usual = (table["task"] == MEAN_OF_TASKS) & (home | (table["first"] == table["target"]))
    return table[usual | (table["role"] == "primary")]


def _possible(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out what the target does not label or the model was not trained for."""
    shown = reported(table)
    return shown[~shown["reason"].isin([NOT_LABELLED, NOT_TRAINED])]


def _with_own(table: pd.DataFrame) -> pd.DataFrame:
    own = (table["first"] == table["target"]) | (table["second"] == table["target"])
    return table[(table["kind"] == "sources") & own]


def _at_home(table: pd.DataFrame) -> pd.DataFrame:
    carried = (table["rule"] == "youden") & (table["chosen_on"] == "source's validation split")
    return table[carried & (table["task"] == MEAN_OF_TASKS)]


def _confused(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out pairs of classes that are never confused, and those that are the same."""
    wrong = (table["images"] > 0) & (table["true_class"] != table["predicted_class"])
    return table[wrong].sort_values("share", ascending=False, kind="stable")


def _every(table: pd.DataFrame) -> pd.DataFrame:
    return table


@dataclass(frozen=True)
class View:
    """A table's caption, the columns that a page shows, with blanks between, and which rows."""

    caption: str
    columns: str
    choose: Callable[[pd.DataFrame], pd.DataFrame] = _every


#: table -> what a page shows of it
VIEWS = {
    "claims": View(
        "what makers claim, and what is measured on the images that the model scored",
        "model target task measure claimed measured measured_low measured_high finding positives images reason caveat",
    ),
    "refusals": View(
        "the images that a model scored and those that it did not, and what would come out if these were all wrong or "
        "all right",
        "model target task group images positives share share_low share_high prevalence age women auc_worst auc_best "
        "sensitivity_worst sensitivity_best specificity_worst specificity_best",
    ),
    "versions": View(
        "two models on the same images: difference of AUC, and images that change sides at the thresholds",
        "model other_model target task images difference difference_low difference_high p both first_only second_only "
        "neither",
    ),
    "performance": View(
        "AUC of every cell that could have one",
        "model source target task auc auc_low auc_high average_precision positives images reason caveat",
        _possible,
    ),
    "bounds": View(
        "how far AUC, sensitivity and specificity can be off where a site sends counts",
        "model source target task column value least most",
        lambda t: t[(t["table"] == "performance") & t["column"].isin(["auc", "sensitivity", "specificity"])],
    ),
    "transfer": View(
        "mean AUC of every pair, with the drop from the internal AUC",
        "model source target tasks auc auc_low auc_high drop drop_low drop_high home_at_chance reason",
    ),
    "summary": View(
        "internal AUC, external AUC and drop, mean over the pairs of each source",
        "source model pairs pairs_at_chance home_auc away_auc drop drop_low drop_high",
    ),
    "variances": View(
        "variance of the means over pairs: patients, trainings, hospitals",
        "source model quantity value low high patients_sd trainings trainings_sd sites_sd sample_low sample_high",
    ),
    "tasks": View(
        "every task, best first",
        "task model group cells mean_auc mean_auc_low mean_auc_high sd home_auc away_auc drop drop_low drop_high",
    ),
    "classes": View(
        "accuracy of every pair",
        "source model target classes images accuracy accuracy_low accuracy_high macro_f1 macro_f1_low macro_f1_high "
        "top5_accuracy auc auc_low auc_high majority reason",
        reported,
    ),
    "confusion": View(
        "pairs of true and predicted class with at least one image",
        "source model target true_class predicted_class images share share_low share_high",
        _confused,
    ),
    "models": View(
        "internal and external AUC of every model, and its difference from the first",
        "model where cells auc auc_low auc_high shared_cells difference difference_low difference_high parameters "
        "operations",
    ),
    "sweeps": View(
        "every point of the sweeps, compared with the first sweep with the same values",
        "model source target training_images seeds tasks auc auc_low auc_high beside difference difference_low "
        "difference_high reason",
    ),
    "choices": View(
        "the point that each selection rule takes, and its AUC on the target's test split",
        "sweep fixed source target choice model validation_auc auc auc_low auc_high",
    ),
    "comparisons": View(
        "tests named before the run (primary), and of the means over tasks (exploratory)",
        "role kind model target first second task first_auc second_auc difference difference_low difference_high p "
        "p_holm",
        _own_first,
    ),
    "domains": View(
        "leave one domain out",
        "target model condition tasks seeds reported_auc auc_low auc_high sd",
    ),
    "agreement": View(
        "kappa and tau of the target's own model with every other",
        "target model task kind first second kappa kappa_low kappa_high kappa_at_target tau",
        _with_own,
    ),
    "agreement_summary": View(
        "mean kappa by target and task",
        "target model task rule pairs kappa kappa_low kappa_high kappa_at_target",
        lambda t: t[t["source"].isna()],
    ),
    "outputs": View(
        "differences of calibrated outputs and their limits",
        "target model task first second images difference lower_limit upper_limit",
    ),
    "operating_points": View(
        "sensitivity and specificity at the source's threshold, mean over tasks",
        "source model target tasks sensitivity sensitivity_low sensitivity_high specificity specificity_low "
        "specificity_high",
        _at_home,
    ),
    "calibration": View(
        "slope, intercept, observed over expected (O/E), and calibration error of every cell",
        "source model target task slope slope_low slope_high intercept intercept_low intercept_high observed_expected "
        "observed_expected_low observed_expected_high calibration_error calibration_error_low calibration_error_high",
        lambda t: t[t["scale"] == "probability"],
    ),
    "reliability": View(
        "bins of the reliability curves",
        "source model target bin images probability observed observed_low observed_high",
        lambda t: t[(t["task"] == "all tasks") & (t["scale"] == "probability")],
    ),
    "decision_curve": View(
        "net benefit at every fifth threshold, against treating all and none",
        "model source target task threshold called net_benefit net_benefit_low net_benefit_high treat_all over_all "
        "over_all_low over_all_high finding reason",
        lambda t: t[t.groupby(["model", "source", "target", "task"]).cumcount() % 5 == 0],
    ),
    "score_distribution": View(
        "outputs of images with a finding and without it",
        "model source target task group low high images share",
        lambda t: t[t["share"] != 0],
    ),
    "subgroups": View(
        "AUC by sex, age band, view and strata, mean over tasks",
        "source model target attribute group patients auc auc_low auc_high difference difference_low "
        "difference_high worst",
        lambda t: t[t["task"] == MEAN_OF_TASKS],
    ),
    "localisation": View(
        "localisation of every model, mean over tasks",
        "model source target method weights measure images score score_low score_high chance factor factor_low "
        "factor_high difference difference_low difference_high reason",
        lambda t: t[(t["task"] == MEAN_OF_TASKS) & t["score"].notna()],
    ),
    "localisation_summary": View(
        "localisation on internal and external tests, compared with chance",
        "model method weights measure place pairs score score_low score_high chance centre factor factor_low "
        "factor_high difference difference_low difference_high",
    ),
    "shift": View(
        "drop of each pair and task, by cause, and the verdict",
        "source model target task metric drop drop_low drop_high prevalence case_mix image image_low image_high "
        "concept concept_low concept_high verdict why decides reason",
        lambda t: t[t["verdict"].notna()],
    ),
    "shift_evidence": View(
        "evidence for the verdicts",
        "source model target task implied implied_low implied_high recorded step overlap told_apart label_rule "
        "threshold_shift wrong_labels home_auc away_auc own_auc recovered agreement left_after_prevalence "
        "left_after_intercept left_after_slope",
    ),
    "corrections": View(
        "effect of corrections",
        "source model target task metric correction before after returned returned_low returned_high prevalence image "
        "concept verdict",
    ),
    "corrections_by_verdict": View(
        "effect of corrections, by verdict",
        "model metric correction verdict cells returned returned_low returned_high with_prevalence with_image "
        "with_concept",
    ),
    "shift_truth": View(
        "simulated and estimated causes",
        "source model target task metric seed kind planted_prevalence found_prevalence planted_image found_image "
        "planted_concept found_concept verdict outcome",
    ),
    "shift_acceptance": View(
        "criteria for the verdicts, and results",
        "seed metric criterion cells value bound met",
    ),
    "acceptance": View(
        "acceptance criteria",
        "model source target task threshold_from criterion wanted value value_low value_high answer more_positives "
        "more_negatives",
    ),
    "thresholds": View(
        "what thresholds give",
        "model source target task threshold_from probability sensitivity sensitivity_low sensitivity_high specificity "
        "specificity_low specificity_high precision alerts_per_day missed_per_day cost",
    ),
    "acceptance_groups": View(
        "acceptance criteria by group",
        "model source target task threshold_from attribute group criterion value value_low value_high positives "
        "negatives answer",
    ),
    "sample_sizes": View(
        "films to read for intervals of a wanted width",
        "task measure expected expected_low expected_high wanted_width positives negatives images patients",
    ),
    "reading_gains": View(
        "expected films of a simple random sample for one of the list",
        "model source target task measure listed candidates equal_part gain",
    ),
    "read_films": View(
        "estimates from films that were read",
        "model source target task measure listed images positives negatives estimate estimate_low estimate_high reason",
    ),
    "adaptation": View(
        "what local images are worth",
        "model source target task metric way local_images draws value value_low value_high gain gain_low gain_high "
        "draws_sd reason",
    ),
    "adaptation_advice": View(
        "what to do with local images",
        "model source target task metric local_images verdict advised why plain value best best_value behind",
    ),
    "alarms": View(
        "alarms: what moved, and what would decide whether it matters",
        "dataset stream month since direction before after size moved decides",
    ),
    "watched": View(
        "what is watched",
        "dataset periods baseline watched streams still false_alarms limit alarms reason",
    ),
    "control_charts": View(
        "control charts",
        "dataset stream month until images value score rises falls limit is_alarm",
    ),
    "unlabelled_errors": View(
        "errors of estimates without labels, by cause",
        "estimator quantity cause cells targets mean_error sd worst within covered",
    ),
    "unlabelled": View(
        "estimates without labels",
        "model source target task group estimator quantity estimate estimate_low estimate_high truth error error_low "
        "error_high targets verdict is_chosen reason",
    ),
    "label_agreement": View(
        "two labellings of the same images",
        "first second task images both first_only second_only neither f1 f1_low f1_high kappa kappa_low kappa_high",
    ),
    "reader_labels": View(
        "results by what readers say, together or alone",
        "model source target task rule is_own positives negatives auc auc_low auc_high sensitivity specificity reason",
    ),
    "reader_agreement": View(
        "agreement of readers and of models with readers",
        "target task first second images both first_only second_only neither kappa kappa_low kappa_high reason",
    ),
    "label_control": View(
        "models evaluated with two labellings of the same images",
        "source other model task images own_auc other_auc drop drop_low drop_high p",
    ),
    "head_distances": View(
        "distance of weight vectors",
        "task model penalty datasets seeds distance sd relative mean_auc",
    ),
    "head_relations": View(
        "distance against AUC over tasks",
        "model penalty tasks pearson pearson_low pearson_high pearson_p spearman spearman_p",
    ),
    "probe": View(
        "accuracy of predicting the data set",
        "features datasets images accuracy accuracy_low accuracy_high chance",
    ),
    "probe_confusion": View(
        "confusion of data sets",
        "features dataset predicted images share share_low share_high",
    ),
    "paper": View(
        "ours and the paper's, cell by cell",
        "quantity model task source target ours low high paper difference inside",
    ),
    "paper_summary": View(
        "ours and the paper's, by quantity",
        "quantity model paper_numbers compared mean_difference mean_absolute_difference largest_difference "
        "with_interval inside correlation",
    ),
    "flow": View(
        "images of each data set left after each step, and patients of the last",
        "dataset rows found readable labelled patients",
        lambda t: t[t["split"] == "all"],
    ),
    "datasets": View(
        "usable images and patients of each data set",
        "dataset property value images patients",
    ),
    "labels": View(
        "labels that each data set has; patients and images of each split",
        "dataset task split patients positive_patients positives negatives unknown prevalence",
        lambda t: t[t["patients"].ne(0).fillna(True)],
    ),
    "leakage": View(
        "patients and images in several splits",
        "source target exact near shared_patients overlap_before overlap reason",
    ),
}


def shown_table(name: str, table: pd.DataFrame, path: Path) -> Shown:
    """Choose and write what a page shows of a table, whose file is at ``path``."""
    view = VIEWS[name]
    caption, columns = view.caption, view.columns.split()
    part = with_marks(view.choose(table)[columns], path)
    rows = [list(map(_written, columns, row)) for row in part.itertuples(index=False)]
    if len(rows) <= _ROWS and len(rows) * len(columns) <= _CELLS:
        return Shown(caption, columns, rows, "")
    text = pd.DataFrame(rows, columns=[word(column) for column in columns]).to_string(index=False)
    return Shown(f"{caption} ({len(rows):,} rows)", columns, [], text)


@dataclass(frozen=True)
class Offered:
    """A file that a page offers.

    Attributes:
        link: the table as CSV, compressed, in a data URL; the same bytes for the same table.
        words: what is in it.
    """

    link: str
    words: str


def download(name: str, table: pd.DataFrame, path: Path) -> Offered:
    """Offer a table with all its columns: whole, or the rows that the page shows where they would be many."""
    whole = len(table) <= _OFFERED
    part = table if whole else VIEWS[name].choose(table)
    words = "All rows and columns" if whole else f"These {len(part):,} of {len(table):,} rows, all columns"
    text = csv_text(with_marks(part, path), _DIGITS)
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    return Offered(f"data:application/gzip;base64,{packed}", words)
