"""PyTorch as one of the engines of `pnpm bench peers`: started by the benchmark, never by hand.

Questions are JSON lines on stdin, answers JSON lines on stdout, as in src/engines/protocol.ts. Computes with CUDA where
there is some (`auto`), or on the CPU (`cpu`): the argument says which.
"""
import json
import math
import os
import sys
import time

# Answers alone go to stdout; what libraries print does not.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import torch  # noqa: E402

from works import begin  # noqa: E402

SAMPLE_SIZE = 16
device = "cuda" if sys.argv[1:] != ["cpu"] and torch.cuda.is_available() else "cpu"
running = {}


def open_engine():
    # f32 means f32: no TF32 in products and convolutions.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if device == "cuda":
        card = torch.cuda.get_device_name()
        version = f"{torch.__version__} (CUDA {torch.version.cuda}, {card})"
        return {"name": "pytorch", "version": version, "adapter": None, "card": card}
    # Its default counts cores without their second threads; other engines use those too.
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    version = f"{torch.__version__} (CPU, {torch.get_num_threads()} threads)"
    return {"name": "pytorch", "version": version, "adapter": None}


def sample_of(values):
    """The places of src/works/sample.ts."""
    values = values.reshape(-1)
    count = len(values)
    if count > SAMPLE_SIZE:
        stride = count // SAMPLE_SIZE
        values = values[[i * stride + (i * 37) % stride for i in range(SAMPLE_SIZE)]]
    # JSON has no NaN and no infinity.
    return [value if math.isfinite(value) else None for value in values.tolist()]


def timed(work):
    start = time.perf_counter()
    values, ms = work()
    return ((time.perf_counter() - start) * 1000 if ms is None else ms), sample_of(values)


def start(name, description):
    from_start = time.perf_counter()
    running[name] = begin(json.loads(description), device)
    values, _ = running[name].next()
    return {"timesMs": [(time.perf_counter() - from_start) * 1000], "sample": sample_of(values)}


def run(name, count):
    if name not in running:
        raise RuntimeError(f"{name} was not started")
    runs = [timed(running[name].next) for _ in range(count)]
    return {"timesMs": [ms for ms, _ in runs], "sample": [value for _, sample in runs for value in sample]}


def finish(name):
    running.pop(name, None)
    if device == "cuda":
        torch.cuda.empty_cache()


methods = {"open": open_engine, "start": start, "run": run, "facts": lambda name, repeats: None, "finish": finish}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"value": methods[request["method"]](*request["args"])}
    except Exception as error:  # whatever it is, the parent is to know of it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=answers, flush=True)
