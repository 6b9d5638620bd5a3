// The zoo: what the load report says of every bad plugin, and that the good ones beside them load all the same. A state
// that is decided before loading must have run no code of the plugin.
#include "core/plugin/registry.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "core/base/failure.h"
#include "core/plugin/negotiate.h"
#include "tests/unit/plugin/plugins.h"

namespace grok1::plugin_test {
namespace {

struct Animal {
  const char* id;
  int32_t state;
  const char* reason;  // a part of it
  bool may_run;        // it must be loaded before the state is known
};

constexpr Animal kAnimals[] = {
    {"null", GROK1_LOAD_LOADED, "", true},
    {"pair", GROK1_LOAD_LOADED, "", true},
    {"shadow", GROK1_LOAD_SHADOWED, "'null' is already there from ", true},
    {"no_note", GROK1_LOAD_NOT_A_PLUGIN, "no grok1 note; build it with GROK1_BACKEND_ENTRY", false},
    {"no_entry", GROK1_LOAD_NOT_A_PLUGIN, "does not export grok1_backend_entry", true},
    {"wrong_abi", GROK1_LOAD_ABI_MAJOR, "built for backend ABI 7.2, this library offers 0.2; install the plugin",
     false},
    {"cpu_level", GROK1_LOAD_CPU_BASELINE, "compiled for x86-64 level 99, this CPU has level ", false},
    {"undefined_symbol", GROK1_LOAD_OPEN_FAILED, "grok1_zoo_nowhere", false},
    {"missing_dependency", GROK1_LOAD_MISSING_DEPENDENCY,
     "it needs libzoo_absent.so, which the dynamic loader did not find", false},
    {"wrong_magic", GROK1_LOAD_NOT_A_PLUGIN, "magic 0x12345678 instead of 0x316b7267", true},
    {"wrong_abi_entry", GROK1_LOAD_ABI_MAJOR, "built for backend ABI 7.0, this library offers 0.2", true},
    {"short_descriptor", GROK1_LOAD_NOT_A_PLUGIN, "descriptor is 24 bytes, at least 48 are wanted", true},
    {"no_open", GROK1_LOAD_MISSING_FUNCTION, "no `open`", true},
    {"bad_id", GROK1_LOAD_NOT_A_PLUGIN, "its id is 'Bad-Id', but an id is 1 to 31 characters of a-z, 0-9 and _", true},
    {"open_fails", GROK1_LOAD_OPEN_FAILED, "did not start: the zoo has no such thing", true},
    {"open_throws", GROK1_LOAD_OPEN_FAILED, "threw a C++ exception, which no backend may: the lion is loose", false},
    {"null_handle", GROK1_LOAD_OPEN_FAILED, "gave no handle", true},
    {"null_table", GROK1_LOAD_OPEN_FAILED, "gave no operator table", true},
    {"no_attention", GROK1_LOAD_MISSING_FUNCTION, "lacks attention;", true},
    {"short_table", GROK1_LOAD_MISSING_FUNCTION, "lacks accumulate, logits;", true},
    {"no_device", GROK1_LOAD_NO_DEVICE, "found no device", true},
    {"no_driver", GROK1_LOAD_NO_DEVICE, "the zoo has no such thing", true},
    {"driver_too_old", GROK1_LOAD_DRIVER_TOO_OLD, "the zoo has no such thing", true},
    {"count_fails", GROK1_LOAD_OPEN_FAILED, "could not count its devices: the zoo has no such thing", true},
    {"count_lies", GROK1_LOAD_OPEN_FAILED, "claims 4294967295 devices", true},
};

void expect_good_ones(const Runtime& runtime) {
  EXPECT_EQ(runtime.at(zoo_path("null")).state, GROK1_LOAD_LOADED);
  EXPECT_EQ(runtime.at(zoo_path("null")).version, "1.0");
  EXPECT_EQ(runtime.at(zoo_path("pair")).n_devices, 2u);
}

TEST(Registry, EveryAnimalOfTheZooIsReportedAndTheGoodOnesLoad) {
  const Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo);
  for (const Animal& animal : kAnimals) {
    runtime.expect(zoo_path(animal.id), animal.state, animal.reason);
    const bool other_id = std::string_view(animal.id) == "shadow";
    EXPECT_EQ(runtime.at(zoo_path(animal.id)).backend, other_id ? "null" : animal.id);
    EXPECT_TRUE(animal.may_run || !has_run(animal.id)) << animal.id;
  }
  expect_good_ones(runtime);
}

TEST(Registry, ReportsEverySearchedFileInOrderOnce) {
  const Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo + ":" + kZoo + "/../zoo");
  std::vector<std::string> found, listed;
  for (const auto& entry : std::filesystem::directory_iterator(kZoo)) {
    if (entry.is_regular_file() && entry.path().extension() == ".so") listed.push_back(entry.path().string());
  }
  std::sort(listed.begin(), listed.end());
  for (size_t i = 0; const LoadEntry* entry = runtime.registry.entry(i); ++i) {
    if (std::filesystem::path(entry->path).parent_path() == kZoo) found.push_back(entry->path);
  }
  EXPECT_GE(listed.size(), std::size(kAnimals));
  EXPECT_EQ(found, listed);
}

