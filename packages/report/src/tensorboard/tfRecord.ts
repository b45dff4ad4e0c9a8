import { maskedCrc32c } from './crc32c.js';

/**
 * One record of a TFRecord file: its length (uint64, little-endian), that length's masked CRC-32C, the
 * data and their masked CRC-32C.
 *
 * @see TensorFlow, "TFRecord and tf.train.Example"
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(12 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}
