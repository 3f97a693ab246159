import { readFileSync } from 'node:fs';

/** This program as plans record it. */
export function toolIdentity(): { readonly name: string; readonly version: string } {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return { name: 'touchstone', version: manifest.version };
}
