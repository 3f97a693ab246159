import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a Slurm on this machine is made of. */
const DAEMONS = ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd'];
const CLIENTS = ['sbatch', 'squeue', 'sinfo', 'scontrol'];

/** Why no Slurm can be started here, as a sentence; undefined where one can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (userInfo().uid !== 0) return 'it needs root, to start slurmd';
  const missing = [...DAEMONS, ...CLIENTS.map((name) => `/usr/bin/${name}`)].filter((path) => !existsSync(path));
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there; on Debian: apt-get install --no-install-recommends slurmctld slurmd munge slurm-client slurm-wlm-basic-plugins`;
}

export interface Cluster {
  /** For the clients: SLURM_CONF. */
  readonly environment: NodeJS.ProcessEnv;
  readonly nodes: readonly string[];
  /** Kills a node with everything that runs on it, without a word to the controller: what a power cut does. Returns the processes killed. */
  killNode(name: string): number[];
  /** Starts the daemon of a killed node again. */
  startNode(name: string): Promise<void>;
  /** Ends every daemon by its pid file. */
  stop(): Promise<void>;
}

/** Starts munged, slurmctld and two slurmd on this machine, everything they write in `folder`, and waits until both nodes are idle. */
export async function startCluster(folder: string): Promise<Cluster> {
  const nodes = ['n1', 'n2'];
  const path = (name: string): string => join(folder, name);
  mkdirSync(path('munge'), { recursive: true });
  for (const name of ['state', ...nodes.map((node) => `spool.${node}`)]) mkdirSync(path(name), { recursive: true });
  chmodSync(folder, 0o755);
  const conf = path('slurm.conf');
  writeFileSync(conf, configuration(folder));
  // Version 22.05 takes cgroup settings from a file of its own, even where it uses none.
  writeFileSync(path('cgroup.conf'), 'CgroupPlugin=cgroup/v1\nIgnoreSystemd=yes\n');

  const munge = idsOf('munge');
  writeFileSync(path('munge/key'), randomBytes(128), { mode: 0o400 });
  for (const name of ['munge', 'munge/key']) chownSync(path(name), munge.uid, munge.gid);
  execFileSync('/usr/sbin/munged', [
    `--key-file=${path('munge/key')}`, `--socket=${path('munge/socket')}`, `--pid-file=${path('munge/pid')}`, `--log-file=${path('munge/log')}`, `--seed-file=${path('munge/seed')}`,
  ], { ...munge, stdio: 'ignore' });

  const environment = { ...process.env, SLURM_CONF: conf };
  execFileSync('/usr/sbin/slurmctld', ['-f', conf], { env: environment, stdio: 'ignore' });
  const startNode = async (name: string): Promise<void> => {
    execFileSync('/usr/sbin/slurmd', ['-f', conf, '-N', name], { env: environment, stdio: 'ignore' });
    await eventually(`node ${name} to be idle`, 60, () => states(environment).get(name) === 'idle');
  };
  for (const name of nodes) await startNode(name);

  return {
    environment,
    nodes,
    startNode,
    killNode(name) {
      const daemon = pidIn(path(`slurmd.${name}.pid`));
      const victims = [...(daemon === undefined ? [] : [daemon]), ...processesOn(name, conf)];
      for (const pid of victims) kill(pid, 'SIGKILL');
      return victims;
    },
    async stop() {
      for (const name of nodes) for (const pid of processesOn(name, conf)) kill(pid, 'SIGKILL');
      for (const name of [...nodes.map((node) => `slurmd.${node}.pid`), 'slurmctld.pid', 'munge/pid']) {
        const pid = pidIn(path(name));
        if (pid !== undefined) kill(pid, 'SIGTERM');
      }
      await sleep(1000);
    },
  };
}

function configuration(folder: string): string {
  const host = hostname().split('.')[0]!;
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.%n.pid
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool.%n
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MaxArraySize=10001
SlurmdTimeout=10
KillWait=5
JobRequeue=0
NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** State by node, such as "idle" or "down*". */
export function states(environment: NodeJS.ProcessEnv): Map<string, string> {
  const { stdout } = spawnSync('sinfo', ['--noheader', '--Node', '--format=%N %t'], { env: environment, encoding: 'utf8' });
  return new Map(stdout.trim().split('\n').filter((line) => line !== '').map((line) => line.trim().split(/\s+/, 2) as [string, string]));
}

/** Waits until `holds`; throws after so many seconds. */
export async function eventually(what: string, seconds: number, holds: () => boolean): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(200);
  }
}

/** Processes of jobs on a node of this cluster, by the environment Slurm gives them, and the step daemons above them. */
function processesOn(node: string, conf: string): number[] {
  const found = new Set<number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = read(`/proc/${name}/environ`).split('\0');
    if (!environment.includes(`SLURMD_NODENAME=${node}`) || !environment.includes(`SLURM_CONF=${conf}`)) continue;
    found.add(Number(name));
    for (let pid = parentOf(Number(name)); pid !== undefined && read(`/proc/${pid}/comm`).startsWith('slurmstepd'); pid = parentOf(pid)) found.add(pid);
  }
  return [...found];
}

function parentOf(pid: number): number | undefined {
  const parent = /^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process has ended, or is not ours to look at
  }
}

function pidIn(path: string): number | undefined {
  const pid = Number(read(path).trim());
  return pid > 1 ? pid : undefined;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const [, , uid, gid] = execFileSync('getent', ['passwd', user], { encoding: 'utf8' }).split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
