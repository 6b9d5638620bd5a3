// Where plugins are looked for, and in which order. The directory beside the library is, for this program, grok1/
// beside itself, where the build has put one more backend that calls itself "null".
#include "core/plugin/search_path.h"

#include <dlfcn.h>
#include <unistd.h>

#include "tests/unit/plugin/plugins.h"

namespace grok1::plugin_test {
namespace {

const std::string kBeside = GROK1_BUILD_DIR "/tests/plugin/grok1/libgrok1_beside.so";

TEST(SearchPath, OwnFileIsThisProgram) {
  EXPECT_EQ(own_file(), std::filesystem::canonical("/proc/self/exe").string());
}

TEST(SearchPath, OrderIsEnvironmentThenBesideThenCompiledIn) {
  const TemporaryDirectory place;
  const std::string a = place.directory("a"), b = place.directory("b"), c = place.directory("c"),
                    beside = place.directory("grok1");
  Log log(nullptr, nullptr, 0);
  using List = std::vector<std::string>;
  const std::string own = place.path() + "/libgrok1.so";
  EXPECT_EQ(search_directories((b + ":" + a).c_str(), own, c, log), (List{b, a, beside, c}));
  EXPECT_EQ(search_directories(nullptr, own, c, log), (List{beside, c}));
  EXPECT_EQ(search_directories(nullptr, own, beside, log), (List{beside}));  // installed: both are the same
  EXPECT_EQ(search_directories((beside + "/../grok1/").c_str(), own, c, log), (List{beside, c}));
  EXPECT_EQ(search_directories(nullptr, "", c, log), (List{c}));
  EXPECT_EQ(search_directories(nullptr, own, place.path() + "/none", log), (List{beside}));
}

TEST(SearchPath, RelativeAndMissingDirectoriesOfTheEnvironmentAreNotSearched) {
  const TemporaryDirectory place;
  const std::string a = place.directory("a");
  std::vector<std::string> messages;
  const auto collect = [](void* user, int32_t, const char* message, size_t size) {
    static_cast<std::vector<std::string>*>(user)->emplace_back(message, size);
  };
  Log log(collect, &messages, GROK1_LOG_WARNING);
  const std::string value = ":.:" + place.path() + "/none::a:" + a;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(place.path());
  EXPECT_EQ(search_directories(value.c_str(), place.path() + "/libgrok1.so", "", log), std::vector<std::string>{a});
  std::filesystem::current_path(before);
  log.deliver();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0], "GROK1_BACKEND_PATH: '.' is ignored: directories must be absolute");
  EXPECT_EQ(messages[1], "GROK1_BACKEND_PATH: '" + place.path() + "/none' is not a directory");
}

TEST(SearchPath, OnlyNamesOfPluginsAreCandidates) {
  const TemporaryDirectory place;
  for (const char* name :
       {"libgrok1.so", "libgrok1_.so", "libgrok1_b.so", "libgrok1_a.so", "libgrok1_a.so.1", "grok1_a.so"}) {
    place.file(name, "");
  }
  Log log(nullptr, nullptr, 0);
  EXPECT_EQ(plugins_in(place.path(), log),
            (std::vector<std::string>{place.path() + "/libgrok1_a.so", place.path() + "/libgrok1_b.so"}));
  EXPECT_TRUE(plugins_in(place.path() + "/none", log).empty());
}

TEST(SearchPath, IdsComeFromFileNames) {
  EXPECT_EQ(id_from_file_name("/a/b/libgrok1_cuda.so"), "cuda");
  EXPECT_EQ(id_from_file_name("libgrok1_x_y.so"), "x_y");
  EXPECT_EQ(id_from_file_name("/a/other.so"), "other.so");
}

TEST(SearchPath, EarlierPlacesShadowLaterOnes) {
  const TemporaryDirectory place;
  const std::string named = place.file("anything.so", read_bytes(zoo_path("null")));
  const std::string in_zoo = zoo_path("null");
  {
    const Runtime runtime;
    runtime.expect(kBeside, GROK1_LOAD_LOADED, "");
    EXPECT_EQ(runtime.at(in_zoo).state, -1);
  }
  {
    const Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo);
    runtime.expect(in_zoo, GROK1_LOAD_LOADED, "");
    runtime.expect(kBeside, GROK1_LOAD_SHADOWED, "from " + in_zoo);
  }
  const char* paths[] = {named.c_str(), named.c_str()};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backend_paths = paths;
  options.n_backend_paths = 2;
  const Runtime runtime(options, kZoo);
  EXPECT_EQ(runtime.registry.entry(0)->path, named);
  EXPECT_NE(runtime.registry.entry(1)->path, named);  // named twice, loaded once
  runtime.expect(named, GROK1_LOAD_LOADED, "");
  runtime.expect(in_zoo, GROK1_LOAD_SHADOWED, "from " + named);
  runtime.expect(kBeside, GROK1_LOAD_SHADOWED, "from " + named);
}

TEST(SearchPath, NoSearchUsesNamedFilesOnly) {
  const std::string named = zoo_path("pair");
  const char* paths[] = {named.c_str()};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backend_paths = paths;
  options.n_backend_paths = 1;
  options.flags = GROK1_RUNTIME_NO_SEARCH;
  const Runtime runtime(options, kZoo);
  EXPECT_EQ(runtime.registry.n_entries(), 1u);
  runtime.expect(named, GROK1_LOAD_LOADED, "");
}

TEST(SearchPath, TheWorkingDirectoryIsNotSearchedAndRelativeNamesBecomeAbsolute) {
  const std::filesystem::path before = std::filesystem::current_path();
  const TemporaryDirectory place;
  place.directory("grok1");
  const std::string here = place.file("libgrok1_here.so", read_bytes(zoo_path("pair")));
  const std::string below = place.file("grok1/libgrok1_below.so", read_bytes(zoo_path("pair")));
  std::filesystem::current_path(place.path());
  {
    const Runtime runtime;
    EXPECT_EQ(runtime.at(here).state, -1);
    EXPECT_EQ(runtime.at(below).state, -1);
  }
  const char* paths[] = {"./libgrok1_here.so"};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backend_paths = paths;
  options.n_backend_paths = 1;
  const Runtime runtime(options);
  std::filesystem::current_path(before);
  runtime.expect(here, GROK1_LOAD_LOADED, "");
}

}  // namespace
}  // namespace grok1::plugin_test
