// From numbers known at run time to instantiations: elements, and how many rows are multiplied together.
#ifndef GROK1_BACKENDS_GPU_KERNELS_DISPATCH_H
#define GROK1_BACKENDS_GPU_KERNELS_DISPATCH_H

#include <type_traits>

#include "backends/gpu/kernels/shapes.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

template <Element E>
using ElementConstant = std::integral_constant<Element, E>;

// Calls body(ElementConstant<E>()).
template <class Body>
void with_element(Element element, const Body& body) {
  switch (element) {
    case Element::f32: return body(ElementConstant<Element::f32>());
    case Element::f16: return body(ElementConstant<Element::f16>());
    case Element::bf16: return body(ElementConstant<Element::bf16>());
    default: return body(ElementConstant<Element::i8>());
  }
}

// Calls body(std::integral_constant<int, R>()) with the smallest R that holds the rows, at most kFewRows.
template <class Body>
void with_rows(uint32_t n_rows, const Body& body) {
  if (n_rows <= 1) return body(std::integral_constant<int, 1>());
  if (n_rows <= 2) return body(std::integral_constant<int, 2>());
  if (n_rows <= 4) return body(std::integral_constant<int, 4>());
  return body(std::integral_constant<int, static_cast<int>(kFewRows)>());
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
