"""Unpacks one part of the check, once: unpack.py PART HOME.

`PART/part.json` lists archives, each with the folder below HOME that it becomes, and single files. What is there
already, from a call before, is left as it is; what has changed replaces it. Needs nothing but Python 3.8.
"""

import hashlib
import json
import os
import shutil
import sys
import tarfile


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def verified(path, expected):
    found = digest_of(path)
    if found != expected:
        sys.exit(f"gpu-check: {path} was damaged on its way (SHA-256 {found}, expected {expected}). Send the part again.")


def unpack_archive(archive, sha256, folder):
    """A folder is whole or not there: it is renamed when all of it is written."""
    mark = folder + ".sha256"
    if os.path.isdir(folder) and os.path.exists(mark) and open(mark).read() == sha256:
        return False
    verified(archive, sha256)
    fresh = folder + ".unpacking"
    shutil.rmtree(fresh, ignore_errors=True)
    with tarfile.open(archive) as tar:
        # Archives of our own making, checked against their digest above.
        tar.extractall(fresh, **({"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(fresh, folder)
    with open(mark, "w") as file:
        file.write(sha256)
    return True


def copy_file(source, sha256, target):
    if os.path.exists(target) and digest_of(target) == sha256:
        return False
    verified(source, sha256)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target + ".unpacking")
    os.rename(target + ".unpacking", target)
    return True


def main(part, home):
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(part, "part.json")) as file:
        contents = json.load(file)
    for archive in contents["archives"]:
        if unpack_archive(os.path.join(part, archive["file"]), archive["sha256"], os.path.join(home, archive["folder"])):
            print(f"gpu-check: unpacked {archive['folder']}", flush=True)
    copied = sum(
        copy_file(os.path.join(part, file["path"]), file["sha256"], os.path.join(home, file["path"]))
        for file in contents["files"]
    )
    if copied:
        print(f"gpu-check: unpacked {copied} files", flush=True)
    if not os.path.isdir(os.path.join(home, "app")):
        sys.exit("gpu-check: the first part has not been unpacked on this machine. Send part-1 and call its run first.")


main(*sys.argv[1:])
