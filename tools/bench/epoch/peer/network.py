"""A residual network for small images with its projection head, as it is usually written in PyTorch."""

import os
import sys

from torch import nn

sys.path.append(os.path.join(os.path.dirname(__file__), "../../engine/peer"))

from resnet import ResNet  # noqa: E402


def encoder(depth, width, head, dimension):
    network = ResNet(depth, width, dimension)
    if head == "mlp":
        size = network.fc.in_features
        network.fc = nn.Sequential(nn.Linear(size, size), nn.ReLU(inplace=True), nn.Linear(size, dimension))
    return network
