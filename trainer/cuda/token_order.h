// Which rows of a batch hold which token: what the encoder's backward pass needs to add rows up without atomics.
#pragma once

#include <cstdint>
#include <vector>

namespace ftok {

struct TokenOrder {
  std::vector<int32_t> rows;  // (R), by token, rows of one token in order
  std::vector<int32_t>
      begins;  // (min(R, V) + 1): the runs of rows of one token; after the last one, R as often as it takes
};

// tokens (R) are below V; R < 2^31. Linear time.
TokenOrder make_token_order(const uint32_t* tokens, int64_t R, int64_t V);

}  // namespace ftok
