#include "dedup/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/error.h"

namespace ftok {
namespace {

constexpr uint64_t kLast = UINT64_MAX;

// The digits of "2024-05-01T12:30:00Z", up to the seconds, as one number; 0 where there are none.
uint64_t digits_of(std::string_view date) {
  constexpr int kDigits = 14;
  uint64_t number = 0;
  int digits = 0;
  for (const char c : date) {
    if (digits == kDigits || c < '0' || c > '9') continue;
    number = number * 10 + static_cast<uint64_t>(c - '0');
    ++digits;
  }
  for (; digits > 0 && digits < kDigits; ++digits) number *= 10;
  return number;
}

// Larger for smaller values; never 0.
uint64_t descending(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // one zero
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t ascending = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return kLast - ascending;
}

uint64_t rank_of_score(const Document& document, const std::string& classifier) {
  for (const NamedScore& score : document.scores) {
    if (score.name.view() == classifier + "_score") return std::clamp<uint64_t>(descending(score.value), 1, kLast - 1);
  }
  return kLast;
}

uint64_t rank_of_source(const Document& document, const std::vector<std::string>& sources) {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const std::string& source) {
    return document.file_path.find(source) != std::string::npos;
  });
  return 1 + static_cast<uint64_t>(found - sources.begin());
}

}  // namespace

void KeeperOptions::visit(OptionVisitor& visitor) {
  visitor.choice("keep", keep, {"first", "longest", "newest", "highest-score", "source-order"},
                 "which of the documents that repeat each other stays; all but first wait until all inputs are there");
  visitor.field("score", score, "with keep = highest-score: the classifier (its name in stages) whose score counts");
  visitor.field("sources", sources,
                "with keep = source-order: parts of inputs' names, the preferred first; inputs with none of them come "
                "last");
}

void KeeperOptions::check() const {
  const auto expect = [&](std::string_view key, bool is_set, std::string_view wanted_by) {
    if (is_set == (keep == wanted_by)) return;
    throw UsageError(is_set ? fmt::format("dedup.{}: only dedup.keep = \"{}\" uses it", key, wanted_by)
                            : fmt::format("dedup.{}: missing, dedup.keep = \"{}\" needs it", key, wanted_by));
  };
  expect("score", !score.empty(), "highest-score");
  expect("sources", !sources.empty(), "source-order");
}

uint64_t rank_of(const Document& document, const KeeperOptions& options) {
  if (options.keep == "longest") return kLast - document.text.size();
  if (options.keep == "newest") return kLast - digits_of(document.date);
  if (options.keep == "highest-score") return rank_of_score(document, options.score);
  if (options.keep == "source-order") return rank_of_source(document, options.sources);
  return 1;
}

}  // namespace ftok
