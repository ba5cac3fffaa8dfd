// Which algorithm each shape of matrix product is done with: chosen once by timing what the library proposes, and
// written down so that a resumed run computes the same bits. It knows of no library: cublaslt_matmul.cc does the
// timing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ftok {

// What decides which algorithms there are for a call, and an algorithm as the library writes it.
using ProductKey = std::array<int64_t, 19>;
using ProductAlgorithm = std::array<uint64_t, 8>;

struct ProductChoice {
  bool possible = false;  // false: the call is not done, the caller does it in another way
  ProductAlgorithm algorithm{};
  float milliseconds = 0;  // as measured; 0: not measured, for it was read back
};

// The fastest of the proposals, each of which is tried, a single one too; not possible when none ran. `time_of` gives
// milliseconds, infinite for one that fails.
ProductChoice fastest_choice(const std::vector<ProductAlgorithm>& proposals,
                             const std::function<float(const ProductAlgorithm&)>& time_of);

// Not thread-safe.
class ProductChoices {
 public:
  // Null for a key that nothing was chosen for.
  const ProductChoice* find(const ProductKey& key) const;
  const ProductChoice& set(const ProductKey& key, const ProductChoice& choice);

  // `heading`, then a line of hexadecimal numbers per key.
  std::string text(const std::string& heading) const;
  // Takes over a text() that has that heading; false, and nothing changes, for any other.
  bool set_text(const std::string& heading, const std::string& text);

 private:
  std::map<ProductKey, ProductChoice> choices_;
};

}  // namespace ftok
