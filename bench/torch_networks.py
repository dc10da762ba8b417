"""ResNet-50 and EfficientNet-B0 as torchvision defines them, for a Python that has torch without torchvision.

Same modules in the same order with the same parameter names, activations in place where torchvision has them in place,
so that a step costs the same. Needs torch only.
"""

import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        out = 4 * channels
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != out:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet50(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for stage, (channels, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            layers = []
            for block in range(blocks):
                layers.append(Bottleneck(inputs, channels, 2 if stage > 0 and block == 0 else 1))
                inputs = 4 * channels
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def conv_norm(inputs, out, kernel, stride=1, groups=1, activation=True):
    layers = [
        nn.Conv2d(inputs, out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*layers, *([nn.SiLU(inplace=True)] if activation else []))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.activation = nn.SiLU(inplace=True)
        self.scale_activation = nn.Sigmoid()

    def forward(self, x):
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x))))) * x


class MBConv(nn.Module):
    def __init__(self, inputs, out, expand, kernel, stride, drop):
        super().__init__()
        wide = inputs * expand
        layers = [conv_norm(inputs, wide, 1)] if expand != 1 else []
        layers.append(conv_norm(wide, wide, kernel, stride, groups=wide))
        layers.append(SqueezeExcitation(wide, max(1, inputs // 4)))
        layers.append(conv_norm(wide, out, 1, activation=False))
        self.block = nn.Sequential(*layers)
        self.drop = drop
        self.shortcut = stride == 1 and inputs == out

    def forward(self, x):
        y = self.block(x)
        if not self.shortcut:
            return y
        if self.training and self.drop > 0:
            # Stochastic depth by rows.
            kept = torch.empty((len(y), 1, 1, 1), dtype=y.dtype, device=y.device).bernoulli_(1 - self.drop)
            y = y * kept.div_(1 - self.drop)
        y += x
        return y


# Expansion, kernel, stride, input channels, output channels, blocks.
STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


class EfficientNetB0(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        layers, blocks, total = [conv_norm(3, 32, 3, 2)], 0, sum(stage[-1] for stage in STAGES)
        for expand, kernel, stride, inputs, out, count in STAGES:
            stage = []
            for block in range(count):
                geometry = (inputs if block == 0 else out, out, expand, kernel, stride if block == 0 else 1)
                stage.append(MBConv(*geometry, drop=0.2 * blocks / total))
                blocks += 1
            layers.append(nn.Sequential(*stage))
        layers.append(conv_norm(320, 1280, 1))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2, inplace=True), nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


OWN = {"resnet50": ResNet50, "efficientnet_b0": EfficientNetB0}


try:
    import torchvision
except Exception:  # None there, or one of another torch.
    torchvision = None


def source():
    """What defines the networks."""
    return f"torchvision {torchvision.__version__}" if torchvision else "torchvision's networks, written again"


def at_imagenet(name, classes):
    """torchvision's network, or its twin where there is no torchvision."""
    return getattr(torchvision.models, name)(num_classes=classes) if torchvision else OWN[name](classes)
