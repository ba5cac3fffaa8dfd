// Bits per byte of text: a loss that can be compared between vocabularies, as nats per token cannot. The losses of all
// targets that count, in bits, over the bytes of their text. Special tokens have a loss and no bytes: to say where a
// document ends is part of what it takes to write the text down.
#pragma once

#include <cstdint>
#include <optional>

#include "tokenizer/encoding.h"
#include "trainer/batch.h"

namespace ftok {

// The bytes of the batch's targets that count. Ids that are not tokens have none.
uint64_t target_bytes(const Encoding& encoding, const Batch& batch);

// Of a sum of losses in nats; none where there are no bytes.
std::optional<double> bits_per_byte(double loss, uint64_t bytes);

}  // namespace ftok
