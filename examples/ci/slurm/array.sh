#!/usr/bin/env bash
#SBATCH --job-name=pet2rep
#SBATCH --array=1-16
#SBATCH --gpus=1
#SBATCH --time=04:00:00
#SBATCH --output=pet2rep-%A-%a.log
#SBATCH --requeue
# One shard for each task of the array.  A requeued task takes up its reports from the store.
set -euo pipefail

model=${PET2REP_MODEL:-baseline/template}  # the model under test, e.g. hf/ORG/NAME@COMMIT
cases=${PET2REP_CASES:-}                   # cohort folder or file; empty: the 80 shipped cases
folder=${PET2REP_RUN_DIR:-pet2rep-run}     # on a file system that all nodes see
shard=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT

exec pytest --pet2rep-cases="$cases" \
  --pet2rep-shard="$shard" \
  --pet2rep-run-dir="$folder/shard-$SLURM_ARRAY_TASK_ID" \
  --pet2rep-store="$folder/store" \
  --pet2rep-gate 'error_rate <= 0.02' \
  --pet2rep-gate 'refusal_rate <= 0.02' \
  --pet2rep-gate 'coverage >= 0.9' \
  --pet2rep-model="$model"
