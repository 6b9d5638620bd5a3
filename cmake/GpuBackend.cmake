# grok1_add_gpu_backend(VENDOR ARCHITECTURES "80;90a" RUNTIME target COMPILE command...): the plugin of a vendor's GPUs out
# of the sources of backends/gpu and backends/VENDOR. The host's are compiled as all others are; the kernels by the
# vendor's compiler, which the command begins with.
include(${PROJECT_SOURCE_DIR}/backends/gpu/sources.cmake)

# grok1_compile_for_gpu(VENDOR objects source...): the objects of sources in the dialect, compiled as the plugin's kernels
# are.
function(grok1_compile_for_gpu vendor result)
  get_property(compile GLOBAL PROPERTY GROK1_${vendor}_COMPILE)
  set(objects "")
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    cmake_path(GET source STEM stem)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${vendor}_${stem}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${compile} -MD -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d
      COMMENT "Building ${vendor} kernels ${stem}" VERBATIM COMMAND_EXPAND_LISTS)
    list(APPEND objects ${object})
  endforeach()
  set(${result} ${objects} PARENT_SCOPE)
endfunction()

function(grok1_add_gpu_backend vendor)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "RUNTIME" "ARCHITECTURES;COMPILE")
  set(compile ${arg_COMPILE} -std=c++20 -O3 -DGROK1_GPU_VARIANT=any -I${PROJECT_SOURCE_DIR}/backends/${vendor}
      -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include)
  list(JOIN compile "\n" words)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/kernels.command "${words}\n")  # for tests/gpu/resources.sh
  set_property(GLOBAL PROPERTY GROK1_${vendor}_COMPILE ${compile})
  grok1_compile_for_gpu(${vendor} objects ${GROK1_GPU_KERNEL_SOURCES})

  set(host ${GROK1_GPU_HOST_SOURCES} ${GROK1_GPU_ONE_VARIANT_SOURCES})
  list(TRANSFORM host PREPEND ${PROJECT_SOURCE_DIR}/)
  grok1_add_backend(${vendor} runtime.cpp ${host} ${objects})
  target_include_directories(grok1_${vendor} PRIVATE ${PROJECT_SOURCE_DIR}/backends/${vendor})
  list(JOIN arg_ARCHITECTURES " " architectures)
  target_compile_definitions(grok1_${vendor} PRIVATE GROK1_GPU_ARCHITECTURES="${architectures}" GROK1_GPU_VARIANT=any)
  target_link_libraries(grok1_${vendor} PRIVATE ${arg_RUNTIME})
  set_target_properties(grok1_${vendor} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

# grok1_gpu_left_out(OPTION reason): the plugin cannot be built here. Ends the configuration where it was demanded.
function(grok1_gpu_left_out option reason)
  if("${${option}}" STREQUAL "ON")
    message(FATAL_ERROR "${option}=ON: ${reason}")
  endif()
  message(STATUS "${option}: left out: ${reason}")
endfunction()
