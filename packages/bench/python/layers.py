"""What the models share, eager and in f32. Legend: B batch, T time, S new rows, C channels, H heads, D = C/H."""
import math

import torch
import torch.nn.functional as F


def attend(q, k, v, causal):
    """q [B, H, S, D], k and v [B, H, T, D] -> [B, H, S, D]. `causal` is for S = T."""
    if hasattr(F, "scaled_dot_product_attention"):  # from PyTorch 2.0 on
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
    if causal:
        hidden = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(hidden, -1e9)
    return scores.softmax(-1) @ v


def split_heads(x, heads):
    """[B, T, C] -> [B, H, T, D]"""
    B, T, C = x.shape
    return x.view(B, T, heads, C // heads).transpose(1, 2)


def join_heads(x):
    """[B, H, T, D] -> [B, T, C]"""
    B, H, T, D = x.shape
    return x.transpose(1, 2).reshape(B, T, H * D)


def layer_norm(x, weights, name):
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-5)


def conv1d(x, weights, name):
    """GPT-2's linear map, with a weight stored [inputs, outputs]."""
    weight = weights[f"{name}.weight"]
    y = torch.addmm(weights[f"{name}.bias"], x.reshape(-1, x.shape[-1]), weight)
    return y.view(*x.shape[:-1], weight.shape[1])


def gpt2_block(x, weights, at, heads, past=None):
    """x [B, S, C] -> the block's output and its keys and values [B, H, T, D], those of `past` in front."""
    q, k, v = conv1d(layer_norm(x, weights, f"{at}.ln_1"), weights, f"{at}.attn.c_attn").split(x.shape[-1], -1)
    q, k, v = (split_heads(part, heads) for part in (q, k, v))
    if past is not None:
        k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
    mixed = attend(q, k, v, causal=past is None)
    x = x + conv1d(join_heads(mixed), weights, f"{at}.attn.c_proj")
    inner = F.gelu(conv1d(layer_norm(x, weights, f"{at}.ln_2"), weights, f"{at}.mlp.c_fc"), approximate="tanh")
    return x + conv1d(inner, weights, f"{at}.mlp.c_proj"), (k, v)
