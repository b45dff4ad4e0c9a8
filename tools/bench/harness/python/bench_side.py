"""Makes a Python process one side of a comparison; the counterpart of serve.ts."""

import json
import os
import resource
import sys
import time
import traceback


def serve(prepare):
    """Answers the requests on stdin until it is closed.

    `prepare(parameters)` returns an object with `versions` (a dict of names to versions) and
    `run(iterations)`, which does the work, waits until it is done and returns None or a dict of
    figures to add to the reply. It may raise NotImplementedError where the installed version lacks
    that way of doing a task; the comparison then goes on without it.
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
                reply = {"peakBytes": peak_resident_bytes()}
            else:
                start = time.perf_counter()
                figures = task.run(request["iterations"])
                reply = {**(figures or {}), "seconds": time.perf_counter() - start}
        except NotImplementedError as error:
            reply = {"unsupported": str(error)}
        except Exception:
            reply = {"error": traceback.format_exc()}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


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
