/**
 * BYTE_STREAM_SPLIT for 4-byte values: all first bytes, then all second bytes, and so on.
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md#byte-stream-split-byte_stream_split--9
 */

/** Writes the split form of `bytes` (4 per value) to `target`, which has the same length. */
export function splitByteStreams(bytes: Uint8Array, target: Uint8Array): void {
  const count = bytes.length >>> 2;
  for (let value = 0, at = 0; value < count; value++, at += 4) {
    target[value] = bytes[at]!;
    target[count + value] = bytes[at + 1]!;
    target[2 * count + value] = bytes[at + 2]!;
    target[3 * count + value] = bytes[at + 3]!;
  }
}

/** Undoes splitByteStreams. */
export function mergeByteStreams(bytes: Uint8Array, target: Uint8Array): void {
  const count = bytes.length >>> 2;
  for (let value = 0, at = 0; value < count; value++, at += 4) {
    target[at] = bytes[value]!;
    target[at + 1] = bytes[count + value]!;
    target[at + 2] = bytes[2 * count + value]!;
    target[at + 3] = bytes[3 * count + value]!;
  }
}
