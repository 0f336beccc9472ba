"""Every path of ``results``, once: patterns whose wildcards are Snakemake's, and ``<study>`` the folder of the study.

Paths inside folders that programs get as arguments are in :mod:`crossray.study.folders`.
"""

from crossray.study import folders

#: what a simulated hospital hands over, and the truth about it
RELEASE_DICOM = f"{folders.DATASETS}/{folders.RELEASE_DICOM}"
RELEASE_LABELS = f"{folders.DATASETS}/{folders.RELEASE_LABELS}"
RELEASE_TRUTH = f"{folders.DATASETS}/{folders.RELEASE_TRUTH}"
RELEASE_REGIONS = f"{folders.DATASETS}/{folders.RELEASE_REGIONS}"

#: releases that are no image files, unpacked
UNPACKED_IMAGES = f"{folders.DATASETS}/{folders.UNPACKED_IMAGES}"
UNPACKED_LABELS = f"{folders.DATASETS}/{folders.UNPACKED_LABELS}"

#: what an archive said that it has, and sent
QUERY = f"<private>/{folders.ARCHIVE}/{folders.QUERY}"
RAW = f"<private>/{folders.ARCHIVE}/{folders.RAW}"
#: whole, in the folder of raw files that stay, so that whoever deletes them deletes it too
RETRIEVED = f"{RAW}/retrieved.json"
#: while files come that are deleted after conversion
INCOMING = f"<private>/{folders.ARCHIVE}/incoming"
NOT_FETCHED = f"<private>/{folders.ARCHIVE}/{folders.NOT_FETCHED}"
FETCHED = f"<private>/{folders.ARCHIVE}/{folders.FETCHED}"

#: rows or counts of a site's bundle; and what a coordinator and a site send
BUNDLE_CONTENT = f"{folders.DATASETS}/{folders.BUNDLE_CONTENT}"
INVITATION = "<study>/invitation.zip"
BUNDLE = "<study>/bundle.zip"
BUNDLES = f"<private>/{folders.BUNDLES}"

#: what hangs on a data set and serves every study
MANIFEST_AS_READ = f"{folders.DATASETS}/{folders.MANIFEST_AS_READ}"
REGIONS = f"{folders.DATASETS}/{folders.REGIONS}"
INDEX = f"{folders.DATASETS}/{folders.INDEX}"
REJECTED = f"{folders.DATASETS}/{folders.REJECTED}"
SHARD = f"{folders.DATASETS}/{folders.SHARD}"
REJECTED_OF_SHARD = f"{folders.DATASETS}/{folders.REJECTED_OF_SHARD}"

#: the audit of leakage, and the manifests that it leaves
LEAKAGE = "<study>/leakage/summary.csv"
LEAKAGE_PAIRS = "<study>/leakage/pairs.csv"
MOVES = "<study>/leakage/moves/{dataset}.csv"
MANIFEST = f"<study>/manifests/{folders.MANIFEST}"
DIGEST = f"<study>/manifests/{folders.DIGEST}"

#: a training
WEIGHTS = f"<study>/models/{folders.WEIGHTS}"
HISTORY = f"<study>/models/{folders.HISTORY}"
RECORD = f"<study>/models/{folders.RECORD}"
PENALTIES = f"<study>/models/{folders.PENALTIES}"

#: what a frozen network makes of every image of a data set, on which probes are fitted
FEATURES = "<study>/features/{network}/{seed}/{dataset}.h5"
FEATURES_RECORD = "<study>/features/{network}/{seed}/{dataset}.json"

#: a training of a network that data sets share but for its outputs
SHARED_VECTORS = "<study>/shared_heads/{model}/{penalty}/{seed}/vectors.parquet"
SHARED_HISTORY = "<study>/shared_heads/{model}/{penalty}/{seed}/history.csv"
SHARED_RECORD = "<study>/shared_heads/{model}/{penalty}/{seed}/training.json"

#: what models make of images
PREDICTION = f"<study>/predictions/{folders.PREDICTION}"
CORRECTED = f"<study>/corrected/{folders.CORRECTED}"
ADAPTED = f"<study>/adapted/{folders.ADAPTED}"
#: scores of models that were trained elsewhere: those of simulated readers, and all under the names of manifests
SIMULATED_SCORES = "<study>/external/{model}/{target}.csv"
SCORES = "<study>/external/{model}/{target}.parquet"
#: networks that sites trained and sent
SENT_MODEL = "<study>/external/{model}/weights.safetensors"
EMBEDDINGS = "<study>/embeddings/{model}/{source}/{seed}.parquet"
#: the encoder of descriptions that learnt from the study's own images
ENCODER = "<study>/encoder/weights.safetensors"
ENCODER_RECORD = "<study>/encoder/training.json"
DESCRIPTIONS = "<study>/descriptions/{target}.parquet"
MAPS = f"<study>/attributions/{folders.MAPS}"
MAPPED_IMAGES = f"<study>/attributions/{folders.MAPPED_IMAGES}"

#: films to read, as predictions name them and as the release does
TO_READ = f"<study>/{folders.TO_READ}"
FILMS_TO_READ = f"<private>/{folders.FILMS_TO_READ}"

#: the answers
TABLE = "<study>/analysis/{table}.csv"
REPLICATES = "<study>/analysis/replicates.parquet"
FIGURE = "<study>/figures/{figure}.{kind}"
REPORT = "<study>/report.html"
DECISION = "<study>/decision.html"

#: the folder of a paper
PAPER = "<study>/paper/{file}"
PAPER_FIGURE = "<study>/paper/figures/{figure}.{kind}"
PAPER_TABLE = "<study>/paper/tables/{table}.csv"
PAPER_PRINTED = "<study>/paper/print/{table}.{kind}"


def table(name: str) -> str:
    """Return the path of a table of the analysis."""
    return TABLE.format(table=name)


def prediction(split: str, target: str) -> str:
    """Return the path of a training's predictions for a split of a target."""
    return PREDICTION.replace("{split}", split).replace("{target}", target)
