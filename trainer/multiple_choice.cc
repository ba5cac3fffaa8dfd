#include "trainer/multiple_choice.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/lenient_json.h"

namespace ftok {
namespace {

constexpr int32_t kQuestionsMagic = 20240522;
constexpr size_t kQuestionsHeaderBytes = 1024;
constexpr uint64_t kIndexModulus = 65536;
constexpr uint64_t kCompletionsMax = 1024;

template <typename Word>
void append_words(std::string& out, const std::vector<uint32_t>& words) {
  for (const uint32_t word : words) {
    const Word narrow = static_cast<Word>(word);
    out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  }
}

// The stream of one example; its second word is its size in bytes.
std::vector<uint32_t> words_of(const ChoiceExample& example, uint64_t index, uint32_t start, size_t word_bytes) {
  std::vector<uint32_t> words = {start,
                                 0,
                                 static_cast<uint32_t>(index % kIndexModulus),
                                 example.label,
                                 static_cast<uint32_t>(example.completions.size()),
                                 static_cast<uint32_t>(example.context.size())};
  words.insert(words.end(), example.context.begin(), example.context.end());
  for (const std::vector<uint32_t>& completion : example.completions) {
    words.push_back(static_cast<uint32_t>(completion.size()));
    words.insert(words.end(), completion.begin(), completion.end());
  }
  words[1] = static_cast<uint32_t>(words.size() * word_bytes);
  return words;
}

// Reads the words of an example one after the other, never beyond its end.
template <typename Word>
class Words {
 public:
  explicit Words(std::string_view bytes) : bytes_(bytes) {}
  bool take(uint64_t& out) {
    Word word;
    if (bytes_.size() - at_ < sizeof word) return false;
    std::memcpy(&word, bytes_.data() + at_, sizeof word);
    at_ += sizeof word;
    out = word;
    return true;
  }
  bool take_tokens(std::vector<uint32_t>& tokens) {
    uint64_t count = 0, token = 0;
    if (!take(count) || count == 0 || count > (bytes_.size() - at_) / sizeof(Word)) return false;
    tokens.reserve(count);
    for (uint64_t i = 0; i < count && take(token); ++i) tokens.push_back(static_cast<uint32_t>(token));
    return true;
  }
  size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

template <typename Word>
bool parse_example(std::string_view& rest, uint64_t index, ChoiceExample& example) {
  uint64_t start = 0, bytes = 0, number = 0, label = 0, completions = 0;
  Words<Word> head(rest);
  if (!head.take(start) || !head.take(bytes) || start != std::numeric_limits<Word>::max() || bytes > rest.size())
    return false;
  Words<Word> words(rest.substr(0, bytes));
  if (!words.take(start) || !words.take(bytes) || !words.take(number) || !words.take(label) || !words.take(completions))
    return false;
  if (number != index % kIndexModulus || completions == 0 || completions > kCompletionsMax || label >= completions)
    return false;
  example.label = static_cast<uint32_t>(label);
  example.completions.resize(completions);
  if (!words.take_tokens(example.context)) return false;
  for (std::vector<uint32_t>& completion : example.completions) {
    if (!words.take_tokens(completion)) return false;
  }
  if (words.at() != bytes) return false;
  rest.remove_prefix(bytes);
  return true;
}

template <typename Word>
Result<std::vector<ChoiceExample>> parse_examples(std::string_view rest, int32_t count) {
  std::vector<ChoiceExample> examples;
  const std::string_view all = rest;
  for (int32_t i = 0; i < count; ++i) {
    ChoiceExample example;
    if (!parse_example<Word>(rest, static_cast<uint64_t>(i), example)) {
      return Damage{"choices_bad_example", fmt::format("example {}", i),
                    kQuestionsHeaderBytes + (all.size() - rest.size())};
    }
    examples.push_back(std::move(example));
  }
  if (!rest.empty())
    return Damage{"choices_bad_example", "bytes after the last example",
                  kQuestionsHeaderBytes + (all.size() - rest.size())};
  return examples;
}

}  // namespace

std::string encode_choices(const std::vector<ChoiceExample>& examples, int version) {
  std::string bytes(kQuestionsHeaderBytes, '\0');
  uint64_t longest = 0;
  for (size_t i = 0; i < examples.size(); ++i) {
    const std::vector<uint32_t> words =
        words_of(examples[i], i, version == 1 ? 0xFFFF : 0xFFFFFFFF, version == 1 ? 2 : 4);
    longest = std::max<uint64_t>(longest, words[1]);
    if (version != 1) {
      append_words<uint32_t>(bytes, words);
      continue;
    }
    if (words[1] > 0xFFFF || *std::max_element(words.begin() + 1, words.end()) >= 0xFFFF) {
      throw UsageError(fmt::format(
          "example {}: too large for llm.c's version 1 (ids below 65535, 65535 bytes); version 2 has room", i));
    }
    append_words<uint16_t>(bytes, words);
  }
  const int32_t header[4] = {kQuestionsMagic, version, static_cast<int32_t>(examples.size()),
                             static_cast<int32_t>(longest)};
  std::memcpy(bytes.data(), header, sizeof header);
  return bytes;
}

Result<std::vector<ChoiceExample>> parse_choices(std::string_view bytes) {
  int32_t header[4];
  if (bytes.size() < kQuestionsHeaderBytes) return Damage{"choices_short", fmt::format("{} bytes", bytes.size()), 0};
  std::memcpy(header, bytes.data(), sizeof header);
  if (header[0] != kQuestionsMagic) return Damage{"choices_bad_magic", fmt::format("{}", header[0]), 0};
  if (header[1] == 1) return parse_examples<uint16_t>(bytes.substr(kQuestionsHeaderBytes), header[2]);
  if (header[1] == 2) return parse_examples<uint32_t>(bytes.substr(kQuestionsHeaderBytes), header[2]);
  return Damage{"choices_bad_version", fmt::format("{}", header[1]), 4};
}

namespace {

// A number, or its digits as a string, as the data set on Hugging Face's hub has it.
bool read_label(simdjson::dom::element root, uint64_t& label) {
  std::string_view digits;
  if (root["label"].get(label) == simdjson::SUCCESS) return true;
  if (root["label"].get(digits) != simdjson::SUCCESS) return false;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, label);
  return error == std::errc() && at == end;
}

}  // namespace

Result<ChoiceExample> choice_of_json(std::string_view line,
                                     const std::function<std::vector<uint32_t>(const std::string&)>& encode) {
  const auto bad = [](const char* key) { return Damage{"choices_bad_json", key, 0}; };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string plain;
  if (parse_json(parser, line, root, plain) != simdjson::SUCCESS) return bad("not JSON");
  ChoiceExample example;
  std::string_view context, ending;
  simdjson::dom::array endings;
  uint64_t label = 0;
  if (root["ctx"].get(context) != simdjson::SUCCESS) return bad("ctx");
  if (root["endings"].get(endings) != simdjson::SUCCESS || endings.size() == 0 || endings.size() > kCompletionsMax)
    return bad("endings");
  if (!read_label(root, label) || label >= endings.size()) return bad("label");
  example.label = static_cast<uint32_t>(label);
  example.context = encode(std::string(context));
  if (example.context.empty()) return bad("ctx");
  for (const simdjson::dom::element element : endings) {
    if (element.get(ending) != simdjson::SUCCESS) return bad("endings");
    example.completions.push_back(encode(" " + std::string(ending)));
  }
  return example;
}

double ChoiceScore::accuracy() const {
  return examples == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(examples);
}
double ChoiceScore::accuracy_normalised() const {
  return examples == 0 ? 0 : static_cast<double>(correct_normalised) / static_cast<double>(examples);
}
double ChoiceScore::standard_error(double share, uint64_t examples) {
  return examples == 0 ? 0 : std::sqrt(share * (1 - share) / static_cast<double>(examples));
}

namespace {

constexpr size_t kExamplesAtOnce = 64;  // that batches are filled from
constexpr int64_t kPaddedLengthMin = 32;

// A completion after its context: the tokens, of which the last `counted` are scored.
struct Sequence {
  std::vector<uint32_t> tokens;
  size_t counted = 0;
  int64_t length() const { return static_cast<int64_t>(tokens.size()) - 1; }
};

Sequence make_sequence(const ModelConfig& config, const std::vector<uint32_t>& context,
                       const std::vector<uint32_t>& completion) {
  Sequence sequence{context, 0};
  std::vector<uint32_t>& tokens = sequence.tokens;
  tokens.insert(tokens.end(), completion.begin(), completion.end());
  const size_t length = static_cast<size_t>(config.length);
  if (tokens.size() > length + 1) tokens.erase(tokens.begin(), tokens.end() - static_cast<std::ptrdiff_t>(length + 1));
  sequence.counted = std::min(completion.size(), tokens.size() - 1);
  return sequence;
}

int64_t padded_length(const ModelConfig& config, int64_t length) {
  int64_t padded = kPaddedLengthMin;
  while (padded < length) padded *= 2;
  return std::min(padded, config.length);
}

// sums[i] = the summed losses of the completion of sequence i, for those in `which`, which are no longer than T: one
// batch of B sequences.
void score_batch(const TargetLosses& losses_of, const std::vector<Sequence>& sequences, std::span<const size_t> which,
                 int64_t B, int64_t T, std::vector<double>& sums) {
  const size_t rows = static_cast<size_t>(B * T);
  std::vector<uint32_t> tokens(rows), targets(rows);
  std::vector<uint8_t> mask(rows);
  for (size_t b = 0; b < which.size(); ++b) {
    const Sequence& sequence = sequences[which[b]];
    const size_t begin = b * static_cast<size_t>(T), n = static_cast<size_t>(sequence.length());
    std::copy_n(sequence.tokens.begin(), n, tokens.begin() + static_cast<std::ptrdiff_t>(begin));
    std::copy_n(sequence.tokens.begin() + 1, n, targets.begin() + static_cast<std::ptrdiff_t>(begin));
    std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(begin + n - sequence.counted), sequence.counted, uint8_t{1});
  }
  const std::vector<double> losses = losses_of({B, T, tokens.data(), targets.data(), mask.data(), nullptr});
  for (size_t b = 0; b < which.size(); ++b) {
    const size_t begin = b * static_cast<size_t>(T);
    for (size_t i = begin; i < begin + static_cast<size_t>(T); ++i) sums[which[b]] += losses[i];
  }
}

// The summed losses of every sequence's completion.
std::vector<double> score_sequences(const TargetLosses& losses_of, const ModelConfig& config,
                                    const std::vector<Sequence>& sequences, const ChoiceBatches& batches) {
  std::vector<size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sequences[a].length() < sequences[b].length(); });
  std::vector<double> sums(sequences.size());
  const size_t most = static_cast<size_t>(batches.sequences);
  for (size_t at = 0; at < order.size(); at += most) {
    const std::span<const size_t> batch = std::span(order).subspan(at, std::min(most, order.size() - at));
    const int64_t longest = sequences[batch.back()].length(), rows = static_cast<int64_t>(batch.size());
    score_batch(losses_of, sequences, batch, batches.few_shapes ? batches.sequences : rows,
                batches.few_shapes ? padded_length(config, longest) : longest, sums);
  }
  return sums;
}

