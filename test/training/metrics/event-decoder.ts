import { crc32c } from '../../../src/training/metrics/tf-record.js';

/** What a reader of event files sees, decoded here from the definitions of TFRecord and protobuf alone. */
export interface DecodedEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  /** Status of a session log. */
  readonly session?: number;
  readonly scalars: ReadonlyMap<string, number>;
}

export function decodeEvents(file: Buffer): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    checkCrc(file, at, 8);
    checkCrc(file, at + 12, length);
    events.push(decodeEvent(file.subarray(at + 12, at + 12 + length)));
    at += 12 + length + 4;
  }
  return events;
}

/** Undoes the mask: rotate right by 15 bits, add a constant. */
function checkCrc(file: Buffer, at: number, length: number): void {
  const unshifted = (file.readUInt32LE(at + length) - 0xa282ead8) >>> 0;
  const stored = ((unshifted << 15) | (unshifted >>> 17)) >>> 0;
  if (stored !== crc32c(file.subarray(at, at + length))) throw new Error(`the checksum of the ${length} bytes at ${at} is wrong`);
}

type Field = readonly [number, bigint | Buffer];

function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const tag = Number(varint());
    const type = tag & 7;
    if (type !== 0 && type !== 1 && type !== 2 && type !== 5) throw new Error(`wire type ${type}`);
    found.push([tag >> 3, type === 0 ? varint() : take(type === 1 ? 8 : type === 5 ? 4 : Number(varint()))]);
  }
  return found;
}

function decodeEvent(message: Buffer): DecodedEvent {
  const byNumber = new Map(fields(message));
  const scalars = new Map<string, number>();
  for (const [, value] of fields((byNumber.get(5) as Buffer | undefined) ?? Buffer.alloc(0))) {
    const summary = new Map(fields(value as Buffer));
    scalars.set((summary.get(1) as Buffer).toString(), (summary.get(2) as Buffer).readFloatLE());
  }
  const version = byNumber.get(3) as Buffer | undefined;
  const session = byNumber.get(7) as Buffer | undefined;
  return {
    wallTime: (byNumber.get(1) as Buffer).readDoubleLE(),
    step: Number(byNumber.get(2)),
    ...(version === undefined ? {} : { fileVersion: version.toString() }),
    ...(session === undefined ? {} : { session: Number(new Map(fields(session)).get(1)) }),
    scalars,
  };
}
