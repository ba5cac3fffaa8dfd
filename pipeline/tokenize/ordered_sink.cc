#include "pipeline/tokenize/ordered_sink.h"

#include "core/shown.h"

namespace ftok {

void OrderedSink::add(const EncodedBlock& block, StreamPosition& position) {
  // The first document of all is for validation, so that there is at least one (shards/split.h).
  bool first = validation_per_mille_ > 0 && output_.tally().kept + position.report.tally.kept == 0;
  if (!split_keys_ || split_input_ != position.input) split_keys_.emplace(shown_input(inputs_[position.input]));
  split_input_ = position.input;
  block.for_each([&](std::string_view id, std::span<const uint32_t> tokens, const EncodedBlock::Row&) {
    const bool validates = first || is_validation(split_keys_->of(id), validation_per_mille_);
    const Split split = validates ? Split::kValidation : Split::kTrain;
    first = false;
    output_.add_document(split, id, tokens);
    position.documents[static_cast<size_t>(split)] += 1;
    position.tokens[static_cast<size_t>(split)] += tokens.size();
  });
}

}  // namespace ftok
