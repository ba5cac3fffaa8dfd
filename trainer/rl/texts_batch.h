// Texts of different lengths side by side, as a batch that a model reads whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "trainer/batch.h"

namespace ftok {

// Rows as long as the longest text; what is behind a text's end is token 0, which no earlier position sees. No target
// counts.
class TextsBatch {
 public:
  // No text is empty.
  explicit TextsBatch(std::span<const std::vector<uint32_t>> texts) {
    size_t T = 1;
    for (const std::vector<uint32_t>& text : texts) T = std::max(T, text.size());
    batch_.B = static_cast<int64_t>(texts.size()), batch_.T = static_cast<int64_t>(T);
    batch_.tokens.resize(texts.size() * T), batch_.targets.resize(batch_.tokens.size());
    batch_.loss_mask.resize(batch_.tokens.size());
    for (size_t row = 0; row < texts.size(); ++row) {
      std::copy(texts[row].begin(), texts[row].end(), batch_.tokens.begin() + static_cast<int64_t>(row * T));
      ends_.push_back(static_cast<int64_t>(texts[row].size()) - 1);
    }
  }

  BatchView view() const { return batch_.view(); }
  std::span<const int64_t> ends() const { return ends_; }  // (B): the position of each text's last token

 private:
  Batch batch_;
  std::vector<int64_t> ends_;
};

}  // namespace ftok
