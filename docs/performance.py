"""Write docs/performance.md and its plots from benchmarks/results. Run by ``make bench``."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.figures.style import DATASET_COLOURS, Figure, write  # noqa: E402
from crossray.files import write_text  # noqa: E402

RESULTS = ROOT / "benchmarks/results"
PAGE = ROOT / "docs/performance.md"
PLOTS = ROOT / "docs/performance"
USUAL, PEER, LOOP = "pydicom and scikit-image", "torchxrayvision", "torchxrayvision's loop"
BATCH = 64

#: subject -> (case, contender) -> row
Results = Mapping[str, Mapping[tuple[str, str], Mapping[str, str]]]


def read_results(folder: Path = RESULTS) -> Results:
    """Read every table of results."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            tables[path.stem] = {(row["case"], row["contender"]): row for row in csv.DictReader(file)}
    return tables


def value(results: Results, subject: str, case: str, contender: str) -> float | None:
    """Return a median; None where it was not measured."""
    row = results.get(subject, {}).get((case, contender))
    return float(row["median"]) if row else None


@dataclass(frozen=True)
class Target:
    """A figure that is to be reached: how many times as quick as a contender, or at most so many seconds.

    Attributes:
        subject: the table of results.
        case: the row of it.
        against: the contender whose time is divided by CrossRay's; empty if ``least`` is a limit in seconds.
        least: what is to be reached.
        name: what the page calls it.
    """

    subject: str
    case: str
    against: str
    least: float
    name: str
    contender: str = "CrossRay"

    def reached(self, results: Results) -> tuple[str, str, bool] | None:
        """Return what was to be reached, what was, and whether that is enough; None if it was not measured."""
        own = value(results, self.subject, self.case, self.contender)
        if not self.against:
            return None if own is None else (f"at most {self.least:g} s", f"{own:.2g} s", own <= self.least)
        other = value(results, self.subject, self.case, self.against)
        if own is None or other is None:
            return None
        shown: Callable[[float], str] = (lambda x: f"{x:.0%}") if self.least < 1 else (lambda x: f"{x:,.3g}x")
        return shown(self.least), shown(other / own), other / own >= self.least


TARGETS = [
    Target("conversion", "raw", USUAL, 20, "raw"),
    Target("conversion", "RLE", USUAL, 20, "RLE"),
    Target("conversion", "JPEG lossless", USUAL, 8, "JPEG lossless"),
    Target("conversion", "HTJ2K", USUAL, 8, "HTJ2K"),
    Target("conversion", "JPEG-LS", USUAL, 4, "JPEG-LS"),
    Target("conversion", "JPEG 2000", USUAL, 1.6, "JPEG 2000"),
    Target("conversion", "raw", "floor", 0.8, "raw, of the floor"),
    Target("conversion", "raw", PEER, 10, "raw"),
    Target("conversion", "raw, on cores", "one core", 1.9, "raw, a second core", "two cores"),
    Target("batches", "shuffled batches", PEER, 1000, "shuffled batches"),
    Target("training", "CPU, 64 px, step", LOOP, 1.7, "training step, CPU, 64 px"),
    Target("training", "CPU, 128 px, step", LOOP, 2.7, "training step, CPU, 128 px"),
    Target("training", "CPU, 224 px, step", LOOP, 4, "training step, CPU, 224 px"),
    *(Target("training", f"CPU, {size} px, step", "in memory", 0.9, f"training loop, CPU, {size} px, of one batch in "
             "memory") for size in (64, 128, 224)),
    Target("training_gpu", "CUDA, 224 px, step", "in memory", 0.95, "training loop, GPU, 224 px, of one batch in "
           "memory"),
    Target("matrix", "8 x 8 pairs, image of a pair", USUAL, 20, "8 x 8 predictions, reading", "CrossRay, shards"),
    Target("intervals", "intervals of 416 cells", "scikit-learn, a loop", 20, "intervals of the paper's matrix"),
    Target("intervals", "intervals of 416 cells", "", 300, "intervals of the paper's matrix, one core"),
    Target("startup", "snakemake -n, default study", "", 3, "`snakemake -n` of the default study"),
    Target("page", "page, drawn", "", 1, "the page of the paper's matrix, drawn by a browser"),
]  # fmt: skip