void check_ids(const ModelConfig& config, const ChoiceExample& example, uint64_t number) {
  const uint64_t V = static_cast<uint64_t>(config.vocabulary_size);
  const auto beyond = [&](const std::vector<uint32_t>& ids) {
    return std::any_of(ids.begin(), ids.end(), [&](uint32_t id) { return id >= V; });
  };
  if (beyond(example.context) || std::any_of(example.completions.begin(), example.completions.end(), beyond))
    throw Error(fmt::format("example {}: an id outside the model's vocabulary of {}", number, V));
}

// Counts an example whose completions have these summed losses.
void count_example(const ChoiceExample& example, std::span<const double> sums, ChoiceScore& score) {
  for (const double sum : sums) {
    if (!std::isfinite(sum)) throw Error(fmt::format("example {}: a completion's loss is {}", score.examples, sum));
  }
  std::vector<double> means;
  for (size_t i = 0; i < sums.size(); ++i)
    means.push_back(sums[i] / static_cast<double>(example.completions[i].size()));
  const auto least = [](std::span<const double> losses) {
    return static_cast<uint32_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  };
  ++score.examples;
  score.correct += least(sums) == example.label;
  score.correct_normalised += least(means) == example.label;
}

}  // namespace

ChoiceScore score_choices(const TargetLosses& losses_of, const ModelConfig& config,
                          const std::vector<ChoiceExample>& examples,
                          const std::function<void(const ChoiceScore&)>& each, const ChoiceBatches& batches) {
  ChoiceScore score;
  for (size_t begin = 0; begin < examples.size(); begin += kExamplesAtOnce) {
    const size_t end = std::min(begin + kExamplesAtOnce, examples.size());
    std::vector<Sequence> sequences;
    for (size_t i = begin; i < end; ++i) {
      check_ids(config, examples[i], i);
      for (const std::vector<uint32_t>& completion : examples[i].completions)
        sequences.push_back(make_sequence(config, examples[i].context, completion));
    }
    const std::vector<double> sums = score_sequences(losses_of, config, sequences, batches);
    size_t at = 0;
    for (size_t i = begin; i < end; ++i) {
      count_example(examples[i], std::span(sums).subspan(at, examples[i].completions.size()), score);
      at += examples[i].completions.size();
      each(score);
    }
  }
  return score;
}

}  // namespace ftok
