/** The machine that TOUCHSTONE_PRETENDED_CUDA describes. */
export async function diagnoseCuda() {
  const { devices } = JSON.parse(process.env.TOUCHSTONE_PRETENDED_CUDA);
  const usable = devices.length > 0;
  return {
    devices: devices.map((name, id) => ({ id, name, memoryMiB: 81559 })),
    driver: usable ? '580.65.06' : null,
    cudaMajor: 13,
    libraries: usable ? [{ name: 'libcublas.so.13', path: '/none', version: '13.1.0.3', onLoaderPath: true }] : [],
    findings: usable ? [] : [{ subject: 'driver', state: 'missing', expected: 'NVIDIA driver 580 or newer', found: 'no driver', fix: "install NVIDIA's driver" }],
    usable,
  };
}
