// Matrices of 1, 2 or 4 bytes an element, turned over: in squares of 16 bytes a side, each in registers by rounds of
// interleaving its upper half with its lower one, so that memory is read and written in whole lines' parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace grok1 {

template <class T>
struct Square {
  static constexpr int kSide = 16 / sizeof(T);
  typedef T Line __attribute__((vector_size(16)));

  // to[j][i] = from[i][j], strides in elements.
  static void transpose(const T* from, size_t from_stride, T* to, size_t to_stride) {
    Line a[kSide], b[kSide];
    for (int i = 0; i < kSide; ++i) std::memcpy(&a[i], from + static_cast<size_t>(i) * from_stride, 16);
    for (int round = 1; round < kSide; round *= 2) {
      for (int i = 0; i < kSide / 2; ++i) interleave(a[i], a[i + kSide / 2], b[2 * i], b[2 * i + 1]);
      std::memcpy(a, b, sizeof a);
    }
    for (int i = 0; i < kSide; ++i) std::memcpy(to + static_cast<size_t>(i) * to_stride, &a[i], 16);
  }

 private:
  static void interleave(Line x, Line y, Line& low, Line& high) {
    if constexpr (kSide == 16) {
      low = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      high = __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    } else if constexpr (kSide == 8) {
      low = __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11);
      high = __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15);
    } else {
      low = __builtin_shufflevector(x, y, 0, 4, 1, 5);
      high = __builtin_shufflevector(x, y, 2, 6, 3, 7);
    }
  }
};

// to[j][i] = from[i][j] of a matrix of rows x columns; strides in elements.
template <class T>
void transpose(const T* from, size_t from_stride, size_t rows, size_t columns, T* to, size_t to_stride) {
  constexpr size_t kSide = Square<T>::kSide;
  const size_t whole_rows = rows / kSide * kSide, whole_columns = columns / kSide * kSide;
  for (size_t i = 0; i < whole_rows; i += kSide) {
    for (size_t j = 0; j < whole_columns; j += kSide)
      Square<T>::transpose(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
  }
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
      to[j * to_stride + i] = from[i * from_stride + j];
  }
}

}  // namespace grok1
