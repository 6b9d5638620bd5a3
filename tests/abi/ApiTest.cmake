# grok1_add_api_test(NAME sources...): a GoogleTest program that sees the library as an application does: it links
# libgrok1.so and knows the public headers only. The plugins are found beside the library, in lib/grok1.
find_package(nlohmann_json REQUIRED)

function(grok1_add_api_test name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE grok1 nlohmann_json::nlohmann_json GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE GROK1_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/golden"
    GROK1_PLUGIN_DIR="${PROJECT_BINARY_DIR}/lib/grok1" GROK1_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_dependencies(${name} grok1_reference grok1_cpu grok1_emu)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
endfunction()
