# The compiler of HIP kernels: clang-19 on Debian's device libraries where it is installed, hipcc otherwise. Debian's
# device libraries lack the file that tells them which of two later architectures they are on, a constant; it is made
# here.
set(debian_bitcode /usr/lib/x86_64-linux-gnu/amdgcn/bitcode)

# bitcode/: links to Debian's files, and oclc_isa_version_NAME.bc for gfx942 and gfx1100.
function(grok1_make_bitcode folder clang)
  file(GLOB files ${debian_bitcode}/*.bc)
  file(MAKE_DIRECTORY ${folder})
  foreach(file ${files})
    cmake_path(GET file FILENAME name)
    file(CREATE_LINK ${file} ${folder}/${name} SYMBOLIC)
  endforeach()
  foreach(pair 942=9402 1100=11000)
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 name)
    list(GET pair 1 number)
    if(EXISTS ${folder}/oclc_isa_version_${name}.bc)
      continue()
    endif()
    file(WRITE ${folder}/${name}.ll "target triple = \"amdgcn-amd-amdhsa\"\n@__oclc_ISA_version = linkonce_odr protected "
         "local_unnamed_addr addrspace(4) constant i32 ${number}, align 4\n")
    execute_process(COMMAND ${clang} -x ir --target=amdgcn-amd-amdhsa -nogpulib -emit-llvm -c ${folder}/${name}.ll
                            -o ${folder}/oclc_isa_version_${name}.bc COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endfunction()

# The command that compiles HIP, as a list; empty where there is none.
function(grok1_find_hip_compiler result)
  set(${result} "" PARENT_SCOPE)
  find_program(hipcc hipcc PATHS ENV ROCM_PATH /opt/rocm PATH_SUFFIXES bin NO_CACHE)
  if(NOT hipcc)
    return()
  endif()
  set(${result} ${hipcc} PARENT_SCOPE)
  # By their own prefix: clang looks for the other tools beside itself.
  set(llvm /usr/lib/llvm-19/bin)
  if(hipcc STREQUAL "/usr/bin/hipcc" AND EXISTS ${debian_bitcode} AND EXISTS ${llvm}/clang++ AND EXISTS ${llvm}/ld.lld
     AND EXISTS ${llvm}/clang-offload-bundler)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/bitcode)
    grok1_make_bitcode(${folder} ${llvm}/clang++)
    set(${result} ${llvm}/clang++ --rocm-path=/usr --rocm-device-lib-path=${folder} PARENT_SCOPE)
  endif()
endfunction()

# Whether an empty kernel compiles for the architecture.
function(grok1_hip_compiles result compiler architecture)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/empty.hip)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "#include <hip/hip_runtime.h>\n__global__ void empty() {}\n")
  endif()
  execute_process(COMMAND ${compiler} -x hip -std=c++20 --offload-arch=${architecture} -c ${source} -o ${source}.o
                  RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
  if(code EQUAL 0)
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
