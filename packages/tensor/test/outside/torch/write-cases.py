# Writes PyTorch's OpInfo samples with their results and gradients: cases.json and cases.safetensors in a folder.
#   python3 write-cases.py <folder> <most samples of an op> <op>…
import json
import math
import random
import struct
import sys
import types
import unittest
import warnings

warnings.filterwarnings("ignore")
# OpInfo imports it for tests of its own, and Debian does not have it.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase, ACCEPT=False))
# PyTorch 1.13 samples from sets, which Python 3.11 refuses.
sample = random.sample
random.sample = lambda population, k: sample(sorted(population) if isinstance(population, set) else population, k)

import torch  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

DTYPES = {torch.float32: "F32", torch.int32: "I32"}
tensors = {}


class Unsupported(Exception):
    pass


def keep(tensor):
    """Keeps a tensor under a number of its own; whole numbers and truth values as 32-bit numbers."""
    if tensor.dtype not in (torch.float32, torch.int64, torch.int32, torch.uint8, torch.bool):
        raise Unsupported(f"dtype {str(tensor.dtype)[6:]}")
    if tensor.layout != torch.strided:
        raise Unsupported("sparse tensors")
    kind = "bool" if tensor.dtype == torch.bool else "number"
    if tensor.dtype != torch.float32:
        if tensor.numel() and tensor.to(torch.int64).abs().max() >= 2**31:
            raise Unsupported("whole numbers beyond 32 bits")
        tensor = tensor.to(torch.int32)
    key = str(len(tensors))
    tensors[key] = tensor.detach().clone().contiguous()
    return {"tensor": key, "kind": kind}


def encode(value, leaves):
    """JSON of an argument; tensors that want a gradient are appended to `leaves`."""
    if isinstance(value, torch.Tensor):
        if value.requires_grad:
            leaves.append(value)
        return {**keep(value), "leaf": len(leaves) - 1 if value.requires_grad else None}
    if isinstance(value, (list, tuple)):
        return [encode(each, leaves) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise Unsupported(f"an argument of type {type(value).__name__}")


def case_of(op, name, at, given):
    leaves = []
    arguments = [encode(each, leaves) for each in (given.input, *given.args)]
    kwargs = {key: encode(value, leaves) for key, value in given.kwargs.items()}
    torch.manual_seed(1)
    result = op(given.input, *given.args, **given.kwargs)
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    if not all(isinstance(each, torch.Tensor) for each in results):
        raise Unsupported("results that are no tensors")
    outputs, loss = [], None
    for each in results:
        output = keep(each)
        if each.requires_grad:
            weight = torch.randn(each.shape, generator=torch.Generator().manual_seed(2))
            output["weight"] = keep(weight)["tensor"]
            part = (each * weight).sum()
            loss = part if loss is None else loss + part
        outputs.append(output)
    grads = [None] * len(leaves)
    if loss is not None and leaves:
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        grads = [keep(each)["tensor"] if each is not None else None for each in found]
    return {"op": name, "sample": at, "args": arguments, "kwargs": kwargs, "outputs": outputs, "grads": grads}


def spread(items, most):
    """At most so many of them, from the first to the last."""
    if len(items) <= most:
        return list(enumerate(items))
    places = sorted({round(i * (len(items) - 1) / (most - 1)) for i in range(most)})
    return [(i, items[i]) for i in places]


def write_safetensors(path):
    header, offset = {}, 0
    for key, tensor in tensors.items():
        size = tensor.numel() * 4
        header[key] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.numpy().tobytes())


folder, most, wanted = sys.argv[1], int(sys.argv[2]), set(sys.argv[3:])
cases, others, names = [], [], set()
for op in op_db:
    name = f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name
    if torch.float32 not in op.dtypes or name in names:
        continue
    names.add(name)
    if name not in wanted:
        continue
    random.seed(0)
    torch.manual_seed(0)
    try:
        samples = list(op.sample_inputs("cpu", torch.float32, requires_grad=op.supports_autograd))
    except Exception as error:  # noqa: BLE001
        others.append({"op": name, "why": f"its samples cannot be made: {error}"})
        continue
    for at, given in spread(samples, most):
        try:
            cases.append(case_of(op, name, at, given))
        except Unsupported as error:
            others.append({"op": name, "why": str(error)})
write_safetensors(f"{folder}/cases.safetensors")
with open(f"{folder}/cases.json", "w") as file:
    json.dump({"torch": torch.__version__, "names": sorted(names), "cases": cases, "others": others}, file, allow_nan=False)
