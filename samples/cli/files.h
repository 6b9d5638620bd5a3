// What the command reads and writes: whole input files ("-" is stdin), token ids in decimal, standard output, and
// output files that appear under their name only when they are complete. Every failure is a Stop with its exit code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

std::string read_file(const std::string& path);

// Decimal ids with white space between, and where in the file each one begins.
struct TokenFile {
  std::string path;
  std::vector<int32_t> ids;
  std::vector<size_t> offsets;

  void require_below(uint32_t vocab_size) const;
};
TokenFile read_tokens(const std::string& path);

// Standard output. A reader that has gone away ends the command quietly.
void write_stdout(std::string_view bytes);
void flush_stdout();

// Throws a Stop that says what errno means for `path`: kDiskFull when there is no space left.
[[noreturn]] void stop_writing(const std::string& path, int error_number);

// Writes PATH.part and renames it to PATH in commit; without commit nothing is left.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, size_t size);
  void commit();

 private:
  std::string path_, part_;
  int fd_;
};

}  // namespace cli
