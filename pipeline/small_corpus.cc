#include "pipeline/small_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/file.h"
#include "shards/shard_format.h"

namespace ftok {

bool move_only_document(const std::string& folder, uint64_t kept, int64_t validation_per_mille, Split to,
                        std::vector<ShardEntry>& shards) {
  if (kept != 1 || validation_per_mille == 0 || validation_per_mille == 1000) return false;
  if (std::any_of(shards.begin(), shards.end(), [&](const ShardEntry& entry) { return entry.split == to; }))
    return false;
  const Split from = to == Split::kTrain ? Split::kValidation : Split::kTrain;
  const auto marks = [](Split split) {
    return std::array{fmt::format("{}/", split_name(split)), fmt::format("ftok_{}_", split_name(split))};
  };
  const auto old_marks = marks(from), new_marks = marks(to);
  const auto copy = [&](FileEntry& file) {
    const std::string old_path = folder + "/" + file.name;
    size_t at = 0;  // in the name: "train/" where the format has such folders, then "ftok_train_"
    for (size_t mark = 0; mark < old_marks.size(); ++mark) {
      if (file.name.compare(at, old_marks[mark].size(), old_marks[mark]) != 0) continue;
      file.name.replace(at, old_marks[mark].size(), new_marks[mark]);
      at += new_marks[mark].size();
    }
    if (const size_t slash = file.name.rfind('/'); slash != std::string::npos)
      make_folder(folder + "/" + file.name.substr(0, slash));
    write_file(folder + "/" + file.name, read_file(old_path));
  };
  for (ShardEntry& entry : shards) {
    entry.split = to;
    copy(entry.shard), copy(entry.sidecar);
    if (entry.mask) copy(*entry.mask);
    for (FileEntry& companion : entry.companions) copy(companion);
  }
  return true;
}

void warn_of_small_corpus(const std::string& output, const Tally& tally, bool only_document_trains,
                          std::string_view shard_format, const std::vector<ShardEntry>& shards, const Log& log) {
  uint64_t tokens[2] = {0, 0};
  for (const ShardEntry& entry : shards) tokens[static_cast<size_t>(entry.split)] += entry.tokens;
  const uint64_t validation = tokens[static_cast<size_t>(Split::kValidation)];
  if (tally.documents == 0) {
    log(LogLevel::kWarning, fmt::format("{}: the inputs hold no document, so there are no shards", output));
  } else if (only_document_trains) {
    log(LogLevel::kWarning,
        fmt::format("{}: the only document is for training, and nothing validates: give more documents", output));
  } else if (tally.kept > 0 && tokens[static_cast<size_t>(Split::kTrain)] == 0) {
    log(LogLevel::kWarning,
        fmt::format("{}: all documents are held out for validation, and nothing is left to train on: give more "
                    "documents (the first one always validates)",
                    output));
  }
  // llm.c's reader asserts that a shard holds a batch: B x T + 1 tokens, by default 4 x 1024 + 1 (train_gpt2.cu, -b and
  // -t).
  constexpr uint64_t kBatchTokens = 4 * 1024 + 1;
  if (validation == 0 || validation >= kBatchTokens || shard_format != default_shard_format().name()) return;
  log(LogLevel::kWarning, fmt::format("the validation shard holds {} tokens: llm.c's reader wants {}, a batch of 4 x "
                                      "1024, unless -b and -t say less (ftok train does not mind)",
                                      validation, kBatchTokens));
}

}  // namespace ftok
