"""Updates over all parameters of a network."""

import torch
from torch_task import TorchTask, compiled

from resnet import ResNet


class Sgd(TorchTask):
    """The optimizer's step alone."""

    def __init__(self, parameters):
        super().__init__(parameters)
        model = network(parameters).to(self.device)
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter) * 1e-3
        self.optimizer = sgd(model.parameters(), parameters)
        self.step = self.optimizer.step
        if parameters.get("way") == "compiled":
            self.step = compiled(self.step, "default")


class Ema(TorchTask):
    """The momentum encoder's update."""

    def __init__(self, parameters):
        super().__init__(parameters)
        self.query = list(network(parameters).to(self.device).parameters())
        self.key = [torch.randn_like(parameter) for parameter in self.query]
        self.decay = parameters["decay"]
        ways = {
            "loop": self.step_loop,
            "foreach": self.step_foreach,
            "compiled": compiled(self.step_foreach, "default"),
        }
        self.step = ways[parameters["way"]]

    @torch.no_grad()
    def run(self, iterations):
        super().run(iterations)

    def step_loop(self):
        for key, query in zip(self.key, self.query):
            key.mul_(self.decay).add_(query, alpha=1 - self.decay)

    def step_foreach(self):
        torch._foreach_lerp_(self.key, self.query, 1 - self.decay)


def network(parameters):
    return ResNet(parameters["depth"], parameters["width"], stem=parameters.get("stem", "small"))


def sgd(parameters, options):
    way = options.get("way", "default")
    try:
        return torch.optim.SGD(
            parameters,
            lr=options["learningRate"],
            momentum=options["momentum"],
            weight_decay=options["weightDecay"],
            **({way: True} if way in ("foreach", "fused") else {}),
        )
    except TypeError as error:
        raise NotImplementedError(f"SGD has no {way} implementation here") from error
