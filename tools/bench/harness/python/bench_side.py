"""Makes a Python process one side of a comparison; the counterpart of serve.ts."""

import gc
import json
import os
import re
import resource
import sys
import time
import traceback


def serve(prepare):
    """Answers the requests on stdin until it is closed.

    `prepare(parameters)` returns an object with `versions` (a dict of names to versions) and
    `run(iterations)`, which does the work and returns None or a dict of figures to add to the reply.
    Where the object has `synchronize()`, that waits until the work is done; else `run` does. It may
    also have `device_peak_bytes()` and `reset_device_peak()`.

    `prepare` may raise NotImplementedError where the installed version lacks that way of doing a
    task; the comparison then goes on without it.
    """
    # Replies own the real stdout; whatever libraries print goes to stderr.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    task = None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            command = request.pop("cmd")
            if command == "prepare":
                task = prepare(request)
                reply = {"versions": task.versions}
            elif command == "memory":
                device_peak = getattr(task, "device_peak_bytes", lambda: None)()
                reply = {"peakBytes": peak_resident_bytes(), "devicePeakBytes": device_peak}
            elif command == "reset-memory":
                getattr(task, "reset_device_peak", lambda: None)()
                reply = {}
            elif command == "libraries":
                reply = {"libraries": libraries()}
            elif command == "release":
                task = None
                release_memory()
                reply = {}
            else:
                reply = timed(task, request["iterations"])
        except NotImplementedError as error:
            reply = {"unsupported": str(error)}
        except Exception:
            reply = {"error": traceback.format_exc()}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def limit_threads(count):
    """Limits the threads of OpenMP and of each BLAS that is loaded, for as long as the process lives."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(count)


def timed(task, iterations):
    """Runs a task, and tells how long that took, and how long until the last call had returned."""
    start = time.perf_counter()
    figures = task.run(iterations) or {}
    host_seconds = time.perf_counter() - start
    if not hasattr(task, "synchronize"):
        return {**figures, "seconds": host_seconds}
    task.synchronize()
    return {**figures, "hostSeconds": host_seconds, "seconds": time.perf_counter() - start}


def libraries():
    """What computes here on threads of its own: what threadpoolctl finds, and what is linked into PyTorch."""
    found = []
    torch = sys.modules.get("torch")
    if torch is not None:
        blas = "MKL" if torch.backends.mkl.is_available() else "BLAS"
        version = re.search(r"Math Kernel Library Version (\d[\d.]*)", torch.__config__.show())
        found.append(
            {
                "name": blas,
                "version": version and version[1],
                "architecture": torch.backends.cpu.get_cpu_capability(),
                "threads": torch.get_num_threads(),
                "package": "torch",
            }
        )
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return found
    for library in sorted(threadpool_info(), key=lambda library: library["filepath"]):
        name = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}.get(library["internal_api"], library["prefix"])
        found.append(
            {
                "name": name,
                "version": library["version"],
                "architecture": library.get("architecture"),
                "threads": library["num_threads"],
                "package": os.path.basename(os.path.dirname(library["filepath"])).removesuffix(".libs"),
            }
        )
    return found


def release_memory():
    """Also what PyTorch, where it is used, keeps of compiled code and of its device's memory."""
    torch = sys.modules.get("torch")
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()
    gc.collect()
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def peak_resident_bytes():
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes where Linux counts kibibytes.
    return peak if sys.platform == "darwin" else peak * 1024