// The bytes of the good plugin with one field of its ELF header changed.
template <class T>
std::string patched(size_t offset, T value) {
  std::string bytes = read_bytes(zoo_path("null"));
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

TEST(Registry, FilesThatAreNoPluginsAreNamedForWhatTheyAre) {
  const TemporaryDirectory directory;
  const std::string whole = read_bytes(zoo_path("null"));
  const std::string text = directory.file("libgrok1_text.so", "INPUT(libgrok1.so.0)\n");
  const std::string tiny = directory.file("libgrok1_tiny.so",
                                          "\x7f"
                                          "ELF");
  const std::string empty = directory.file("libgrok1_empty.so", "");
  const std::string half = directory.file("libgrok1_half.so", whole.substr(0, whole.size() / 2));
  const std::string machine =
      directory.file("libgrok1_machine.so", patched(offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_RISCV}));
  const std::string narrow = directory.file("libgrok1_narrow.so", patched(EI_CLASS, char{ELFCLASS32}));
  const std::string order = directory.file("libgrok1_order.so", patched(EI_DATA, char{ELFDATA2MSB}));
  const std::string program =
      directory.file("libgrok1_program.so", patched(offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_EXEC}));
  const std::string folder = directory.directory("libgrok1_folder.so");
  const std::string pipe = directory.path() + "/libgrok1_pipe.so";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0644), 0);

  const Runtime runtime(GROK1_INIT(grok1_runtime_options), directory.path() + ":" + kZoo);
  runtime.expect(text, GROK1_LOAD_NOT_A_PLUGIN, "not an ELF shared library");
  runtime.expect(tiny, GROK1_LOAD_NOT_A_PLUGIN, "incomplete");
  runtime.expect(empty, GROK1_LOAD_NOT_A_PLUGIN, "the file is empty");
  runtime.expect(half, GROK1_LOAD_NOT_A_PLUGIN, "incomplete");
  runtime.expect(machine, GROK1_LOAD_WRONG_ARCH, "built for RISC-V, this machine is ");
  runtime.expect(narrow, GROK1_LOAD_WRONG_ARCH, "built for a 32-bit machine");
  runtime.expect(order, GROK1_LOAD_WRONG_ARCH, "in another byte order");
  runtime.expect(program, GROK1_LOAD_NOT_A_PLUGIN, "not a shared library");
  runtime.expect(folder, GROK1_LOAD_NOT_A_PLUGIN, "this is a directory, not a file");
  runtime.expect(pipe, GROK1_LOAD_NOT_A_PLUGIN, "a device, pipe or socket");
  EXPECT_EQ(runtime.at(text).backend, "text");
  expect_good_ones(runtime);
}

TEST(Registry, UnsafeFilesAndDirectoriesAreNotLoadedUnlessNamed) {
  const TemporaryDirectory place;
  const std::string bytes = read_bytes(zoo_path("pair"));
  const std::string open_file = place.file("libgrok1_file.so", bytes);
  chmod(open_file.c_str(), 0646);
  const std::string open_directory = place.directory("shared");
  const std::string inside = place.file("shared/libgrok1_inside.so", bytes);
  const std::string outside = place.path() + "/libgrok1_outside.so";  // a safe name for an unsafe file
  std::filesystem::create_symlink(inside, outside);
  chmod(open_directory.c_str(), 01777);
  forget("pair");

  const std::string search = place.path() + ":" + open_directory;
  {
    const Runtime runtime(GROK1_INIT(grok1_runtime_options), search);
    runtime.expect(open_file, GROK1_LOAD_UNSAFE_PATH, open_file + " can be written by everybody (mode 646)");
    runtime.expect(inside, GROK1_LOAD_UNSAFE_PATH, open_directory + " can be written by everybody (mode 1777)");
    runtime.expect(outside, GROK1_LOAD_UNSAFE_PATH, open_directory + " can be written by everybody");
    EXPECT_FALSE(has_run("pair"));
    EXPECT_THROW(const_cast<Registry&>(runtime.registry).resolve("pair"), Failure);
  }
  Runtime runtime(GROK1_INIT(grok1_runtime_options), search);
  EXPECT_EQ(runtime.registry.resolve(inside).at(0).backend->id, "pair");  // named: the caller vouches
  const char* paths[] = {open_file.c_str()};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backend_paths = paths;
  options.n_backend_paths = 1;
  Runtime(options, search).expect(open_file, GROK1_LOAD_LOADED, "");
}

TEST(Registry, FilesOfStrangersAreUnsafe) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away; safety_test.cpp judges owners without files";
  const TemporaryDirectory place;
  const std::string file = place.file("libgrok1_foreign.so", read_bytes(zoo_path("pair")));
  ASSERT_EQ(chown(file.c_str(), 54321, 54321), 0);
  Runtime(GROK1_INIT(grok1_runtime_options), place.path())
      .expect(file, GROK1_LOAD_UNSAFE_PATH,
              "belongs to user 54321, which is not root, you or the owner of this library");
}

