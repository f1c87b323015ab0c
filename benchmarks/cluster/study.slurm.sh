#!/usr/bin/env bash
# A study as a Slurm array: each task trains its part of the cells one after the other; a task that died goes on from the last
# checkpoint when it is requeued.
#   STUDY=lengths OUT=/scratch/lengths sbatch benchmarks/cluster/study.slurm.sh
# DATASET, SEEDS, LENGTHS, EPOCHS, BATCH, CLIP, GPT2 and BACKBONES (a folder with clip/ and gpt2/) are passed on when they are set.
#SBATCH --job-name=foreword-study
#SBATCH --array=0-5
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=24G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=study-%A-%a.log
set -euo pipefail

: "${STUDY:?name the study, as in STUDY=lengths}"
: "${OUT:?name the folder of the study, one that all tasks share}"
cd "${FOREWORD:-${SLURM_SUBMIT_DIR:-.}}"

exec pnpm study "$STUDY" --out "$OUT" \
  ${DATASET:+--dataset "$DATASET"} ${SEEDS:+--seeds "$SEEDS"} ${LENGTHS:+--lengths "$LENGTHS"} \
  ${EPOCHS:+--epochs "$EPOCHS"} ${BATCH:+--batch "$BATCH"} \
  ${CLIP:+--clip "$CLIP"} ${GPT2:+--gpt2 "$GPT2"} ${BACKBONES:+--backbones "$BACKBONES"}
