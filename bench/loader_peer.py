"""PyTorch's DataLoader with Pillow, for bench/loader.ts.

Reads one JSON request a line, answers with one JSON line:

    {"kind": "about"}
    {"kind": "load", "folder": "/tmp/x", "augment": "trivialaugment", "batch": 64, "workers": 1, "seconds": 1}
    {"kind": "cifar", "images": 50000, "batch": 64, "workers": 1, "seconds": 1}

"load" is what torchvision's reference training does for ImageNet: ImageFolder (Pillow's decoder), TrivialAugmentWide
where asked for, Resize(256), RandomCrop(224), RandomHorizontalFlip, ToTensor, Normalize. "cifar" is what it is for
CIFAR-10: pixels in memory, RandomCrop(32, padding=4), flip, ToTensor, Normalize. Whole passes are made until so many
seconds have passed. The answer holds images, seconds by the clock, and batches:

    {"images": 512, "seconds": 5.1, "steps": 8}
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

NUMBERS = [T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]


class MadeUp(torch.utils.data.Dataset):
    """Images of 32 x 32 pixels as torchvision's CIFAR10 keeps them: one array of bytes."""

    def __init__(self, images, transform):
        self.pixels = torch.randint(256, (images, 32, 32, 3), dtype=torch.uint8).numpy()
        self.transform = transform

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.pixels[index])), index % 10


made_up = {}


def load(folder, augment, **options):
    steps = [T.TrivialAugmentWide()] if augment == "trivialaugment" else []
    steps += [T.Resize(256), T.RandomCrop(224), *NUMBERS]
    return passes(ImageFolder(os.path.join(folder, "train"), T.Compose(steps)), **options)


def cifar(images, **options):
    if images not in made_up:
        made_up[images] = MadeUp(images, T.Compose([T.RandomCrop(32, padding=4), *NUMBERS]))
    return passes(made_up[images], **options)


def passes(data, batch, workers, seconds):
    start, images, batches = time.perf_counter(), 0, 0
    while True:
        # The workers' time counts once they have ended, which the end of the iterator waits for.
        for _, labels in torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers):
            images += len(labels)
            batches += 1
        passed = time.perf_counter() - start
        if passed >= seconds:
            return {"images": images, "seconds": passed, "steps": batches}


def answer(request):
    kind = request.pop("kind")
    if kind == "about":
        about = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {Image.__version__}"
        return {"about": f"{about}, libjpeg-turbo {features.version('libjpeg_turbo')}"}
    if kind == "load":
        return load(**request)
    if kind == "cifar":
        return cifar(**request)
    raise ValueError(f"unknown request {kind}")


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": repr(error)}
    print(json.dumps(reply), flush=True)
