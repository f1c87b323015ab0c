"""Arrays from their recipes (src/works/host-arrays.ts), and weights from a safetensors file, as torch tensors."""
import json

import torch

MASK = 0xFFFFFFFF
FACTOR, TERM = 1664525, 1013904223


class Uniform:
    """The generator of src/uniform-values.ts, a run of numbers at a time: doubled by jumping as far as there are some."""

    def __init__(self, seed):
        self.state = seed & MASK

    def draw(self, count, scale):
        """count values, uniform in [-scale/2, scale/2); goes on where the last call stopped."""
        states = torch.tensor([(self.state * FACTOR + TERM) & MASK])
        factor, term = FACTOR, TERM  # of a jump over as many numbers as `states` holds
        while len(states) < count:
            states = torch.cat([states, (states * factor + term) & MASK])
            factor, term = (factor * factor) & MASK, (factor * term + term) & MASK
        states = states[:count]
        if count > 0:
            self.state = int(states[-1])
        return ((states.double() / 2**32 - 0.5) * scale).float()


def make_arrays(recipe):
    """Every array of the recipe by name, on the host."""
    uniform = Uniform(recipe["seed"])
    made = {}
    for array in recipe["arrays"]:
        shape, fill = array["shape"], array["fill"]
        count = 1
        for size in shape:
            count *= size
        if "scale" in fill:
            made[array["name"]] = uniform.draw(count, fill["scale"]).reshape(shape)
        else:
            made[array["name"]] = torch.full(shape, float(fill["value"]))
    return made


def read_weights(path, wanted):
    """The f32 tensors of a safetensors file whose names are `wanted`."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        weights = {}
        for name, entry in header.items():
            if name == "__metadata__" or not wanted(name):
                continue
            begin, end = entry["data_offsets"]
            file.seek(8 + length + begin)
            data = bytearray(file.read(end - begin))
            weights[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"])
        return weights
