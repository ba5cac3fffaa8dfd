// Multiple-choice examples (HellaSwag, Zellers et al. 2019) in llm.c's evaluation format, and a model's score on them.
//
// Bytes, little-endian: int32[256] header = 20240522, version, examples, bytes of the longest example, zeros. Version 1
// is llm.c's: then for each example a stream of uint16: 65535, bytes of the example (all of it), index modulo 65536,
// label, completions, then (n, n tokens) for the context and for each completion. Ids are below 65,535. Version 2 is
// ftok's for larger vocabularies: the same stream in uint32 with 4294967295 in front.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "trainer/batch.h"
#include "trainer/model.h"

namespace ftok {

struct ChoiceExample {
  uint32_t label = 0;                              // index of the right completion
  std::vector<uint32_t> context;                   // not empty
  std::vector<std::vector<uint32_t>> completions;  // none empty; llm.c's reader wants four
};

// The bytes of a file. `version` is 1 or 2; throws UsageError when an example does not fit version 1 (an id of
// 65,535 or more, an example of 65,536 bytes or more), naming it by number.
std::string encode_choices(const std::vector<ChoiceExample>& examples, int version);

// Damage codes: "choices_short", "choices_bad_magic", "choices_bad_version", "choices_bad_example" (with its number).
Result<std::vector<ChoiceExample>> parse_choices(std::string_view bytes);

// One line of HellaSwag's JSON Lines: the keys ctx, endings and label; an ending is encoded with a space before it
// (llm.c, dev/data/hellaswag.py). `encode` gives a text's ids. Damage code: "choices_bad_json", naming the key.
Result<ChoiceExample> choice_of_json(std::string_view line,
                                     const std::function<std::vector<uint32_t>(const std::string&)>& encode);

struct ChoiceScore {
  uint64_t examples = 0;
  uint64_t correct = 0;             // the completion with the smallest sum of losses is the right one
  uint64_t correct_normalised = 0;  // the smallest mean loss per token: acc_norm, what llm.c reports
  double accuracy() const;
  double accuracy_normalised() const;
  // The standard error of a share p of n examples: sqrt(p (1 - p) / n).
  static double standard_error(double share, uint64_t examples);
};

// A model's loss, in nats, of each target (B,T) of a batch; 0 where a target does not count.
using TargetLosses = std::function<std::vector<double>(const BatchView&)>;

// The batches that completions are scored in: up to `sequences` of them, of about one length, each filled up to the
// longest.
struct ChoiceBatches {
  int64_t sequences = 16;
  // Every batch has `sequences` rows, and a length that is a power of two, at least 32, or the model's context: on a
  // GPU every new shape of batch costs seconds (plans, algorithms).
  bool few_shapes = false;
};

// Examples longer than the model's context lose the beginning of their context. Calls `each` after every example, in
// order. Ids are below the model's vocabulary: throws Error naming the example where one is not.
ChoiceScore score_choices(const TargetLosses& losses_of, const ModelConfig& config,
                          const std::vector<ChoiceExample>& examples,
                          const std::function<void(const ChoiceScore&)>& each, const ChoiceBatches& batches = {});

}  // namespace ftok
