import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchPackage } from '../../scripts/cuda/fetch-package.js';
import { cannotWrite, installFiles, lackingFiles, removeFiles, type ProviderFile } from '../../scripts/cuda/provider-files.js';
import { readTarball } from '../../scripts/cuda/tarball.js';
import { temporaryFolder } from '../scoring/demo-run.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** Longer than a chunk of the archive, and no multiple of a block. */
const LARGE = Buffer.from(Array.from({ length: 300_001 }, (_, at) => Math.imul(at, 2654435761) >>> 13));
const SMALL = Buffer.from('shared');
const FILES: readonly ProviderFile[] = [
  { name: 'cuda.so', sha256: sha256(LARGE) },
  { name: 'shared.so', sha256: sha256(SMALL) },
];
const WITHIN = 'Plugins/Linux/x64';

interface Bench {
  readonly folder: string;
  readonly scratch: string;
  readonly tarball: string;
}

/** An archive as npm packs it, and a folder to install to. */
function bench(files: Readonly<Record<string, Buffer>> = { 'cuda.so': LARGE, 'shared.so': SMALL }): Bench {
  const root = temporaryFolder();
  const packed = join(root, 'package', WITHIN);
  mkdirSync(packed, { recursive: true });
  writeFileSync(join(root, 'package/package.json'), '{}');
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(packed, name), bytes);
  const tarball = join(root, 'package.tgz');
  execFileSync('tar', ['-czf', tarball, '--format', 'ustar', '-C', root, 'package']);
  const folder = join(root, 'runtime');
  const scratch = join(folder, '.scratch');
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(folder, 'cuda.so'), 'what was there');
  return { folder, scratch, tarball };
}

const install = ({ tarball, folder, scratch }: Bench): Promise<void> => installFiles({ tarball, folder: WITHIN }, FILES, folder, scratch);

describe('npm run setup:cuda', () => {
  it('puts the provider’s files into the runtime’s folder, whole and checked, and takes them away again', async () => {
    const made = bench();
    expect((await lackingFiles(made.folder, FILES)).map(({ name }) => name)).toEqual(['cuda.so', 'shared.so']);
    await install(made);
    expect(readFileSync(join(made.folder, 'cuda.so')).equals(LARGE)).toBe(true);
    expect(readFileSync(join(made.folder, 'shared.so')).equals(SMALL)).toBe(true);
    expect(statSync(join(made.folder, 'cuda.so')).mode & 0o500).toBe(0o500);
    expect(readdirSync(made.scratch)).toEqual([]);
    expect(await lackingFiles(made.folder, FILES)).toEqual([]);
    expect(await removeFiles(made.folder, FILES)).toEqual(['cuda.so', 'shared.so']);
    expect(await removeFiles(made.folder, FILES)).toEqual([]);
    expect(readdirSync(made.folder)).toEqual(['.scratch']);
  });

  it.each<[string, Readonly<Record<string, Buffer>>, RegExp]>([
    ['other bytes in a file', { 'cuda.so': LARGE, 'shared.so': Buffer.from('shAred') }, /^shared\.so in \S+ must have the sha256 [0-9a-f]{64}, and has [0-9a-f]{64}$/],
    ['a file missing', { 'cuda.so': LARGE }, /must have the file package\/Plugins\/Linux\/x64\/shared\.so, and has not$/],
  ])('changes nothing where the archive has %s', async (_, files, message) => {
    const made = bench(files);
    await expect(install(made)).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(message) as string });
    expect(readFileSync(join(made.folder, 'cuda.so'), 'utf8')).toBe('what was there');
    expect(readdirSync(made.folder).sort()).toEqual(['.scratch', 'cuda.so']);
  });

  it('says of what is no whole archive that it must be one', async () => {
    const made = bench();
    const bytes = readFileSync(made.tarball);
    const cut = { ...made, tarball: join(made.folder, 'cut.tgz') };
    writeFileSync(cut.tarball, bytes.subarray(0, bytes.length >> 1));
    await expect(install(cut)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('cut.tgz: unexpected end of file') as string, advice: 'It must be a whole .tgz file.' });
    writeFileSync(cut.tarball, 'plain text');
    await expect(install(cut)).rejects.toMatchObject({ message: expect.stringContaining('incorrect header check') as string });
    await expect(install({ ...made, tarball: join(made.folder, 'none.tgz') })).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') as string });
  });

  it('reads every file of an archive once, in its order, across any borders of chunks', async () => {
    const files = Object.fromEntries([0, 1, 511, 512, 513, 100_000].map((size, at) => [`${at}-${size}`, Buffer.alloc(size, at + 1)]));
    const read: Record<string, Buffer[]> = {};
    const ended: string[] = [];
    await readTarball(bench(files).tarball, (path) => {
      const name = path.split('/').at(-1)!;
      const chunks: Buffer[] = (read[name] = []);
      return Promise.resolve({ write: (chunk) => { chunks.push(Buffer.from(chunk)); return Promise.resolve(); }, end: () => { ended.push(name); return Promise.resolve(); } });
    });
    const { 'package.json': manifest, ...rest } = read;
    expect(Buffer.concat(manifest!).toString()).toBe('{}');
    expect(Object.fromEntries(Object.entries(rest).map(([name, chunks]) => [name, Buffer.concat(chunks).equals(files[name]!)]))).toEqual({ '1-1': true, '2-511': true, '3-512': true, '4-513': true, '5-100000': true });
    expect(ended).toHaveLength(6);
  });

  it('fetches the package with npm, and passes on what npm says where it cannot', async () => {
    const folder = temporaryFolder();
    const npm = join(folder, 'npm.mjs');
    writeFileSync(npm, "import { writeFileSync } from 'node:fs';\nconst [, , verb, what, , to] = process.argv;\nwriteFileSync(`${to}/a-1.tgz`, `${verb} ${what}`);\nconsole.log('a-1.tgz');\n");
    const fetched = await fetchPackage('a', '1', folder, folder, [process.execPath, npm]);
    expect(readFileSync(fetched, 'utf8')).toBe('pack a@1');
    writeFileSync(npm, "console.error('npm error code ENOTFOUND\\nnpm error network request failed\\nnpm error A complete log of this run is in /x');\nprocess.exit(1);\n");
    await expect(fetchPackage('a', '1', folder, folder, [process.execPath, npm])).rejects.toMatchObject({
      kind: 'io',
      message: 'npm could not fetch a@1:\n  code ENOTFOUND\n  network request failed',
      advice: expect.stringContaining('npm run setup:cuda -- --from a-1.tgz') as string,
    });
    await expect(fetchPackage('a', '1', folder, folder, [join(folder, 'no-npm')])).rejects.toMatchObject({ kind: 'io', advice: 'npm comes with Node.js.' });
  });

  it('says what to do where node_modules cannot be written', () => {
    const failure = (code: string): string => cannotWrite('/x', Object.assign(new Error(code), { code })).advice!;
    expect(failure('ENOSPC')).toContain('Free 500 MB');
    expect(failure('EROFS')).toContain('the user who owns node_modules');
    expect(failure('EACCES')).toContain('the user who owns node_modules');
  });
});
