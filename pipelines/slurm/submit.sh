#!/bin/bash
# One run on Slurm: freeze the plan, score it in an array of tasks, finalize. The same command again submits the tasks that are missing.
#
#   pipelines/slurm/submit.sh nightly.yaml /data/scores/2026-11-23 64
#
# The run folder must be on a file system that all nodes see. TOUCHSTONE_AT_ONCE limits the tasks that run at the same time; what sbatch needs
# besides (cores, memory, partition, account) stands in score.sbatch. Prints the ids of the jobs.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: submit.sh PIPELINE.yaml RUN TASKS" >&2
  exit 64
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
touchstone=${TOUCHSTONE:-touchstone}
# The jobs inherit these. TOUCHSTONE_TASKS keeps every index the same slice of the run, also when only some of them are submitted again.
TOUCHSTONE_PIPELINE=$(realpath "$1")
TOUCHSTONE_RUN=$(realpath -m "$2")
TOUCHSTONE_TASKS=$3
export TOUCHSTONE_PIPELINE TOUCHSTONE_RUN TOUCHSTONE_TASKS

if [ ! -e "$TOUCHSTONE_RUN/plan.json" ]; then
  # Once, here: else each of the first tasks would hash the whole corpus.
  "$touchstone" plan "$TOUCHSTONE_PIPELINE" --out "$TOUCHSTONE_RUN" >&2
fi
missing=$("$touchstone" retry-list "$TOUCHSTONE_RUN" --format slurm --tasks "$TOUCHSTONE_TASKS")
dependency=()
if [ -n "$missing" ]; then
  array=$(sbatch --parsable --array="$missing%${TOUCHSTONE_AT_ONCE:-64}" "$here/score.sbatch")
  echo "score $array (tasks $missing)"
  dependency=(--dependency="afterok:$array" --kill-on-invalid-dep=yes)
fi
echo "finalize $(sbatch --parsable "${dependency[@]}" "$here/finalize.sbatch")"