def comparisons(results: Results) -> Iterator[str]:
    """Yield the table of what was to be reached."""
    yield from ["| what | against | at least | measured | result |", "|---|---|---|---|---|"]
    for target in TARGETS:
        if found := target.reached(results):
            least, measured, enough = found
            yield f"| {target.name} | {target.against or 'a limit'} | {least} | {measured} | {_mark(enough)} |"
        else:
            yield f"| {target.name} | {target.against or 'a limit'} | {target.least:g} | not measured here | |"
    helps = [float(row["median"]) for (case, _), row in results.get("startup", {}).items() if case == "--help"]
    if helps:
        yield f"| `--help` of the slowest program | a limit | at most 0.5 s | {max(helps):.2g} s | {_mark(max(helps) <= 0.5)} |"  # noqa: E501


def _mark(enough: bool) -> str:
    return "reached" if enough else "**not reached**"


def all_rows(results: Results, subject: str, *columns: str) -> Iterator[str]:
    """Yield every row of a subject."""
    yield from [f"| {columns[0]} | who | median | smallest to largest | peak memory, MB |", "|---|---|---|---|---|"]
    for (case, contender), row in results.get(subject, {}).items():
        yield f"| {case} | {contender} | {_quantity(row, 'median')} | {_quantity(row, 'low')} to {_quantity(row, 'high')} | {row['peak_mb']} |"  # noqa: E501


def _quantity(row: Mapping[str, str], column: str) -> str:
    """Write a number with its unit; times in what suits them."""
    number = float(row[column])
    if row["unit"] != "s":
        return f"{number:,.3g} {row['unit']}"
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if number * factor >= 1:
            return f"{number * factor:,.3g} {unit}"
    return f"{number * 1e6:,.3g} µs"


def draw_conversion(results: Results) -> Figure:
    """Draw the time of a film in each syntax, CrossRay's and the peers'."""
    rows = [
        {"syntax": case, "who": contender, "ms": 1e3 * float(row["median"]), "low": 1e3 * float(row["low"]),
         "high": 1e3 * float(row["high"])}
        for (case, contender), row in results["conversion"].items() if row["unit"] == "s" and "cores" not in case
    ]  # fmt: skip
    order = list(dict.fromkeys(row["syntax"] for row in rows))
    return Figure(
        _bars(rows, "syntax", "ms", "ms a film, logarithmic", order, ["CrossRay", "floor", USUAL, PEER]),
        "A film of 2500 x 2048 pixels to 224 px, one core",
        "Median, line from the smallest to the largest; CrossRay's through its conversion, shard written.",
        "Shorter is quicker; a step of the grid is ten times.",
    )


def draw_training(results: Results) -> Figure:
    """Draw images a second of each loop."""
    rows = [
        {"size": case.split(", ")[1], "who": contender, "rate": BATCH / float(row["median"]),
         "low": BATCH / float(row["high"]), "high": BATCH / float(row["low"])}
        for (case, contender), row in results["training"].items()
    ]  # fmt: skip
    order = list(dict.fromkeys(row["size"] for row in rows))
    return Figure(
        _bars(rows, "size", "rate", "images a second, logarithmic", order, ["CrossRay", "in memory", LOOP]),
        "Training a ResNet50 on the CPU, batches of 64",
        "Median, line from the slowest to the quickest step.",
        "Longer is quicker.",
    )


def _bars(
    rows: list[dict], case: str, quantity: str, title: str, order: list[str], contenders: list[str]
) -> alt.LayerChart:
    """Draw dots with ranges for each case, a colour and a place for each contender; a bar would need a zero."""
    present = [name for name in contenders if any(row["who"] == name for row in rows)]
    scale = alt.Scale(domain=present, range=DATASET_COLOURS[: len(present)])
    shapes = alt.Scale(domain=present, range=["circle", "square", "triangle-up", "diamond"][: len(present)])
    x = alt.X(
        f"{quantity}:Q", title=title, scale=alt.Scale(type="log", nice=False, padding=24), axis=alt.Axis(format=",~r")
    )
    y = alt.Y(f"{case}:N", sort=order, title=None)
    shift = alt.YOffset("who:N", sort=present)
    colour = alt.Color("who:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=4))
    base = alt.Chart(pd.DataFrame(rows))
    return alt.layer(
        base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q", title=title), x2="high:Q", y=y, yOffset=shift,
                                               color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=x, y=y, yOffset=shift, color=colour, shape=alt.Shape("who:N", scale=shapes, title=None)
        ),
    ).properties(width=520, height=alt.Step(15 if len(present) > 3 else 18))  # fmt: skip


#: plot -> the table it is drawn from, and how
FIGURES: dict[str, tuple[str, Callable[[Results], Figure]]] = {
    "conversion": ("conversion", draw_conversion),
    "training": ("training", draw_training),
}


