import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type YAMLMap } from 'yaml';

import { errnoOf, messageOf } from '../errors.js';
import { keysOf, type Rooms } from './command-settings.js';
import { unknownKey, unknownRoom } from './known-keys.js';
import { quote, type Setting, type SettingsRead } from './setting.js';
import { yamlFault } from './yaml-fault.js';

/**
 * Reads the settings in a YAML file: rooms, and keys in them. Relative paths in them mean the file's folder. Everything that cannot be understood,
 * including the file itself, is a problem that names file and line; nothing is passed over. `path` is resolved from `cwd` and quoted as given.
 */
export function loadPipeline(rooms: Rooms, path: string, cwd: string): SettingsRead {
  const location = resolve(cwd, path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(location));
  } catch (error) {
    return { settings: [], problems: [`${path} cannot be read: ${readFault(error)}`], unreadable: true };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    // One slip of the pen has the parser complain of all that follows: the first complaint is the one that helps.
    const [first] = faults.toSorted((a, b) => a.pos[0] - b.pos[0]);
    return { settings: [], problems: [`${path}:${lines.linePos(first!.pos[0]).line}: ${yamlFault(first!, 'file')}`], unreadable: true };
  }
  return readRooms({ rooms, path, folder: dirname(location), document, lineOf: (node) => lines.linePos(node?.range?.[0] ?? 0).line });
}

interface Pipeline {
  readonly rooms: Rooms;
  readonly path: string;
  readonly folder: string;
  readonly document: Document;
  readonly lineOf: (node: Node | null | undefined) => number;
}

function readRooms(pipeline: Pipeline): SettingsRead {
  const { rooms, path, document, lineOf } = pipeline;
  const settings: Setting[] = [];
  const problems: string[] = [];
  if (document.contents === null) return { settings, problems };
  if (!isMap(document.contents)) {
    problems.push(`${path}:${lineOf(document.contents)}: the file must hold ${Object.keys(rooms).join(', ')}, got ${quote(document.toJS())}`);
    return { settings, problems };
  }
  for (const [room, roomNode, roomKey] of entries(document.contents)) {
    const line = lineOf(roomKey);
    const unknown = unknownRoom(rooms, room);
    if (unknown !== undefined) {
      problems.push(`${path}:${line}: ${unknown}`);
      continue;
    }
    const resolved = resolveNode(roomNode, document);
    if (isMap(resolved)) readRoom(pipeline, room, resolved, settings, problems);
    else if (!isScalar(resolved) || resolved.value !== null) {
      problems.push(`${path}:${line}: ${room} must hold keys (${keysOf(rooms, room).join(', ')}), got ${quote(valueOf(resolved, document))}`);
    }
  }
  return { settings, problems };
}

function readRoom(pipeline: Pipeline, room: string, map: YAMLMap, settings: Setting[], problems: string[]): void {
  const { rooms, path, folder, document, lineOf } = pipeline;
  for (const [key, node, keyNode] of entries(map)) {
    const line = lineOf(keyNode);
    const unknown = unknownKey(rooms, room, key);
    if (unknown !== undefined) {
      problems.push(`${path}:${line}: ${unknown}`);
      continue;
    }
    try {
      const value = valueOf(node, document);
      const list = resolveNode(node, document);
      const entryLines = isSeq(list) ? list.items.map((item) => lineOf(item as Node)) : [];
      settings.push({ key: `${room}.${key}`, value, folder, source: { kind: 'file', file: path, line, entryLines } });
    } catch (error) {
      problems.push(`${path}:${line}: ${room}.${key} cannot be read: ${messageOf(error)}`);
    }
  }
}

/** Name, value and key of each pair. A key that is not a plain word is named by its YAML. */
function entries(map: YAMLMap): [name: string, value: Node | null, key: Node][] {
  return map.items.map(({ key, value }) => {
    const keyNode = key as Node;
    return [isScalar(keyNode) ? String(keyNode.value) : keyNode.toString(), value as Node | null, keyNode];
  });
}

function resolveNode(node: Node | null, document: Document): Node | null | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

function valueOf(node: Node | null | undefined, document: Document): unknown {
  return node?.toJS(document) ?? null;
}

function readFault(error: unknown): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return 'it does not exist';
    case 'EISDIR':
      return 'it is a folder, expected a YAML file';
    case 'EACCES':
      return 'permission is denied';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text';
    default:
      return messageOf(error);
  }
}
