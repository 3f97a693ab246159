import { createHash } from 'node:crypto';
import { open, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { LeftOut } from '../../src/records.js';
import { createRandom } from '../../src/math/random.js';
import { corpusFolder, documentsOf, leftOutOf, readContent, readCorpus } from './corpus-folder.js';

const oneLeftOut = async (content: string | Uint8Array, options = {}): Promise<LeftOut> => {
  const items = await readContent('a.jsonl', content, options);
  expect(items).toHaveLength(1);
  return items[0] as LeftOut;
};

describe('a line of JSON', () => {
  it('is a document with its id, source, text, hash and place', async () => {
    const items = await readContent('a.jsonl', '{"id":"d1","text":"Grüße 🙂","source":"web"}\n{"text":"b"}\n');
    expect(items).toEqual([
      {
        kind: 'document',
        id: 'd1',
        source: 'web',
        text: 'Grüße 🙂',
        hash: createHash('sha256').update('Grüße 🙂', 'utf8').digest('hex'),
        origin: { file: 'a.jsonl', position: 0, positionKind: 'byte' },
      },
      { kind: 'document', id: 'a.jsonl:49', source: 'a.jsonl', text: 'b', hash: createHash('sha256').update('b').digest('hex'), origin: { file: 'a.jsonl', position: 49, positionKind: 'byte' } },
    ]);
  });

  it('may join several fields by a newline', async () => {
    const line = '{"question":"q","answer":"a"}';
    expect(documentsOf(await readContent('a.jsonl', line, { textField: ['question', 'answer'] }))[0]?.text).toBe('q\na');
    expect(documentsOf(await readContent('a.jsonl', line, { textField: ['answer', 'question', 'answer'] }))[0]?.text).toBe('a\nq\na');
    expect(documentsOf(await readContent('a.jsonl', '{"question":"","answer":"a"}', { textField: ['question', 'answer'] }))[0]?.text).toBe('\na');
  });

  it('takes id and source from the fields that are named', async () => {
    const items = await readContent('a.jsonl', '{"id":"no","url":"u1","meta":"m","text":"x"}', { idField: 'url', sourceField: 'meta' });
    expect(items[0]).toMatchObject({ id: 'u1', source: 'm' });
  });

  it('falls back to the file name for a source that is not a well-formed string', async () => {
    const sources = ['{}', '7', 'null', '"\\ud800"', '["web"]', '""'];
    const items = await readContent('a.jsonl', sources.map((source) => `{"text":"x","source":${source}}\n`).join(''));
    expect(documentsOf(items).map((item) => item.source)).toEqual(['a.jsonl', 'a.jsonl', 'a.jsonl', 'a.jsonl', 'a.jsonl', '']);
  });

  it('keeps every digit of an integer id', async () => {
    const ids = ['17', '-3', '9007199254740993', '123456789012345678901234567890', '1.0'];
    const items = await readContent('a.jsonl', ids.map((id) => `{"text":"x","id":${id}}\n`).join(''));
    expect(documentsOf(items).map((item) => item.id)).toEqual(['17', '-3', '9007199254740993', '123456789012345678901234567890', '1']);
  });

  it('gets an id from file and byte where its id is absent or null', async () => {
    const items = await readContent('a.jsonl', '{"text":"x"}\r\n\n{"text":"y","id":null}');
    expect(documentsOf(items).map((item) => item.id)).toEqual(['a.jsonl:0', 'a.jsonl:15']);
  });
});

describe('the lines of a file', () => {
  it('may end in CRLF or not at all, and blank ones are no documents', async () => {
    const items = await readContent('a.jsonl', '\n{"text":"a"}\r\n \t\r\n\r\n{"text":"b\\r\\n"}\n\n{"text":"c"}');
    expect(documentsOf(items).map((item) => [item.text, item.origin.position])).toEqual([
      ['a', 1],
      ['b\r\n', 21],
      ['c', 39],
    ]);
    expect(leftOutOf(items)).toEqual([]);
  });

  it('may begin with a byte order mark, once', async () => {
    const items = await readContent('a.jsonl', '\ufeff{"text":"a"}\n\ufeff{"text":"b"}\n');
    expect(items).toMatchObject([
      { kind: 'document', text: 'a', origin: { position: 0 } },
      { reason: 'malformed-json', origin: { position: 16 } },
    ]);
    expect(await readContent('a.jsonl', '\ufeff')).toEqual([]);
    expect(await readContent('a.jsonl', '\ufeff\n')).toEqual([]);
  });

  it('may be none', async () => {
    expect(await readContent('a.jsonl', '')).toEqual([]);
    expect(await readContent('a.jsonl', '\n\n')).toEqual([]);
  });
});

describe('a line that makes no document is left out with its byte offset:', () => {
  const before = '{"text":"fine"}\n';
  const after = '\n{"text":"also fine"}\n';

  it.each([
    ['malformed-json', '{"text": "a" oops}'],
    ['malformed-json', '{"text":"cut off'],
    ['malformed-json', "{'text':'python'}"],
    ['malformed-json', '{"text":NaN}'],
    ['not-an-object', '["text"]'],
    ['not-an-object', '"text"'],
    ['not-an-object', 'null'],
    ['not-an-object', '42'],
    ['missing-text', '{"content":"x"}'],
    ['missing-text', '{}'],
    ['text-not-a-string', '{"text":null}'],
    ['text-not-a-string', '{"text":7}'],
    ['text-not-a-string', '{"text":["x"]}'],
    ['text-not-a-string', '{"text":{"text":"x"}}'],
    ['lone-surrogate', '{"text":"a\\ud83d"}'],
    ['lone-surrogate', '{"text":"\\udc00\\ud800"}'],
    ['empty-text', '{"text":""}'],
    ['invalid-id', '{"text":"x","id":1.5}'],
    ['invalid-id', '{"text":"x","id":true}'],
    ['invalid-id', '{"text":"x","id":{"$oid":"6"}}'],
    ['invalid-id', '{"text":"x","id":"\\ud800"}'],
    ['invalid-id', '{"text":"x","id":1e300}'],
  ])('%s (%s)', async (reason, line) => {
    const items = await readContent('a.jsonl', before + line + after);
    expect(documentsOf(items).map((item) => item.text)).toEqual(['fine', 'also fine']);
    expect(leftOutOf(items)).toMatchObject([{ kind: reason === 'empty-text' ? 'skipped' : 'quarantined', reason, origin: { file: 'a.jsonl', position: before.length, positionKind: 'byte' } }]);
  });

  it('invalid-utf8 (one bad byte in good text), with the byte itself', async () => {
    const bad = Buffer.concat([Buffer.from('{"text":"né'), Buffer.from([0xff]), Buffer.from('"}')]);
    const items = await readContent('a.jsonl', Buffer.concat([Buffer.from(before), bad, Buffer.from(after)]));
    expect(documentsOf(items)).toHaveLength(2);
    expect(leftOutOf(items)).toMatchObject([{ reason: 'invalid-utf8', origin: { position: before.length }, detail: `the line is not UTF-8 at byte ${before.length + 12}` }]);
    expect((await oneLeftOut(Buffer.from('\ufeff"\xff"', 'latin1'))).detail).toBe('the line is not UTF-8 at byte 0');
    expect((await oneLeftOut(Buffer.from('efbbbf22ff22', 'hex'))).detail).toBe('the line is not UTF-8 at byte 4');
  });

  it('line-too-long (one byte over the limit), with its length', async () => {
    const line = '{"text":"12345"}';
    expect(documentsOf(await readContent('a.jsonl', `${line}\n`, { maxLineBytes: line.length }))).toHaveLength(1);
    expect(await oneLeftOut(`${line}\n`, { maxLineBytes: line.length - 1 })).toMatchObject({ reason: 'line-too-long', detail: 'the line has 16 bytes, the limit is 15' });
    expect(await oneLeftOut(line, { maxLineBytes: 15 })).toMatchObject({ reason: 'line-too-long', detail: 'the line has 16 bytes, the limit is 15' });
  });

  it('a field of several: the one that is missing, null or malformed is named', async () => {
    const textField = ['question', 'answer'];
    expect(await oneLeftOut('{"question":"q"}', { textField })).toMatchObject({ reason: 'missing-text', detail: 'the record has no field "answer", only "question"' });
    expect(await oneLeftOut('{}', { textField })).toMatchObject({ detail: 'the record has no field "question", nor any other' });
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`field${at}`, at])));
    expect(await oneLeftOut(many, { textField })).toMatchObject({ detail: expect.stringMatching(/, only "field0", .*, "field7" and 3 more$/) as string });
    expect(await oneLeftOut('{"question":null,"answer":"a"}', { textField })).toMatchObject({ reason: 'text-not-a-string', detail: 'field "question" is null, expected a string' });
    expect(await oneLeftOut('{"question":"q","answer":"ab\\udbff"}', { textField })).toMatchObject({ reason: 'lone-surrogate', detail: 'field "answer" has a lone surrogate at character 2 (U+DBFF)' });
    expect(await oneLeftOut('{"question":"","answer":""}', { textField })).toMatchObject({ kind: 'skipped', reason: 'empty-text' });
  });

  it('with its id where that could be read', async () => {
    expect(await oneLeftOut('{"id":9007199254740993,"text":null}')).toMatchObject({ id: '9007199254740993' });
    expect(await oneLeftOut('{"id":"x","text":""}')).toMatchObject({ id: 'x' });
    expect(await oneLeftOut('{"text":""}')).not.toHaveProperty('id');
  });

  it('with a detail that no control character of the corpus reaches', async () => {
    const { detail } = await oneLeftOut(`{"text":"\u001b[2J\u0007 ${'x'.repeat(1000)}`);
    expect(detail).not.toMatch(/\p{Cc}/u);
    expect(detail.length).toBeLessThanOrEqual(300);
    const long = await oneLeftOut('{}', { textField: ['f'.repeat(500)] });
    expect(long.detail.length).toBe(300);
  });
});

