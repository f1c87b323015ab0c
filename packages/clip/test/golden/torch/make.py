"""Writes the files of this folder with PyTorch: tiny CLIPs and their features. See README.md."""
import json
import math
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(1)


def drawn(name, shape, scale, offset=0.0, seed="1/torch/"):
    """Pseudo-random values from a name (FNV-1a, then a 32-bit mixer), in [offset - scale, offset + scale)."""
    h = 0x811C9DC5
    for byte in (seed + name).encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.uint64) + h) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    x ^= x >> 16
    u = (x >> 8).astype(np.float64) * 2.0**-23 - 1
    return torch.from_numpy((u * scale + offset).astype(np.float32)).reshape(shape)


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width, heads, causal_length=0):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        mlp = [("c_fc", nn.Linear(width, 4 * width)), ("gelu", QuickGelu()), ("c_proj", nn.Linear(4 * width, width))]
        self.mlp = nn.Sequential()
        for name, layer in mlp:
            self.mlp.add_module(name, layer)
        self.ln_2 = nn.LayerNorm(width)
        # A plain attribute, not a buffer: no state dict has it, but archives of scripted modules may.
        n = causal_length
        self.attn_mask = torch.triu(torch.full((n, n), float("-inf")), 1) if n else None

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=self.attn_mask)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width, layers, heads, causal_length=0):
        super().__init__()
        self.resblocks = nn.Sequential(*[Block(width, heads, causal_length) for _ in range(layers)])

    def forward(self, x):
        return self.resblocks(x.permute(1, 0, 2)).permute(1, 0, 2)


