import { type FileHandle, open } from 'node:fs/promises';

/**
 * What is wrong with a shared library (ELF or Mach-O), or undefined where nothing is.
 *
 * A file that was cut short still begins with a valid header, so the tables that the header points to,
 * which linkers put at the end, are looked for within the file's size.
 */
export async function libraryDefect(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
  try {
    const { size } = await file.stat();
    const header = await bytesAt(file, 0, 64);
    const needed = header.length < 64 ? undefined : await bytesNeeded(file, header);
    if (needed === undefined) return `${path} is not a shared library (${size} bytes)`;
    return needed > size ? `${path} is truncated: ${size} of at least ${needed} bytes` : undefined;
  } finally {
    await file.close();
  }
}

const ELF_MAGIC = 0x7f454c46;
const MACH_O_64 = 0xcffaedfe;
const MACH_O_FAT = 0xcafebabe;

/** How large the file must be by its own account; undefined where it is no shared library. */
async function bytesNeeded(file: FileHandle, header: Buffer): Promise<number | undefined> {
  switch (header.readUInt32BE(0)) {
    case ELF_MAGIC:
      return elfSize(file, header);
    case MACH_O_64:
      return machOSize(file, header);
    case MACH_O_FAT:
      return fatSize(file, header);
    default:
      return undefined;
  }
}

/** 64-bit little-endian ELF: the end of the section header table and of every segment. */
async function elfSize(file: FileHandle, header: Buffer): Promise<number | undefined> {
  const is64BitLittleEndian = header[4] === 2 && header[5] === 1;
  if (!is64BitLittleEndian) return undefined;
  const programs = Number(header.readBigUInt64LE(32));
  const sections = Number(header.readBigUInt64LE(40));
  const [programSize, programCount] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  const [sectionSize, sectionCount] = [header.readUInt16LE(58), header.readUInt16LE(60)];
  let end = Math.max(programs + programSize * programCount, sections + sectionSize * sectionCount);
  const table = await bytesAt(file, programs, programSize * programCount);
  for (let at = 0; at + 56 <= table.length; at += programSize) {
    end = Math.max(end, Number(table.readBigUInt64LE(at + 8)) + Number(table.readBigUInt64LE(at + 32)));
  }
  return end;
}

/** 64-bit Mach-O: the end of every segment that its load commands name. */
async function machOSize(file: FileHandle, header: Buffer): Promise<number> {
  const SEGMENT_64 = 0x19;
  const HEADER_SIZE = 32;
  const commandCount = header.readUInt32LE(16);
  const commands = await bytesAt(file, HEADER_SIZE, header.readUInt32LE(20));
  let end = HEADER_SIZE + header.readUInt32LE(20);
  for (let index = 0, at = 0; index < commandCount && at + 56 <= commands.length; index++) {
    if (commands.readUInt32LE(at) === SEGMENT_64) {
      end = Math.max(
        end,
        Number(commands.readBigUInt64LE(at + 40)) + Number(commands.readBigUInt64LE(at + 48)),
      );
    }
    at += Math.max(8, commands.readUInt32LE(at + 4));
  }
  return end;
}

/** A universal Mach-O: the end of the last of its slices. */
async function fatSize(file: FileHandle, header: Buffer): Promise<number> {
  const SLICE_SIZE = 20;
  const count = Math.min(header.readUInt32BE(4), 64);
  const slices = await bytesAt(file, 8, SLICE_SIZE * count);
  let end = 8 + SLICE_SIZE * count;
  for (let at = 0; at + SLICE_SIZE <= slices.length; at += SLICE_SIZE) {
    end = Math.max(end, slices.readUInt32BE(at + 8) + slices.readUInt32BE(at + 12));
  }
  return end;
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
