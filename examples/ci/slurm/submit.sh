#!/usr/bin/env bash
# Submits the array and, after it, the merge.  Usage: submit.sh [SBATCH OPTIONS OF THE ARRAY]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
array=$(sbatch --parsable "$@" "$here/array.sh")
# afterany: a task that died leaves a hole, which the merge names.
sbatch --dependency="afterany:$array" "$here/merge.sh"