def machine(name: str) -> str:
    """Say what was measured on."""
    path = RESULTS / name
    if not path.exists():
        return "not measured yet"
    facts = json.loads(path.read_text(encoding="utf-8"))
    where = facts["gpu"] if "gpu" in name else f"{facts['cores']} cores of {facts['processor']}"
    return (
        f"{facts['date']}, {where} ({', '.join(facts['extensions'])}), Python {facts['python']}, torch {facts['torch']}"
    )


def what_is_added(results: Results) -> Iterator[str]:
    """Yield what conversion adds to the codec of each syntax, in floors."""
    floor = value(results, "conversion", "raw", "floor")
    if floor is None:
        return
    yield from [
        f"What conversion adds to the codec, isolation included, in times of the floor (target: at most {ADDED:g}):",
        "",
        "| syntax | added | in floors | result |",
        "|---|---|---|---|",
    ]
    for case, contender in results["conversion"]:
        if contender == "codec alone":
            whole = value(results, "conversion", case, "CrossRay")
            added = (whole or 0.0) - float(results["conversion"][case, contender]["median"])
            yield f"| {case} | {1000 * added:.2g} ms | {added / floor:.2f} | {_mark(added <= ADDED * floor)} |"


def what_bounds_conversion(results: Results) -> Iterator[str]:
    """Yield how much of each syntax's time is the codec's, and what was tried."""
    rows = results.get("conversion", {})
    shares = [
        f"{case} {float(row['median']) / float(rows[case, 'CrossRay']['median']):.0%}"
        for (case, contender), row in rows.items() if contender == "codec alone"
    ]  # fmt: skip
    if shares:
        yield f"The codec's share of the time: {', '.join(shares)}. The rest is reading, looking up and adding up."
    yield from [
        "",
        "Alternatives tested:",
        "",
        "- Grey-level look-up a few rows at a time during the resize, so that rows never leave the cache:",
        "  kept, raw images take a third less. Other numbers of rows, sparse weights, sums split into two of float32:",
        "  slower.",
        "- Mapping files instead of reading them: a tenth quicker, but an error of a network disk would then kill the",
        "  process where it now names the file.",
        "- Counting the scans of a JPEG stream, so that none keeps a decoder for minutes, took a floor: words compared",
        "  by numpy take a tenth of bytes.count. Handing out the decoder's memory without a copy would spare a sixth.",
        "- What keeps raw films from the floor is the look-up, a third of their time: OpenCV takes one value after the",
        "  other; numpy takes twice as long. The floor looks nothing up. On the AMD EPYC of 2026-11-29 a film took",
        "  5.4 ms: look-up 1.9, exact sums 1.0, reading 1.0, header 0.8, range and blankness 0.4, rest 0.3. Without",
        "  the look-up a film would take as long as the floor, but its levels would not be those of the window.",
        "- All of that but part of the reading follows a codec too: 4.4 ms, 1.24 floors, before the stream and its",
        "  values have been copied to and from the process that may die (0.8 to 1.2 ms) and the stream was checked.",
        "",
        "Codecs for the same films, all of whose values are equal (processor time on one core of an AMD EPYC,",
        "2026-11-28, beside other work; the one in bold is used):",
        "",
        "| syntax | codecs, ms |",
        "|---|---|",
        "| RLE | **imagecodecs, into arrays 2.9**, as bytes 4.1 (before), its dicomrle 5.7, pylibjpeg-rle 6.8 |",
        "| JPEG lossless | **libjpeg-turbo 3.1 35**, liblj92 49, jpegsof3 86, GDCM 111, libjpeg of pylibjpeg 179 |",
        "| JPEG-LS | **CharLS of imagecodecs 79**, of pyjpegls 82, of pillow-jpls 85 |",
        "| JPEG 2000 | **OpenJPEG of imagecodecs 492**, of pylibjpeg 499, of GDCM 586 (before) |",
        "| HTJ2K | **OpenJPH 28**, OpenJPEG 58 |",
        "",
        "- GDCM's OpenJPEG seemed a third quicker, by the clock: it takes all cores, and shards are converted side by",
        "  side. Reduced resolution would be ten times quicker and is not the mean over the area.",
        "- A lossless JPEG that was cut off has no end of image and is refused. If somebody put an end behind the cut,",
        "  libjpeg-turbo and GDCM decode it all the same (300 of 300 and 200 of 200 cuts), liblj92 refuses 197 of 200.",
        "  libjpeg-turbo warns of it, but imagecodecs does not hand warnings on: nothing there shows such a file.",
        "- JPEG-LS and JPEG 2000 refuse every such cut. Of 300 damaged HTJ2K streams one came through, as an error of",
        "  OpenJPH's was lost on the way: now it counts.",
    ]


