import { describe, expect, it } from 'vitest';
import { deviceFaultOf, faultText, type DeviceFault } from '../../src/runtime/device-faults.js';

describe('an error of the runtime', () => {
  it.each<[string, DeviceFault]>([
    ['CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=n1 ; file=/a.cc ; line=63 ; expr=cudaMemcpyAsync();', 'lost'],
    ['CUDA failure 999: unknown error ; GPU=0 ; hostname=n1', 'lost'],
    ['CUDA failure 100: no CUDA-capable device is detected ; GPU=-1', 'lost'],
    ['CUBLAS failure 14: CUBLAS_STATUS_INTERNAL_ERROR ; GPU=1 ; hostname=n1', 'lost'],
    ['CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0 ; hostname=n1', 'lost'],
    ['CUDA error executing cudaMemcpy(dst_data, src_data, bytes, cudaMemcpyHostToDevice)', 'lost'],
    ["Non-zero status code returned while running Add node. Name:'Add_23' Status Message: CUDA error cudaErrorLaunchFailure:unspecified launch failure", 'lost'],
    ['Status Message: CUDA error cudaErrorIllegalAddress:an illegal memory access was encountered', 'lost'],
    ['Status Message: CUDA error cudaErrorMemoryAllocation:out of memory', 'memory'],
    ['Status Message: CUDA error cudaErrorInvalidConfiguration:invalid configuration argument', null],
    ['Status Message: CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device', null],
    ['CUDA failure 9: invalid configuration argument ; GPU=0', null],
    ['CUDA failure 2: out of memory ; GPU=0 ; hostname=n1', 'memory'],
    ['CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0', 'memory'],
    ['CUDNN failure 4004: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0', 'memory'],
    ['bfc_arena.cc:376 AllocateRawInternal Failed to allocate memory for requested buffer of size 100', 'memory'],
    ['CUDA failure 209: no kernel image is available for execution on the device ; GPU=0', null],
    ['CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED ; GPU=0', null],
    ['Invalid rank for input: input_ids', null],
    ['worker exited with code: 1', null],
  ])('%s: %s', (message, fault) => {
    expect(deviceFaultOf(message)).toBe(fault);
  });

  it('is told in one line, without the place in the runtime', () => {
    expect(faultText('Non-zero status code returned.\nStatus Message: CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=n1')).toBe(
      'CUDA failure 700: an illegal memory access was encountered',
    );
    const unopened =
      '/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 void onnxruntime::CudaCall(ERRTYPE, const char*, int) [with ERRTYPE = cudaError; bool THRW = true] ' +
      'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=n1 ; file=cuda_execution_provider.cc ; line=345 ; expr=cudaSetDevice(info_.device_id); \n\n';
    expect(faultText(unopened)).toBe('CUDA failure 100: no CUDA-capable device is detected');
    expect(faultText('first\nsecond')).toBe('first');
    expect(faultText("running Add node. Name:'Add_23' Status Message: CUDA error cudaErrorLaunchFailure:unspecified launch failure")).toBe('CUDA error cudaErrorLaunchFailure: unspecified launch failure');
    expect(faultText('bfc_arena.cc:359 void* AllocateRawInternal(size_t) Failed to allocate memory for requested buffer of size 5767168\n')).toBe('no room for a buffer of 5767168 bytes');
  });
});
