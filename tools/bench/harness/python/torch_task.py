"""What the peer's tasks in PyTorch have in common: the device, its precision and its memory."""

import contextlib
import os

import torch

MEMORY_FORMATS = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}


class TorchTask:
    """Runs `step`; whoever runs it waits for the device.

    `precision` is `float32`, `tf32` or `bfloat16` (autocast, and TF32 for the rest); PyTorch's own defaults hold
    where it is not given.
    """

    def __init__(self, parameters):
        torch.set_num_threads(parameters["threads"])
        self.device = torch.device(parameters.get("device", "cpu"))
        self.versions = {"torch": torch.__version__}
        if self.device.type == "cuda":
            self.versions["gpu"] = torch.cuda.get_device_name(self.device)
        self.precision = parameters.get("precision")
        if self.precision is not None:
            allowed = self.precision != "float32"
            torch.set_float32_matmul_precision("high" if allowed else "highest")
            torch.backends.cudnn.allow_tf32 = allowed
        torch.backends.cudnn.benchmark = parameters.get("cudnnBenchmark", False)

    def run(self, iterations):
        for _ in range(iterations):
            self.step()

    def autocast(self):
        if self.precision == "bfloat16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def device_peak_bytes(self):
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else None

    def reset_device_peak(self):
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)


def compiled(model, mode):
    """The model as torch.compile makes it for these very shapes; as it is where there is no mode."""
    if mode is None:
        return model
    # Headers compiled beforehand spare seconds on a CPU, but PyTorch asks the program openssl for their names.
    os.environ.setdefault("TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS", "0")
    return torch.compile(model, mode=mode, dynamic=False)
