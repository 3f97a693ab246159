import { finishedManifest } from '../run/manifest.js';
import { MANIFEST_NAME, SUCCESS_NAME } from '../run/layout.js';
import { reopenRun } from '../run/reopen-run.js';

/** Makes a finished run an unfinished one; call it with what is lost, "3 of its units are lost", before that is made anew. Does nothing where the run is not finished, or no longer. */
export type Reopen = (lost: string) => Promise<void>;

/**
 * Looks whether a run is finished, before its records are read: whoever finishes it has written them before. Losses that are computed anew, on another device or
 * processor, may differ in their last bits from those the manifest speaks of, and then it must be another.
 */
export async function watchLostParts(run: string, note: (text: string) => void): Promise<Reopen> {
  let finished = await finishedManifest(run);
  return async (lost) => {
    if (finished === undefined) return;
    const aside = await reopenRun(run, finished);
    finished = undefined;
    if (aside !== undefined) note(`the run was finished, and ${lost}: ${SUCCESS_NAME} is moved to ${aside}, and ${MANIFEST_NAME} and ${SUCCESS_NAME} are written anew once the run is whole`);
  };
}
