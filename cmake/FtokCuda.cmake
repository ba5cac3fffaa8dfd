# The GPU back end of the trainer: FTOK_CUDA says whether it is built, FTOK_HAS_CUDA whether it is. AUTO: where nvcc is found, in a
# build without sanitizers (which do not see what a GPU does; the kernels run under them on the CPU, see trainer/cuda/shim.h).
set(FTOK_CUDA AUTO CACHE STRING "Build the GPU back end: AUTO (where nvcc is), ON, OFF")
set_property(CACHE FTOK_CUDA PROPERTY STRINGS AUTO ON OFF)
# A100, H100 and H200, and code that later GPUs translate for themselves.
set(FTOK_CUDA_ARCHITECTURES "80-real;90a-real;90-virtual" CACHE STRING "GPUs to compile for, as CMAKE_CUDA_ARCHITECTURES")
set(FTOK_CUDNN_FRONTEND "${PROJECT_SOURCE_DIR}/build/cudnn_frontend/include" CACHE PATH
    "Headers of cudnn-frontend (tools/gpu_check/fetch_frontend); without them attention is done by ftok's own kernels")

set(FTOK_HAS_CUDA OFF)
if(FTOK_CUDA STREQUAL "ON" OR (FTOK_CUDA STREQUAL "AUTO" AND NOT FTOK_SANITIZE AND NOT FTOK_FUZZ))
  find_program(FTOK_NVCC nvcc HINTS ENV CUDACXX PATHS /usr/local/cuda/bin)
  if(FTOK_NVCC)
    if(NOT CMAKE_CUDA_COMPILER)
      set(CMAKE_CUDA_COMPILER ${FTOK_NVCC})
    endif()
    set(CMAKE_CUDA_ARCHITECTURES ${FTOK_CUDA_ARCHITECTURES})
    set(CMAKE_CUDA_RUNTIME_LIBRARY Static)  # a program that starts where there is no CUDA
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc 13 can
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
      set(CMAKE_CUDA_STANDARD_LATEST 20)
    endif()
    set(CMAKE_CUDA_STANDARD 20)
    find_package(CUDAToolkit REQUIRED)
    set(FTOK_HAS_CUDA ON)
  elseif(FTOK_CUDA STREQUAL "ON")
    message(FATAL_ERROR "FTOK_CUDA=ON, but there is no nvcc")
  endif()
endif()
message(STATUS "GPU back end: ${FTOK_HAS_CUDA}")
