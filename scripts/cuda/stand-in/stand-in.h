/*
 * A stand-in for NVIDIA's libraries, as far as onnxruntime's CUDA provider calls them, so that graphs go through the real provider on a machine without a GPU. The
 * memory of the device is the host's, copies are real, kernels and products compute nothing, and every call that matters to speed or memory is a line of a trace.
 *
 *   STAND_IN_TRACE      file to which lines are appended; none: no trace
 *   STAND_IN_MEMORY_MIB memory of the device (default 143771)
 *   STAND_IN_TFLOPS     rate of products, and
 *   STAND_IN_KERNEL_US  time of any other kernel (default of both 0: they take no time). Whoever waits for the device waits for both.
 *   STAND_IN_BREAK_AT   number of the kernel at which the context of the device breaks, for good (default 0: never)
 *
 * Lines: "malloc BYTES LIVE", "free BYTES LIVE", "refused BYTES LIVE", "pinned BYTES", "h2d|d2h|d2d|h2h|any BYTES", "wait stream|event|device",
 * "launch KERNEL GRID_X GRID_Y GRID_Z BLOCK SHARED_BYTES", "impossible KERNEL ...", "product CALL M N K BATCH TYPE COMPUTE", "call NAME".
 */
#include <stddef.h>

void stand_in_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Keeps the device busy. */
void stand_in_occupy(double seconds);
/* The rate of products in FLOP/s; 0 where they take no time. */
double stand_in_flops(void);
