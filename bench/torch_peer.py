"""PyTorch as the benchmarks' peer: a process that takes a turn whenever it is asked.

    python3 bench/torch_peer.py --threads 2 --device cpu

It reads one JSON request a line and answers each with one JSON line, as protocol.ts describes: "about", "open",
"turn", "close", and "losses" for a comparison of single losses. In between it sleeps.

resnet18 in CIFAR form is this project's twin (../test/fixtures/torch/resnet.py), where "pushpull" is the layer with
avg3 and trainable alpha as two convolutions, the form of the reference implementation; the networks in ImageNet form
are torchvision's, at their published widths (torch_networks.py where there is no torchvision).

A training step is what a PyTorch loop does: zero_grad(set_to_none), forward, cross-entropy, backward, SGD with momentum
0.9 and weight decay 1e-5 in its default implementation, the loss read. bfloat16 is autocast around network and loss.
On a GPU the batch comes from pinned memory each step, cuDNN chooses its kernels by trying them, and the loss is read
at the end of a turn alone, so that launches run ahead. Inference is the network in eval mode under inference_mode.

Needs torch (1.13 or later); torch.compile wants more of it and a compiler.
"""

import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, "..", "test", "fixtures", "torch")]
from resnet import ResNet18  # noqa: E402
from torch_networks import at_imagenet, source  # noqa: E402

MOMENTUM, WEIGHT_DECAY, RATE = 0.9, 1e-5, 0.01


def build(workload):
    form, model, stem = workload["form"], workload["model"], workload["stem"]
    if form == "cifar" and model == "resnet18":
        layer = "conv" if stem == "conv" else {"avg": 3, "alpha": "trainable"}
        return ResNet18("cifar", workload["width"], workload["classes"], layer)
    if form != "imagenet" or stem != "conv":
        raise ValueError(f"no peer for {model} in form {form} with stem {stem}")
    return at_imagenet(model, workload["classes"])


def allow_tf32(on):
    """For convolutions and matrix products; PyTorch has it on for the former alone, which compares with nothing."""
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def sgd_loop(parameters):
    """Which implementation SGD takes when nothing is said."""
    try:
        from torch.optim.optimizer import _default_to_fused_or_foreach

        fused, foreach = _default_to_fused_or_foreach(parameters, differentiable=False, use_fused=False)
        return "fused" if fused else "foreach" if foreach else "a loop over parameters"
    except ImportError:
        return "a loop over parameters"


class Subject:
    """A network with its optimiser and a batch."""

    def __init__(self, device, work, workload, mode):
        torch.manual_seed(0)
        self.device, self.mode = device, mode
        self.layout = torch.channels_last if mode["channelsLast"] else torch.contiguous_format
        self.training = work == "train"
        self.network = build(workload).to(device, memory_format=self.layout).train(self.training)
        self.call = torch.compile(self.network, mode=mode["compile"]) if mode.get("compile") else self.network
        self.parameters = list(self.network.parameters())
        size, batch = workload["size"], workload["batch"]
        self.set_batch(torch.randn(batch, 3, size, size), torch.randint(workload["classes"], (batch,)))
        self.set_rates(RATE, MOMENTUM, WEIGHT_DECAY)

    def set_batch(self, images, labels):
        self.images, self.labels = images.contiguous(memory_format=self.layout), labels
        if self.device.type == "cuda":
            self.images, self.labels = self.images.pin_memory(), labels.pin_memory()

    def set_rates(self, lr, momentum, weight_decay):
        self.optimizer = torch.optim.SGD(self.parameters, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mode["precision"] == "bfloat16")

    def batch(self):
        return (part.to(self.device, non_blocking=True) for part in (self.images, self.labels))

    def train(self):
        images, labels = self.batch()
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            loss = F.cross_entropy(self.call(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss if self.device.type == "cuda" else loss.item()

    def infer(self):
        images, _ = self.batch()
        with torch.inference_mode(), self.autocast():
            return self.call(images).to("cpu")

    def repeat(self, seconds, least):
        """Steps until so many seconds have passed, and so many steps at least; and the seconds."""
        step = self.train if self.training else self.infer
        self.wait()
        start, steps, passed = time.perf_counter(), 0, 0.0
        while passed < seconds or steps < least:
            result = step()
            steps += 1
            passed = time.perf_counter() - start
        if self.training and torch.is_tensor(result):
            result.item()
        self.wait()
        return steps, time.perf_counter() - start

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def read_raw(path):
    """Tensors from files that raw.ts has written."""
    with open(path + ".json") as file:
        entries = json.load(file)
    with open(path + ".bin", "rb") as file:
        data = bytearray(file.read())
    types = {"float32": torch.float32, "int32": torch.int32}
    return {
        entry["name"]: torch.frombuffer(
            data, dtype=types[entry["dtype"]], count=entry["length"], offset=entry["offset"]
        ).reshape(entry["shape"])
        for entry in entries
    }


def losses(device, workload, mode, weights, batches, steps, lr, momentum, weightDecay):
    subject = Subject(device, "train", workload, mode)
    missing, unexpected = subject.network.load_state_dict(read_raw(weights), strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"weights do not fit: missing {missing}, unexpected {list(unexpected)}")
    subject.set_rates(lr, momentum, weightDecay)
    tensors = read_raw(batches)
    count = len(tensors) // 2
    results = []
    for step in range(steps):
        subject.set_batch(tensors[f"images{step % count}"], tensors[f"labels{step % count}"].long())
        results.append(float(subject.train()))
    return {"losses": results}


def about(device):
    gpu = device.type == "cuda"
    probe = [torch.nn.Parameter(torch.zeros(2, device=device))]
    capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", lambda: "unknown")
    return {
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "networks": source(),
        "sgd": sgd_loop(probe),
        "device": torch.cuda.get_device_name() if gpu else f"CPU, {capability()}",
        "threads": torch.get_num_threads(),
    }


class Peer:
    def __init__(self, device):
        self.device, self.subjects = device, {}

    def answer(self, request):
        kind = request.pop("kind")
        if kind == "about":
            return about(self.device)
        if kind == "losses":
            allow_tf32(request["mode"].get("tf32", False))
            return losses(self.device, **request)
        name = request.pop("id")
        if kind == "open":
            allow_tf32(request["mode"].get("tf32", False))
            subject = Subject(self.device, **request)
            subject.repeat(0.5, 2)
            self.subjects[name] = subject
            return {}
        if kind == "turn":
            subject = self.subjects[name]
            allow_tf32(subject.mode.get("tf32", False))
            first, _ = subject.repeat(request["seconds"] / 4, 1)
            counted, seconds = subject.repeat(request["seconds"], request["leastSteps"])
            return {"counted": counted, "seconds": seconds, "steps": first + counted}
        if kind == "close":
            self.subjects.pop(name, None)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            return {}
        raise ValueError(f"unknown request {kind}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    torch.backends.cudnn.benchmark = True
    peer = Peer(device)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            reply = peer.answer(json.loads(line))
        except Exception as error:  # The asking side decides what a failure means.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
