# The programs of this folder, for the tree and for bare/: gpu_slice, which loads any plugin, and gpu_probes_VENDOR for
# the plugins that are built.
include(${PROJECT_SOURCE_DIR}/cmake/GpuBackend.cmake)
set(here ${PROJECT_SOURCE_DIR}/tests/gpu)

function(grok1_add_gpu_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE grok1_headers ${CMAKE_DL_LIBS})
  target_include_directories(${name} PRIVATE ${here})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endfunction()

grok1_add_gpu_program(gpu_slice ${here}/slice.cpp ${here}/pass.cpp ${here}/layers.cpp ${here}/device.cpp)

# The runtime defines the same names for every vendor: a program for each.
foreach(pair cuda=grok1_cudart rocm=grok1_amdhip)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 vendor)
  list(GET pair 1 runtime)
  if(NOT TARGET grok1_${vendor})
    continue()
  endif()
  grok1_compile_for_gpu(${vendor} objects tests/gpu/probes.cpp)
  get_target_property(include ${runtime} INTERFACE_INCLUDE_DIRECTORIES)
  set(gemm ${here}/library_gemm_none.cpp)
  if(vendor STREQUAL cuda AND EXISTS ${include}/cublasLt.h)
    set(gemm ${here}/library_gemm_cublaslt.cpp)
  endif()
  grok1_add_gpu_program(gpu_probes_${vendor} ${objects} ${gemm} ${PROJECT_SOURCE_DIR}/backends/${vendor}/runtime.cpp)
  target_include_directories(gpu_probes_${vendor} PRIVATE ${PROJECT_SOURCE_DIR}/backends/${vendor} ${PROJECT_SOURCE_DIR})
  target_compile_definitions(gpu_probes_${vendor} PRIVATE $<TARGET_PROPERTY:grok1_${vendor},COMPILE_DEFINITIONS>)
  target_link_libraries(gpu_probes_${vendor} PRIVATE ${runtime})
  set_target_properties(gpu_probes_${vendor} PROPERTIES LINKER_LANGUAGE CXX)
endforeach()
