"""The works of src/works, from their descriptions (src/works/describe-work.ts): classes with `next()`, which runs once,
brings the result to the host and gives it with its milliseconds where less than the whole call is to be counted."""
import time

import torch
import torch.nn.functional as F

from arrays import make_arrays, read_weights
from layers import attend, gpt2_block, join_heads, layer_norm, split_heads


def finish(device):
    """Waits until everything asked for is computed."""
    if device == "cuda":
        torch.cuda.synchronize()


def on(device, arrays):
    return {name: array.to(device) for name, array in arrays.items()}


class Op:
    def __init__(self, work, device):
        self.op, self.device = work["op"], device
        self.inputs = list(on(device, make_arrays(work["recipe"])).values())
        self.launches = self.op.get("launches") if device == "cuda" else None
        if self.op.get("dtype") == "f16":
            if device != "cuda":
                raise RuntimeError("PyTorch multiplies f16 matrices on CUDA only")
            self.inputs = [x.half() for x in self.inputs]

    def apply(self):
        name = self.op["op"]
        a, *rest = self.inputs
        if name == "matmul":
            return a @ rest[0]
        if name == "layerNorm":
            return F.layer_norm(a, a.shape[-1:], *rest, 1e-5)
        if name == "softmax":
            return a.softmax(-1)
        return join_heads(attend(*(split_heads(x, self.op["H"]) for x in self.inputs), causal=True))

    @torch.no_grad()
    def next(self):
        if self.launches is None:
            return self.apply().cpu(), None
        finish(self.device)
        start = time.perf_counter()
        for _ in range(self.launches):
            y = self.apply()
        finish(self.device)
        return y.float().cpu(), (time.perf_counter() - start) * 1000 / self.launches


class Step:
    """The frozen training step. Legend: P prefix rows, R caption tokens, V vocabulary."""

    def __init__(self, work, device):
        self.sizes, self.device = work["sizes"], device
        arrays = make_arrays(work["recipe"])
        self.features = arrays.pop("features")  # [B, F]
        self.tokens = ((arrays.pop("tokens").double() + 0.5) * self.sizes["V"]).floor().long() % self.sizes["V"]
        mapper = {name: arrays.pop(f"mapper.{name}") for name in ("w1", "b1", "w2", "b2")}
        if work["weights"] == "f16":
            # Rounded as they are stored elsewhere; computed with in f32.
            arrays = {name: x.half().float() if x.dim() > 1 else x for name, x in arrays.items()}
        self.frozen = on(device, arrays)
        self.mapper = {name: torch.nn.Parameter(x.to(device)) for name, x in mapper.items()}
        o = work["optimizer"]
        self.optimizer = torch.optim.AdamW(
            self.mapper.values(),
            lr=o["learningRate"],
            betas=(o["beta1"], o["beta2"]),
            eps=o["eps"],
            weight_decay=o["weightDecay"],
        )

    def loss(self, features, tokens):
        s, m, w = self.sizes, self.mapper, self.frozen
        prefix = (features @ m["w1"] + m["b1"]).tanh() @ m["w2"] + m["b2"]
        x = torch.cat([prefix.view(s["B"], s["P"], s["C"]), w["wte.weight"][tokens]], 1)  # [B, P + R, C]
        x = x + w["wpe.weight"]
        for i in range(s["L"]):
            x, _ = gpt2_block(x, w, f"h.{i}", s["H"])
        logits = layer_norm(x[:, s["P"] - 1 : -1], w, "ln_f") @ w["wte.weight"].t()  # [B, R, V]
        return F.cross_entropy(logits.reshape(-1, s["V"]), tokens.reshape(-1))

    def next(self):
        self.optimizer.zero_grad()
        loss = self.loss(self.features.to(self.device), self.tokens.to(self.device))
        loss.backward()
        self.optimizer.step()
        value = loss.detach().cpu()
        finish(self.device)
        return value, None


class Clip:
    """ViT's image tower. Legend: B images, N patches, C channels."""

    def __init__(self, work, device):
        self.heads, self.device = work["heads"], device
        self.pixels = make_arrays(work["recipe"])["pixels"]
        weights = read_weights(f"{work['folder']}/model.safetensors", lambda name: name.startswith("visual."))
        self.w = on(device, {name[len("visual.") :]: x for name, x in weights.items()})
        self.layers = sum(name.endswith(".ln_1.weight") for name in weights)

    @torch.no_grad()
    def next(self):
        w, heads = self.w, self.heads
        kernel = w["conv1.weight"]
        patches = F.conv2d(self.pixels.to(self.device), kernel, stride=kernel.shape[-1])
        patches = patches.flatten(2).transpose(1, 2)  # [B, N, C]
        first = w["class_embedding"].expand(len(patches), 1, -1)
        x = layer_norm(torch.cat([first, patches], 1) + w["positional_embedding"], w, "ln_pre")
        for i in range(self.layers):
            at = f"transformer.resblocks.{i}"
            qkv = F.linear(layer_norm(x, w, f"{at}.ln_1"), w[f"{at}.attn.in_proj_weight"], w[f"{at}.attn.in_proj_bias"])
            q, k, v = (split_heads(part, heads) for part in qkv.split(x.shape[-1], -1))
            mixed = join_heads(attend(q, k, v, causal=False))
            x = x + F.linear(mixed, w[f"{at}.attn.out_proj.weight"], w[f"{at}.attn.out_proj.bias"])
            inner = F.linear(layer_norm(x, w, f"{at}.ln_2"), w[f"{at}.mlp.c_fc.weight"], w[f"{at}.mlp.c_fc.bias"])
            inner = inner * (1.702 * inner).sigmoid()  # QuickGELU, as OpenAI's CLIP has it
            x = x + F.linear(inner, w[f"{at}.mlp.c_proj.weight"], w[f"{at}.mlp.c_proj.bias"])
        return (layer_norm(x[:, 0], w, "ln_post") @ w["proj"]).cpu(), None


class Gpt2:
    """Reads a prompt; where tokens are to be appended, only their time counts."""

    def __init__(self, work, device):
        self.heads, self.device = work["heads"], device
        self.w = on(device, read_weights(f"{work['folder']}/model.safetensors", lambda name: True))
        self.layers = sum(name.endswith(".ln_1.weight") for name in self.w)
        self.prompt, self.appended = work["prompt"], work["appended"]

    def read(self, ids, past=None):
        """Logits after the last token [1, V], and each layer's keys and values."""
        w = self.w
        before = 0 if past is None else past[0][0].shape[2]
        x = w["wte.weight"][torch.tensor([ids], device=self.device)]
        x = x + w["wpe.weight"][before : before + len(ids)]
        kept = []
        for i in range(self.layers):
            x, pair = gpt2_block(x, w, f"h.{i}", self.heads, None if past is None else past[i])
            kept.append(pair)
        return layer_norm(x[:, -1], w, "ln_f") @ w["wte.weight"].t(), kept

    @torch.no_grad()
    def next(self):
        logits, past = self.read(self.prompt)
        logits = logits.cpu()
        if not self.appended:
            return logits, None
        start = time.perf_counter()
        for token in self.appended:
            logits, past = self.read([token], past)
            logits = logits.cpu()
        return logits, (time.perf_counter() - start) * 1000


KINDS = {"op": Op, "step": Step, "clip": Clip, "gpt2": Gpt2}


def begin(work, device):
    """The work that is described, with its values on the device."""
    return KINDS[work["kind"]](work, device)
