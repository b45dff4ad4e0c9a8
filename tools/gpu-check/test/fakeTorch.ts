import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TORCH = `
__version__ = "9.9"


class Tensor:
    """Of ones, times a factor."""

    def __init__(self, rows, columns, factor=1):
        self.rows, self.columns, self.factor = rows, columns, factor

    def __matmul__(self, other):
        return Tensor(self.rows, other.columns, self.columns * self.factor * other.factor)

    def sum(self):
        return self

    def item(self):
        return self.rows * self.columns * self.factor


def ones(rows, columns):
    return Tensor(rows, columns)


def from_numpy(shape):
    return Tensor(*shape)
`;
const NUMPY = `
def ones(shape, dtype):
    return shape
`;

/**
 * Writes Python packages that pass for PyTorch and numpy as far as an empty root tries them, so that one is
 * tested without the minute that fetching PyTorch takes.
 */
export function writeFakeTorch(folder: string): void {
  for (const [name, source] of Object.entries({ torch: TORCH, numpy: NUMPY })) {
    const information = join(folder, `${name}-9.9.dist-info`);
    mkdirSync(join(folder, name), { recursive: true });
    mkdirSync(information);
    writeFileSync(join(folder, name, '__init__.py'), source);
    writeFileSync(join(information, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: 9.9\n`);
    writeFileSync(join(information, 'RECORD'), `${name}/__init__.py,,\n${name}-9.9.dist-info/METADATA,,\n`);
  }
}
