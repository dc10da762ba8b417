"""PyTorch as the benchmark's peer: a process that times one thing whenever it is asked.

    python3 bench/torch_peer.py --threads 2

It reads one JSON request a line from standard input and answers each with one JSON line, so that
bench/main.ts can alternate its own runs with these and compare medians of one and the same minutes.

    {"kind": "train", "model": "resnet18", "form": "cifar", "width": 64, "classes": 10, "size": 32, "batch": 64,
     "stem": "conv", "steps": 3}
    {"kind": "infer", "model": "resnet50", "form": "imagenet", "width": 64, "classes": 1000, "size": 224,
     "batch": 16, "stem": "conv", "steps": 5, "channelsLast": false}
    {"kind": "about"}

resnet18 in CIFAR form is this project's twin (../test/fixtures/torch/resnet.py), where "pushpull" is the layer with
avg3 and trainable alpha as two convolutions, the form of the reference implementation; the networks in ImageNet form
are torchvision's, at their published widths. A training step is what a PyTorch loop does: forward, cross-entropy,
backward, SGD with momentum 0.9 and weight decay 1e-5, the loss read back. Inference is the network in eval mode under
inference_mode. Only the network asked for last is kept; the first request for one warms up with one step that is not
counted. Answer:

    {"seconds": [one a step], "imagesPerSecond": of their median, "peakMegabytes": of the process so far}

or {"error": "..."}. Needs torch, and torchvision for the ImageNet form (1.13 and 0.14 of Debian 12 do, or any later).
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "fixtures", "torch"))
from resnet import ResNet18  # noqa: E402


def build(form, model, width, classes, stem):
    if form == "cifar" and model == "resnet18":
        return ResNet18("cifar", width, classes, "conv" if stem == "conv" else {"avg": 3, "alpha": "trainable"})
    if form != "imagenet" or stem != "conv":
        raise ValueError(f"no peer for {model} in form {form} with stem {stem}")
    import torchvision

    return getattr(torchvision.models, model)(num_classes=classes)


class Peer:
    """One network with its optimiser, a batch of images and labels."""

    def __init__(self, training, form, model, width, classes, size, batch, stem, channels_last):
        torch.manual_seed(0)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = build(form, model, width, classes, stem).to(memory_format=layout).train(training)
        self.images = torch.randn(batch, 3, size, size).contiguous(memory_format=layout)
        self.labels = torch.randint(classes, (batch,))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-5)
        self.run = self.train if training else self.infer
        self.run()

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def infer(self):
        with torch.inference_mode():
            return self.model(self.images)


def timed(peer, steps):
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        peer.run()
        seconds.append(time.perf_counter() - start)
    return seconds


def answer(request, peers):
    kind = request["kind"]
    if kind == "about":
        return {"torch": torch.__version__, "threads": torch.get_num_threads(), "python": sys.version.split()[0]}
    if kind not in ("train", "infer"):
        raise ValueError(f'kind must be "train", "infer" or "about", found {kind!r}')
    fields = ("form", "model", "width", "classes", "size", "batch", "stem")
    key = (kind == "train", *(request[field] for field in fields), request.get("channelsLast", False))
    if key not in peers:
        peers.clear()
        peers[key] = Peer(*key)
    seconds = timed(peers[key], request["steps"])
    return {
        "seconds": seconds,
        "imagesPerSecond": request["batch"] / statistics.median(seconds),
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    peers = {}
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            reply = answer(json.loads(line), peers)
        except Exception as error:  # The asking side decides what a failure means.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
