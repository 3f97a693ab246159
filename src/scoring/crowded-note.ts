/** What to know where sessions have more threads together than there are processors for them; undefined where they do not. Each session has one thread at least. */
export function crowdedNote(threads: number, sessions: number, processors: number): string | undefined {
  const all = Math.max(threads, sessions);
  if (all <= processors) return undefined;
  return `${all} threads were asked for (runtime.threads ${threads}, in ${sessions} ${sessions === 1 ? 'session' : 'sessions'}), and this process may use ${processors} ${processors === 1 ? 'processor' : 'processors'}: threads that wait for one another are slower than fewer`;
}
