/* libcudart.so.13. Signatures and layouts are those of CUDA 13.0 (https://docs.nvidia.com/cuda/cuda-runtime-api). */
#define _GNU_SOURCE
#include "stand-in.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONFIGURATION = 9, INVALID_DEVICE = 101, LAUNCH_FAILURE = 719, NOT_SUPPORTED = 801 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2 };
typedef struct { unsigned x, y, z; } Dim3;
typedef void *Handle;

/* ---- settings, trace and time ---- */

static int trace_file = -1;
static size_t device_bytes = (size_t)143771 << 20;
static double flops_rate, kernel_seconds;
static long break_at, launched;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double setting(const char *name, double otherwise) {
  const char *text = getenv(name);
  return text ? atof(text) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("STAND_IN_TRACE");
  if (path) trace_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  device_bytes = (size_t)setting("STAND_IN_MEMORY_MIB", 143771) << 20;
  flops_rate = 1e12 * setting("STAND_IN_TFLOPS", 0);
  kernel_seconds = 1e-6 * setting("STAND_IN_KERNEL_US", 0);
  break_at = (long)setting("STAND_IN_BREAK_AT", 0);
}

void stand_in_trace(const char *format, ...) {
  if (trace_file < 0) return;
  char line[4096];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  if (write(trace_file, line, length) != length) abort();
}

