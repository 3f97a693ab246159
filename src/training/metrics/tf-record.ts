/**
 * The TFRecord container (https://www.tensorflow.org/tutorials/load_data/tfrecord): per record a little-endian uint64 length, the masked CRC-32C of those
 * eight bytes, the data, the masked CRC-32C of the data.
 */
const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** The reversed polynomial of CRC-32C (Castagnoli; RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** Rotated and shifted, so that the checksum of bytes that hold a checksum is no weaker for it. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The bytes of a record. */
export function encodeRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(HEADER_BYTES + data.length + FOOTER_BYTES);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc(data), HEADER_BYTES + data.length);
  return record;
}

/** The record that begins at `at` and the byte after it; undefined where the bytes there are no whole, undamaged record. */
export function decodeRecord(bytes: Buffer, at: number): { readonly data: Buffer; readonly end: number } | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const header = bytes.subarray(at, at + 8);
  if (bytes.readUInt32LE(at + 8) !== maskedCrc(header)) return undefined;
  const length = Number(header.readBigUInt64LE());
  const start = at + HEADER_BYTES;
  const end = start + length + FOOTER_BYTES;
  if (end > bytes.length) return undefined;
  const data = bytes.subarray(start, start + length);
  return bytes.readUInt32LE(start + length) === maskedCrc(data) ? { data, end } : undefined;
}
