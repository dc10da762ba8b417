"""PyTorch's DataLoader with Pillow on an image folder, for bench/loader.ts.

Reads one JSON request a line, answers with one JSON line:

    {"kind": "about"}
    {"kind": "load", "folder": "/tmp/x", "augment": "trivialaugment", "batch": 64, "workers": 1}

A pass is what torchvision's reference training does for ImageNet: ImageFolder (Pillow's decoder), TrivialAugmentWide
where asked for, Resize(256), RandomCrop(224), RandomHorizontalFlip, ToTensor, Normalize. The answer holds seconds by the
clock, processor seconds of this process and the worker, and the images:

    {"wall": 5.1, "processor": 5.3, "images": 512}
"""

import json
import os
import sys
import time

import torch
from PIL import Image, features
import torchvision
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

torch.set_num_threads(1)


def processor_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def load(folder, augment, batch, workers):
    steps = [T.TrivialAugmentWide()] if augment == "trivialaugment" else []
    steps += [T.Resize(256), T.RandomCrop(224), T.RandomHorizontalFlip(), T.ToTensor()]
    steps += [T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    data = ImageFolder(os.path.join(folder, "train"), T.Compose(steps))
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers)
    wall, processor = time.perf_counter(), processor_seconds()
    images = sum(len(labels) for _, labels in loader)
    # The worker's time counts once it has ended, which the end of the iterator waits for.
    return {
        "wall": time.perf_counter() - wall,
        "processor": processor_seconds() - processor,
        "images": images,
    }


def answer(request):
    kind = request.pop("kind")
    if kind == "about":
        about = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {Image.__version__}"
        return {"about": f"{about}, libjpeg-turbo {features.version('libjpeg_turbo')}"}
    if kind == "load":
        return load(**request)
    raise ValueError(f"unknown request {kind}")


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