/* What every call answers once a kernel has failed: a context that broke stays broken. */
static int state(void) { return break_at > 0 && launched >= break_at ? LAUNCH_FAILURE : SUCCESS; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static double busy_until;

double stand_in_flops(void) { return flops_rate; }

void stand_in_occupy(double seconds) {
  if (seconds <= 0) return;
  pthread_mutex_lock(&lock);
  double start = now();
  busy_until = (busy_until > start ? busy_until : start) + seconds;
  pthread_mutex_unlock(&lock);
}

static int wait_for(const char *what) {
  stand_in_trace("wait %s", what);
  for (double left; (left = busy_until - now()) > 0;) {
    struct timespec time = {(time_t)left, (long)(1e9 * (left - (time_t)left))};
    nanosleep(&time, NULL);
  }
  return state();
}

/* ---- memory: mapped, so that what nobody writes to takes none ---- */

typedef struct { char *start; size_t bytes; } Block;
static Block blocks[1 << 16];
static int block_count;
static size_t live_bytes;

static size_t mapped(size_t bytes) { return bytes == 0 ? 4096 : (bytes + 4095) & ~(size_t)4095; }

static int allocate(void **pointer, size_t bytes) {
  if (state() != SUCCESS) return state();
  pthread_mutex_lock(&lock);
  void *start = MAP_FAILED;
  if (live_bytes + bytes <= device_bytes && block_count < (int)(sizeof blocks / sizeof *blocks)) {
    start = mmap(NULL, mapped(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  if (start != MAP_FAILED) {
    blocks[block_count++] = (Block){start, bytes};
    live_bytes += bytes;
    *pointer = start;
  }
  stand_in_trace("%s %zu %zu", start == MAP_FAILED ? "refused" : "malloc", bytes, live_bytes);
  pthread_mutex_unlock(&lock);
  return start == MAP_FAILED ? OUT_OF_MEMORY : SUCCESS;
}

static int deallocate(void *pointer) {
  if (pointer == NULL || state() != SUCCESS) return state();
  int result = INVALID_VALUE;
  pthread_mutex_lock(&lock);
  for (int at = 0; at < block_count; at++) {
    if (blocks[at].start != pointer) continue;
    munmap(pointer, mapped(blocks[at].bytes));
    live_bytes -= blocks[at].bytes;
    stand_in_trace("free %zu %zu", blocks[at].bytes, live_bytes);
    blocks[at] = blocks[--block_count];
    result = SUCCESS;
    break;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static int pinned(void **pointer, size_t bytes) {
  stand_in_trace("pinned %zu", bytes);
  return (*pointer = malloc(bytes)) == NULL ? OUT_OF_MEMORY : SUCCESS;
}

int cudaMalloc(void **pointer, size_t bytes) { return allocate(pointer, bytes); }
int cudaMallocFromPoolAsync(void **pointer, size_t bytes, Handle pool, Handle stream) { return allocate(pointer, bytes); }
int cudaFree(void *pointer) { return deallocate(pointer); }
int cudaFreeAsync(void *pointer, Handle stream) { return deallocate(pointer); }
int cudaMallocHost(void **pointer, size_t bytes) { return pinned(pointer, bytes); }
int cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) { return pinned(pointer, bytes); }
int cudaFreeHost(void *pointer) { free(pointer); return state(); }
int cudaMemGetInfo(size_t *unused, size_t *total) { *unused = device_bytes - live_bytes; *total = device_bytes; return SUCCESS; }

/* Weights and the like: nothing reads them back, and a machine without a GPU has little memory for them. */
static const size_t LARGE = (size_t)64 << 20;

static int copy(void *to, const void *from, size_t bytes, int kind, int blocking) {
  static const char *const kinds[] = {"h2h", "h2d", "d2h", "d2d", "any"};
  stand_in_trace("%s %zu", kinds[kind], bytes);
  if (blocking || kind == DEVICE_TO_HOST) wait_for("copy");
  if (bytes < LARGE || kind == DEVICE_TO_HOST) memmove(to, from, bytes);
  return state();
}

int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) { return copy(to, from, bytes, kind, 1); }
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, Handle stream) { return copy(to, from, bytes, kind, 0); }
int cudaMemcpy2DAsync(char *to, size_t to_pitch, const char *from, size_t from_pitch, size_t width, size_t height, int kind, Handle stream) {
  for (size_t row = 0; row < height; row++) copy(to + row * to_pitch, from + row * from_pitch, width, kind, 0);
  return SUCCESS;
}
int cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, int kind) { memset(to, 0, bytes); return SUCCESS; }
int cudaMemsetAsync(void *to, int value, size_t bytes, Handle stream) {
  if (bytes < LARGE) memset(to, value, bytes);
  return SUCCESS;
}
int cudaMemset(void *to, int value, size_t bytes) { return cudaMemsetAsync(to, value, bytes, NULL); }

int cudaMemPoolCreate(Handle *pool, const void *properties) { *pool = &device_bytes; return SUCCESS; }
int cudaMemPoolDestroy(Handle pool) { return SUCCESS; }
int cudaMemPoolGetAttribute(Handle pool, int attribute, uint64_t *value) { *value = 0; return SUCCESS; }
int cudaMemPoolSetAttribute(Handle pool, int attribute, void *value) { return SUCCESS; }
int cudaMemPoolTrimTo(Handle pool, size_t bytes) { return SUCCESS; }

/* ---- the device: one, with the sizes of an H200 ---- */

/* cudaDeviceAttr of driver_types.h, and where cudaDeviceProp has the same. */
static const struct { int attribute, offset, value; } sizes[] = {
    {1, 320, 1024},        /* maxThreadsPerBlock */
    {2, 324, 1024},        /* maxThreadsDim */
    {3, 328, 1024},        {4, 332, 64},
    {5, 336, 2147483647},  /* maxGridSize */
    {6, 340, 65535},       {7, 344, 65535},
    {8, 296, 49152},       /* sharedMemPerBlock */
    {10, 308, 32},         /* warpSize */
    {12, 304, 65536},      /* regsPerBlock */
    {16, 384, 132},        /* multiProcessorCount */
    {31, 560, 1},          /* concurrentKernels */
    {38, 596, 62914560},   /* l2CacheSize */
    {39, 604, 2048},       /* maxThreadsPerMultiProcessor */
    {75, 360, 9},          /* major */
    {76, 364, 0},          /* minor */
    {81, 624, 233472},     /* sharedMemPerMultiprocessor */
    {82, 632, 65536},      /* regsPerMultiprocessor */
    {95, 668, 1},          /* cooperativeLaunch */
    {97, 672, 232448},     /* sharedMemPerBlockOptin */
    {106, 688, 32},        /* maxBlocksPerMultiProcessor */
    {111, 696, 1024},      /* reservedSharedMemPerBlock */
    {115, 720, 1},         /* memoryPoolsSupported */
};
enum { PROPERTIES_BYTES = 1008, TOTAL_MEMORY_OFFSET = 288, MOST_SHARED = 232448 };

int cudaGetDeviceCount(int *count) { *count = 1; return SUCCESS; }
int cudaGetDevice(int *device) { *device = 0; return SUCCESS; }
int cudaSetDevice(int device) { return device == 0 ? state() : INVALID_DEVICE; }
int cudaDeviceSynchronize(void) { return wait_for("device"); }
int cudaDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
int cudaRuntimeGetVersion(int *version) { *version = 13000; return SUCCESS; }

int cudaGetDeviceProperties(char *properties, int device) {
  memset(properties, 0, PROPERTIES_BYTES);
  strcpy(properties, "stand-in");
  memcpy(properties + TOTAL_MEMORY_OFFSET, &device_bytes, sizeof device_bytes);
  for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) memcpy(properties + sizes[at].offset, &sizes[at].value, sizeof(int));
  return SUCCESS;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
  *value = 0;
  for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
    if (sizes[at].attribute == attribute) *value = sizes[at].value;
  }
  return SUCCESS;
}

