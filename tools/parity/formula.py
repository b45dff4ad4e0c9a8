"""Numbers that tests make by the same formula, so that fixtures need not hold them."""

import numpy as np
import torch


def hash_name(name):
    """32-bit FNV-1a."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def uniform(name, size):
    """`size` float64 values in -1 .. 1: the index, mixed as by MurmurHash3's finalizer."""
    x = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(hash_name(name))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    return x / 2**31 - 1


def values_of(name, shape):
    """What a parameter or a running statistic is set to, in PyTorch's layout."""
    values = uniform(name, int(np.prod(shape)))
    if name.endswith("running_var"):
        values = 1 + 0.5 * values
    elif len(shape) > 1:
        values = values * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        values = 1 + 0.3 * values
    else:
        values = 0.3 * values
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def weights_like(tensor):
    """What a sum is weighted by, so that it tells layouts apart."""
    return torch.from_numpy(uniform("weights", tensor.numel()).reshape(tensor.shape))


def norm_and_sum(tensor):
    """What a fixture holds of a tensor: its norm, and its weighted sum."""
    return torch.stack([tensor.norm(), (tensor * weights_like(tensor)).sum()])
