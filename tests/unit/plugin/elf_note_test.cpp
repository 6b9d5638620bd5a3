// Files read as ELF without harm: cut at every length, with every header bit flipped, and with notes made by hand.
#include "core/plugin/elf_note.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "core/plugin/refusal.h"
#include "grok1_backend.h"
#include "tests/unit/plugin/plugins.h"

namespace grok1::plugin_test {
namespace {

// GROK1_LOAD_LOADED if the file may be loaded as far as its content goes.
int32_t state_of(const std::string& path) {
  try {
    read_plugin_file(path);
    return GROK1_LOAD_LOADED;
  } catch (const Refusal& refusal) {
    EXPECT_FALSE(refusal.reason().empty());
    return refusal.state();
  }
}

TEST(ElfNote, ReadsWhatTheEntryMacroWrote) {
  const PluginFile plugin = read_plugin_file(zoo_path("null"));
  EXPECT_EQ(plugin.abi_major, GROK1_BACKEND_ABI_MAJOR);
  EXPECT_EQ(plugin.abi_minor, GROK1_BACKEND_ABI_MINOR);
  EXPECT_EQ(plugin.cpu_level, uint32_t{GROK1_BACKEND_CPU_LEVEL});  // compiled with the flags of this file
  EXPECT_EQ(read_plugin_file(zoo_path("cpu_level")).cpu_level, 99u);
  EXPECT_EQ(read_plugin_file(zoo_path("wrong_abi")).abi_major, 7);
  const auto needed = read_plugin_file(zoo_path("missing_dependency")).needed;
  EXPECT_NE(std::find(needed.begin(), needed.end(), "libzoo_absent.so"), needed.end());
  EXPECT_NE(std::find(needed.begin(), needed.end(), "libc.so.6"), needed.end());
}

void expect_every_truncation_refused(const std::string& bytes) {
  const TemporaryDirectory place;
  const std::string path = place.file("libgrok1_cut.so", bytes);
  ASSERT_EQ(state_of(path), GROK1_LOAD_LOADED);
  for (size_t size = bytes.size(); size-- > 0;) {
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(size)), 0);
    ASSERT_EQ(state_of(path), GROK1_LOAD_NOT_A_PLUGIN) << size;
  }
}

TEST(ElfNote, EveryTruncationIsRefused) {
  expect_every_truncation_refused(read_bytes(zoo_path("null")));
}

// Section headers come last in a file, so their absence alone betrays a cut. The loader needs none of them.
TEST(ElfNote, EveryTruncationWithoutSectionHeadersIsRefused) {
  std::string bytes = read_bytes(zoo_path("null"));
  Elf64_Ehdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
  std::memcpy(bytes.data(), &header, sizeof header);
  uint64_t end = 0;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, &bytes.at(header.e_phoff + i * sizeof segment), sizeof segment);
    end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  ASSERT_LT(end, bytes.size());
  expect_every_truncation_refused(bytes.substr(0, end));
}

TEST(ElfNote, TruncatedFilesDoNoHarmToTheProcess) {
  const TemporaryDirectory place;
  const std::string bytes = read_bytes(zoo_path("null"));
  for (size_t size = 0; size < bytes.size(); size += 509) {  // a prime, to meet all kinds of places
    place.file("libgrok1_cut" + std::to_string(size) + ".so", bytes.substr(0, size));
  }
  const Runtime runtime(GROK1_INIT(grok1_runtime_options), place.path());
  for (size_t size = 0; size < bytes.size(); size += 509) {
    runtime.expect(place.path() + "/libgrok1_cut" + std::to_string(size) + ".so", GROK1_LOAD_NOT_A_PLUGIN, "");
  }
}

TEST(ElfNote, AFlippedBitIsHarmless) {
  const TemporaryDirectory place;
  const std::string bytes = read_bytes(zoo_path("null"));
  const std::string path = place.file("libgrok1_flip.so", bytes);
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  int refused = 0;
  for (size_t bit = 0; bit < 8 * std::min<size_t>(bytes.size(), 1024); ++bit) {  // ELF header, program headers, notes
    const char flipped = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ASSERT_EQ(pwrite(file, &flipped, 1, static_cast<off_t>(bit / 8)), 1);
    refused += state_of(path) != GROK1_LOAD_LOADED;
    ASSERT_EQ(pwrite(file, &bytes[bit / 8], 1, static_cast<off_t>(bit / 8)), 1);
  }
  close(file);
  EXPECT_GT(refused, 500);  // at least magic, class, machine, sizes and offsets are looked at
  EXPECT_EQ(state_of(path), GROK1_LOAD_LOADED);
}

// A shared library of one note segment and nothing else.
std::string elf_with_notes(const std::string& notes, uint64_t alignment) {
  Elf64_Ehdr header{};
  std::memcpy(&header, read_bytes(zoo_path("null")).data(), sizeof header);  // ident, type and machine of this system
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  header.e_shoff = header.e_shnum = 0;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = notes.size();
  segment.p_align = alignment;
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
         std::string(reinterpret_cast<const char*>(&segment), sizeof segment) + notes;
}

std::string note(uint32_t name_size, uint32_t text_size, uint32_t type, const std::string& rest) {
  const uint32_t head[] = {name_size, text_size, type};
  return std::string(reinterpret_cast<const char*>(head), sizeof head) + rest;
}

TEST(ElfNote, NotesAreFoundAmongOthersAndHostileSizesEndTheSearch) {
  const TemporaryDirectory place;
  const auto state = [&](const std::string& notes, uint64_t alignment = 4) {
    return state_of(place.file("libgrok1_note.so", elf_with_notes(notes, alignment)));
  };
  const std::string name("grok1\0\0\0", 8), text(8, '\0');
  const std::string ours = note(6, 8, 1, name + text);
  const std::string gnu = note(4, 5, 3, std::string("GNU\0hello\0\0\0", 12));
  EXPECT_EQ(state(ours), GROK1_LOAD_LOADED);
  EXPECT_EQ(state(gnu + ours), GROK1_LOAD_LOADED);
  // 8-byte alignment: head and name are 18 bytes, so the text begins at 24.
  EXPECT_EQ(state(note(6, 8, 1, name + std::string(4, '\0') + text), 8), GROK1_LOAD_LOADED);
  EXPECT_EQ(state(note(6, 8, 2, name + text)), GROK1_LOAD_NOT_A_PLUGIN);  // another type
  EXPECT_EQ(state(note(6, 4, 1, name + text)), GROK1_LOAD_NOT_A_PLUGIN);  // too short
  EXPECT_EQ(state(note(6, 8, 1, std::string("grok2\0\0\0", 8) + text)), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(note(0xffffffff, 8, 1, name + text)), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(note(6, 0xffffffff, 1, name + text)), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(note(0xfffffffe, 0xfffffffe, 1, name + text) + ours), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(ours.substr(0, ours.size() - 1)), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(""), GROK1_LOAD_NOT_A_PLUGIN);
  EXPECT_EQ(state(std::string(40, '\0') + ours), GROK1_LOAD_NOT_A_PLUGIN);  // 3 empty notes, then out of step
}

}  // namespace
}  // namespace grok1::plugin_test