int cudaGetLastError(void) { return state(); }
int cudaPeekAtLastError(void) { return state(); }
const char *cudaGetErrorName(int error) { return error == OUT_OF_MEMORY ? "cudaErrorMemoryAllocation" : error == LAUNCH_FAILURE ? "cudaErrorLaunchFailure" : "cudaErrorOfTheStandIn"; }
const char *cudaGetErrorString(int error) { return error == OUT_OF_MEMORY ? "out of memory" : error == LAUNCH_FAILURE ? "unspecified launch failure" : "refused by the stand-in"; }

/* ---- streams and events: one queue; graphs are not there ---- */

static Handle queue = &queue;

int cudaStreamCreate(Handle *stream) { *stream = queue; return SUCCESS; }
int cudaStreamCreateWithFlags(Handle *stream, unsigned flags) { *stream = queue; return SUCCESS; }
int cudaStreamDestroy(Handle stream) { return state(); }
int cudaStreamSynchronize(Handle stream) { return wait_for("stream"); }
int cudaStreamWaitEvent(Handle stream, Handle event, unsigned flags) { return state(); }
int cudaStreamIsCapturing(Handle stream, int *status) { *status = 0; return SUCCESS; }
int cudaStreamBeginCapture(Handle stream, int mode) { return NOT_SUPPORTED; }
int cudaStreamEndCapture(Handle stream, Handle *graph) { return NOT_SUPPORTED; }
int cudaGraphInstantiate(Handle *executable, Handle graph, unsigned long long flags) { return NOT_SUPPORTED; }
int cudaGraphLaunch(Handle executable, Handle stream) { return NOT_SUPPORTED; }
int cudaGraphDestroy(Handle graph) { return SUCCESS; }
int cudaGraphExecDestroy(Handle executable) { return SUCCESS; }
int cudaEventCreate(Handle *event) { *event = queue; return SUCCESS; }
int cudaEventCreateWithFlags(Handle *event, unsigned flags) { *event = queue; return SUCCESS; }
int cudaEventDestroy(Handle event) { return state(); }
int cudaEventRecord(Handle event, Handle stream) { return state(); }
int cudaEventSynchronize(Handle event) { return wait_for("event"); }
int cudaEventElapsedTime(float *milliseconds, Handle first, Handle second) { *milliseconds = 0; return SUCCESS; }
int cudaLaunchHostFunc(Handle stream, void (*function)(void *), void *data) { function(data); return SUCCESS; }
int cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version, unsigned long long flags, int *status) {
  stand_in_trace("call %s", symbol);
  *function = NULL;
  if (status) *status = 1; /* not found */
  return SUCCESS;
}

/* ---- kernels: known by the address of their host function ---- */

enum { SLOTS = 1 << 18 };
static struct { const void *function; const char *name; } kernels[SLOTS];

