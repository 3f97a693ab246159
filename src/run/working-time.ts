import type { Commit } from './commit-record.js';

/** Work that was done, and how long it took on all hosts side by side. */
export interface Work {
  readonly commits: readonly Commit[];
  /** Seconds in which at least one of the units was being computed; pauses do not count. */
  readonly seconds: number;
}

/** The last `most` units to be finished, and the time since the one before them was. Hosts' clocks are taken as they are. */
export function recentWork(commits: Iterable<Commit>, most: number): Work {
  const timed = Array.from(commits, (commit) => ({ commit, end: endOf(commit) })).sort((a, b) => a.end - b.end);
  const recent = timed.slice(-most).map(({ commit }) => commit);
  return { commits: recent, seconds: secondsSince(timed[timed.length - most - 1]?.end ?? -Infinity, recent) };
}

/** Seconds in which at least one of the units was being computed, on whatever host: units side by side count once, and pauses not at all. */
export function workingSeconds(commits: readonly Commit[]): number {
  return secondsSince(-Infinity, commits);
}

function secondsSince(since: number, commits: readonly Commit[]): number {
  const spans = commits.map((commit) => ({ start: Math.max(since, endOf(commit) - commit.seconds), end: endOf(commit) })).sort((a, b) => a.start - b.start);
  let seconds = 0;
  let until = -Infinity;
  for (const { start, end } of spans) {
    seconds += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return seconds;
}

const endOf = ({ finishedAt }: Commit): number => Date.parse(finishedAt) / 1000;