TEST(Registry, SymbolicLinksLeadToTheirFiles) {
  const TemporaryDirectory place;
  const std::string link = place.path() + "/libgrok1_link.so", dangling = place.path() + "/libgrok1_dangling.so",
                    loop = place.path() + "/libgrok1_loop.so";
  std::filesystem::create_symlink(zoo_path("pair"), link);
  std::filesystem::create_symlink(place.path() + "/nothing", dangling);
  std::filesystem::create_symlink(loop, loop);
  const Runtime runtime(GROK1_INIT(grok1_runtime_options), place.path());
  runtime.expect(link, GROK1_LOAD_LOADED, "");
  EXPECT_EQ(runtime.at(link).backend, "pair");
  runtime.expect(dangling, GROK1_LOAD_NOT_A_PLUGIN, "No such file or directory; check its name");
  runtime.expect(loop, GROK1_LOAD_NOT_A_PLUGIN, "cannot be found");
}

struct Verifier {
  std::string denied;
  std::set<std::string> asked;
};

int32_t GROK1_CALL deny_one(void* user, const char* path) {
  auto& verifier = *static_cast<Verifier*>(user);
  verifier.asked.insert(path);
  return path == verifier.denied;
}

TEST(Registry, VerifyIsAskedBeforeAnyCodeRuns) {
  const TemporaryDirectory place;
  const std::string pair = place.file("libgrok1_pair.so", read_bytes(zoo_path("pair")));
  const std::string null = place.file("libgrok1_null.so", read_bytes(zoo_path("null")));
  const std::string abi = place.file("libgrok1_wrong_abi.so", read_bytes(zoo_path("wrong_abi")));
  forget("pair");
  forget("null");
  Verifier verifier{pair, {}};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.verify = deny_one;
  options.verify_user = &verifier;
  const Runtime runtime(options, place.path());
  runtime.expect(pair, GROK1_LOAD_VERIFY_DENIED, "verify callback");
  runtime.expect(null, GROK1_LOAD_LOADED, "");
  runtime.expect(abi, GROK1_LOAD_ABI_MAJOR, "");
  EXPECT_FALSE(has_run("pair"));
  EXPECT_TRUE(has_run("null"));
  EXPECT_EQ(verifier.asked.count(null), 1u);
  EXPECT_EQ(verifier.asked.count(abi), 0u);  // refused before it would be loaded
}

TEST(Registry, DisabledByFileNameRunsNothingAndByIdIsNotOpened) {
  const TemporaryDirectory place;
  const std::string pair = place.file("libgrok1_pair.so", read_bytes(zoo_path("pair")));
  const std::string null = place.file("libgrok1_null.so", read_bytes(zoo_path("null")));
  const std::string other = place.file("libgrok1_other.so", read_bytes(zoo_path("shadow")));  // calls itself null
  forget("pair");
  forget("null");
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.disabled = "pair,null,,unheard_of";
  const Runtime runtime(options, place.path());
  runtime.expect(pair, GROK1_LOAD_DISABLED, "'pair' is in the list of disabled backends");
  runtime.expect(null, GROK1_LOAD_DISABLED, "take it out");
  runtime.expect(other, GROK1_LOAD_DISABLED, "'null' is in the list");
  EXPECT_FALSE(has_run("pair"));
  EXPECT_FALSE(has_run("null"));
}

TEST(Registry, BackendsCanLogFromTheFirstMoment) {
  Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo);
  runtime.log.deliver();
  EXPECT_NE(std::find(runtime.messages.begin(), runtime.messages.end(), "the zoo is open"), runtime.messages.end());
}

TEST(Registry, SeveralRuntimesOpenTheSamePlugin) {
  const Runtime first(GROK1_INIT(grok1_runtime_options), kZoo), second(GROK1_INIT(grok1_runtime_options), kZoo);
  first.expect(zoo_path("null"), GROK1_LOAD_LOADED, "");
  second.expect(zoo_path("null"), GROK1_LOAD_LOADED, "");
  EXPECT_NE(first.registry.device(0)->backend->handle, second.registry.device(0)->backend->handle);
}

TEST(Registry, StatesHaveTheNamesOfTheHeader) {
  const std::string header = read_bytes(GROK1_SOURCE_DIR "/include/grok1.h");
  for (int32_t state = GROK1_LOAD_LOADED; state <= GROK1_LOAD_SHADOWED; ++state) {
    const std::string line = "GROK1_LOAD_" + std::string(load_state_name(state)) + " = " + std::to_string(state);
    EXPECT_NE(header.find(line), std::string::npos) << line;
  }
}

TEST(Registry, NullInTheOptionsIsTheCallersMistake) {
  const char* paths[] = {nullptr};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backend_paths = paths;
  options.n_backend_paths = 1;
  EXPECT_THROW(Runtime{options}, Failure);
  options.backend_paths = nullptr;
  EXPECT_THROW(Runtime{options}, Failure);
}

}  // namespace
}  // namespace grok1::plugin_test