def what_finds_duplicates() -> Iterator[str]:
    """Yield how near-duplicates are searched, and what was tried."""
    yield from [
        "The audit compares all pairs of images. Their descriptions have 380 numbers; about 25 leading components",
        "bound the correlation of a pair, and leave one pair in thousands to be compared in full. None is missed.",
        "Alternatives tested (processor time on one core of an AMD EPYC, 2026-11-28; films of",
        "[benchmarks/duplicates.py](../benchmarks/duplicates.py), one in a hundred a copy):",
        "",
        "| images | all pairs, bounded | hashing by random hyperplanes (before) |",
        "|---|---|---|",
        "| 100,000 | 8.5 s | 16.9 s |",
        "| 400,000 | 135 s | 78 s |",
        "| 1,300,000, an estimate | 24 minutes, by the number of pairs | 5 minutes, a little more than linear |",
        "",
        "- Both found all 1,000 and 4,000 copies, and nothing else. Of 2,000 copies planted just above the threshold",
        "  among 60,000 films hashing lost one, of 200 among images that are all alike, two; all pairs lost none.",
        "- So all pairs are compared: exact, less code, nothing hangs on random numbers, and quicker up to about",
        "  200,000 images. At 1.3 million it costs 20 minutes more, once a study, where conversion takes hours.",
        "- Products of whole descriptions: 8.5 ns a pair instead of 1.4. In bfloat16, which the processor has and",
        "  numpy has not, the product of the leading components would shrink, two thirds of the time; PyTorch would",
        "  have to start for it.",
    ]


def page(results: Results) -> str:
    """Return the page."""
    plots = {name: f"![{draw(results).title}](performance/{name}.svg)" for name, (table, draw) in FIGURES.items()
             if table in results}  # fmt: skip
    rate = value(results, "batches", "shuffled batches", "CrossRay")
    gpu = value(results, "training_gpu", "CUDA, 224 px, step", "CrossRay")
    lines = [
        "# Performance", "",
        "`make bench` repeats all measurements and writes this page. Contenders run in turn on one machine, so",
        "ratios are more reliable than seconds. The first lines of each file in [benchmarks/](../benchmarks) describe",
        "its measurement; the tables are in [benchmarks/results](../benchmarks/results). The cost of a large study is",
        "estimated from them in [cost-at-scale.md](cost-at-scale.md).", "",
        f"Measured: {machine('machine.json')}. GPU: {machine('machine_gpu.json')}.", "",
        "## Targets", "", *comparisons(results), "",
        f"Batches: {1 / rate:,.0f} images per second (target: 100,000)." if rate else "",
        f"GPU: {BATCH_GPU / gpu:,.0f} images per second (target: 3,700)." if gpu else
        "No GPU has been measured yet; `make bench` does so if there is one.",
        "", "## Conversion", "", plots.get("conversion", ""), "", *all_rows(results, "conversion", "syntax"), "",
        "Images are downsampled with exact sums: weights are integers and no sum is rounded, so every processor",
        "writes the same bytes. The table has the largest error of this and two other methods against area means.", "",
        *what_is_added(results), "", *what_bounds_conversion(results), "",
        "## Near-duplicates", "", *what_finds_duplicates(), "",
        "## Training", "", plots.get("training", ""), "", *all_rows(results, "training", "step of 64 images"), "",
    ]  # fmt: skip
    for subject, title, column in [
        ("batches", "Batches, an image", "case"), ("matrix", "Every model on every target", "case"),
        ("intervals", "Intervals", "case"), ("precision", "What bfloat16 changes", "quantity"),
        ("memory", "Memory", "case"), ("graph", "Planning", "case"), ("training_gpu", "GPU", "step"),
    ]:  # fmt: skip
        if subject in results:
            lines += [f"## {title}", "", *all_rows(results, subject, column), ""]
    return "\n".join(lines)


#: what conversion may add to a codec, in floors
ADDED = 1.3
#: images of a batch on a GPU, as in benchmarks/training_gpu.py
BATCH_GPU = 256


def main() -> int:
    """Draw the plots and write the page."""
    results = read_results()
    for name, (table, draw) in FIGURES.items():
        if table in results:
            where = PLOTS / name
            write(
                draw(results),
                *(where.with_suffix(end) for end in (".svg", ".png", ".json")),
            )
            for end in (".png", ".json"):
                where.with_suffix(end).unlink()
    write_text(PAGE, page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
