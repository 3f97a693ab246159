import type { YAMLError } from 'yaml';

/** What is wrong with a YAML text in words for whoever wrote it: the library's own, unless they are for programmers. `what` is "file" or "value". */
export function yamlFault({ code, message }: Pick<YAMLError, 'code' | 'message'>, what: string): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return `the ${what} holds more than one document, expected no further line of ---`;
    case 'TAB_AS_INDENT':
      return 'a tab is used to indent, expected spaces';
    case 'DUPLICATE_KEY':
      return 'the key stands here a second time, expected it once';
    default:
      return message;
  }
}
