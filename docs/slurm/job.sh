#!/bin/bash
#SBATCH --job-name=theory-sim
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --output=%x-%j.log
#SBATCH --signal=B:TERM@120

# A sweep or a study on the nodes of one SLURM job: a worker a task, the scheduler and theory-sim on the first node.
#
#   sbatch docs/slurm/job.sh sweep run r-lambda.toml
#   sbatch docs/slurm/job.sh sweep resume runs/r-lambda          # after the time limit, a lost node, scancel
#   sbatch --ntasks=64 docs/slurm/job.sh study width --size full
#
# Submit it from a folder that all nodes see under one path: runs go below it. If a virtual environment is to be activated,
# do it before sbatch, which hands the environment on, or here.
set -euo pipefail

# One thread a worker. Dask would start with as many threads as the node has processors.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1
# Dask samples its workers' stacks and keeps those of 1000 s, some 150 MB a worker.
export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False
# --mem takes the place of --mem-per-cpu, and is of a node: it does not say what a worker may take.
: "${SLURM_MEM_PER_CPU:?job.sh needs to know what each worker may take: submit with --mem-per-cpu, not with --mem}"
connection="$SLURM_SUBMIT_DIR/.theory-sim-$SLURM_JOB_ID.json" # all nodes see it
client="" status=""
finish() {
    kill $(jobs -p) 2>/dev/null || true
    wait
    rm -f "$connection"
    echo "job.sh: ended with status ${status:-unknown}; what theory-sim said stands above, among lines of Dask's" >&2
}
trap finish EXIT
# Two minutes before the time limit, and at scancel --batch --signal=TERM: runs stop at their next step and stay resumable.
stop() {
    [ -n "$client" ] || exit 143
    kill -TERM "$client" 2>/dev/null || true
}
trap stop TERM

dask scheduler --scheduler-file "$connection" --port 0 --no-dashboard --dashboard-address :0 &
scheduler=$!
srun --ntasks="$SLURM_NTASKS" --cpus-per-task=1 \
    dask worker --scheduler-file "$connection" --nworkers 1 --nthreads 1 --memory-limit "${SLURM_MEM_PER_CPU}MiB" \
    --local-directory "${TMPDIR:-/tmp}" --death-timeout 300 --no-dashboard &
workers=$!

until [ -s "$connection" ]; do
    kill -0 "$scheduler" 2>/dev/null || { echo "job.sh: the scheduler ended: see above" >&2; exit 2; }
    kill -0 "$workers" 2>/dev/null || { echo "job.sh: the workers ended: see above" >&2; exit 2; }
    sleep 0.2
done
address=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$connection")

theory-sim "$@" --scheduler "$address" &
client=$!
while kill -0 "$client" 2>/dev/null; do
    sleep 1 &
    wait $! || true # a signal ends `wait`, not what it waits for
    if [ -n "$workers" ] && ! kill -0 "$workers" 2>/dev/null; then # all of them: the sweep would wait until the time limit
        echo "job.sh: no worker is left, for what stands above; the sweep stops, and sweep resume continues it" >&2
        workers=""
        stop
    fi
done
status=0
wait "$client" || status=$?
exit "$status"
