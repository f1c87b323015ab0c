"""Writes the files of this folder with PyTorch: checkpoints and features as ClipCap's programs save them, and every
kind of element. See README.md."""
import os
import pickle
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))
D, WIDTH, P, VOCABULARY, POSITIONS = 8, 12, 3, 11, 6


def drawn(name, shape, scale=1.0):
    """Pseudo-random values from a name (FNV-1a, then a 32-bit mixer), in [-scale, scale)."""
    h = 0x811C9DC5
    for byte in ("1/torch/" + name).encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.uint64) + h) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    x ^= x >> 16
    u = (x >> 8).astype(np.float64) * 2.0**-23 - 1
    return torch.from_numpy((u * scale).astype(np.float32)).reshape(shape)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = WIDTH * P // 2
        self.model = nn.Sequential(nn.Linear(D, hidden), nn.Tanh(), nn.Linear(hidden, WIDTH * P))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_queries = nn.Linear(WIDTH, WIDTH, bias=False)
        self.to_keys_values = nn.Linear(WIDTH, 2 * WIDTH, bias=False)
        self.project = nn.Linear(WIDTH, WIDTH)


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, 2 * WIDTH)
        self.fc2 = nn.Linear(2 * WIDTH, WIDTH)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = FeedForward()


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Layer(), Layer()])


class TransformerMapper(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = Stack()
        self.linear = nn.Linear(D, P * WIDTH)
        self.prefix_const = nn.Parameter(torch.zeros(P, WIDTH))


class Gpt(nn.Module):
    """The embeddings, the tied head and the two old buffers of a GPT-2; its blocks would add nothing new."""

    def __init__(self):
        super().__init__()
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(VOCABULARY, WIDTH)
        self.transformer.wpe = nn.Embedding(POSITIONS, WIDTH)
        self.transformer.h = nn.ModuleList([nn.Module()])
        attn = self.transformer.h[0].attn = nn.Module()
        mask = torch.tril(torch.ones((POSITIONS, POSITIONS), dtype=torch.uint8))
        attn.register_buffer("bias", mask.view(1, 1, POSITIONS, POSITIONS))
        attn.register_buffer("masked_bias", torch.tensor(-1e4))
        self.lm_head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.lm_head.weight = self.transformer.wte.weight


class CaptionModel(nn.Module):
    def __init__(self, mapper):
        super().__init__()
        self.clip_project = mapper
        self.gpt = Gpt()
        with torch.no_grad():
            for name, p in self.named_parameters():
                p.copy_(drawn(name, tuple(p.shape)))


def write(name, value, zipped=True):
    path = os.path.join(HERE, name)
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    print(name, os.path.getsize(path), "bytes")


def elements():
    whole = torch.tensor([0, 1, -1, 100, -128, 127])
    floats = torch.tensor([0.0, -0.0, 1.5, -2.25, 3e-5, 65504.0])
    grid = drawn("grid", (4, 6))
    return {
        "bool": torch.tensor([True, False, True]),
        "uint8": torch.tensor([0, 1, 255], dtype=torch.uint8),
        "int8": whole.to(torch.int8),
        "int16": whole.to(torch.int16) * 256,
        "int32": whole.to(torch.int32) * 2**24,
        "int64": whole * 2**40,
        "float16": floats.half(),
        "bfloat16": floats.bfloat16(),
        "float32": floats,
        "float64": floats.double() / 3,
        "scalar": torch.tensor(7.5),
        "empty": torch.zeros(0, 3),
        "grid": grid,
        "grid.T": grid.t(),
        "grid[1:3, ::2]": grid[1:3, ::2],
        "grid[2].expand(3, 6)": grid[2].expand(3, 6),
        "parameter": nn.Parameter(grid[0].clone()),
        "buffer": nn.Parameter(grid[3].clone(), requires_grad=False),
    }


def checkpoint():
    """As training programs save: weights beside counters and the optimiser's state."""
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(drawn("weight", (2, 3)))
        layer.bias.copy_(drawn("bias", (2,)))
    optimiser = torch.optim.AdamW(layer.parameters(), lr=0.125)
    layer(drawn("input", (4, 3))).sum().backward()
    optimiser.step()
    return {
        "epoch": 3,
        "model": layer.state_dict(),
        "optimizer": optimiser.state_dict(),
        "args": {"lr": 0.125, "out_dir": "./checkpoints", "only_prefix": False},
        "shape": layer.weight.shape,
    }


def features():
    captions = [
        {"image_id": 391895, "caption": "A man with a red helmet on a moped.", "id": 770337, "clip_embedding": 1},
        {"image_id": 522418, "caption": "Un caf\u00e9 \u2014 \U0001f642", "id": 681330, "clip_embedding": 0},
        {"image_id": 391895, "caption": "Second caption of the first.", "id": 771687, "clip_embedding": 1},
    ]
    rows = [drawn(f"feature/{i}", (1, D)) for i in range(2)]
    return {"clip_embedding": torch.cat(rows, dim=0), "captions": captions}


if __name__ == "__main__":
    torch.manual_seed(0)
    mlp, transformer = CaptionModel(Mlp()), CaptionModel(TransformerMapper())
    write("clipcap-mlp-zip.pt", mlp.state_dict())
    write("clipcap-mlp-legacy.pt", mlp.state_dict(), zipped=False)
    write("clipcap-mlp-parallel.pt", nn.DataParallel(mlp).state_dict())
    write("clipcap-transformer-zip.pt", transformer.state_dict())
    write("clipcap-transformer-legacy.pt", transformer.state_dict(), zipped=False)
    write("elements-zip.pt", elements())
    write("elements-legacy.pt", elements(), zipped=False)
    write("checkpoint-zip.pt", checkpoint())
    dump = features()
    for protocol in (2, 3, 4, 5):
        with open(os.path.join(HERE, f"features-{protocol}.pkl"), "wb") as out:
            pickle.dump(dump, out, protocol=protocol)
    with open(os.path.join(HERE, "features-f16.pkl"), "wb") as out:
        pickle.dump({**dump, "clip_embedding": dump["clip_embedding"].half()}, out)
    assert isinstance(mlp.state_dict(), OrderedDict)
