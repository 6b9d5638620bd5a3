// The grok1 command: finds the subcommand, runs it, and turns what it throws into a message on stderr and an exit code.
// Standard output carries the answer and nothing else.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <new>
#include <string>

#include "commands.h"
#include "exit_code.h"
#include "files.h"

namespace {

// "grok1: first line", further lines indented below it.
void print_error(const std::string& message) {
  std::string indented;
  for (const char c : message) indented += c == '\n' ? std::string("\n       ") : std::string(1, c);
  std::fprintf(stderr, "grok1: %s\n", indented.c_str());
}

int report_parse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    std::cout.flush();
    cli::flush_stdout();
    return cli::kOk;
  }
  const auto named = app.get_subcommands();
  const std::string name = named.empty() ? "grok1" : "grok1 " + named.front()->get_name();
  print_error(std::string(error.what()) + "\nsee: " + name + " --help");
  return cli::kUsage;
}

// Options of several letters behind one dash, as people of llama.cpp type them; CLI11 would read "-n gl".
std::vector<std::string> arguments(int argc, char** argv) {
  static const std::map<std::string_view, const char*> spellings = {
      {"-ngl", "--n-gpu-layers"}, {"-ncmoe", "--n-cpu-moe"}, {"-ts", "--tensor-split"}, {"-sm", "--split-mode"}};
  std::vector<std::string> all;
  for (int i = argc - 1; i > 0; --i) {  // CLI11 takes them from the back
    const auto known = spellings.find(argv[i]);
    all.emplace_back(known != spellings.end() ? known->second : argv[i]);
  }
  return all;
}

int run(int argc, char** argv) {
  CLI::App app("Runs xAI's Grok-1.", "grok1");
  app.require_subcommand(1);
  app.set_version_flag("--version", grok1_version_text());
  app.footer(
      "Exit codes: 0 ok, 1 other, 2 usage, 3 bad file, 4 does not fit, 5 backend missing, 6 disk full, "
      "130 interrupted.");
  cli::Action action;
  cli::add_run(app, action);
  cli::add_devices(app, action);
  cli::add_inspect(app, action);
  cli::add_fit(app, action);
  cli::add_verify(app, action);
  cli::add_tokenize(app, action);
  cli::add_logits(app, action);
  cli::add_perplexity(app, action);
  cli::add_imatrix(app, action);
  cli::add_bench(app, action);
  cli::add_convert(app, action);
  cli::add_quantize(app, action);
  cli::add_synth(app, action);
  try {
    app.parse(arguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return report_parse(app, error);
  }
  const int code = action();
  cli::flush_stdout();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away is seen by write and ends the command in order
  try {
    return run(argc, argv);
  } catch (const cli::Stop& stop) {
    if (stop.what()[0] != '\0') print_error(stop.what());
    return stop.code();
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
    return cli::kDoesNotFit;
  } catch (const std::exception& error) {
    print_error(error.what());
    return cli::kOther;
  }
}
