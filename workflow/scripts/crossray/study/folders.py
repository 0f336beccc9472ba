"""Paths in the folders that stages pass to one another, for rules and programs.

Each is a pattern from such a folder on, to be filled in with ``format``. Standard library only: programs import this.
"""

#: the folder of data sets, which serve every study
DATASETS = "results/datasets"

#: in it
RELEASE_DICOM = "{dataset}/release/dicom"
RELEASE_LABELS = "{dataset}/release/labels.csv"
RELEASE_TRUTH = "{dataset}/release/truth.csv"
RELEASE_REGIONS = "{dataset}/release/regions.csv"
UNPACKED_IMAGES = "{dataset}/unpacked/images"
UNPACKED_LABELS = "{dataset}/unpacked/labels.csv"
MANIFEST_AS_READ = "{dataset}/manifest.parquet"
REGIONS = "{dataset}/regions.parquet"
INDEX = "{dataset}/{shape}/index.json"
REJECTED = "{dataset}/{shape}/rejected.csv"
SHARD = "{dataset}/{shape}/shards/{shard}.h5"
REJECTED_OF_SHARD = "{dataset}/{shape}/shards/{shard}.rejected.csv"

#: what an archive sends, in the study's private folder; and in it the table of the query, the objects and their table
ARCHIVE = "archive/{dataset}"
QUERY = "query.csv"
RAW = "raw"
FETCHED = "images.parquet"
DIGESTS = "digests.json"
NOT_FETCHED = "not_fetched.csv"

#: rows or counts of a site's bundle, in the folder of data sets, once they are checked: Parquet, or JSON
BUNDLE_CONTENT = "{dataset}/bundle/content"
#: in the private folder: what was sealed and taken, and the salt of identifiers
BUNDLES = "bundles"

#: in the folder of a study's manifests
MANIFEST = "{dataset}.parquet"
DIGEST = "{dataset}.sha256"

#: in the folder of a study's models
WEIGHTS = "{model}/{source}/{seed}/weights.safetensors"
HISTORY = "{model}/{source}/{seed}/history.csv"
RECORD = "{model}/{source}/{seed}/training.json"
#: of probes alone
PENALTIES = "{model}/{source}/{seed}/penalties.csv"

#: in the folder of a study's predictions, and in that of corrected ones
PREDICTION = "{model}/{source}/{seed}/{split}/{target}.parquet"
CORRECTED = "{model}/{source}/{seed}/{target}.parquet"
#: in the folder of the outputs of adapted models
ADAPTED = "{model}/{source}/{seed}/{target}.parquet"

#: films to read, in the study's folder, and in the private one
TO_READ = "to_read/{target}.csv"
FILMS_TO_READ = "to_read/{study}.{target}.csv"

#: in the folder of maps of attribution
MAPS = "{model}/{source}/{target}/maps.h5"
MAPPED_IMAGES = "{model}/{source}/{target}/images.csv"