class VisionTransformer(nn.Module):
    def __init__(self, image, patch, width, layers, heads, out):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((image // patch) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, heads)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, out))

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(x.shape[0], 1, -1)
        x = self.ln_pre(torch.cat([first, x], 1) + self.positional_embedding)
        return self.ln_post(self.transformer(x)[:, 0]) @ self.proj


class Bottleneck(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = None
        if stride > 1 or inputs != 4 * planes:
            self.downsample = nn.Sequential()
            self.downsample.add_module("-1", nn.AvgPool2d(stride))
            self.downsample.add_module("0", nn.Conv2d(inputs, 4 * planes, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.pool(F.relu(self.bn2(self.conv2(y))))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    """Written out rather than with nn.MultiheadAttention: softmax(q kT / sqrt(d)) v of the mean over grid and mean."""

    def __init__(self, grid, width, heads, out):
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.zeros(grid * grid + 1, width))
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, out)

    def forward(self, x):
        cells = x.flatten(2).transpose(1, 2)
        x = torch.cat([cells.mean(1, keepdim=True), cells], 1) + self.positional_embedding
        size = x.shape[2] // self.heads
        split = lambda t: t.unflatten(2, [self.heads, size]).transpose(1, 2)
        q, k, v = split(self.q_proj(x[:, :1])), split(self.k_proj(x)), split(self.v_proj(x))
        mixed = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(size), -1) @ v
        return self.c_proj(mixed.transpose(1, 2).flatten(2)[:, 0])


class ResNet(nn.Module):
    def __init__(self, image, width, layers, heads, out):
        super().__init__()
        half = width // 2
        self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        inputs = width
        for stage, count in enumerate(layers):
            planes = width * 2**stage
            blocks = []
            for i in range(count):
                blocks.append(Bottleneck(inputs, planes, 2 if i == 0 and stage > 0 else 1))
                inputs = 4 * planes
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool(image // 32, 32 * width, heads, out)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.avgpool(F.relu(self.bn3(self.conv3(x))))
        return self.attnpool(self.layer4(self.layer3(self.layer2(self.layer1(x)))))


class Clip(nn.Module):
    def __init__(self, config):
        super().__init__()
        vision, text, out = config["vision"], config["text"], config["embedDim"]
        if "patchSize" in vision:
            self.visual = VisionTransformer(
                vision["imageSize"], vision["patchSize"], vision["width"], vision["layers"], vision["heads"], out
            )
        else:
            self.visual = ResNet(vision["imageSize"], vision["width"], vision["layers"], vision["heads"], out)
        width, length = text["width"], text["contextLength"]
        self.transformer = Transformer(width, text["layers"], text["heads"], length)
        self.token_embedding = nn.Embedding(text["vocabSize"], width)
        self.positional_embedding = nn.Parameter(torch.zeros(length, width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.zeros(width, out))
        self.logit_scale = nn.Parameter(torch.zeros([]))
        for name, value in [
            ("input_resolution", vision["imageSize"]),
            ("context_length", length),
            ("vocab_size", text["vocabSize"]),
        ]:
            self.register_buffer(name, torch.tensor(value))

    def encode_text(self, tokens):
        x = self.transformer(self.token_embedding(tokens) + self.positional_embedding)
        rows = torch.arange(tokens.shape[0], device=tokens.device)
        return self.ln_final(x)[rows, tokens.argmax(1)] @ self.text_projection

    def forward(self, pixels, tokens):
        return self.visual(pixels), self.encode_text(tokens)


def fill(model, prefix):
    """Every parameter and every running statistic from its name, so large that each one matters."""
    for name, t in model.state_dict().items():
        if not t.is_floating_point():
            if name.endswith("num_batches_tracked"):
                t.fill_(1000)
            continue
        norm = "bn" in name or "ln_" in name or "downsample.1" in name
        if name.endswith("running_var"):
            scale, offset = 0.8, 1.0
        elif norm and name.endswith(".weight"):
            scale, offset = 0.3, 1.0
        elif name == "logit_scale":
            scale, offset = 0.0, 2.5
        elif t.dim() > 1 and "embedding" not in name:
            fan = t[0].numel() if not name.endswith("proj") and name != "text_projection" else t.shape[0]
            scale, offset = 1.7 / math.sqrt(fan), 0.0
        else:
            scale, offset = 0.4, 0.0
        t.copy_(drawn(prefix + name, tuple(t.shape), scale, offset))


def halve(model):
    """As OpenAI's files: convolutions, linear maps and projections in f16; norms, embeddings and statistics in f32."""
    for name, p in model.named_parameters():
        if p.dim() > 1 and "embedding" not in name or name.endswith("proj") or "_proj.bias" in name:
            p.data = p.data.half()


TEXT = dict(contextLength=7, vocabSize=23, width=8, layers=2, heads=2)
CONFIGS = {
    "vit": dict(
        vision=dict(imageSize=28, patchSize=14, width=18, layers=3, heads=3), text=TEXT, embedDim=10
    ),
    "resnet": dict(vision=dict(imageSize=96, width=2, layers=[1, 2, 1, 1], heads=4), text=TEXT, embedDim=12),
    # Heads of 64 as OpenAI's models have them, so that all sizes follow from the shapes.
    "resnet-inferred": dict(
        vision=dict(imageSize=64, width=2, layers=[1, 1, 2, 1], heads=1),
        text=dict(contextLength=6, vocabSize=20, width=64, layers=1, heads=1),
        embedDim=16,
    ),
}
TOKENS = {"vit": [[21, 3, 5, 22, 0, 0, 0], [21, 1, 2, 9, 17, 20, 22]], "resnet-inferred": [[18, 4, 19, 0, 0, 0], [18, 7, 7, 1, 13, 19]]}
TOKENS["resnet"] = TOKENS["vit"]


def save(name, config_name, write, half):
    config = CONFIGS[config_name]
    model = Clip(config).eval().requires_grad_(False)
    fill(model, f"{config_name}/")
    if half:
        halve(model)
        model.float()  # the features are those of the rounded weights, computed in float32
    n = config["vision"]["imageSize"]
    pixels = drawn(f"pixels/{config_name}", (2, 3, n, n), 2.0)
    tokens = torch.tensor(TOKENS[config_name])
    images, texts = model(pixels, tokens)
    path = os.path.join(HERE, name)
    write(model, (pixels, tokens), path, half)
    print(name, os.path.getsize(path), "bytes", images.std().item(), texts.std().item())
    return dict(
        file=name,
        pixels=f"torch/pixels/{config_name}",
        config=config,
        tokens=[t for row in TOKENS[config_name] for t in row],
        parameters=sum(p.numel() for p in model.parameters()),
        imageFeatures=[float(f"{x:.9g}") for x in images.flatten().tolist()],
        textFeatures=[float(f"{x:.9g}") for x in texts.flatten().tolist()],
    )


def trace(model, inputs, path, half):
    traced = torch.jit.trace(model, inputs, check_trace=False)
    if half:
        halve(traced)
    torch.jit.save(traced, path)


def state(zipped):
    def write(model, inputs, path, half):
        if half:
            halve(model)
        torch.save(model.state_dict(), path, _use_new_zipfile_serialization=zipped)

    return write


if __name__ == "__main__":
    cases = [
        save("vit-torchscript-f16.pt", "vit", trace, True),
        save("vit-zip-f32.pt", "vit", state(True), False),
        save("vit-legacy-f16.pt", "vit", state(False), True),
        save("resnet-torchscript-f16.pt", "resnet-inferred", trace, True),
        save("resnet-zip-f32.pt", "resnet", state(True), False),
    ]
    with open(os.path.join(HERE, "expected.json"), "w") as out:
        json.dump(dict(torch=torch.__version__, cases=cases), out)
        out.write("\n")
