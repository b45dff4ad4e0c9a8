"""Tasks on a residual network: its answer to a batch, and training steps."""

import json
import os

import torch
import torch.nn.functional as F
from torch_task import MEMORY_FORMATS, TorchTask, compiled

from optimizers import sgd
from resnet import ResNet


class Network(TorchTask):
    """A residual network in one memory layout, and a batch of images that is on the device already.

    `compile` is a mode of torch.compile; without it the network runs eagerly. `warm_up` compiles, and leaves the
    device alone as far as it can: others may be compiling beside it.
    """

    def __init__(self, parameters):
        super().__init__(parameters)
        layout = MEMORY_FORMATS[parameters["layout"]]
        batch, size = parameters["batch"], parameters["imageSize"]
        self.model = ResNet(parameters["depth"], parameters["width"], stem=parameters.get("stem", "small"))
        self.model.to(self.device, memory_format=layout)
        self.images = torch.randn(batch, 3, size, size).to(self.device, memory_format=layout)
        self.labels = torch.randint(0, 10, (batch,), device=self.device)
        mode = parameters.get("compile")
        self.is_compiled = mode is not None
        self.network = compiled(self.model, mode)

    def warm_up(self):
        if self.is_compiled:
            # cuDNN is to choose its algorithms later, when the device has nothing else to do.
            chooses, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
            self.run(1)
            self.synchronize()
            torch.backends.cudnn.benchmark = chooses
        return self


class Forward(Network):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.model.eval()

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step(self):
        with self.autocast():
            self.network(self.images)


class Train(Network):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.optimizer = sgd(self.model.parameters(), parameters)

    def step(self):
        self.optimizer.zero_grad()
        with self.autocast():
            loss = F.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss


class Agreement(Train):
    """Training steps from the weights and images that our side has written to a folder."""

    def __init__(self, parameters):
        super().__init__(parameters)
        arrays = read_arrays(parameters["folder"])
        self.images.copy_(arrays.pop("images"))
        self.labels.copy_(arrays.pop("labels"))
        # What is left are the parameters; the names and shapes have to be the same on both sides.
        own = dict(self.model.named_parameters())
        if own.keys() != arrays.keys():
            raise ValueError(f"parameters differ: {sorted(own.keys() ^ arrays.keys())}")
        with torch.no_grad():
            for name, parameter in own.items():
                if parameter.shape != arrays[name].shape:
                    raise ValueError(f"{name}: {tuple(parameter.shape)} and {tuple(arrays[name].shape)}")
                parameter.copy_(arrays[name])

    def run(self, iterations):
        return {"losses": [self.step().item() for _ in range(iterations)]}


class Profile(Train):
    """Training steps that report the time of each of the device's kernels; on the CPU, of each operator."""

    def run(self, iterations):
        activities = [torch.profiler.ProfilerActivity.CPU]
        on_device = self.device.type == "cuda"
        if on_device:
            activities.append(torch.profiler.ProfilerActivity.CUDA)
        with torch.profiler.profile(activities=activities) as profiler:
            super().run(iterations)
            self.synchronize()
        return {"kernels": self.device_events(profiler) if on_device else self.operators(profiler)}

    def device_events(self, profiler):
        found = {}
        for event in profiler.events():
            # Annotations, such as that of an optimizer's step, span kernels that are told themselves.
            is_annotation = getattr(event, "is_user_annotation", False) or event.name.startswith("Optimizer.")
            if event.device_type != torch.autograd.DeviceType.CUDA or is_annotation:
                continue
            kind = "copy" if event.name.startswith(("Memcpy", "Memset")) else "kernel"
            kernel = found.setdefault(event.name, {"name": event.name, "calls": 0, "seconds": 0.0, "kind": kind})
            kernel["calls"] += 1
            kernel["seconds"] += event.time_range.elapsed_us() / 1e6
        return list(found.values())

    def operators(self, profiler):
        return [
            {
                "name": average.key,
                "calls": average.count,
                "seconds": average.self_cpu_time_total / 1e6,
                "kind": "operator",
            }
            for average in profiler.key_averages()
        ]


def read_arrays(folder):
    """Float32 arrays by name, from the files that ours/arrays.ts describes."""
    with open(os.path.join(folder, "arrays.json")) as file:
        entries = json.load(file)
    with open(os.path.join(folder, "arrays.bin"), "rb") as file:
        values = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    arrays = {}
    for entry in entries:
        start, count = entry["offset"], entry["count"]
        arrays[entry["name"]] = values[start : start + count].reshape(entry["shape"])
    return arrays
