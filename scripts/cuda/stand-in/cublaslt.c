/* libcublasLt.so.13: a handle, which every session makes, and nothing to do with it. */
enum { SUCCESS = 0, NOT_SUPPORTED = 15 };
int cublasLtCreate(void **handle) { static int context; *handle = &context; return SUCCESS; }
int cublasLtDestroy(void *handle) { return SUCCESS; }

#define REFUSED(name) int name() { return NOT_SUPPORTED; }
REFUSED(cublasLtMatmul)
REFUSED(cublasLtMatmulAlgoConfigSetAttribute)
REFUSED(cublasLtMatmulAlgoGetHeuristic)
REFUSED(cublasLtMatmulAlgoInit)
REFUSED(cublasLtMatmulDescCreate)
REFUSED(cublasLtMatmulDescDestroy)
REFUSED(cublasLtMatmulDescSetAttribute)
REFUSED(cublasLtMatmulPreferenceCreate)
REFUSED(cublasLtMatmulPreferenceDestroy)
REFUSED(cublasLtMatmulPreferenceSetAttribute)
REFUSED(cublasLtMatrixLayoutCreate)
REFUSED(cublasLtMatrixLayoutDestroy)
REFUSED(cublasLtMatrixLayoutSetAttribute)
REFUSED(cublasLtMatrixTransform)
REFUSED(cublasLtMatrixTransformDescCreate)
REFUSED(cublasLtMatrixTransformDescDestroy)
