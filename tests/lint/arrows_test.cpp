// No file includes against the arrows of the architecture; and the check sees one that does.
#include "tests/lint/arrows.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace {

namespace fs = std::filesystem;

TEST(Arrows, OfThisTree) {
  for (const std::string& fault : lint::faults_of_tree(GROK1_SOURCE_DIR)) ADD_FAILURE() << fault;
}

TEST(Arrows, TheTreeIsThere) {
  size_t n = 0;
  for (const std::string& path : lint::files_of_tree(GROK1_SOURCE_DIR)) n += path.ends_with(".cpp");
  EXPECT_GT(n, 50u) << "sources looked at";
}

TEST(Arrows, WrongOnesAreFound) {
  struct Include {
    const char *path, *name;
  };
  for (const Include& bad : {Include{"core/model/forward.cpp", "core/api/handles.h"},
                             {"core/formats/config.cpp", "core/model/weights.h"},
                             {"core/model/weights.h", "core/runtime/session.h"},
                             {"core/plugin/registry.cpp", "core/model/forward.h"},
                             {"core/sampling/sampler.cpp", "core/tokenizer/tokenizer.h"},
                             {"core/base/log.cpp", "core/plugin/device.h"},
                             {"core/tokenizer/tokenizer.cpp", "core/formats/config.h"},
                             {"core/tokenizer/tokenizer.cpp", "grok1_backend.h"},
                             {"core/runtime/model.cpp", "backends/cpu/device.h"},
                             {"backends/cpu/attention.cpp", "core/base/failure.h"},
                             {"backends/cpu/attention.cpp", "backends/reference/attention.h"},
                             {"backends/reference/norm.cpp", "backends/cpu/norm.h"},
                             {"backends/contract/weights.cpp", "backends/cpu/weights.h"},
                             {"backends/contract/weights.cpp", "core/base/failure.h"},
                             {"backends/cuda/runtime.cpp", "backends/contract/refusal.h"},
                             {"samples/cli/run.cpp", "core/base/failure.h"},
                             {"samples/generate.c", "tests/golden/engine.h"},
                             {"bindings/cpp/grok1.hpp", "core/api/handles.h"},
                             {"core/runtime/model.cpp", "boost/dll/shared_library.hpp"},
                             {"core/plugin/registry.cpp", "spdlog/spdlog.h"},
                             {"backends/cpu/device.cpp", "fmt/format.h"},
                             {"core/api/model.cpp", "nlohmann/json.hpp"},
                             {"core/api/model.cpp", "tests/golden/engine.h"},
                             {"core/api/model.cpp", "../runtime/model.h"},
                             {"include/grok1.h", "stdbool.h"},
                             {"include/grok1_backend.h", "stdint.h"},
                             {"encodings/q8.h", "grok1.h"},
                             {"docs/x.cpp", "core/base/log.h"}}) {
    EXPECT_NE(lint::fault_of_include(bad.path, bad.name, false), "") << bad.path << " includes " << bad.name;
  }
}

TEST(Arrows, GoodOnesAreNot) {
  struct Include {
    const char *path, *name;
    bool beside;
  };
  for (const Include& good : {Include{"core/model/forward.cpp", "core/formats/config.h", false},
                              {"core/runtime/session.cpp", "core/model/forward.h", false},
                              {"core/api/model.cpp", "core/runtime/model.h", false},
                              {"core/plugin/library.cpp", "boost/dll/shared_library.hpp", false},
                              {"core/base/log.cpp", "spdlog/spdlog.h", false},
                              {"core/runtime/model.cpp", "fmt/format.h", false},
                              {"backends/cpu/attention.cpp", "grok1_backend.h", false},
                              {"backends/cpu/attention.cpp", "backends/cpu/device.h", false},
                              {"backends/cpu/attention.cpp", "backends/contract/arguments.h", false},
                              {"backends/cpu/attention.cpp", "vector", false},
                              {"samples/cli/run.cpp", "commands.h", true},
                              {"samples/cli/run.cpp", "grok1.h", false},
                              {"include/grok1.h", "stdint.h", false},
                              {"include/grok1_backend.h", "grok1.h", false},
                              {"tests/unit/base/log_test.cpp", "core/base/log.h", false}}) {
    EXPECT_EQ(lint::fault_of_include(good.path, good.name, good.beside), "") << good.path << " includes " << good.name;
  }
}

// The whole way, with a file on disk.
TEST(Arrows, PlantedFileIsFound) {
  const fs::path tree = fs::path(testing::TempDir()) / ("grok1_arrows." + std::to_string(getpid()));
  fs::create_directories(tree / "core/model");
  fs::create_directories(tree / "build/core/model");
  std::ofstream(tree / "core/model/forward.cpp") << "#include <vector>\n#  include \"core/api/handles.h\"\n";
  std::ofstream(tree / "build/core/model/forward.cpp") << "#include \"core/api/handles.h\"\n";
  const std::vector<std::string> faults = lint::faults_of_tree(tree);
  fs::remove_all(tree);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults.front(), "core/model/forward.cpp:2: core/model must not include core/api/handles.h");
}

}  // namespace
