#!/usr/bin/env bash
#SBATCH --job-name=pet2rep-merge
#SBATCH --time=00:30:00
#SBATCH --output=pet2rep-merge-%j.log
# Merges the shards and judges the gates of the array on the whole run.  A shard that is not there
# is a hole, and a run with holes is not measured: exit 20.
set -euo pipefail

folder=${PET2REP_RUN_DIR:-pet2rep-run}

# Exit 1: merged, with holes that are named here and judged below.
pet2rep merge "$folder"/shard-* -o "$folder/whole" || [ $? -eq 1 ]
exec pet2rep gate "$folder/whole"
