/* libcublas.so.13. Signatures are those of https://docs.nvidia.com/cuda/cublas; types and kinds of computing are traced by their numbers in its headers. */
#include "stand-in.h"

enum { SUCCESS = 0, NOT_SUPPORTED = 15, FLOAT32 = 0, COMPUTE_32F = 68 };
typedef void *Handle;

static int product(const char *call, int m, int n, int k, int batch, int type, int compute) {
  stand_in_trace("product %s %d %d %d %d %d %d", call, m, n, k, batch, type, compute);
  double rate = stand_in_flops();
  if (rate > 0) stand_in_occupy(2.0 * m * n * k * batch / rate);
  return SUCCESS;
}

int cublasCreate_v2(Handle *handle) { static int context; *handle = &context; return SUCCESS; }
int cublasDestroy_v2(Handle handle) { return SUCCESS; }
int cublasSetStream_v2(Handle handle, Handle stream) { return SUCCESS; }
static int math_mode;
int cublasSetMathMode(Handle handle, int mode) { math_mode = mode; return SUCCESS; }
int cublasGetMathMode(Handle handle, int *mode) { *mode = math_mode; return SUCCESS; }
const char *cublasGetStatusName(int status) { return status == SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_NOT_SUPPORTED"; }
const char *cublasGetStatusString(int status) { return status == SUCCESS ? "success" : "refused by the stand-in"; }

typedef const void *In;
typedef long long Stride;
int cublasGemmEx(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int at, int lda, In b, int bt, int ldb, In beta, void *c, int ct, int ldc, int compute, int algorithm) {
  return product("GemmEx", m, n, k, 1, at, compute);
}
int cublasGemmStridedBatchedEx(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int at, int lda, Stride sa, In b, int bt, int ldb, Stride sb, In beta, void *c, int ct, int ldc, Stride sc,
                               int batch, int compute, int algorithm) {
  return product("GemmStridedBatchedEx", m, n, k, batch, at, compute);
}
int cublasGemmBatchedEx(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int at, int lda, In b, int bt, int ldb, In beta, void *c, int ct, int ldc, int batch, int compute, int algorithm) {
  return product("GemmBatchedEx", m, n, k, batch, at, compute);
}
int cublasSgemm_v2(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int lda, In b, int ldb, In beta, void *c, int ldc) {
  return product("Sgemm", m, n, k, 1, FLOAT32, COMPUTE_32F);
}
int cublasSgemmStridedBatched(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int lda, Stride sa, In b, int ldb, Stride sb, In beta, void *c, int ldc, Stride sc, int batch) {
  return product("SgemmStridedBatched", m, n, k, batch, FLOAT32, COMPUTE_32F);
}
int cublasSgemmBatched(Handle h, int ta, int tb, int m, int n, int k, In alpha, In a, int lda, In b, int ldb, In beta, void *c, int ldc, int batch) {
  return product("SgemmBatched", m, n, k, batch, FLOAT32, COMPUTE_32F);
}

#define TRACED(name) int name() { stand_in_trace("call " #name); return SUCCESS; }
TRACED(cublasSgeam)
TRACED(cublasScopy_v2)
TRACED(cublasSscal_v2)

/* Nothing of this program computes in float64 or solves equations. */
#define REFUSED(name) int name() { stand_in_trace("call " #name); return NOT_SUPPORTED; }
REFUSED(cublasDcopy_v2)
REFUSED(cublasDgeam)
REFUSED(cublasDgemm_v2)
REFUSED(cublasDgemmBatched)
REFUSED(cublasDgemmStridedBatched)
REFUSED(cublasDgetrfBatched)
REFUSED(cublasDgetriBatched)
REFUSED(cublasSgetrfBatched)
REFUSED(cublasSgetriBatched)
