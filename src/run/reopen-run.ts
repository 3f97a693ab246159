import { hashFile, sha256Of } from './file-hash.js';
import { SUCCESS_NAME } from './layout.js';
import { setFileAside } from './set-aside.js';

/**
 * Moves _SUCCESS of a finished run aside, durably, before a lost part of the run is made anew: from then on no reader trusts its manifest, which speaks of what
 * is lost, and the run is finished again as one that never was, also where a process is killed in between. `manifestSha256` is what _SUCCESS was seen to
 * hold; one of another manifest, by which another process has finished the run meanwhile, stays. Returns where it was moved, relative to the run folder;
 * undefined where there was nothing to move.
 */
export async function reopenRun(run: string, manifestSha256: string): Promise<string | undefined> {
  const sealSha256 = sha256Of(`${manifestSha256}\n`);
  return await setFileAside(run, SUCCESS_NAME, async (moved) => (await hashFile(moved)).sha256 === sealSha256);
}
