"""Writes packages/pipeline/test/fixtures/npyFiles.json: files as numpy.save writes them, and their values.

Every dtype of numbers in both byte orders, C and Fortran order, the three versions of the format, shapes
of every rank, and arrays that are none of numbers.

    pip install numpy
    python3 tools/parity/npy_files.py
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

FIXTURE = Path(__file__).resolve().parents[2] / "packages" / "pipeline" / "test" / "fixtures" / "npyFiles.json"

FLOATS = ["f2", "f4", "f8"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


def saved(array, version=None):
    file = io.BytesIO()
    npy.write_array(file, array, version=version, allow_pickle=True)
    return base64.b64encode(file.getvalue()).decode()


def entry(name, array, version=None):
    # As text: JSON has neither NaN nor integers of 64 bits.
    values = [str(value) for value in array.ravel(order="C").tolist()]
    return {"name": name, "file": saved(array, version), "shape": list(array.shape), "values": values}


def readable():
    for order in "<>":
        for code in FLOATS:
            limits = np.finfo(code)
            values = [1.5, -2.25, 0, float(limits.max), float(limits.smallest_subnormal), 1 / 3]
            special = [float("inf"), float("-inf"), float("nan")]
            yield entry(f"{order}{code}", np.array(values + special, dtype=code).astype(order + code))
        for code in INTEGERS:
            limits = np.iinfo(code)
            values = np.array([limits.min, limits.max, 0, 1, 2, 100], dtype=code)
            yield entry(f"{order}{code}", values.reshape(3, 2).astype(order + code))
    yield entry("bool", np.array([[True, False], [False, True]]))
    for shape in [(2, 3), (3, 2, 4), (1, 5), (5, 1), (2, 1, 3, 2)]:
        array = np.arange(np.prod(shape), dtype=">f4").reshape(shape)
        yield entry(f"Fortran order {shape}", np.asfortranarray(array))
    for shape in [(), (3,), (0,), (0, 4), (2, 3, 2)]:
        yield entry(f"shape {shape}", np.arange(np.prod(shape, dtype=int), dtype="<i4").reshape(shape))
    for version in [(1, 0), (2, 0), (3, 0)]:
        yield entry(f"version {version}", np.arange(6, dtype="<f8").reshape(2, 3) / 4, version)


def others():
    yield "objects", np.array([1.5, 2], dtype=object)
    yield "strings", np.array(["a", "bc"])
    yield "bytes", np.array([b"a", b"bc"])
    yield "complex", np.array([1 + 2j, 3])
    yield "dates", np.array(["2025-01-31"], dtype="datetime64[D]")
    yield "records", np.array([(1, 2.5)], dtype=[("a", "<i4"), ("ü", "<f4")])
    yield "long doubles", np.array([1.5], dtype=np.longdouble)


def main():
    fixture = {
        "numpy": np.__version__,
        "files": list(readable()),
        "others": [{"name": name, "file": saved(array)} for name, array in others()],
    }
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
