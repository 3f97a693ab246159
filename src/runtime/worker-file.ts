/**
 * URL of a worker file given relative to the calling module. Node 20 starts no TypeScript worker, so sources that run
 * uncompiled (under the test runner) use the worker of the last build.
 */
export function workerFile(relativePath: string, callerUrl: string): string {
  const url = new URL(relativePath, callerUrl);
  if (callerUrl.endsWith('.ts')) url.pathname = url.pathname.replace(/\/src\/(?!.*\/src\/)/, '/dist/');
  return url.href;
}
