#!/usr/bin/env bash
# CLIP features of a large dataset as a Slurm array: each task does its part, a task that died goes on when it is requeued.
#   DATASET=coco:/data/coco OUT=/scratch/features sbatch benchmarks/cluster/features.slurm.sh
# PICTURES (a folder), CLIP (a name) and BACKBONES (a folder with clip/) are passed on when they are set.
#SBATCH --job-name=foreword-features
#SBATCH --array=0-7
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=features-%A-%a.log
set -euo pipefail

: "${DATASET:?name the dataset, as in DATASET=coco:/data/coco}"
: "${OUT:?name the folder of the chunks, one that all tasks share}"
cd "${FOREWORD:-${SLURM_SUBMIT_DIR:-.}}"

exec pnpm features --dataset "$DATASET" --out "$OUT" \
  ${PICTURES:+--pictures "$PICTURES"} ${CLIP:+--clip "$CLIP"} ${BACKBONES:+--backbones "$BACKBONES"}