static unsigned slot_of(const void *function) {
  unsigned slot = ((uintptr_t)function * 0x9E3779B97F4A7C15ull) >> 46;
  while (kernels[slot].function != NULL && kernels[slot].function != function) slot = (slot + 1) % SLOTS;
  return slot;
}

Handle *__cudaRegisterFatBinary(void *binary) { return &queue; }
void __cudaRegisterFatBinaryEnd(Handle *handle) {}
void __cudaUnregisterFatBinary(Handle *handle) {}
void __cudaRegisterVar(Handle *handle, char *host, char *address, const char *name, int external, size_t bytes, int constant, int global) {}
void __cudaRegisterFunction(Handle *handle, const char *function, char *device_function, const char *name, int limit, void *a, void *b, void *c, void *d, int *e) {
  unsigned slot = slot_of(function);
  kernels[slot].function = function;
  kernels[slot].name = name;
}

static int launch(const void *function, Dim3 grid, Dim3 block, size_t shared) {
  const char *name = kernels[slot_of(function)].name;
  unsigned threads = block.x * block.y * block.z;
  int possible = name && grid.x && grid.y && grid.z && grid.x <= 2147483647u && grid.y <= 65535 && grid.z <= 65535 && threads && threads <= 1024 && block.z <= 64 && shared <= MOST_SHARED;
  stand_in_trace("%s %s %u %u %u %u %zu", possible ? "launch" : "impossible", name ? name : "?", grid.x, grid.y, grid.z, threads, shared);
  stand_in_occupy(kernel_seconds);
  launched++;
  return possible ? state() : INVALID_CONFIGURATION;
}

static __thread struct { Dim3 grid, block; size_t shared; Handle stream; } pushed;
unsigned __cudaPushCallConfiguration(Dim3 grid, Dim3 block, size_t shared, Handle stream) {
  pushed.grid = grid, pushed.block = block, pushed.shared = shared, pushed.stream = stream;
  return 0;
}
int __cudaPopCallConfiguration(Dim3 *grid, Dim3 *block, size_t *shared, Handle *stream) {
  *grid = pushed.grid, *block = pushed.block, *shared = pushed.shared, *stream = pushed.stream;
  return SUCCESS;
}
int __cudaGetKernel(const void **kernel, const void *function) { *kernel = function; return SUCCESS; }
int __cudaLaunchKernel(const void *kernel, Dim3 grid, Dim3 block, void **arguments, size_t shared, Handle stream) { return launch(kernel, grid, block, shared); }
int cudaLaunchKernel(const void *function, Dim3 grid, Dim3 block, void **arguments, size_t shared, Handle stream) { return launch(function, grid, block, shared); }
typedef struct { Dim3 grid, block; size_t shared; Handle stream; void *attributes; unsigned count; } LaunchConfig;
int cudaLaunchKernelExC(const LaunchConfig *config, const void *function, void **arguments) { return launch(function, config->grid, config->block, config->shared); }

enum { ATTRIBUTES_BYTES = 144, THREADS_OFFSET = 24 };
int cudaFuncGetAttributes(char *attributes, const void *function) {
  static const int threads_registers_ptx_binary[] = {1024, 64, 90, 90};
  memset(attributes, 0, ATTRIBUTES_BYTES);
  memcpy(attributes + THREADS_OFFSET, threads_registers_ptx_binary, sizeof threads_registers_ptx_binary);
  return SUCCESS;
}
int cudaFuncSetAttribute(const void *function, int attribute, int value) { return SUCCESS; }
int cudaKernelSetAttributeForDevice(const void *kernel, int attribute, int value, int device) { return SUCCESS; }
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, const void *function, int threads, size_t shared, unsigned flags) { *count = 2; return SUCCESS; }
int cudaLibraryLoadData(Handle *library, const void *code, int *a, void **b, unsigned c, int *d, void **e, unsigned f) { return NOT_SUPPORTED; }
int cudaLibraryGetKernel(const void **kernel, Handle library, const char *name) { return NOT_SUPPORTED; }
int cudaLibraryUnload(Handle library) { return SUCCESS; }
