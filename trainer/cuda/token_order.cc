#include "trainer/cuda/token_order.h"

#include <algorithm>

namespace ftok {

TokenOrder make_token_order(const uint32_t* tokens, int64_t R, int64_t V) {
  std::vector<int32_t> next(static_cast<size_t>(V) + 1);
  for (int64_t r = 0; r < R; ++r) ++next[tokens[r] + size_t{1}];
  TokenOrder order;
  order.begins.assign(static_cast<size_t>(std::min(R, V)) + 1, static_cast<int32_t>(R));
  size_t runs = 0;
  int32_t begin = 0;
  for (size_t v = 0; v < static_cast<size_t>(V); ++v) {
    const int32_t count = next[v + 1];
    next[v] = begin;  // from here on: where the token's next row goes
    if (count > 0) order.begins[runs++] = begin;
    begin += count;
  }
  order.rows.resize(static_cast<size_t>(R));
  for (int64_t r = 0; r < R; ++r) order.rows[static_cast<size_t>(next[tokens[r]]++)] = static_cast<int32_t>(r);
  return order;
}

}  // namespace ftok
