// grok1-conformance: proves that a backend plugin does what grok1_backend.h says. Reads the command line, loads the
// plugin by its path, opens one of its devices and the reference, then runs the tests of this folder. Knows no backend
// by name.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "backends/reference/descriptor.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tensor.h"

namespace grok1::conformance {

Suite& suite() {
  static Suite instance;
  return instance;
}

std::string encoding_name(const testing::TestParamInfo<uint32_t>& encoding) {
  return Format{encoding.param, GROK1_ENCODING_NONE, GROK1_ORDER_NK}.encoding_name();
}

namespace {

enum Exit { kRight = 0, kWrong = 1, kUsage = 2, kNoDevice = 77 };

constexpr char kHelp[] =
    "usage: grok1-conformance --backend PATH [--device N] [--options k=v,...] [--filter TEXT] [--list] "
    "[--share-tolerance X]\n"
    "Compares every operator of a backend plugin with the reference.\n"
    "  --backend PATH         the plugin, libgrok1_ID.so\n"
    "  --device N             which of its devices, default 0\n"
    "  --options k=v,...      options of its device, such as threads=2\n"
    "  --filter TEXT          only tests whose name contains TEXT\n"
    "  --list                 print the names of the tests and end\n"
    "  --share-tolerance X    relative rms allowed between the sum of shares and the whole, default 1e-4\n"
    "Exit code: 0 all right, 1 something is wrong, 2 bad usage, 77 the backend has no device that can do the "
    "options.\n";

struct Command {
  std::string backend, options, filter;
  bool list = false, help = false;
  double share_tolerance = 1e-4;
  uint32_t device = 0;
  std::string fault;
};

bool number(std::string_view text, uint32_t& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

bool positive_number(const char* text, double& value) {
  char* end = nullptr;
  value = std::strtod(text, &end);
  return end != text && *end == 0 && value > 0;
}

Command parse(int argc, char** argv) {
  Command command;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--list") {
      command.list = true;
    } else if (name == "--help" || name == "-h") {
      command.help = true;
    } else if (name != "--backend" && name != "--options" && name != "--filter" && name != "--share-tolerance" &&
               name != "--device") {
      command.fault = "unknown argument " + name;
    } else if (++i == argc) {
      command.fault = name + " needs a value";
    } else if (name == "--device") {
      if (!number(argv[i], command.device)) command.fault = "--device " + std::string(argv[i]) + ": wanted a number";
    } else if (name == "--share-tolerance") {
      if (!positive_number(argv[i], command.share_tolerance))
        command.fault = "--share-tolerance " + std::string(argv[i]) + ": wanted a number above 0";
    } else {
      (name == "--backend" ? command.backend : name == "--options" ? command.options : command.filter) = argv[i];
    }
  }
  if (!command.list && !command.help && command.backend.empty() && command.fault.empty())
    command.fault = "--backend is missing";
  return command;
}

const grok1_backend_descriptor* load(const std::string& path) {
  const std::string file = path.find('/') == path.npos ? "./" + path : path;  // a path, never a library search
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const void* entry = dlsym(library, "grok1_backend_entry");
  if (entry == nullptr)
    throw std::runtime_error(path + ": exports no grok1_backend_entry; emit it with GROK1_BACKEND_ENTRY");
  const auto* descriptor = static_cast<const grok1_backend_descriptor*>(entry);
  if (descriptor->magic != GROK1_BACKEND_MAGIC || descriptor->abi_major != GROK1_BACKEND_ABI_MAJOR)
    throw std::runtime_error(path + ": wanted magic " + std::to_string(GROK1_BACKEND_MAGIC) + " and ABI major " +
                             std::to_string(GROK1_BACKEND_ABI_MAJOR) + ", found " + std::to_string(descriptor->magic) +
                             " and " + std::to_string(descriptor->abi_major));
  return descriptor;
}

// GoogleTest takes its settings as arguments.
void configure(const Command& command) {
  std::vector<std::string> words{"grok1-conformance"};
  if (!command.filter.empty()) words.push_back("--gtest_filter=*" + command.filter + "*");
  if (command.list) words.push_back("--gtest_list_tests");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int count = int(words.size());
  testing::InitGoogleTest(&count, arguments.data());
}

int open_devices(const Command& command) {
  try {
    suite().descriptor = load(command.backend);
    suite().device = command.device;
    suite().options = command.options;
    suite().share_tolerance = command.share_tolerance;
    suite().reference = std::make_unique<Device>(grok1_reference_descriptor, 0, "");
    suite().candidate = std::make_unique<Device>(*suite().descriptor, command.device, command.options);
    return kRight;
  } catch (const CallFailed& failed) {
    std::fprintf(stderr, "grok1-conformance: %s: %s\n", command.backend.c_str(), failed.what());
    return failed.status == GROK1_E_UNSUPPORTED || failed.status == GROK1_E_NOT_FOUND ? kNoDevice : kWrong;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "grok1-conformance: %s\n", failed.what());
    return kWrong;
  }
}

int run(const Command& command) {
  configure(command);
  if (command.list) return RUN_ALL_TESTS();
  if (const int code = open_devices(command); code != kRight) return code;
  std::printf("backend %s %s (%s), device %u: %s\n", suite().descriptor->id, suite().descriptor->version,
              suite().descriptor->vendor, command.device, candidate().info().name);
  const int failed = RUN_ALL_TESTS();
  if (failed == 0 && testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::fprintf(stderr, "grok1-conformance: no test's name contains \"%s\"\n", command.filter.c_str());
    return kUsage;
  }
  suite() = Suite();  // devices are closed while the plugin is still loaded
  return failed == 0 ? kRight : kWrong;
}

}  // namespace
}  // namespace grok1::conformance

int main(int argc, char** argv) {
  using namespace grok1::conformance;
  const Command command = parse(argc, argv);
  if (command.help) {
    std::fputs(kHelp, stdout);
    return kRight;
  }
  if (!command.fault.empty()) {
    std::fprintf(stderr, "grok1-conformance: %s\n%s", command.fault.c_str(), kHelp);
    return kUsage;
  }
  return run(command);
}
