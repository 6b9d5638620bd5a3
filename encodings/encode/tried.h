// What the searches try: places for the largest weight, or for the ends of a line. Chosen by hand and judged by the
// errors on normal, Laplace and Student-t (4) distributed weights; docs/formats/encodings.md has them.
#pragma once

#include "encodings/encode/line_search.h"
#include "encodings/encode/one_scale.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline constexpr FourEnds kQ4Ends[] = {{{-8, -7.4f, -8.7f, 7.3f}}};
inline constexpr FourEnds kQ4MoreEnds[] = {
    {{-8, -7.4f, -8.7f, 7.3f}}, {{-7, -7.7f, -8.3f, 6.9f}}, {{7.7f, 8.1f, -9.2f, -9.8f}}};
inline constexpr FourEnds kQ5Ends[] = {{{-16, -15.5f, -15, 15}}, {{-16.4f, -16.8f, 15.4f, 14.6f}}};
inline constexpr FourEnds kIq4FourEnds[] = {
    {{-127, 113, -118, 105}}, {{-122, -132, 117, 109}}, {{-137, -113, 121, 101}}};
inline constexpr float kQ6KEnds[] = {-32, -31.8f, -31.6f, -31.4f, -31.2f, -31,   -30.8f, -30.6f,
                                     31,  30.8f,  30.6f,  30.4f,  30.2f,  31.3f, -32.3f};
inline constexpr float kQ3KEnds[] = {-4, -4.3f, -4.6f, -3.8f, -3.6f, -3.4f, 3, 3.3f, 3.6f, 2.8f, 2.6f, 3.9f, -5};
inline constexpr float kIq4Ends[] = {-127, -122, -118, -113, -132, -137, 113, 117, 121, 109, 105, 101};
inline constexpr Ends kQ4Lines[][4] = {{{1, 1}, {0.93f, 0.93f}, {1, 0.9f}, {0.9f, 1}}};
inline constexpr Ends kQ4MoreLines[][4] = {{{1, 1}, {0.93f, 0.93f}, {1, 0.9f}, {0.9f, 1}},
                                           {{0.95f, 1.0f}, {1.0f, 0.95f}, {0.9f, 0.8f}, {0.8f, 0.9f}},
                                           {{1.0f, 0.8f}, {0.8f, 1.0f}, {1.03f, 1.03f}, {0.86f, 0.86f}},
                                           {{0.97f, 0.85f}, {0.85f, 0.97f}, {0.97f, 0.97f}, {0.8f, 0.8f}},
                                           {{1.0f, 0.7f}, {0.7f, 1.0f}, {0.9f, 0.7f}, {0.7f, 0.9f}}};
inline constexpr Ends kQ5Lines[][4] = {{{1, 1}, {0.97f, 0.97f}, {1, 0.94f}, {0.94f, 1}}};
inline constexpr Ends kQ5MoreLines[][4] = {{{1, 1}, {0.97f, 0.97f}, {1, 0.94f}, {0.94f, 1}},
                                           {{0.985f, 1.0f}, {1.0f, 0.985f}, {0.97f, 1}, {1, 0.97f}},
                                           {{0.955f, 0.985f}, {0.985f, 0.955f}, {1.015f, 1.0f}, {1.0f, 1.015f}},
                                           {{0.94f, 0.94f}, {1, 0.91f}, {0.91f, 1}, {1.015f, 1.015f}},
                                           {{0.925f, 0.985f}, {0.985f, 0.925f}, {0.925f, 0.955f}, {0.955f, 0.925f}},
                                           {{0.88f, 0.97f}, {0.97f, 0.88f}, {0.91f, 0.91f}, {0.985f, 0.985f}}};
inline constexpr Ends kQ2KEnds[] = {{1, 1},    {0.9f, 0.9f}, {0.8f, 0.8f}, {0.7f, 0.7f}, {1, 0.8f},
                                    {0.8f, 1}, {1, 0.6f},    {0.6f, 1},    {0.9f, 0.7f}, {0.7f, 0.9f}};
inline constexpr Ends kQ4KEnds[] = {{1, 1},     {0.95f, 0.95f}, {0.9f, 0.9f}, {1, 0.93f},
                                    {0.93f, 1}, {1, 0.86f},     {0.86f, 1}};
inline constexpr Ends kQ5KEnds[] = {{1, 1},     {0.98f, 0.98f}, {0.96f, 0.96f}, {1, 0.97f},
                                    {0.97f, 1}, {1, 0.94f},     {0.94f, 1}};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