describe('field names of Object.prototype', () => {
  it('are never found where the record does not have them', async () => {
    for (const field of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(await oneLeftOut('{"a":"x"}', { textField: [field] })).toMatchObject({ reason: 'missing-text' });
      expect(documentsOf(await readContent('a.jsonl', '{"text":"x"}', { idField: field, sourceField: field }))).toMatchObject([{ id: 'a.jsonl:0', source: 'a.jsonl' }]);
    }
  });

  it('are ordinary fields where it does, and change no other object', async () => {
    const line = '{"__proto__":{"text":"leaked","polluted":true},"constructor":"c","text":"own"}';
    expect(documentsOf(await readContent('a.jsonl', line))[0]?.text).toBe('own');
    expect(documentsOf(await readContent('a.jsonl', line, { textField: ['constructor'] }))[0]?.text).toBe('c');
    expect(await oneLeftOut('{"__proto__":{"text":"leaked"}}')).toMatchObject({ reason: 'missing-text' });
    expect(documentsOf(await readContent('a.jsonl', '{"__proto__":"p"}', { textField: ['__proto__'] }))[0]?.text).toBe('p');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('byte ranges', () => {
  it('of any size together give every line of a file exactly once', async () => {
    const { write } = await corpusFolder();
    for (let round = 0; round < 40; round++) {
      const random = createRandom(`byte ranges ${round}`);
      const location = await write('a.jsonl', randomLines(random));
      const whole = await readCorpus([location]);
      const ranges = await readCorpus([location], {}, random.between(1, 400));
      expect(ranges, `round ${round}`).toEqual(whole);
      expect(whole.length).toBeGreaterThan(0);
    }
  });

  it('of one byte each do so too, around every kind of line end', async () => {
    const { write } = await corpusFolder();
    const location = await write('a.jsonl', '\ufeff{"text":"a"}\n\n\r\n{"text":"é"}\r\nbad\n{"text":"last"}');
    const whole = await readCorpus([location]);
    expect(whole).toHaveLength(4);
    for (const unitBytes of [1, 2, 3, 4, 7]) expect(await readCorpus([location], {}, unitBytes)).toEqual(whole);
  });
});

describe('a line far longer than memory should hold', () => {
  it('is measured, not stored: 600 MB of it leave memory flat', async () => {
    const { write } = await corpusFolder();
    const location = await write('a.jsonl', '{"text":"before"}\n');
    // A hole in the file: it reads as zero bytes and takes no disk.
    const bytes = 600 * 1024 * 1024;
    await truncate(location, 18 + bytes);
    const handle = await open(location, 'a');
    await handle.write('\n{"text":"after"}\n');
    await handle.close();

    const before = memoryInUse();
    let peak = 0;
    const watch = setInterval(() => { peak = Math.max(peak, memoryInUse() - before); }, 20);
    const items = await readCorpus([location]);
    clearInterval(watch);
    expect(items).toMatchObject([
      { kind: 'document', text: 'before' },
      { reason: 'line-too-long', origin: { position: 18 }, detail: `the line has ${bytes} bytes, the limit is 1000000` },
      { kind: 'document', text: 'after', origin: { position: 18 + bytes + 1 } },
    ]);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(100 * 1024 * 1024);
  });
});

function memoryInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** JSON Lines with short and long lines, multi-byte characters, both line ends, blank and broken lines, and sometimes no line feed at the end. */
function randomLines(random: ReturnType<typeof createRandom>): Buffer {
  const lines = Array.from({ length: random.between(1, 40) }, () => {
    const kind = random.below(10);
    const text = Array.from({ length: random.chance(0.1) ? random.between(100, 900) : random.below(30) }, () => random.pick(['a', ' ', 'é', '日', '🙂', '\\n', '\\"'])).join('');
    const line = kind === 0 ? '' : kind === 1 ? '{"text":' : kind === 2 ? '  ' : `{"text":"${text}"}`;
    const bytes = kind === 3 ? Buffer.concat([Buffer.from(line), Buffer.from([0xc3])]) : Buffer.from(line);
    return Buffer.concat([bytes, Buffer.from(random.chance(0.3) ? '\r\n' : '\n')]);
  });
  const last = random.chance(0.5) ? '{"text":"end"}' : '{"text":"end"}\n';
  return Buffer.concat([...lines, Buffer.from(last)]);
}
