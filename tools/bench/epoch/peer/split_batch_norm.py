"""Batch norm in parts of the batch, as in the CIFAR-10 demo of MoCo's authors: what several GPUs would each see."""

import torch.nn.functional as F
from torch import nn


class SplitBatchNorm(nn.BatchNorm2d):
    """One pass for all parts: channels of another part are other channels."""

    def __init__(self, features, splits):
        super().__init__(features)
        self.splits = splits

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        n, channels, height, width = x.shape
        mean, variance = self.running_mean.repeat(self.splits), self.running_var.repeat(self.splits)
        y = F.batch_norm(
            x.reshape(-1, channels * self.splits, height, width),
            mean,
            variance,
            self.weight.repeat(self.splits),
            self.bias.repeat(self.splits),
            True,
            self.momentum,
            self.eps,
        )
        self.running_mean.copy_(mean.view(self.splits, channels).mean(dim=0))
        self.running_var.copy_(variance.view(self.splits, channels).mean(dim=0))
        return y.view(n, channels, height, width)


def split_batch_norms(module, splits):
    """Puts split batch norms in the place of all batch norms of a network."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, SplitBatchNorm(child.num_features, splits))
        else:
            split_batch_norms(child, splits)
    return module
