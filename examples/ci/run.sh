#!/usr/bin/env bash
# One run with gates, for any CI that can start a shell script.  Usage: run.sh [PYTEST OPTIONS]
# Exit codes: 0 passed, 1 a gate or an item failed, 4 a mistake, 20 not measured.
set -euo pipefail

model=${PET2REP_MODEL:-baseline/template} # the model under test
cases=${PET2REP_CASES:-}                  # cohort folder or file; empty: the 80 shipped cases
folder=${PET2REP_RUN_DIR:-pet2rep-run}    # where the run is stored

exec pytest --pet2rep-cases="$cases" \
  --pet2rep-run-dir="$folder" \
  --pet2rep-json="$folder/summary.json" \
  --pet2rep-gate 'error_rate <= 0.02' \
  --pet2rep-gate 'refusal_rate <= 0.02' \
  --pet2rep-gate 'coverage >= 0.9' \
  --pet2rep-model="$model" \
  "$@"
