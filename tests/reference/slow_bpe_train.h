// The slow twin of bpe_train.h: all pairs are counted anew before each merge.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/bpe_train.h"

namespace ftok::reference {

BpeMerges slow_train_bpe(const std::vector<std::pair<std::string, uint64_t>>& words, const BpeTrainOptions& options);

}  // namespace ftok::reference
