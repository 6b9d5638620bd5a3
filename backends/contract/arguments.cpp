// Checks of arguments that need no type.
#include "backends/contract/arguments.h"

namespace grok1::contract {

void check_chain(const grok1_head& head, uint32_t type, const char* name) {
  if (head.type != type)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: its type is 0x%x, wanted 0x%x; initialise it with GROK1_INIT", name,
           head.type, type);
  if (head.next != nullptr)
    refuse(GROK1_E_UNKNOWN_FIELD, "%s: a struct of type 0x%x is chained to it, this backend knows none", name,
           static_cast<const grok1_head*>(head.next)->type);
}

void check_input(const grok1_head& head, uint32_t type, const char* name, size_t needed, size_t known) {
  if (head.struct_size < needed)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: struct_size is %u, wanted %zu or more; initialise it with GROK1_INIT", name,
           head.struct_size, needed);
  check_chain(head, type, name);
  const char* bytes = reinterpret_cast<const char*>(&head);
  for (size_t i = known; i < head.struct_size; ++i)
    if (bytes[i] != 0)
      refuse(GROK1_E_UNKNOWN_FIELD, "%s: a field at byte %zu is set, this backend knows none behind byte %zu", name, i,
             known);
}

void check_range(const char* name, uint64_t begin, uint64_t end, uint64_t size) {
  if (begin >= end || end > size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s range %llu .. %llu: wanted a part of 0 .. %llu that is not empty", name,
           Number{begin}, Number{end}, Number{size});
}

void check_inside(const char* name, uint64_t offset, uint64_t size, uint64_t buffer_size) {
  if (offset > buffer_size || size > buffer_size - offset)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: %llu bytes from %llu are needed, the buffer has %llu", name, Number{size},
           Number{offset}, Number{buffer_size});
}

void check_aligned(const char* name, uint64_t offset) {
  if (offset % 4 != 0) refuse(GROK1_E_INVALID_ARGUMENT, "%s: offset %llu is no multiple of 4", name, Number{offset});
}

void check_allocation(uint64_t size, uint32_t memory) {
  if (size == 0) refuse(GROK1_E_INVALID_ARGUMENT, "a buffer of 0 bytes is asked for");
  if (memory != GROK1_MEMORY_DEVICE && memory != GROK1_MEMORY_HOST)
    refuse(GROK1_E_INVALID_ARGUMENT, "memory is %u, wanted GROK1_MEMORY_DEVICE (1) or GROK1_MEMORY_HOST (2)", memory);
}

uint64_t size_product(std::initializer_list<uint64_t> factors) {
  uint64_t product = 1;
  for (const uint64_t factor : factors)
    if (__builtin_mul_overflow(product, factor, &product))
      refuse(GROK1_E_OUT_OF_MEMORY, "a size of more than 2^64 bytes is asked for");
  return product;
}

uint64_t size_sum(std::initializer_list<uint64_t> terms) {
  uint64_t sum = 0;
  for (const uint64_t term : terms)
    if (__builtin_add_overflow(sum, term, &sum))
      refuse(GROK1_E_OUT_OF_MEMORY, "a size of more than 2^64 bytes is asked for");
  return sum;
}

}  // namespace grok1::contract
