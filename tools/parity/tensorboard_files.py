"""Writes packages/report/test/fixtures/tensorboard.json: an event file of TensorBoard's own writer.

With a folder it reads instead what we wrote there, as TensorBoard does, and prints what it finds:

    python3 tools/parity/tensorboard_files.py
    python3 tools/parity/tensorboard_files.py RUN/tensorboard

needs tensorboard.
"""

import json
import sys
import tempfile
from pathlib import Path

import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FIXTURE = Path(__file__).resolve().parents[2] / "packages" / "report" / "test" / "fixtures" / "tensorboard.json"

EVENTS = [
    {"wallTime": 1767323045.5, "step": 0, "tag": "evaluation/knn", "value": 0.25},
    {"wallTime": 1767323046.25, "step": 10, "tag": "training/loss", "value": 4.9375},
    {"wallTime": 1767323047.0, "step": 5_000_000_000, "tag": "training/Größe@250", "value": -1.5e-08},
]


def write_fixture():
    with tempfile.NamedTemporaryFile() as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=EVENTS[0]["wallTime"], file_version="brain.Event:2").SerializeToString())
        for event in EVENTS:
            value = Summary.Value(tag=event["tag"], simple_value=event["value"])
            entry = Event(wall_time=event["wallTime"], step=event["step"], summary=Summary(value=[value]))
            writer.write(entry.SerializeToString())
        writer.flush()
        content = Path(file.name).read_bytes()
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    fixture = {"tensorboard": tensorboard.__version__, "events": EVENTS, "file": content.hex()}
    FIXTURE.write_text(json.dumps(fixture, ensure_ascii=False, indent=2) + "\n")


def read(folder):
    for run in sorted(path.parent for path in Path(folder).rglob("events.out.tfevents.*")):
        accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0})
        accumulator.Reload()
        tags = accumulator.Tags()
        print(run, f"({len(tags['scalars'])} scalars, {len(tags['images'])} images)")
        for tag in tags["scalars"]:
            events = accumulator.Scalars(tag)
            print(f"  {tag}: {len(events)} values, the last {events[-1].value:.6g} at step {events[-1].step}")
        for tag in tags["images"]:
            for image in accumulator.Images(tag):
                print(f"  {tag}: {image.width} x {image.height}, {len(image.encoded_image_string)} bytes")


if len(sys.argv) > 1:
    read(sys.argv[1])
else:
    write_fixture()
