import { readFileSync, writeFileSync } from 'node:fs';

export interface ResidentSet {
  readonly nowMiB: number;
  /** The part of it that is pages of files. */
  readonly filesMiB: number;
  readonly peakMiB: number;
}

/** Memory of a process; undefined once it has ended, and where there is no /proc. */
export function residentSet(pid: number | 'self'): ResidentSet | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
    const resident = { nowMiB: field('VmRSS'), filesMiB: field('RssFile'), peakMiB: field('VmHWM') };
    return Number.isNaN(resident.peakMiB) ? undefined : resident; // a process that is ending has a status without memory
  } catch {
    return undefined;
  }
}

/** Makes the peak of this process the resident set it has now. https://docs.kernel.org/filesystems/proc.html (clear_refs) */
export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}
