let broken = false;

/** Notes that the CUDA context of a device has broken. It stays broken for as long as the process lives, whatever is done about it. */
export function noteBrokenContext(): void {
  broken = true;
}

/**
 * Whether a CUDA context of this process has broken. Sessions in it must neither be freed nor be left to the end of the process: onnxruntime's destructors call into the
 * context, get an error where they can hand none on, and abort the process (seen with 1.29.0; scripts/cuda/stand-in breaks a context on demand).
 */
export function hasBrokenContext(): boolean {
  return broken;
}
