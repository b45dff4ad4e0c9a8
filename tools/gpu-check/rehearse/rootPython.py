"""Says in JSON what of this machine's Python and PyTorch an empty root needs.

    show        pairs of a path here and its place in the root
    sites       folders for third-party packages, which the root covers
    executable  the interpreter
"""

import importlib
import json
import os
import re
import site
import sys
import sysconfig
from importlib import metadata

import numpy  # noqa: F401
import torch

# Parts of the standard library that need libraries of their own, where this Python has them.
for name in ("bz2", "ctypes", "lzma", "sqlite3", "ssl", "zlib"):
    try:
        importlib.import_module(name)
    except ImportError:
        pass

PACKAGES = "/opt/torch/site"
# The root has these of any machine.
SYSTEM = ("/lib/", "/lib64/", "/lib32/", "/usr/lib/", "/usr/lib64/", "/usr/lib32/")


def closure(names):
    """The installed distributions among `names` and what they require."""
    found, waiting = {}, list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # Required on other platforms only.
        for requirement in found[name].requires or []:
            if not re.search(r";.*\bextra\b", requirement):
                waiting.append(re.match(r"[\w.-]+", requirement).group())
    return found.values()


def entries(distribution):
    """Names of what a distribution has in its folder for packages."""
    files = distribution.files
    if files is None:
        # A package of the operating system keeps no list of its files.
        return (distribution.read_text("top_level.txt") or distribution.metadata["Name"]).split()
    tops = {file.parts[0] for file in files}
    return sorted(tops - {"..", "/", "__pycache__"})


def packages():
    for distribution in closure(["torch", "numpy"]):
        folder = str(distribution.locate_file(""))
        for name in entries(distribution):
            path = os.path.realpath(os.path.join(folder, name))
            if os.path.exists(path):
                yield path, f"{PACKAGES}/{name}"


def interpreter():
    executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    folders = [sysconfig.get_path(kind, vars=base) for kind in ("stdlib", "platstdlib")]
    base = {"installed_base": sys.base_prefix, "installed_platbase": sys.base_exec_prefix}
    folders += [sysconfig.get_path(kind, vars=base) for kind in ("include", "platinclude")]
    for path in [executable, *folders]:
        if os.path.exists(path):
            yield path, path


def libraries(shown):
    """Shared libraries that this process has loaded from elsewhere, under all their names."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if line.count("/")}
    for path in sorted(paths):
        inside = any(path.startswith(folder + "/") for folder in shown)
        if not re.search(r"\.so[.\d]*$", path) or path.startswith(SYSTEM) or inside:
            continue
        folder = os.path.dirname(path)
        for name in os.listdir(folder):
            if os.path.realpath(os.path.join(folder, name)) == path:
                yield path, os.path.join(folder, name)


def site_folders():
    """Where the base interpreter looks for packages."""
    prefixes = [sys.base_prefix, sys.base_exec_prefix]
    return [folder for folder in site.getsitepackages(prefixes) if os.path.isdir(folder)]


show = dict((target, source) for source, target in [*interpreter(), *packages()])
show.update((target, source) for source, target in libraries(list(show.values())))
print(
    json.dumps(
        {
            "executable": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
            "version": sys.version.split()[0],
            "torch": torch.__version__,
            "show": [[source, target] for target, source in show.items()],
            "sites": site_folders(),
            "packages": PACKAGES,
        }
    )
)
