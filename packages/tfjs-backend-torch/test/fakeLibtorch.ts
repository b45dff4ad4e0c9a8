import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const EXTENSION = process.platform === 'darwin' ? 'dylib' : 'so';

export interface FakeOptions {
  version?: string;
  /** Folders of headers and libraries below the root. */
  include?: string;
  lib?: string;
  /** Libraries that can be linked and loaded, made by the compiler, in place of mere headers of such files. */
  isLinkable?: boolean;
}

/** An empty folder that no other test uses. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'protocl-torch-'));
}

/** The file name of a library on this platform. */
export function libraryName(name: string): string {
  return `lib${name}.${EXTENSION}`;
}

/** A folder with all that is looked at in a libtorch: some headers, a version, libraries without content. */
export function fakeLibtorch(
  root: string,
  { version = '2.13.0', include = 'include', lib = 'lib', isLinkable = false }: FakeOptions = {},
): string {
  const [major, minor, patch] = version.split(/[.+]/);
  const numbers = `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n`;
  write(join(root, include, 'ATen/ATen.h'), '#pragma once\n');
  write(join(root, include, 'torch/csrc/api/include/torch/version.h'), numbers);
  for (const name of ['torch', 'torch_cpu', 'c10']) {
    const path = join(root, lib, libraryName(name));
    if (isLinkable) linkEmpty(path);
    else write(path, emptyElf());
  }
  return root;
}

/** Sets environment variables back to what they were, or were not. */
export function restoreVariables(names: readonly string[], before: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of names) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
  }
}

export function write(path: string, content: string | Uint8Array, mode?: number): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, mode === undefined ? {} : { mode });
  return path;
}

/** A folder to put on the PATH with a `python3` in it that claims to have PyTorch in `torch`. */
export function fakePython(bin: string, torch: string | null): string {
  const answer = JSON.stringify({ executable: join(bin, 'python3'), torch, path: [bin] });
  write(join(bin, 'python3'), `#!/bin/sh\necho '${answer}'\n`, 0o755);
  return bin;
}

/** A 64-bit ELF file with one section header behind it, so that it is 128 bytes by its own account. */
export function emptyElf(): Buffer {
  const elf = Buffer.alloc(128);
  elf.write('\x7fELF', 'latin1');
  elf[4] = 2;
  elf[5] = 1;
  elf.writeBigUInt64LE(64n, 40);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt16LE(1, 60);
  return elf;
}

function linkEmpty(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  execFileSync('c++', ['-shared', '-fPIC', '-x', 'c++', '/dev/null', '-o', path]);
}

/** A folder with one C++ file in place of the package's own, which compiles in a second. */
export function fakeNative(folder: string, source = FAKE_ADDON): string {
  write(join(folder, 'addon.cc'), source);
  return folder;
}

/** An addon that answers what the set-up asks of one. */
const FAKE_ADDON = `
#include <ATen/ATen.h>
#include <node_api.h>
static napi_value version(napi_env env, napi_callback_info) {
  napi_value result;
  napi_create_string_utf8(env, "9.9.9", NAPI_AUTO_LENGTH, &result);
  return result;
}
static napi_value zero(napi_env env, napi_callback_info) {
  napi_value result;
  napi_create_int32(env, 0, &result);
  return result;
}
NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"version", nullptr, version, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"cudaDevices", nullptr, zero, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"hasMps", nullptr, zero, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 3, functions);
  return exports;
}
`;
