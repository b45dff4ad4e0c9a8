# Run inside an empty root: prints a line "wrong: ..." for everything that is not as on the machine
# that the check goes to, and "found: ..." for what is worth reading.

wrong() { echo "wrong: $*"; }

for program in node nodejs npm npx yarn corepack make gmake cmake ninja; do
  if path=$(type -P "$program"); then wrong "$program is there, as $path"; fi
done
for path in $(find /usr/lib /usr/lib64 /opt -maxdepth 3 -name node_modules -not -empty 2>/dev/null); do
  wrong "$path is there"
done

cat >/tmp/verify.cc <<'SOURCE'
#include <cstdio>
#include <vector>
int main() {
  std::vector<int> counts(4);
#pragma omp parallel for
  for (int i = 0; i < 4; i++) counts[i] = i;
  std::printf("%d\n", counts[3]);
}
SOURCE
if ! message=$(g++ -fopenmp -o ~/verify /tmp/verify.cc 2>&1); then
  wrong "g++ cannot compile: ${message##*$'\n'}"
elif [ "$(~/verify 2>&1)" != 3 ]; then
  wrong "what g++ compiles does not run in $HOME"
else
  echo "found: $(g++ --version | head -n 1)"
fi
rm -f /tmp/verify.cc ~/verify

if ! message=$(python3 - 2>&1 <<'SOURCE'
import os
import socket
import time

for _, name in socket.if_nameindex():
    if name != "lo":
        print(f"wrong: there is the network interface {name}")
for address in ("127.0.0.1", "192.0.2.1"):
    start = time.monotonic()
    try:
        socket.create_connection((address, 53), timeout=5)
        print(f"wrong: {address} can be connected to")
    except OSError as error:
        if time.monotonic() - start > 1:
            print(f"wrong: connecting to {address} takes its time to fail ({error})")

allowed = {"PATH", "HOME", "OUT", "PWD", "SHLVL", "_", "LC_CTYPE"}
for name in sorted(set(os.environ) - allowed):
    print(f"wrong: the environment has {name}")

import numpy
import torch

total = (torch.from_numpy(numpy.ones((3, 3), "float32")) @ torch.ones(3, 3)).sum().item()
if total != 27:
    print(f"wrong: PyTorch takes 27 for {total}")
with open("/dev/shm/verify", "w"):
    os.remove("/dev/shm/verify")
print(f"found: PyTorch {torch.__version__} in {os.path.dirname(torch.__file__)}")
SOURCE
); then
  wrong "python3 does not work: ${message##*$'\n'}"
else
  echo "$message"
fi
