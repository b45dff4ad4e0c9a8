"""Writes packages/encoders/test/fixtures/python*.safetensors with the reference implementation.

python.safetensors has the dtypes that we write, and our writer has to give the same bytes;
python-dtypes.safetensors has every dtype that we read, and what each is as float32 or int32.

    pip install safetensors torch
    python3 tools/parity/safetensors_files.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "encoders" / "test" / "fixtures"

SPECIAL = [0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, 1e-3, float("inf"), float("-inf"), float("nan")]


def main():
    written = {
        "layer1.0.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 8 - 0.25,
        "bias": torch.tensor([1e-38, -3.4e38, 0.1]),
        "steps": torch.tensor([[-(2**31), 2**31 - 1]], dtype=torch.int32),
        "scalar": torch.tensor(7.5),
        "empty": torch.zeros(0, 4),
        "ünïcode \"quoted\"": torch.tensor([3], dtype=torch.int32),
    }
    save_file(written, FIXTURES / "python.safetensors", metadata={"format": "pt"})

    read = {}
    for dtype in FLOATS:
        tensor = torch.tensor(SPECIAL, dtype=dtype)
        read |= {name_of(dtype): tensor, f"{name_of(dtype)} expected": tensor.to(torch.float32, copy=True)}
    for dtype in INTEGERS:
        limits = torch.iinfo(dtype)
        values = [max(limits.min, -(2**31)), min(limits.max, 2**31 - 1), 5]
        tensor = torch.tensor(values, dtype=dtype)
        read |= {name_of(dtype): tensor, f"{name_of(dtype)} expected": tensor.to(torch.int32, copy=True)}
    tensor = torch.tensor([True, False, True])
    read |= {"bool": tensor, "bool expected": tensor.to(torch.int32, copy=True)}
    save_file(read, FIXTURES / "python-dtypes.safetensors")


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGERS = [
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
]

if __name__ == "__main__":
    main()
