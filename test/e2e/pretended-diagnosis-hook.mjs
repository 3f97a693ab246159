/** Puts the pretended diagnosis in the place of the program's. */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  return resolved.url.endsWith('/runtime/cuda/diagnose.js') ? { ...resolved, url: new URL('./pretended-diagnosis.mjs', import.meta.url).href } : resolved;
}
