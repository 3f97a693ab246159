import { existsSync, readFileSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const PIPELINES = fileURLToPath(new URL('../../pipelines/', import.meta.url));
const read = (name: string): string => readFileSync(join(PIPELINES, name), 'utf8');

type Fields = Readonly<Record<string, unknown>>;
interface JobFields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Fields;
}
const jobOf = (name: string): JobFields => parse(read(`kubernetes/${name}.yaml`)) as JobFields;
const at = (fields: unknown, ...path: readonly (string | number)[]): unknown => path.reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], fields);

/** Every "a.b.c" of an object; entries of lists count as one. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => keysOf(entry, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => [`${path}${key}`, ...keysOf(entry, `${path}${key}.`)]);
}

describe('the Kubernetes manifests', () => {
  const names = ['plan', 'score', 'finalize'] as const;

  it.each(names)('%s.yaml is a Job', (name) => {
    expect(jobOf(name)).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: `touchstone-${name}` } });
  });

  it('have no field that a Job does not have, which the server would drop with a warning at most', () => {
    const spec = 'spec.template.spec.';
    const known = new Set([
      'apiVersion', 'kind', 'metadata', 'metadata.name', 'spec', 'spec.completionMode', 'spec.completions', 'spec.parallelism', 'spec.backoffLimit', 'spec.backoffLimitPerIndex', 'spec.maxFailedIndexes',
      'spec.podFailurePolicy', 'spec.podFailurePolicy.rules', ...['action', 'onPodConditions', 'onPodConditions.type', 'onPodConditions.status', 'onExitCodes', 'onExitCodes.containerName', 'onExitCodes.operator', 'onExitCodes.values'].map((key) => `spec.podFailurePolicy.rules.${key}`),
      'spec.template', 'spec.template.spec', ...['restartPolicy', 'terminationGracePeriodSeconds', 'containers', 'volumes'].map((key) => `${spec}${key}`),
      ...['name', 'image', 'args', 'env', 'env.name', 'env.value', 'resources', 'resources.requests', 'resources.requests.cpu', 'resources.requests.memory', 'resources.limits', 'resources.limits.memory', 'volumeMounts', 'volumeMounts.name', 'volumeMounts.mountPath', 'volumeMounts.readOnly'].map((key) => `${spec}containers.${key}`),
      ...['name', 'configMap', 'configMap.name', 'persistentVolumeClaim', 'persistentVolumeClaim.claimName', 'persistentVolumeClaim.readOnly'].map((key) => `${spec}volumes.${key}`),
    ]);
    expect(names.flatMap((name) => keysOf(jobOf(name)).filter((key) => !known.has(key)))).toEqual([]);
  });

  it('give each index its own attempts, and tell the program how many indexes there are', () => {
    const { spec } = jobOf('score');
    expect(spec).toMatchObject({ completionMode: 'Indexed', backoffLimitPerIndex: 3 });
    const container = at(spec, 'template', 'spec', 'containers', 0);
    expect(at(container, 'args')).toContain('auto');
    expect(at(container, 'env')).toEqual([{ name: 'TOUCHSTONE_TASKS', value: String(spec['completions']) }]);
  });

  it.each(names)('%s.yaml fails at once on a mismatch (78) and never on an eviction', (name) => {
    const { spec } = jobOf(name);
    const [ignore, fail] = at(spec, 'podFailurePolicy', 'rules') as readonly Fields[];
    expect(ignore).toEqual({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    expect(fail).toMatchObject({ action: 'FailJob', onExitCodes: { operator: 'In', containerName: at(spec, 'template', 'spec', 'containers', 0, 'name') } });
    const values = at(fail, 'onExitCodes', 'values') as readonly number[];
    expect(values).toContain(78);
    expect(values).not.toContain(75);
    expect(at(spec, 'template', 'spec', 'restartPolicy')).toBe('Never'); // else a podFailurePolicy is refused
  });

  it.each(names)('%s.yaml mounts only volumes it has', (name) => {
    const pod = at(jobOf(name).spec, 'template', 'spec');
    const volumes = (at(pod, 'volumes') as readonly Fields[]).map((volume) => volume['name']);
    expect((at(pod, 'containers', 0, 'volumeMounts') as readonly Fields[]).map((mount) => mount['name'])).toEqual(volumes);
  });

  it('come with a Dockerfile that copies what there is', () => {
    const sources = [...read('kubernetes/Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    expect(sources.length).toBeGreaterThan(4);
    expect(sources.filter((source) => !existsSync(join(PIPELINES, '..', source)))).toEqual([]);
  });
});

describe('the Slurm scripts', () => {
  it.each(['submit.sh', 'score.sbatch', 'finalize.sbatch'])('%s is sound shell', (name) => {
    const { status, stderr } = spawnSync('bash', ['-n', join(PIPELINES, 'slurm', name)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('say what the task is, hand signals to the program, and are requeued', () => {
    const script = read('slurm/score.sbatch');
    expect(script).toMatch(/^exec .* --task auto /m);
    expect(script).toMatch(/^#SBATCH --signal=B:TERM@/m);
    expect(script).toMatch(/^#SBATCH --requeue$/m);
    expect(statSync(join(PIPELINES, 'slurm/submit.sh')).mode & 0o111).not.toBe(0);
  });

  it('need the three things they are told', () => {
    const { status, stderr } = spawnSync(join(PIPELINES, 'slurm/submit.sh'), ['one.yaml'], { encoding: 'utf8' });
    expect(status).toBe(64);
    expect(stderr).toBe('usage: submit.sh PIPELINE.yaml RUN TASKS\n');
  });
});
