# Writes clipcap-mini_train.pkl and clipcap-mini_val.pkl as ClipCap's parse_coco.py lays out its feature files: one row
# of "clip_embedding" for each caption. Run with PyTorch: python3 write-clipcap.py
import pickle

import torch

D = 6


def write(name, dtype, captions):
    features = torch.tensor([[image / 64 + d for d in range(D)] for image, _ in captions], dtype=torch.float32)
    entries = [
        {"image_id": image, "id": 100 + row, "caption": caption, "clip_embedding": row}
        for row, (image, caption) in enumerate(captions)
    ]
    with open(name, "wb") as file:
        pickle.dump({"clip_embedding": features.to(dtype), "captions": entries}, file)


train = [(391, "A dog."), (42, "A cat sits."), (391, "A dog runs."), (7, "A bird."), (42, "One cat.")]
write("clipcap-mini_train.pkl", torch.float16, train)
write("clipcap-mini_val.pkl", torch.float32, [(9, "A fish."), (10, "A horse.")])
