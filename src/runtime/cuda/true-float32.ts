import { isMainThread } from 'node:worker_threads';
import { TouchstoneError } from '../../errors.js';

const VARIABLE = 'NVIDIA_TF32_OVERRIDE';

/**
 * Makes float32 mean float32 on CUDA: from Ampere on, onnxruntime lets cuBLAS round the factors of float32 products to TF32, whose 10 bits of mantissa are
 * those of float16. Its Node.js binding passes no option of the provider but the device's number; NVIDIA's libraries read this variable when they are first
 * used, and 0 goes before everything a program asks of them (https://docs.nvidia.com/cuda/cublas, "NVIDIA_TF32_OVERRIDE").
 *
 * It must be set before the first CUDA session of the process, and on the main thread: there an assignment to process.env reaches the environment that native code
 * reads, while a worker thread has a copy. It is set for every precision, since what was read once stays: float16 has no products of float32 to lose by it.
 */
export function demandTrueFloat32(): void {
  if (!isMainThread && process.env[VARIABLE] !== '0') {
    throw new TouchstoneError('usage', `CUDA sessions are prepared on the main thread of a process, since a worker thread cannot set ${VARIABLE}`, {
      advice: `Call it from the main thread, or start the process with ${VARIABLE}=0.`,
    });
  }
  process.env[VARIABLE] = '0';
}
